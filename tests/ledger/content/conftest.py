"""Content, stores, a real Kubo daemon and one that misbehaves."""

from __future__ import annotations

import hashlib
import http.server
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from ledger.content.embedded import EmbeddedContentStore
from tests.support.kubo import Kubo, require_kubo


def _bytes_of(size: int) -> bytes:
    return hashlib.shake_128(b"concord").digest(size)


@pytest.fixture(scope="session")
def bytes_of() -> Callable[[int], bytes]:
    """The first bytes of one endless text that anyone can make: SHAKE-128 of `concord`."""
    return _bytes_of


@dataclass
class Clock:
    """Time that passes when a test says so."""

    now: float = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "content"


@pytest.fixture
def store(root: Path, clock: Clock) -> Iterator[EmbeddedContentStore]:
    store = EmbeddedContentStore(root, clock=clock)
    yield store
    store.close()


@pytest.fixture
def block_file(root: Path) -> Callable[[object], Path]:
    """Where an embedded store keeps a block: written down here a second time, as the format."""
    return lambda cid: root / "blocks" / str(cid)[-3:-1] / str(cid)


# --- a real daemon ---------------------------------------------------------------------------


@pytest.fixture(scope="session")
def ipfs_binary() -> str:
    return require_kubo()


@pytest.fixture(scope="session")
def kubo_repository(
    ipfs_binary: str, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[], Kubo]:
    """Makes a Kubo node that speaks to nobody but this machine."""

    def make() -> Kubo:
        node = Kubo(ipfs_binary, tmp_path_factory.mktemp("kubo"))
        node.prepare()
        return node

    return make


@pytest.fixture(scope="module")
def kubo(kubo_repository: Callable[[], Kubo]) -> Iterator[Kubo]:
    """A running daemon."""
    node = kubo_repository()
    node.start()
    yield node
    node.kill()


# --- a daemon that misbehaves ----------------------------------------------------------------

Reply = tuple[int, bytes]


@dataclass
class Adversary:
    """Answers each RPC command as the test says; None as an answer: hangs up without one.

    Attributes:
        replies: what a command (`add`, `block/get`, …) is answered, given the request's body.
        asked: the commands that came, in order.
        read_bytes: how much of a request's body is read before answering; None: all of it.
    """

    url: str = ""
    replies: dict[str, Callable[[bytes], Reply | None]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    read_bytes: int | None = None


@pytest.fixture
def adversary() -> Iterator[Adversary]:
    state = Adversary()

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            command = self.path.removeprefix("/api/v0/").split("?")[0]
            state.asked.append(command)
            reply = state.replies[command](self._body())
            self.close_connection = True
            if reply is not None:
                status, body = reply
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        def _body(self) -> bytes:
            body = b""
            chunked = self.headers.get("Transfer-Encoding") == "chunked"
            while chunked and (state.read_bytes is None or len(body) < state.read_bytes):
                size = int(self.rfile.readline() or b"0", 16)  # empty: the client left
                body += self.rfile.read(size)
                self.rfile.readline()
                if size == 0:
                    break
            return body

        def log_message(self, *_: object) -> None:
            """Keeps quiet."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.url = f"ipfs+http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield state
    server.shutdown()
    server.server_close()
    thread.join()
