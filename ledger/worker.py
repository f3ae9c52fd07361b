"""A step that is repeated in a thread of its own: what the mirror and the anchorers run in.

Rules:
- `Unavailable` passes: the step is repeated after a pause that grows, and `trouble` says why.
- Any other error is for people: the worker stops for good, and `stopped` says why. It never goes on
  as if nothing had happened, and never ends in silence.
- Closing waits for the step at hand, and no longer.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

from ledger.errors import ConcordError, Unavailable

_LOG = logging.getLogger(__name__)


class WorkerFailed(ConcordError):
    """A step failed in a way that nobody foresaw: a bug in this program."""

    code = "worker-failed"
    remedy = "Report it with the service's log, and restart the service."


class Worker:
    """Repeats a step. `start` it, `close` it, or use it as a context.

    Args:
        name: of the thread, and in messages.
        step: does what there is to do; returns whether there is more to do at once.
        interval_seconds: between steps, unless it is woken.
        longest_pause_seconds: where the growing pauses end while something is unavailable.
    """

    def __init__(
        self,
        name: str,
        step: Callable[[], bool],
        *,
        interval_seconds: float,
        longest_pause_seconds: float = 30.0,
    ) -> None:
        self.name = name
        self._step = step
        self._interval = interval_seconds
        self._longest_pause = max(longest_pause_seconds, interval_seconds)
        self._wake = threading.Event()
        self._closing = False
        # Written by the thread alone.
        self._stopped: ConcordError | None = None
        self._trouble: Unavailable | None = None
        self._thread = threading.Thread(target=self._run, name=f"concord-{name}", daemon=True)

    @property
    def stopped(self) -> ConcordError | None:
        """Why it has stopped for good; None while it works, or was closed."""
        return self._stopped

    @property
    def trouble(self) -> Unavailable | None:
        """Why the last step could not be done; None if it was."""
        return self._trouble

    def start(self) -> None:
        """Begins."""
        self._thread.start()

    def wake(self) -> None:
        """Lets the next step begin at once. Never blocks; any thread may call it."""
        self._wake.set()

    def close(self) -> None:
        """Ends after the step at hand."""
        self._closing = True
        self._wake.set()
        if self._thread.ident is not None:
            self._thread.join()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _run(self) -> None:
        failed: ConcordError | None = WorkerFailed(
            f"The {self.name} failed; the process's log says why. Report it."
        )
        try:
            failed = self._repeat()
        finally:
            self._stopped = failed
            if failed is not None:
                _LOG.error("the %s has stopped: %s: %s", self.name, failed.code, failed)

    def _repeat(self) -> ConcordError | None:
        pause = self._interval
        while not self._closing:
            # Before the step: what happens meanwhile wakes the next one.
            self._wake.clear()
            try:
                more = self._step()
            except Unavailable as error:
                if self._trouble is None:
                    _LOG.warning("the %s has to wait: %s: %s", self.name, error.code, error)
                self._trouble = error
                pause = min(2 * pause, self._longest_pause)
                self._pause(pause)
            except ConcordError as error:
                return error
            else:
                self._trouble = None
                pause = self._interval
                if not more:
                    self._pause(pause)
        return None

    def _pause(self, seconds: float) -> None:
        # `close` may have come between the check and the clearing.
        if not self._closing:
            self._wake.wait(seconds)
