"""How fast signed events go in over HTTP, beside what bounds it, in one run.

    python -m benchmarks.http [--events 30000] [--seconds 12] [--connections 64] [--rounds 3]

Events are signed beforehand, so nothing but the ledger works while they are sent. `wrk` sends them
(`apt-get install wrk`); it and the service share this machine's cores. Everything stays on
loopback and in a temporary folder, bounded in count and in time.

The rounds alternate, so that other work on the machine weighs on all alike, and every round is
printed. The best of each counts: what others leave of a processor changes from one second to the
next, what a program can do does not.

Limits, each measured by itself:
- raw inserts: rows like the leaves' into a table like theirs, same database, batches of 500;
- recovery: who signed, one thread, nothing else;
- empty POST: a FastAPI endpoint that reads the same bodies and answers two bytes.

The ratio to the smallest of the three is the figure to push. Beside each load stands what part of
the cores' time a virtual machine's host gave to others meanwhile: from some hundredths on, the
figure says more about the host. A host whose cores share their units with a neighbour slows them by
half without showing here.
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
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
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
LIMITS = ("raw inserts", "recovery", "empty POST")
BATCH = 500


@dataclass(frozen=True)
class Load:
    """What wrk saw, or a clock.

    Attributes:
        requests: answered; for batches, the events in them.
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
        """How many a second."""
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


def timed(action: Callable[[], int]) -> Load:
    """How fast an action is; it returns how many it did. Latencies are those of no request: 0."""
    before, began = stolen_seconds(), time.perf_counter()
    count = action()
    seconds = time.perf_counter() - began
    stolen = (stolen_seconds() - before) / (seconds * (os.cpu_count() or 1))
    return Load(count, seconds, 0, 0, 0, stolen)


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


def drop_raw(url: str) -> None:
    """Makes room for the next round's."""
    database = open_database(url)
    with database.write() as connection:
        connection.exec_driver_sql("DROP TABLE raw")
    database.dispose()


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
    parser.add_argument("--events", type=int, default=30_000, help="of each kind of load, a round")
    parser.add_argument("--seconds", type=int, default=12, help="longest time of each load")
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    if shutil.which("wrk") is None:
        sys.exit("This benchmark sends its load with wrk; install it: apt-get install wrk")
    consortium = Consortium(ManualClock(time.time_ns() // 1_000_000))
    print(f"signing {2 * options.events * options.rounds} events …", flush=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        create_ledger(folder / "data", consortium, setup_events(consortium))
        signed = [signed_uses(consortium, 2 * options.events) for _ in range(options.rounds)]
        print(f"\n{'':16}{'events/s':>10}{'p50 ms':>9}{'p99 ms':>9}{'errors':>8}{'stolen':>8}")
        rounds: dict[str, list[Load]] = defaultdict(list)
        for number, events in enumerate(signed, 1):
            for label, load in one_round(folder, consortium, events, options).items():
                print(line(f"{label} {number}", load), flush=True)
                rounds[label].append(load)
    report(rounds)


def one_round(
    folder: Path, consortium: Consortium, events: Sequence[Event], options: argparse.Namespace
) -> dict[str, Load]:
    """Each load and each limit once; half of the events singly, the other half in batches."""
    data, count = folder / "data", len(events) // 2
    singles = [single_body(event) for event in events[:count]]
    batched = list(batch_bodies(events[count:]))
    found: dict[str, Load] = {}

    def load(url: str, bodies: Sequence[bytes], connections: int) -> Load:
        return drive(url, bodies, folder, connections=connections, seconds=options.seconds)

    with ServerProcess(data) as server:
        before = recorded(server)
        found["single"] = load(f"{server.url}/v1/events", singles, options.connections)
        between = recorded(server)
        batches = load(f"{server.url}/v1/events:batch", batched, 4)
        after = recorded(server)
    # What was answered is in the log; what was on its way when wrk stopped may be, too.
    assert between - before >= found["single"].requests
    assert after - between >= batches.requests * BATCH
    found["batches"] = replace(batches, requests=batches.requests * BATCH)
    url = f"sqlite:///{data / 'concord.db'}"
    found["raw inserts"] = timed(lambda: raw_inserts(url, events[:count]))
    drop_raw(url)
    found["recovery"] = timed(lambda: recoveries(consortium, events[: count // 3]))
    with empty_service() as empty_url:
        found["empty POST"] = load(empty_url, singles, options.connections)
    return found


def line(label: str, load: Load) -> str:
    """One load, in columns."""
    latency = f"{load.p50:>9.1f}{load.p99:>9.1f}{load.errors:>8}" if load.p99 else " " * 26
    return f"{label:16}{load.rate:>10,.0f}{latency}{load.stolen:>8.0%}"


def report(rounds: Mapping[str, Sequence[Load]]) -> None:
    """Prints the best of each, and in how many rounds a target was met."""
    best = {label: max(loads, key=lambda load: load.rate) for label, loads in rounds.items()}
    smallest = min(best[label].rate for label in LIMITS)
    print()
    for label, load in best.items():
        ratio = "" if label in LIMITS else f"   {load.rate / smallest:.2f} of the smallest limit"
        print(line(label, load) + ratio)
    for label, (least, longest) in TARGETS.items():
        met = [
            load.rate >= least and not load.errors and (not longest or load.p99 < longest)
            for load in rounds[label]
        ]
        bound = f" and p99 < {longest:.0f} ms" if longest else ""
        verdict = f"met in {sum(met)} of {len(met)} rounds" if any(met) else "NOT met"
        print(f"target {label}: ≥ {least:,}/s{bound}: {verdict}")


if __name__ == "__main__":
    main()
