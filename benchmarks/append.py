"""How fast events go into the log in process, beside what bounds it, in one run.

    python -m benchmarks.append [--events 20000] [--batch 500] [--database URL] [--rounds 3]

An append verifies the signature, authorises, sequences, commits durably, projects the views and
makes the receipt. Events are signed and parsed beforehand. Limits, each measured by itself:
- raw inserts: the same leaves into a table like theirs, same database, batches of the same size;
- recovery: who signed, one thread, nothing else.

The first quarter of the events is appended before the clock starts, while the second process that
recovers signers is still starting; what is measured is a log at work. The rounds alternate, so that
other work on the machine weighs on all three alike; the best of each counts. Processor time of this
process is printed as well: it depends less on who else is working. The collector is set as in the
service: it would walk through the signed events, which a log does not hold.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlmodel import SQLModel

from ledger.errors import ConcordError
from ledger.events import Event, encode_leaf, verify_signature
from ledger.events.identifiers import Milliseconds
from ledger.log import Limits, Log, Submission
from ledger.store.engine import Database, open_database
from ledger.store.migrate import downgrade, migrate
from ledger.store.statements import Row, insert_into
from ledger.store.tables.log import LeafRow
from service.memory import settle
from tests.support.ledgers import START, Consortium

TARGET = 10_000
TARGET_RATIO = 0.5


@dataclass(frozen=True)
class Measured:
    """Events a second by the clock, and microseconds of processor time for each."""

    rate: float
    cpu: float

    def better(self, other: Measured | None) -> Measured:
        """The faster of two rounds, with the smaller processor time."""
        if other is None:
            return self
        return Measured(max(self.rate, other.rate), min(self.cpu, other.cpu))


def measure(count: int, work: Callable[[], object]) -> Measured:
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return Measured(count / wall, cpu / count * 1e6)


def append_all(log: Log, events: Sequence[Event], batch: int) -> None:
    """Appends everything in requests of `batch` events, several of them on their way at once."""
    requests = [
        log.submit_all([Submission(event) for event in events[start : start + batch]])
        for start in range(0, len(events), batch)
    ]
    for request in requests:
        for answer in request.result():
            if isinstance(answer, ConcordError):
                raise answer


def append_round(
    database: Database, consortium: Consortium, events: Sequence[Event], batch: int, folder: Path
) -> Measured:
    migrate(database)
    log = Log.create(
        database,
        events[0],
        signing_key=consortium.log_key,
        domain=consortium.domain,
        clock=consortium.clock,
        limits=Limits(queue=len(events), batch=batch),
        last_signed_path=folder / f"last-signed-{time.monotonic_ns()}",
    )
    warm_up = len(events) // 4
    append_all(log, events[1:warm_up], batch)
    measured = measure(len(events) - warm_up, lambda: append_all(log, events[warm_up:], batch))
    log.close()
    downgrade(database, "base")
    return measured


def insert_round(database: Database, events: Sequence[Event], batch: int) -> Measured:
    migrate(database)
    rows: list[Row] = [
        (
            index,
            event.id,
            event.actor,
            bytes.fromhex(event.nonce[2:]),
            event.kind,
            event.subject,
            event.issued_at,
            START,
            encode_leaf(event, Milliseconds(START)),
        )
        for index, event in enumerate(events)
    ]
    statement = insert_into(
        SQLModel.metadata.tables[str(LeafRow.__tablename__)], database.writer.dialect.name
    )

    def insert() -> None:
        for start in range(0, len(rows), batch):
            with database.write() as connection:
                connection.exec_driver_sql(statement, rows[start : start + batch])

    measured = measure(len(rows), insert)
    downgrade(database, "base")
    return measured


def recovery_round(consortium: Consortium, events: Sequence[Event]) -> Measured:
    def recover() -> None:
        for event in events:
            verify_signature(event, consortium.domain)

    return measure(len(events), recover)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=20_000)
    parser.add_argument("--batch", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--database", help="URL of an empty PostgreSQL database; SQLite if absent")
    arguments = parser.parse_args()
    consortium = Consortium()
    print(f"signing {arguments.events} events …", flush=True)
    events = list(consortium.history(arguments.events))
    settle()
    best: dict[str, Measured] = {}
    with tempfile.TemporaryDirectory(prefix="concord-append-") as name:
        folder = Path(name)
        database = open_database(arguments.database or f"sqlite:///{folder / 'ledger.db'}")
        for _ in range(arguments.rounds):
            for label, found in (
                ("append", append_round(database, consortium, events, arguments.batch, folder)),
                ("raw inserts", insert_round(database, events, arguments.batch)),
                ("recovery alone", recovery_round(consortium, events)),
            ):
                best[label] = found.better(best.get(label))
        database.dispose()
    for label, measured in best.items():
        limit = f"   target {TARGET:>8,}" if label == "append" else ""
        print(f"{label:>16}: {measured.rate:>9,.0f}/s  {measured.cpu:5.1f} µs cpu{limit}")
    smallest = min(best["raw inserts"].rate, best["recovery alone"].rate)
    print(f"{'ratio':>16}: {best['append'].rate / smallest:9.2f}    target {TARGET_RATIO}")


if __name__ == "__main__":
    main()
