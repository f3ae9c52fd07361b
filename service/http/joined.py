"""What a turn of the event loop writes to a connection leaves in one piece.

uvicorn writes an answer's head and its body one after the other, and the event loop sends each at
once: two packets, two system calls, and a client that is woken twice. Here they wait for the end of
the turn and go together. Nothing waits longer than that: the head of a stream is on its way before
the first of what follows it.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

_HELD_BYTES: Final = 65_536
"""What is held at the most. Past it the other transport takes over, and tells whoever writes to
pause where the client does not keep up."""


class JoinedWrites(asyncio.Transport):
    """A transport in front of another, for the thread of its event loop.

    What is not about writing is the other's own doing.

    Args:
        transport: sends.
        loop: that it belongs to.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._transport = transport
        self._loop = loop
        self._held: list[bytes] = []
        self._size = 0

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Sends it at the end of this turn, behind what was written before."""
        if not self._held:
            self._loop.call_soon(self._send)
        self._held.append(bytes(data))
        self._size += len(data)
        if self._size > _HELD_BYTES:
            self._send()

    def write_eof(self) -> None:
        """Sends what is held, and then that nothing follows."""
        self._send()
        self._transport.write_eof()

    def close(self) -> None:
        """Sends what is held and closes behind it."""
        self._send()
        self._transport.close()

    def abort(self) -> None:
        """Closes at once; what is held is lost with the rest."""
        self._held, self._size = [], 0
        self._transport.abort()

    def is_closing(self) -> bool:
        """Whether it is closed or about to be."""
        return self._transport.is_closing()

    def get_write_buffer_size(self) -> int:
        """Bytes that are not sent yet."""
        return self._transport.get_write_buffer_size() + self._size

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """When the protocol is told to pause."""
        self._transport.set_write_buffer_limits(high, low)

    def get_extra_info(self, name: str, default: object = None) -> Any:  # noqa: ANN401 - asyncio's
        """What the connection knows of itself."""
        return self._transport.get_extra_info(name, default)

    def pause_reading(self) -> None:
        """Takes nothing from the client for a while."""
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Takes what the client sends again."""
        self._transport.resume_reading()

    def is_reading(self) -> bool:
        """Whether what the client sends is taken."""
        return self._transport.is_reading()

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """Hands the connection to another protocol."""
        self._transport.set_protocol(protocol)

    def get_protocol(self) -> asyncio.BaseProtocol:
        """Whom the connection belongs to."""
        return self._transport.get_protocol()

    def _send(self) -> None:
        held, size = self._held, self._size
        self._held, self._size = [], 0
        if self._transport.is_closing():
            # The client has gone since; uvloop takes nothing for a connection that is closed.
            return
        # To copy much takes longer than to send it in pieces.
        for piece in [b"".join(held)] if 0 < size <= _HELD_BYTES else held:
            self._transport.write(piece)
