"""Real servers to test against: a ledger in a folder, served by a thread of the tests or by
`python -m service`.
"""

from __future__ import annotations

import os
import re
import signal
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

from ledger.errors import ConcordError
from ledger.events import Event
from ledger.log import Appended, Log, Submission
from ledger.store.engine import open_database
from ledger.store.migrate import migrate
from service.app import create_server
from service.settings import Settings
from tests.support.ledgers import Consortium

ROOT = Path(__file__).resolve().parents[2]
_RUNNING = re.compile(r"Uvicorn running on (http://\S+)")
STARTS_WITHIN = 60.0
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""For clients of servers on this machine. It trusts nobody: to read whom to trust takes 40 ms."""


def system_time() -> int:
    """Milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


def create_ledger(
    data: Path,
    consortium: Consortium,
    events: Iterable[Event] = (),
    *,
    database_url: str | None = None,
) -> list[Appended]:
    """Makes a data directory as `concord init` lays it out, with a consortium's first events.

    Raises:
        ConcordError: an event was refused.
    """
    data.mkdir(parents=True, exist_ok=True)
    key_file = data / "log.key"
    key_file.touch(mode=0o600)
    key_file.write_text(consortium.log_key.expose() + "\n")
    database = open_database(database_url or f"sqlite:///{data / 'concord.db'}")
    migrate(database)
    with Log.create(
        database,
        consortium.genesis(),
        signing_key=consortium.log_key,
        domain=consortium.domain,
        clock=system_time,
        last_signed_path=data / "checkpoint.last",
    ) as log:
        answers = log.append([Submission(event) for event in events])
    database.dispose()
    for answer in answers:
        if isinstance(answer, ConcordError):
            raise answer
    return [answer for answer in answers if isinstance(answer, Appended)]


class ServerThread:
    """The service in a thread of the tests, on a port of its own: quick to start and to stop.

    Args:
        settings: its settings; the port is replaced.

    Attributes:
        url: base URL.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings.model_copy(update={"port": 0, "host": "127.0.0.1"})
        self._server = create_server(self.settings)
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self.url = ""

    def __enter__(self) -> Self:
        self._thread.start()
        deadline = time.monotonic() + STARTS_WITHIN
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > deadline:
                raise RuntimeError("the service did not start")
            time.sleep(0.005)
        self.url = f"http://127.0.0.1:{self.address[1]}"
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.ask_to_stop()
        self.wait()

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens."""
        host, port = self._server.servers[0].sockets[0].getsockname()[:2]
        return str(host), int(port)

    def ask_to_stop(self) -> None:
        """Tells it to stop, as SIGTERM would."""
        self._server.should_exit = True

    def wait(self, timeout: float = 60) -> None:
        """Waits until it has stopped."""
        self._thread.join(timeout)
        if self._thread.is_alive():
            raise TimeoutError("the service does not stop")


class ServerProcess:
    """The service in a process of its own, on a port of its own.

    Args:
        data: its data directory.
        settings: further settings, as environment variables without their prefix.

    Attributes:
        url: base URL, once started.
    """

    def __init__(self, data: Path, **settings: object) -> None:
        self._data = data
        self._settings = settings
        self._process: subprocess.Popen[str] | None = None
        self._lines: list[str] = []
        self._printed = threading.Condition()
        self.url = ""

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """Id of the process."""
        assert self._process is not None
        return self._process.pid

    @property
    def output(self) -> str:
        """What it has printed."""
        with self._printed:
            return "".join(self._lines)

    def start(self) -> None:
        """Starts it and waits until it listens."""
        environment = {k: v for k, v in os.environ.items() if not k.startswith("CONCORD_")}
        environment |= {"CONCORD_DATA_DIR": str(self._data), "CONCORD_PORT": "0"}
        environment |= {f"CONCORD_{k.upper()}": str(v) for k, v in self._settings.items()}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "service"],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        threading.Thread(target=self._read, args=(self._process,), daemon=True).start()
        with self._printed:
            self._printed.wait_for(lambda: self._listening() or self._over(), STARTS_WITHIN)
        if not self.url:
            self.stop()
            raise RuntimeError(f"the service did not start:\n{self.output}")

    def _listening(self) -> bool:
        found = _RUNNING.search("".join(self._lines))
        self.url = found[1] if found else ""
        return bool(found)

    def _over(self) -> bool:
        return self._process is not None and self._process.poll() is not None

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            with self._printed:
                self._lines.append(line)
                self._printed.notify_all()
        process.wait()
        with self._printed:
            self._printed.notify_all()

    def kill(self) -> None:
        """Ends it as a power failure would."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(30)

    def ask_to_stop(self) -> None:
        """Sends SIGTERM."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)

    def wait(self, timeout: float = 60) -> int:
        """Its exit status, once it has ended."""
        assert self._process is not None
        return self._process.wait(timeout)

    def stop(self) -> None:
        """Stops it in order; kills it where that takes too long."""
        if self._process is None or self._process.poll() is not None:
            return
        self.ask_to_stop()
        try:
            self.wait(30)
        except subprocess.TimeoutExpired:
            self.kill()
