"""Starting, stopping, dying: whatever was acknowledged is in the log, once."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from ledger.errors import ConcordError
from ledger.events import Event
from ledger.fsck import fsck
from ledger.log import HistoryRewritten, LedgerMissing, WrongLedger
from ledger.merkle import parse_receipt, verify_receipt
from ledger.store.engine import open_database
from ledger.store.errors import SchemaOutdated
from service.log_key import LogKeyMissing, LogKeyUnreadable, read_log_key
from service.metrics import Metrics
from service.parts import open_parts
from service.settings import Settings
from tests.support.ledgers import Consortium, ManualClock
from tests.support.servers import ServerProcess, create_ledger, system_time
from tests.support.submissions import batch_body, single_body
from tests.support.tlog import LogClient

JSON = {"content-type": "application/json"}


@pytest.fixture
def consortium() -> Consortium:
    return Consortium(ManualClock(system_time()), seed=3)


@pytest.fixture
def data(tmp_path: Path, consortium: Consortium) -> Path:
    """A data directory with a dataset and a grant."""
    data = tmp_path / "data"
    first = [consortium.dataset("records"), consortium.grant("grant-1", "records")]
    create_ledger(data, consortium, first)
    return data


@dataclass
class Acknowledged:
    """What clients were told is in the log: index by event id, and the receipts."""

    indices: dict[str, int] = field(default_factory=dict)
    receipts: list[bytes] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, event_id: str, index: int, receipt: bytes) -> None:
        with self.lock:
            assert self.indices.setdefault(event_id, index) == index
            self.receipts.append(receipt)


class Load:
    """Clients that append until they are told to stop, singly and in batches.

    Args:
        urls: servers, taken in turn.
        events: what to append; each client has its own.
        acknowledged: where to note what was; a new note where None.
    """

    def __init__(
        self,
        urls: Sequence[str],
        events: Sequence[Sequence[Event]],
        acknowledged: Acknowledged | None = None,
    ) -> None:
        self.acknowledged = acknowledged or Acknowledged()
        self.unanswered: list[Event] = []
        self._urls = urls
        self._events = events
        self._stop = threading.Event()
        self._some = threading.Semaphore(0)
        self._pool = ThreadPoolExecutor(len(events))
        self._running = [
            self._pool.submit(self._client, urls[n % len(urls)], own, n % 2 == 1)
            for n, own in enumerate(events)
        ]

    def wait_for(self, answers: int) -> None:
        """Waits for so many answers, all clients together."""
        for _ in range(answers):
            assert self._some.acquire(timeout=60)

    def stop(self) -> None:
        """Stops the clients and waits for them."""
        self._stop.set()
        for client in self._running:
            client.result(60)
        self._pool.shutdown()

    def _client(self, url: str, events: Sequence[Event], in_batches: bool) -> None:
        with httpx.Client(base_url=url, timeout=30, headers=JSON) as http:
            step = 20 if in_batches else 1
            for begin in range(0, len(events), step):
                if self._stop.is_set():
                    return
                some = events[begin : begin + step]
                try:
                    self._send(http, some, in_batches)
                except httpx.TransportError:
                    # Nobody knows what became of these.
                    with self.acknowledged.lock:
                        self.unanswered += some
                    return

    def _send(self, http: httpx.Client, events: Sequence[Event], in_batches: bool) -> None:
        if in_batches:
            response = http.post("/v1/events:batch", content=batch_body(events))
            results = response.json()["results"] if response.status_code == 200 else []
        else:
            response = http.post("/v1/events", content=single_body(events[0]))
            results = [response.json()] if response.status_code in {200, 201} else []
        for result in results:
            if "index" in result:
                receipt = httpx.Response(200, json=result["receipt"]).content
                self.acknowledged.note(result["eventId"], result["index"], receipt)
                self._some.release()


def uses(consortium: Consortium, clients: int, count: int) -> list[list[Event]]:
    return [[consortium.use("grant-1") for _ in range(count)] for _ in range(clients)]


def recorded_ids(url: str) -> dict[str, int]:
    """Every event in the log, index by id; none may be there twice."""
    found: dict[str, int] = {}
    query: dict[str, str | int] = {"limit": 1000}
    while True:
        page = httpx.get(f"{url}/v1/events", params=query, timeout=30).json()
        for item in page["items"]:
            assert item["eventId"] not in found
            found[item["eventId"]] = item["index"]
        if page["next"] is None:
            return found
        query["after"] = page["next"]


def check(url: str, consortium: Consortium, acknowledged: Acknowledged) -> None:
    """Every acknowledged event is in the log where it was said to be, and the log is whole."""
    found = recorded_ids(url)
    assert acknowledged.indices.items() <= found.items()
    keys = [consortium.log_key.verifier]
    for receipt in acknowledged.receipts:
        verify_receipt(parse_receipt(receipt), keys)
    client = LogClient(url, str(consortium.log_key.verifier))
    assert len(client.verify_everything()) == len(found)
    client.close()


def resend(url: str, events: Sequence[Event]) -> None:
    """What was never answered is sent again; now everything is in the log once."""
    for event in events:
        answer = httpx.post(f"{url}/v1/events", content=single_body(event), headers=JSON)
        assert answer.status_code in {200, 201}


@pytest.mark.slow
def test_killed_under_load_again_and_again_every_acknowledged_event_is_there_once(
    data: Path, consortium: Consortium
) -> None:
    acknowledged = Acknowledged()
    for _ in range(4):
        with ServerProcess(data) as server:
            # What the round before has left is checked with what this one adds.
            load = Load([server.url], uses(consortium, 6, 400), acknowledged)
            load.wait_for(150)
            server.kill()
            load.stop()
        with ServerProcess(data) as server:
            check(server.url, consortium, acknowledged)
            resend(server.url, load.unanswered)
            check(server.url, consortium, acknowledged)
    check_everything(data, consortium)


@pytest.mark.slow
def test_told_to_stop_under_load_it_answers_what_it_took_and_ends_in_order(
    data: Path, consortium: Consortium
) -> None:
    with ServerProcess(data) as server:
        load = Load([server.url], uses(consortium, 6, 2000))
        load.wait_for(200)
        server.ask_to_stop()
        assert server.wait() in {0, -15}
        load.stop()
    assert "Application shutdown complete" in server.output
    with ServerProcess(data) as server:
        check(server.url, consortium, load.acknowledged)


@pytest.mark.slow
def test_two_servers_on_one_database_make_one_log(data: Path, consortium: Consortium) -> None:
    # The second has a data directory of its own, as on another machine, and the same database.
    other = data.parent / "other"
    other.mkdir()
    shutil.copy(data / "log.key", other)
    url = f"sqlite:///{data / 'concord.db'}"
    with ExitStack() as stack:
        first = stack.enter_context(ServerProcess(data))
        second = stack.enter_context(ServerProcess(other, database_url=url))
        load = Load([first.url, second.url], uses(consortium, 6, 300))
        load.wait_for(1200)
        load.stop()
        size = len(load.acknowledged.indices) + 3
        for server in (first, second):
            for _ in grown(server.url, size):
                pass
            check(server.url, consortium, load.acknowledged)
    check_everything(data, consortium)


def grown(url: str, size: int) -> Iterator[int]:
    """Follows a server's log until it shows that size."""
    with httpx.stream("GET", f"{url}/v1/events:stream?from=0", timeout=30) as response:
        for line in response.iter_lines():
            if line.startswith("id: "):
                yield int(line[4:])
                if int(line[4:]) == size - 1:
                    return


def check_everything(data: Path, consortium: Consortium) -> None:
    """What `concord fsck` does."""
    database = open_database(f"sqlite:///{data / 'concord.db'}")
    report = fsck(database, domain=consortium.domain, last_signed_path=data / "checkpoint.last")
    database.dispose()
    assert report.difference is None


def opened(settings: Settings) -> None:
    with open_parts(settings, metrics=Metrics()):
        pass


def test_it_refuses_to_start_without_a_ledger(tmp_path: Path) -> None:
    with pytest.raises((SchemaOutdated, ConcordError)) as refused:
        opened(Settings(data_dir=tmp_path))
    assert isinstance(refused.value, SchemaOutdated | LedgerMissing)


def test_it_refuses_to_serve_another_origin_than_configured(data: Path) -> None:
    with pytest.raises(WrongLedger):
        opened(Settings(data_dir=data, origin="ledger.example.org/other"))


def test_it_refuses_to_start_without_the_key_of_its_log_and_says_where_it_looked(
    data: Path,
) -> None:
    key = data / "log.key"
    kept = key.read_text(encoding="utf-8")
    key.unlink()
    with pytest.raises(LogKeyMissing, match=str(key)):
        opened(Settings(data_dir=data))
    key.mkdir()
    with pytest.raises(LogKeyUnreadable, match=str(key)):
        opened(Settings(data_dir=data))
    key.rmdir()
    for cut in range(len(kept.strip())):
        key.write_text(kept[:cut], encoding="utf-8")
        with pytest.raises(LogKeyUnreadable, match=str(key)) as refused:
            read_log_key(key)
        # The greater part of a secret is a secret.
        assert kept[40:60] not in str(refused.value)
    key.write_bytes(b"\xff\xfe")
    with pytest.raises(LogKeyUnreadable, match=str(key)):
        opened(Settings(data_dir=data))
    key.write_text(kept, encoding="utf-8")
    opened(Settings(data_dir=data))


@pytest.mark.slow
def test_it_refuses_a_database_that_was_rolled_back(data: Path, consortium: Consortium) -> None:
    backup = data.parent / "backup.db"
    shutil.copy(data / "concord.db", backup)
    with ServerProcess(data) as server:
        event = consortium.use("grant-1")
        sent = httpx.post(f"{server.url}/v1/events", content=single_body(event), headers=JSON)
        assert sent.status_code == 201
    for file in data.glob("concord.db*"):
        file.unlink()
    shutil.copy(backup, data / "concord.db")
    with pytest.raises(HistoryRewritten):
        opened(Settings(data_dir=data))
    for command, code in (
        (("-m", "service"), 3),
        (("-c", "from service.cli.main import main; main()", "serve", "--port", "0"), 6),
    ):
        refused = subprocess.run(
            [sys.executable, *command],
            env={**os.environ, "CONCORD_DATA_DIR": str(data)},
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert refused.returncode == code
        assert "history-rewritten" in refused.stderr
        assert "Traceback" not in refused.stdout + refused.stderr


def test_settings_come_from_the_environment_and_empty_ones_count_as_unset(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CONCORD_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("CONCORD_ORIGIN", "")
    monkeypatch.setenv("CONCORD_MAX_EVENT_BYTES", "4096")
    settings = Settings()
    assert settings.origin is None
    assert settings.database == f"sqlite:///{tmp_path / 'concord.db'}"
    assert settings.log_key_path == tmp_path / "log.key"
    assert settings.max_event_bytes == 4096
