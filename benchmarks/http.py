"""How fast signed events go in over HTTP, beside what bounds it, in one run.

    python -m benchmarks.http [--events 30000] [--seconds 12] [--connections 64]

Events are signed beforehand, so nothing but the ledger works while they are sent. `wrk` sends them
(`apt-get install wrk`); it and the service share this machine's cores. Everything stays on
loopback and in a temporary folder, bounded in count and in time.

Limits, each measured by itself:
- raw inserts: rows like the leaves' into a table like theirs, same database, batches of 500;
- recovery: who signed, one thread, nothing else;
- empty POST: a FastAPI endpoint that reads the same bodies and answers two bytes.

The ratio to the smallest of the three is the figure to push. Beside each load stands what part of
the cores' time a virtual machine's host gave to others meanwhile: from some hundredths on, the
figure says more about the host.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from benchmarks.processor import stolen_seconds
from ledger.events import Event, verify_signature
from ledger.store.engine import open_database
from tests.support.ledgers import Consortium, ManualClock
from tests.support.ports import free_port
from tests.support.servers import ServerProcess, create_ledger

HERE = Path(__file__).resolve().parent
TARGETS = {"single": (3_000, 60.0), "batches": (8_000, None)}
BATCH = 500


@dataclass(frozen=True)
class Load:
    """What wrk saw.

    Attributes:
        requests: answered.
        seconds: while it ran.
        p50, p99: milliseconds.
        errors: answers that were no success, and broken connections.
        stolen: part of the cores' time that the machine's host gave to others meanwhile.
    """

    requests: int
    seconds: float
    p50: float
    p99: float
    errors: int
    stolen: float

    @property
    def rate(self) -> float:
        """Requests a second."""
        return self.requests / self.seconds


def signed_uses(consortium: Consortium, count: int) -> list[Event]:
    """Events that need nothing but one grant."""
    return [consortium.use("grant-0") for _ in range(count)]


def setup_events(consortium: Consortium) -> list[Event]:
    """What the uses rest on."""
    return [consortium.dataset("records-0"), consortium.grant("grant-0", "records-0")]


def drive(
    url: str, bodies: Sequence[bytes], folder: Path, *, connections: int, seconds: int
) -> Load:
    """Sends each body once, from as many connections, until all are sent or the time is over."""
    file = folder / "bodies"
    file.write_bytes(b"\n".join(bodies))
    # Every two seconds wrk counts each connection that waits for longer than its timeout as one
    # more failure: a machine that stands still would look like a service that fails.
    command = [
        "wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", f"{seconds}s",
        "-s", str(HERE / "http.lua"), url, "--", str(file),
    ]  # fmt: skip
    before = stolen_seconds()
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    stolen = stolen_seconds() - before
    seen = json.loads(output[output.index("\n{") :])
    return Load(**seen, stolen=stolen / (seen["seconds"] * (os.cpu_count() or 1)))


def posted(url: str, body: bytes) -> None:
    """Sends one body and insists on success."""
    headers = {"content-type": "application/json"}
    httpx.post(url, content=body, headers=headers, timeout=30).raise_for_status()


def single_body(event: Event) -> bytes:
    return b'{"event":' + event.encode() + b"}"


def batch_bodies(events: Sequence[Event]) -> Iterator[bytes]:
    for at in range(0, len(events), BATCH):
        items = b",".join(single_body(e) for e in events[at : at + BATCH])
        yield b'{"events":[' + items + b"]}"


def per_second(action: Callable[[], int]) -> float:
    """How many a second an action does; it returns how many it did."""
    began = time.perf_counter()
    count = action()
    return count / (time.perf_counter() - began)


def raw_inserts(url: str, events: Sequence[Event]) -> int:
    """Rows like the leaves', with indexes like theirs, in durable transactions of `BATCH`."""
    rows = [
        (i, e.id, e.actor, e.nonce, e.kind, e.subject, e.issued_at, e.issued_at, single_body(e))
        for i, e in enumerate(events)
    ]
    database = open_database(url)
    with database.write() as connection:
        connection.exec_driver_sql(
            'CREATE TABLE raw ("index" BIGINT PRIMARY KEY, event_id BLOB, actor TEXT, nonce TEXT, '
            "kind TEXT, subject TEXT, issued_at BIGINT, recorded_at BIGINT, leaf BLOB)"
            if database.is_sqlite
            else 'CREATE TABLE raw ("index" BIGINT PRIMARY KEY, event_id BYTEA, actor TEXT, '
            "nonce TEXT, kind TEXT, subject TEXT, issued_at BIGINT, recorded_at BIGINT, leaf BYTEA)"
        )
        connection.exec_driver_sql("CREATE UNIQUE INDEX raw_nonce ON raw (nonce, actor)")
        for column in ("kind", "actor", "subject"):
            connection.exec_driver_sql(f'CREATE INDEX raw_{column} ON raw ({column}, "index")')
    mark = "?" if database.is_sqlite else "%s"
    statement = f"INSERT INTO raw VALUES ({', '.join([mark] * 9)})"  # noqa: S608 - no input
    for at in range(0, len(rows), BATCH):
        with database.write() as connection:
            connection.exec_driver_sql(statement, rows[at : at + BATCH])
    database.dispose()
    return len(rows)


def recoveries(consortium: Consortium, events: Sequence[Event]) -> int:
    """Who signed each event."""
    for event in events:
        verify_signature(event, consortium.domain)
    return len(events)


@contextmanager
def empty_service() -> Iterator[str]:
    """A FastAPI application in uvicorn with one endpoint that does nothing."""
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "benchmarks.empty:app", "--port", str(port)]
    process = subprocess.Popen([*command, "--no-access-log", "--log-level", "warning"])
    url = f"http://127.0.0.1:{port}/empty"
    try:
        _until_answered(url)
        yield url
    finally:
        process.terminate()
        process.wait(10)


def _until_answered(url: str) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            posted(url, b'{"event":{}}')
        except httpx.TransportError:
            time.sleep(0.05)
        else:
            return
    raise TimeoutError(f"{url} does not answer")


def recorded(server: ServerProcess) -> int:
    """Leaves in the log."""
    size = httpx.get(f"{server.url}/v1/log", timeout=30).json()["size"]
    assert isinstance(size, int)
    return size


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--events", type=int, default=30_000, help="events of each kind of load")
    parser.add_argument("--seconds", type=int, default=12, help="longest time of each load")
    parser.add_argument("--connections", type=int, default=64)
    options = parser.parse_args()
    if shutil.which("wrk") is None:
        sys.exit("This benchmark sends its load with wrk; install it: apt-get install wrk")
    with tempfile.TemporaryDirectory() as name:
        run(Path(name), options.events, options.seconds, options.connections)


def run(folder: Path, count: int, seconds: int, connections: int) -> None:
    """Measures and prints."""
    consortium = Consortium(ManualClock(time.time_ns() // 1_000_000))
    print(f"signing {2 * count} events …", flush=True)
    singles, batched = signed_uses(consortium, count), signed_uses(consortium, count)
    data = folder / "data"
    create_ledger(data, consortium, setup_events(consortium))
    with ServerProcess(data) as server:
        before = recorded(server)
        single = drive(
            f"{server.url}/v1/events",
            [single_body(e) for e in singles],
            folder,
            connections=connections,
            seconds=seconds,
        )
        between = recorded(server)
        batches = drive(
            f"{server.url}/v1/events:batch",
            list(batch_bodies(batched)),
            folder,
            connections=4,
            seconds=seconds,
        )
        after = recorded(server)
    # What was answered is in the log; what was on its way when wrk stopped may be, too.
    assert between - before >= single.requests
    assert after - between >= batches.requests * BATCH
    url = f"sqlite:///{data / 'concord.db'}"
    inserts = per_second(lambda: raw_inserts(url, singles))
    recovery = per_second(lambda: recoveries(consortium, singles[:10_000]))
    with empty_service() as empty_url:
        empty = drive(
            empty_url,
            [single_body(e) for e in singles],
            folder,
            connections=connections,
            seconds=seconds,
        )
    report(
        singles=(single, single.rate),
        batches=(batches, batches.rate * BATCH),
        limits={"raw inserts": inserts, "recovery": recovery, "empty POST": empty.rate},
        empty=empty,
    )


def report(
    *,
    singles: tuple[Load, float],
    batches: tuple[Load, float],
    limits: dict[str, float],
    empty: Load,
) -> None:
    smallest = min(limits.values())
    print(
        f"\n{'':14}{'events/s':>10}{'p50 ms':>9}{'p99 ms':>9}{'errors':>8}{'stolen':>8}{'ratio':>8}"
    )
    for name, (load, rate) in {"single": singles, "batches": batches}.items():
        print(
            f"{name:14}{rate:>10,.0f}{load.p50:>9.1f}{load.p99:>9.1f}{load.errors:>8}"
            f"{load.stolen:>8.0%}{rate / smallest:>8.2f}"
        )
    for name, rate in limits.items():
        tail = (
            f"{empty.p50:>9.1f}{empty.p99:>9.1f}{empty.errors:>8}{empty.stolen:>8.0%}"
            if "POST" in name
            else ""
        )
        print(f"{name:14}{rate:>10,.0f}{tail}")
    for name, (least, longest) in TARGETS.items():
        load, rate = singles if name == "single" else batches
        met = rate >= least and (longest is None or load.p99 < longest)
        bound = f" and p99 < {longest:.0f} ms" if longest else ""
        print(f"target {name}: ≥ {least:,}/s{bound}: {'met' if met else 'NOT met'}")


if __name__ == "__main__":
    main()
