"""Whether the database answers, for probes that wait a second and no longer.

Rules:
- An answer takes no longer than `WITHIN_SECONDS`, whatever hangs. One look at the database is under
  way at a time, in a thread of its own: no request that waits for a node keeps it from looking.
- While a look takes longer, what the last one has found counts, for `VALID_SECONDS`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from ledger.errors import Unavailable

WITHIN_SECONDS = 0.8
"""Probes usually give up after a second."""

VALID_SECONDS = 15.0
"""Longer than a moment's load, shorter than what whoever watches should wait for."""


class NotReady(Unavailable):
    """The log or its database does not work, or work in the background has stopped for good."""

    code = "not-ready"
    remedy = "Send no requests here until it answers 200; the service's log has the cause."


class Readiness:
    """Looks at the database, as often as it is asked to. Owned by the event loop's thread.

    Args:
        look: reads the database, and raises where that fails or shows what must not be.
        within_seconds: how long one answer may take.
        valid_seconds: how long a look that found all in order counts.
        monotonic: seconds on a clock that never goes back.
    """

    def __init__(
        self,
        look: Callable[[], None],
        *,
        within_seconds: float = WITHIN_SECONDS,
        valid_seconds: float = VALID_SECONDS,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._look = look
        self._within_seconds = within_seconds
        self._valid_seconds = valid_seconds
        self._monotonic = monotonic
        self._thread = ThreadPoolExecutor(1, "concord-ready")
        self._looking: asyncio.Future[None] | None = None
        # The ledger was opened a moment ago, and that reads the database.
        self._answered = monotonic()

    async def require(self) -> None:
        """Returns if the database answers.

        Raises:
            NotReady: it has not answered for too long.
            Exception: what the look has raised.
        """
        looking = self._looking
        if looking is None or looking.done():
            looking = asyncio.get_running_loop().run_in_executor(self._thread, self._look)
            looking.add_done_callback(self._note)
            self._looking = looking
        await asyncio.wait({looking}, timeout=self._within_seconds)
        if looking.done():
            return looking.result()
        silent = self._monotonic() - self._answered
        if silent > self._valid_seconds:
            raise NotReady(f"The database has not answered for {silent:.0f} s.")
        return None

    def _note(self, looked: asyncio.Future[None]) -> None:
        if not looked.cancelled() and looked.exception() is None:
            self._answered = self._monotonic()

    def close(self) -> None:
        """Waits for the look under way."""
        self._thread.shutdown()
