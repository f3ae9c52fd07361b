"""Every test of the client runs on the sync and on the async one, against the same adversary."""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

import httpx
import pytest

from client import AsyncLedger, AsyncTrackedRun, Ledger, RetryPolicy, SigningKey
from client.dao import AsyncDao
from tests.support.adversary import AT_ONCE, SERVER, LogServer
from tests.support.examples import STEWARD

Connect = Callable[..., Any]


class Awaited:
    """An async client whose calls block, so that the same tests can use it."""

    def __init__(self, ledger: AsyncLedger | AsyncDao, runner: asyncio.Runner) -> None:
        self._ledger = ledger
        self._runner = runner

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self._ledger, name)
        if isinstance(attribute, AsyncDao):
            return Awaited(attribute, self._runner)
        if not callable(attribute):
            return attribute

        def call(*arguments: Any, **options: Any) -> Any:
            result = attribute(*arguments, **options)
            if isinstance(result, AsyncTrackedRun):
                return AwaitedRun(result, self._runner)
            if inspect.isasyncgen(result):
                return iter(self._runner.run(_gather(result)))
            return self._runner.run(result)

        return call


class AwaitedRun:
    """A run of an async client as a plain context."""

    def __init__(self, run: AsyncTrackedRun, runner: asyncio.Runner) -> None:
        self._run = run
        self._runner = runner

    def __enter__(self) -> Self:
        self._runner.run(self._run.__aenter__())
        return self

    def __exit__(self, *failure: object) -> None:
        self._runner.run(self._run.__aexit__(*failure))

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self._run, name)
        if not callable(attribute):
            return attribute

        def call(*arguments: Any, **options: Any) -> Any:
            result = attribute(*arguments, **options)
            return self._runner.run(result) if inspect.iscoroutine(result) else result

        return call


async def _gather(items: Any) -> list[Any]:
    return [item async for item in items]


@pytest.fixture
def server() -> Iterator[LogServer]:
    """The adversary, honest so far; its log is checked after the test."""
    log = LogServer()
    yield log
    log.check_log()


@pytest.fixture(params=["sync", "async"])
def connect(request: pytest.FixtureRequest, server: LogServer, tmp_path: Path) -> Iterator[Connect]:
    """Makes clients of the server, all with the same state on disk unless told otherwise."""
    runner = asyncio.Runner()
    opened: list[Any] = []

    def make(
        *,
        key: SigningKey | None = STEWARD,
        state: Path | None = None,
        address: str = SERVER,
        retry: RetryPolicy = AT_ONCE,
        verifier_key: str | None = None,
        transport: Any = None,
        unlock: Callable[[], SigningKey] | None = None,
    ) -> Any:
        options: dict[str, Any] = {
            "key": key,
            "state": state or tmp_path / "trust",
            "retry": retry,
            "verifier_key": verifier_key,
            "unlock": unlock,
        }
        transport = transport or server.transport()
        if request.param == "sync":
            ledger: Any = Ledger(address, http=httpx.Client(transport=transport), **options)
        else:
            http = httpx.AsyncClient(transport=transport)
            ledger = Awaited(AsyncLedger(address, http=http, **options), runner)
        opened.append(ledger)
        return ledger

    yield make
    for ledger in opened:
        ledger.close()
    runner.close()


@pytest.fixture
def over_http() -> Iterator[Callable[[LogServer], str]]:
    """Puts an adversary behind a real socket, for clients in other processes; gives its address."""
    with ExitStack() as stack:

        def expose(server: LogServer) -> str:
            listener = ThreadingHTTPServer(("127.0.0.1", 0), handler_of(server))
            stack.callback(listener.server_close)
            threading.Thread(target=listener.serve_forever, daemon=True).start()
            stack.callback(listener.shutdown)
            return f"http://127.0.0.1:{listener.server_address[1]}"

        yield expose


def handler_of(server: LogServer) -> type[BaseHTTPRequestHandler]:
    """Hands what comes in over a socket to the adversary."""

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            response = server.handle(httpx.Request(self.command, SERVER + self.path, content=body))
            self.send_response(response.status_code)
            self.send_header("Content-Length", str(len(response.content)))
            self.end_headers()
            self.wfile.write(response.content)

        do_GET = do_POST = _answer  # noqa: N815 - the standard library's names

        def log_message(self, *_: object) -> None:
            """Says nothing on the terminal."""

    return Handler
