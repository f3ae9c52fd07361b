"""Content, stores, a real Kubo daemon and one that misbehaves."""

from __future__ import annotations

import hashlib
import http.server
import os
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from ledger.content.embedded import EmbeddedContentStore

INSTALL_KUBO = Path(__file__).parents[2] / "support" / "install_kubo.sh"


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
    """The pinned Kubo where it is built, else an `ipfs` on PATH; never builds one in a test."""
    version = next(
        line.removeprefix("VERSION=")
        for line in INSTALL_KUBO.read_text().splitlines()
        if line.startswith("VERSION=")
    )
    cache = Path(os.environ.get("CONCORD_TEST_CACHE", Path.home() / ".cache" / "concord-tests"))
    built = cache / f"kubo-{version}" / "ipfs"
    if built.exists():
        return str(built)
    if on_path := shutil.which("ipfs"):
        return on_path
    reason = "no Kubo here; tests/support/install_kubo.sh builds it where Go is at hand"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@dataclass
class Kubo:
    """A Kubo node of its own: repository, daemon, command line."""

    binary: str
    repository: Path
    daemon: subprocess.Popen[str] | None = None
    url: str = ""

    def ipfs(self, *arguments: str, stdin: bytes = b"") -> str:
        done = subprocess.run(
            [self.binary, *arguments],
            input=stdin,
            capture_output=True,
            check=True,
            env=self._environment,
        )
        return done.stdout.decode().strip()

    def start(self) -> None:
        self.daemon = subprocess.Popen(
            [self.binary, "daemon", "--offline"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=self._environment,
        )
        assert self.daemon.stdout is not None
        lines = []
        for line in self.daemon.stdout:
            lines.append(line)
            if "Daemon is ready" in line:
                break
        else:
            pytest.fail("the daemon did not start:\n" + "".join(lines))
        # A file the daemon writes: /ip4/127.0.0.1/tcp/PORT
        port = (self.repository / "api").read_text().strip().rsplit("/", 1)[-1]
        self.url = f"ipfs+http://127.0.0.1:{port}"

    def kill(self) -> None:
        """Stops the daemon at once, as a crash would."""
        if self.daemon is not None:
            self.daemon.kill()
            self.daemon.communicate()
            self.daemon = None

    @property
    def _environment(self) -> dict[str, str]:
        return {"IPFS_PATH": str(self.repository), "HOME": str(self.repository), "PATH": "/usr/bin"}


@pytest.fixture(scope="session")
def kubo_repository(
    ipfs_binary: str, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[], Kubo]:
    """Makes a Kubo node that speaks to nobody but this machine."""

    def make() -> Kubo:
        node = Kubo(ipfs_binary, tmp_path_factory.mktemp("kubo"))
        node.ipfs("init", "--empty-repo", "--profile=test")
        node.ipfs("config", "--json", "Addresses.Swarm", "[]")
        node.ipfs("config", "--json", "Addresses.Gateway", "[]")
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
