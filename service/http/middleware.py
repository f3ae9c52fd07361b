"""Around every request: safe headers, the request's id, HEAD, who gets in, and how long it took."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from fastapi.routing import APIRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ledger.errors import ConcordError
from service.http.headers import API_HEADERS, REQUEST_ID, REQUEST_ID_FORM
from service.http.routing import LeanRoute
from service.metrics import Metrics
from service.signin.gate import Gate, is_public

_METHODS = frozenset({"GET", "HEAD", "POST", "OPTIONS", "PUT", "PATCH", "DELETE"})
_HEADERS = [(name.lower().encode(), value.encode()) for name, value in API_HEADERS]
_HEADER_NAMES = frozenset(name for name, _ in _HEADERS)
_REQUEST_ID = REQUEST_ID.encode()
_UI_PATHS = frozenset({"/docs"})
"""Pages that load scripts and styles."""


class PlainStart:
    """ASGI middleware: a start that the ledger refuses is told in its words, with no traceback."""

    def __init__(self, app: ASGIApp, refusal: Callable[[], ConcordError | None]) -> None:
        self._app = app
        self._refusal = refusal

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes everything on."""
        if scope["type"] != "lifespan":
            await self._app(scope, receive, send)
            return

        async def tell(message: Message) -> None:
            refusal = self._refusal()
            if message["type"] == "lifespan.startup.failed" and refusal is not None:
                message = {**message, "message": f"{refusal.code}: {refusal}"}
            await send(message)

        await self._app(scope, receive, tell)


class Frame:
    """ASGI middleware.

    Rules:
    - Headers that make an answer safe to hold are added where a route has not set its own.
    - `X-Request-ID` comes back as it was sent (AuthZEN, Request Identification).
    - HEAD is answered as GET is; the server leaves the body out.
    - Where there is a gate, nothing gets past it that it refuses, and what it guards is kept by no
      cache: a shared one would hand it to guests.
    - Lean routes are taken at once, without looking for them among all the others.
    """

    def __init__(
        self, app: ASGIApp, metrics: Metrics, lean: Iterable[LeanRoute], gate: Gate | None
    ) -> None:
        self._app = app
        self._metrics = metrics
        self._gate = gate
        self._lean = {
            (method, route.path): route for route in lean for method in route.methods or ()
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Runs one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        method = scope["method"]
        if method == "HEAD":
            # The server looks at its own scope to know that no body follows.
            scope = {**scope, "method": "GET"}
        status = 500
        extra = _echo(scope)
        defaults = [] if scope["path"] in _UI_PATHS else _HEADERS
        is_guarded = self._gate is not None and not is_public(method, scope["path"])

        async def framed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = message["headers"]
                if is_guarded:
                    headers = [item for item in headers if item[0] != b"cache-control"]
                message["headers"] = _complete(headers, defaults, extra)
            await send(message)

        lean = self._lean.get((method, scope["path"]))
        try:
            if self._gate is None or not await self._gate.refuses(scope, receive, framed):
                await (self._app if lean is None else lean.lean)(scope, receive, framed)
        finally:
            route = lean or scope.get("route")
            template = route.path if isinstance(route, APIRoute) else "other"
            known = method if method in _METHODS else "other"
            self._metrics.observe_request(template, known, status, time.perf_counter() - began)


def _echo(scope: Scope) -> list[tuple[bytes, bytes]]:
    for name, value in scope["headers"]:
        if name == _REQUEST_ID and REQUEST_ID_FORM.fullmatch(value):
            return [(name, value)]
    return []


def _complete(
    headers: list[tuple[bytes, bytes]],
    defaults: list[tuple[bytes, bytes]],
    extra: list[tuple[bytes, bytes]],
) -> list[tuple[bytes, bytes]]:
    own = {name for name, _ in headers} & _HEADER_NAMES
    added = [item for item in defaults if item[0] not in own] if own else defaults
    return [*headers, *added, *extra]
