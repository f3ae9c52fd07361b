"""The HTTP server: uvicorn with uvloop and httptools, and what it lacks.

Rules:
- A client has so long to send a request's headers, so long to send its body, and so long to take
  what is sent to it; then the connection is closed.
- A head that is too large is refused as a problem like every other. What of it is still on its way
  is taken and dropped for a while: closing at once would reset the connection, and the client would
  never read why.
- When the process is told to stop, streams end first, requests under way are answered, and the log
  is closed last: nothing that was acknowledged is lost.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from http import HTTPStatus
from typing import ClassVar, Literal

import orjson
import uvicorn
from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from ledger.errors import ConcordError
from service.http.errors import HeadersTooLarge, InvalidHttp, TooManyConnections, UrlTooLong
from service.http.joined import JoinedWrites
from service.http.problems import (
    DEFAULT_RETRY_SECONDS,
    MEDIA_TYPE,
    problem_of,
    problem_response,
    status_of,
)
from service.settings import Settings

Phase = Literal["idle", "head", "body", "refused"]
"""What a connection waits for: nothing, a request's head, its body, or for the client to leave."""

_MAX_URL_BYTES = 65_535
"""The longest that httptools takes apart."""

_MAX_DROPPED_BYTES = 1024 * 1024
"""What is taken of a client that goes on sending what was refused."""


class BoundedProtocol(HttpToolsProtocol):
    """uvicorn's HTTP/1.1 protocol with limits on how long and how large a request may be.

    Owns `_deadline`, armed while a request is coming in, and `_stall`, armed while the client does
    not take what it is sent. A request that comes in one piece arms nothing.
    """

    HEAD_SECONDS: ClassVar[float]
    BODY_SECONDS: ClassVar[float]
    STALL_SECONDS: ClassVar[float]
    MAX_HEAD_BYTES: ClassVar[int]
    MAX_CONNECTIONS: ClassVar[int]

    _deadline: asyncio.TimerHandle | None = None
    _stall: asyncio.TimerHandle | None = None
    # What the connection waits for, and what the deadline was armed for.
    _phase: Phase = "head"
    _armed: Phase = "idle"
    _head_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Waits for the first request's head; one connection too many is told to come back."""
        super().connection_made(JoinedWrites(transport, self.loop))
        if len(self.connections) > self.MAX_CONNECTIONS:
            self.app = _too_many_connections(self.MAX_CONNECTIONS)
        self._watch()

    def connection_lost(self, exc: Exception | None) -> None:
        """Waits for nothing any more."""
        self._phase = "idle"
        self._watch()
        self._flowing()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Counts what belongs to an unfinished head, and watches what is still to come."""
        self._head_bytes += len(data)
        if self._phase == "refused":
            if self._head_bytes > _MAX_DROPPED_BYTES:
                self.transport.abort()
            return
        super().data_received(data)
        if self._phase == "head" and self._head_bytes > self.MAX_HEAD_BYTES:
            self._refuse(self._head_too_large())
        self._watch()

    def send_400_response(self, msg: str) -> None:
        """Answers what is not HTTP, as a problem like every other."""
        self._refuse(InvalidHttp(f"{msg} Send HTTP/1.1."))

    def _head_too_large(self) -> ConcordError:
        limit = f"{self.MAX_HEAD_BYTES} bytes"
        longest = min(self.MAX_HEAD_BYTES, _MAX_URL_BYTES)
        if len(self.url) > longest // 2:
            return UrlTooLong(
                f"A URL may take {longest} bytes, and with the headers {limit}. Ask for less at "
                "once."
            )
        return HeadersTooLarge(f"A request's line and headers may take {limit}. Send fewer.")

    def _refuse(self, error: ConcordError) -> None:
        """Answers what no application gets to see, and ends the connection."""
        body = orjson.dumps(problem_of(error))
        status = HTTPStatus(status_of(error))
        head = (
            f"HTTP/1.1 {status.value} {status.phrase}\r\ncontent-type: {MEDIA_TYPE}\r\n"
            f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + body)
        self.transport.write_eof()
        self._phase = "refused"
        self._watch()

    def on_message_begin(self) -> None:
        """The next request's head."""
        super().on_message_begin()
        self._phase = "head"

    def on_headers_complete(self) -> None:
        """Its body; a head that came in one piece is measured now."""
        self._phase = "body"
        size = len(self.url) + sum(len(name) + len(value) for name, value in self.headers)
        if size > self.MAX_HEAD_BYTES or len(self.url) > _MAX_URL_BYTES:
            self.app = _refusing(self._head_too_large(), {"Connection": "close"})
            # Nobody looks at it any more, and it may be too long to be taken apart.
            self.url = b"/"
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Nothing: how long an answer takes is the service's own doing."""
        self._phase, self._head_bytes = "idle", 0
        super().on_message_complete()

    def _watch(self) -> None:
        if self._phase == self._armed:
            return
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
        self._armed = self._phase
        if self._phase != "idle":
            seconds = self.BODY_SECONDS if self._phase == "body" else self.HEAD_SECONDS
            self._deadline = self.loop.call_later(seconds, self.transport.abort)

    def pause_writing(self) -> None:
        """The client takes nothing: waits no longer than a stall may last."""
        super().pause_writing()
        self._flowing()
        self._stall = self.loop.call_later(self.STALL_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        """The client takes what it is sent."""
        super().resume_writing()
        self._flowing()

    def _flowing(self) -> None:
        if self._stall is not None:
            self._stall.cancel()
            self._stall = None


def _too_many_connections(limit: int) -> ASGIApp:
    error = TooManyConnections(
        f"{limit} connections are open, as many as this service serves; try again in "
        f"{DEFAULT_RETRY_SECONDS} s, over fewer connections."
    )
    return _refusing(error, {"Retry-After": str(DEFAULT_RETRY_SECONDS), "Connection": "close"})


def _refusing(error: ConcordError, headers: dict[str, str]) -> ASGIApp:
    answer = problem_response(problem_of(error), status_of(error), headers)

    async def refuse(scope: Scope, receive: Receive, send: Send) -> None:
        await answer(scope, receive, send)

    return refuse


def bounded_protocol(settings: Settings) -> type[BoundedProtocol]:
    """The protocol with the limits of the settings."""
    return type(
        "ConfiguredProtocol",
        (BoundedProtocol,),
        {
            "HEAD_SECONDS": settings.head_seconds,
            "BODY_SECONDS": settings.body_seconds,
            "STALL_SECONDS": settings.stall_seconds,
            "MAX_HEAD_BYTES": settings.max_head_bytes,
            "MAX_CONNECTIONS": settings.max_connections,
        },
    )


class Server(uvicorn.Server):
    """Says when it listens, and that it is to stop before it waits for its requests to end.

    Attributes:
        refusal: asks why the ledger could not be opened, where it could not.
    """

    def __init__(
        self,
        config: uvicorn.Config,
        on_start: Callable[[], None],
        on_stop: Callable[[], None],
        refusal: Callable[[], ConcordError | None],
    ) -> None:
        super().__init__(config)
        self._on_start = on_start
        self._on_stop = on_stop
        self.refusal = refusal

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Opens the ledger and listens.

        Raises:
            SystemExit: the ledger cannot be opened; `refusal` says why. Or nothing can listen.
        """
        await super().startup(sockets)
        self._on_start()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Ends the streams, then everything else."""
        self._on_stop()
        await super().shutdown(sockets)


def build_server(
    app: FastAPI,
    settings: Settings,
    *,
    on_start: Callable[[], None],
    on_stop: Callable[[], None],
    refusal: Callable[[], ConcordError | None],
) -> Server:
    """A server for the application, not yet started; `Server.run()` serves until told to stop."""
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        http=bounded_protocol(settings),
        ws="none",
        lifespan="on",
        log_level="info",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=round(settings.idle_seconds),
        timeout_graceful_shutdown=round(settings.drain_seconds),
    )
    return Server(config, on_start, on_stop, refusal)
