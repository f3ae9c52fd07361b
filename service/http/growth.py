"""Waiting for the log to grow, on the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from ledger.log import LogReader


class Growth:
    """Wakes whoever waits on the event loop when the log grows, or when the service is stopped.

    Owned by the event loop's thread; only `_listen` is called from another one.

    Attributes:
        stopping: whether the service takes leave of its streams.
    """

    def __init__(self, log: LogReader) -> None:
        self._log = log
        self._loop = asyncio.get_running_loop()
        self._changed = asyncio.Event()
        self.stopping = False
        self._cancel: Callable[[], None] = log.on_growth(self._listen)

    async def beyond(self, size: int, timeout: float) -> int:  # noqa: ASYNC109 - ends a wait, no error
        """Waits until the log is larger than `size`.

        Args:
            size: the largest size that the caller has seen.
            timeout: seconds to wait at most.

        Returns:
            The log's size, `size` or less after the timeout or when the service is being stopped.
        """
        changed = self._changed
        if self._log.size <= size and not self.stopping:
            try:
                async with asyncio.timeout(timeout):
                    await changed.wait()
            except TimeoutError:
                return self._log.size
        return self._log.size

    def stop(self) -> None:
        """Wakes everyone for the last time."""
        self.stopping = True
        self._wake()

    def close(self) -> None:
        """Hears of nothing any more."""
        self._cancel()

    def _listen(self, size: int) -> None:
        del size
        self._loop.call_soon_threadsafe(self._wake)

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()
