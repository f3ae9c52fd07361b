"""Single events, handed to the log together.

Events that arrive in one turn of the event loop go to the log in groups and come back in them: the
locks and wake-ups between the threads are paid once for each group. The log commits what waits
together anyway, so nobody waits longer for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import Future
from typing import Final

from ledger.log import Log, Submission
from ledger.log.submission import Answer

GROUP: Final = 16
"""Events handed over at once, at most. Were it all that a turn brings, often everyone who is
connected, no signature would be verified before the last event is read."""

Waiter = asyncio.Future[Answer]


class Submitter:
    """Owned by the event loop's thread; only answers come from another one.

    Args:
        log: takes the events.
    """

    def __init__(self, log: Log) -> None:
        self._log = log
        self._loop = asyncio.get_running_loop()
        self._submissions: list[Submission] = []
        self._waiters: list[Waiter] = []

    def submit(self, submission: Submission) -> Waiter:
        """Queues one event; the result is what became of it, or the error that refused it."""
        if not self._submissions:
            self._loop.call_soon(self._flush)
        waiter: Waiter = self._loop.create_future()
        self._submissions.append(submission)
        self._waiters.append(waiter)
        if len(self._submissions) == GROUP:
            self._flush()
        return waiter

    def _flush(self) -> None:
        if not self._submissions:
            return
        submissions, waiters = self._submissions, self._waiters
        self._submissions, self._waiters = [], []

        def answered(answers: Future[list[Answer]]) -> None:
            self._loop.call_soon_threadsafe(_deliver, waiters, answers.result())

        self._log.submit_all(submissions).add_done_callback(answered)


def _deliver(waiters: Sequence[Waiter], answers: Sequence[Answer]) -> None:
    for waiter, answer in zip(waiters, answers, strict=True):
        # Whoever waited may have been cancelled; what was queued is recorded all the same.
        if not waiter.done():
            waiter.set_result(answer)
