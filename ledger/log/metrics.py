"""Figures of a running log, for whoever exports them. Written by the sequencer alone."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BatchReport:
    """One batch.

    Attributes:
        appended: events that became leaves.
        duplicates: events that were in the log already.
        refused: events that the rules did not let through.
        commit_seconds: from taking the head's lock until the transaction was durable.
        total_seconds: until the last waiter was answered.
    """

    appended: int
    duplicates: int
    refused: int
    commit_seconds: float
    total_seconds: float


@dataclass(slots=True)
class Metrics:
    """Totals since the log was opened.

    Attributes:
        batches: transactions that were committed.
        failed_batches: transactions that were lost, or whose fate was unknown.
        invalid_signatures: events that never reached a transaction.
        queue_refusals: events that found the queue full.
    """

    appended: int = 0
    duplicates: int = 0
    refused: int = 0
    batches: int = 0
    failed_batches: int = 0
    invalid_signatures: int = 0
    queue_refusals: int = 0
    commit_seconds: float = 0.0

    def count(self, report: BatchReport) -> None:
        """Adds one batch."""
        self.batches += 1
        self.appended += report.appended
        self.duplicates += report.duplicates
        self.refused += report.refused
        self.commit_seconds += report.commit_seconds
