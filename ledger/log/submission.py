"""What goes into the log and what comes out of it."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TypeAlias

from ledger.errors import ConcordError
from ledger.events import Event
from ledger.events.sealed import Opening


@dataclass(frozen=True, slots=True)
class Submission:
    """One event to be appended.

    Attributes:
        event: well formed; its signature is not verified yet.
        openings: of sealed fields in its body, for the vault.
        follows: nonce of an event of the same actor that must stand in the log before this one.
            Who tells a story in order sends it in batches, and none of it overtakes what failed.
    """

    event: Event
    openings: tuple[Opening, ...] = ()
    follows: bytes | None = None


@dataclass(frozen=True, slots=True)
class Appended:
    """An event that is in the log, durably.

    Attributes:
        index: of its leaf.
        event_id: 32 bytes.
        leaf: the leaf's bytes.
        receipt: the receipt's JSON document.
        duplicate: whether it had been appended before; then this is its first receipt.
    """

    index: int
    event_id: bytes
    leaf: bytes
    receipt: bytes
    duplicate: bool = False


Answer: TypeAlias = Appended | ConcordError
"""What becomes of one submission."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much the log takes on.

    Attributes:
        queue: events that may wait; more are refused.
        batch: events in one transaction, at most.
        recover_from: signatures in one batch from which on a second process recovers them: it
            answers as soon as this one would have it done, which then spends a fifth of the time
            on them. With fewer, handing over takes longer. None never starts one.
        poll_seconds: how often to look whether another process has appended.
    """

    queue: int = 10_000
    batch: int = 1_000
    recover_from: int | None = 8
    poll_seconds: float = 0.25


class Group:
    """Submissions that came together and are answered together.

    Args:
        count: how many.
    """

    __slots__ = ("_answers", "_left", "_lock", "future")

    def __init__(self, count: int) -> None:
        self.future: Future[list[Answer]] = Future()
        # Guards the rest: verifying threads and the sequencer answer.
        self._lock = threading.Lock()
        self._answers: list[Answer | None] = [None] * count
        self._left = count
        if count == 0:
            self.future.set_result([])

    def answer(self, position: int, answer: Answer) -> None:
        """Answers one submission, once; the last one releases whoever waits."""
        with self._lock:
            if self._answers[position] is not None:
                return
            self._answers[position] = answer
            self._left -= 1
            if self._left:
                return
        self.future.set_result([a for a in self._answers if a is not None])


@dataclass(slots=True)
class Pending:
    """A submission on its way, and who waits for it.

    Attributes:
        group: whom to answer.
        position: of the submission in the group.
        event_id: 32 bytes; computed with the signature's verification.
        nonce: 32 bytes; likewise.
        asked_at: when a contract wallet was asked and took the signature, milliseconds since the
            epoch; None where a key made it.
    """

    submission: Submission
    group: Group
    position: int
    event_id: bytes = b""
    nonce: bytes = b""
    asked_at: int | None = None

    def answer(self, answer: Answer) -> None:
        """Answers whoever waits."""
        self.group.answer(self.position, answer)


def answer_all(batch: Sequence[Pending], answer: Answer) -> None:
    """Answers all of them alike, except those that have an answer."""
    for pending in batch:
        pending.answer(answer)
