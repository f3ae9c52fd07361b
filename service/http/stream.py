"""The log as server-sent events (WHATWG HTML, §9.2), for as long as a follower likes.

Rules:
- A stream reads from the log at its follower's pace: nothing is kept for it but its position, so a
  slow one costs no memory, and one that stands still is cut off by the server.
- `id` is the leaf's index; `Last-Event-ID` goes on after it.
- A quiet stream sends a comment now and then, so that no proxy takes it for dead.
- When the service is stopped, streams end; followers reconnect elsewhere, or later. Where reading
  takes a session, a stream ends with it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

import orjson
from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from ledger.store.reads import StoredLeaf
from service.http.growth import Growth
from service.leaves import recorded_event

LEAVES_AT_ONCE = 64
"""Leaves read at once, 64 KiB each at the most."""

_PULSE = b": still here\n\n"
_RETRY = b"retry: 2000\n\n"

ReadLeaves = Callable[[int, int], Awaitable[tuple[StoredLeaf, ...]]]
"""Leaves from an index on, so many at the most."""


async def leaf_events(
    read: ReadLeaves,
    growth: Growth,
    *,
    start: int,
    pulse_seconds: float,
    may_read: Callable[[], Awaitable[bool]],
) -> AsyncIterator[bytes]:
    """Every leaf from `start` on, those to come included, until the service is stopped.

    Args:
        read: from the log.
        growth: wakes the stream.
        start: first index.
        pulse_seconds: how often a quiet stream says that it is alive.
        may_read: whether the follower still may; asked before each portion.
    """
    yield _RETRY
    at = start
    while not growth.stopping and await may_read():
        leaves = await read(at, LEAVES_AT_ONCE)
        if leaves:
            at = leaves[-1].index + 1
            yield b"".join(_frame(leaf) for leaf in leaves)
        elif await growth.beyond(at, pulse_seconds) <= at and not growth.stopping:
            yield _PULSE


def _frame(leaf: StoredLeaf) -> bytes:
    # JSON by orjson holds no line breaks, so one `data` line holds all of it.
    return b"event: leaf\nid: %d\ndata: %b\n\n" % (leaf.index, orjson.dumps(recorded_event(leaf)))


class EventStream(StreamingResponse):
    """A stream that tells when it has ended, however that came about."""

    media_type = "text/event-stream"

    def __init__(self, content: AsyncIterator[bytes], *, ended: Callable[[], None]) -> None:
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        super().__init__(content, 200, headers)
        self._ended = ended

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends until the content ends or the client is gone."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._ended()
