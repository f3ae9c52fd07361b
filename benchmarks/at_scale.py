"""A log of a million events: proofs, opening, memory and checking, each beside its limit.

    python -m benchmarks.at_scale [--events 1000000] [--folder DIR] [--signatures]

Builds the log once (some minutes; `--folder` keeps it for the next run), then measures in a fresh
process, as a server that has just been started would be.
"""

from __future__ import annotations

import argparse
import itertools
import json
import random
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from ledger.errors import ConcordError
from ledger.fsck import fsck
from ledger.log import Limits, Log, Submission
from ledger.store.engine import open_database
from ledger.store.migrate import migrate
from tests.support.ledgers import Consortium

CHUNK = 5_000
PROOFS = 300


@dataclass(frozen=True)
class Figure:
    """One measurement.

    Attributes:
        limit: what it must not exceed, or must reach where `at_least`.
    """

    name: str
    value: float
    unit: str
    limit: float
    at_least: bool = False

    def __str__(self) -> str:
        holds = self.value >= self.limit if self.at_least else self.value <= self.limit
        sign = "≥" if self.at_least else "≤"
        verdict = "ok" if holds else "MISSED"
        return (
            f"{self.name:>28}: {self.value:>12,.2f} {self.unit:<9} {sign} {self.limit:>9,.0f}"
            f"  {verdict}"
        )


def url_of(folder: Path) -> str:
    return f"sqlite:///{folder / 'ledger.db'}"


def build(folder: Path, count: int) -> None:
    """Appends a long history; does nothing where it stands already."""
    consortium = Consortium()
    database = open_database(url_of(folder))
    migrate(database)
    history = consortium.history(count)
    log = Log.create(
        database,
        next(history),
        signing_key=consortium.log_key,
        domain=consortium.domain,
        clock=consortium.clock,
        limits=Limits(queue=2 * CHUNK),
        last_signed_path=folder / "last-signed",
    )
    if log.size < count:
        started = time.perf_counter()
        while events := list(itertools.islice(history, CHUNK)):
            for answer in log.append([Submission(event) for event in events]):
                if isinstance(answer, ConcordError):
                    raise answer
            rate = log.size / (time.perf_counter() - started)
            print(f"\r{log.size:>10,} events, {rate:,.0f}/s with signing", end="", flush=True)
        print()
    log.close()
    database.dispose()


def resident_mib() -> float:
    """The most memory that this process has held (Linux; `getrusage` would count its parent's)."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def measure(folder: Path, *, signatures: bool) -> list[Figure]:
    """Opens the log and asks it things."""
    consortium = Consortium()
    started = time.perf_counter()
    log = Log.open(
        open_database(url_of(folder)),
        signing_key=consortium.log_key,
        domain=consortium.domain,
        clock=consortium.clock,
        last_signed_path=folder / "last-signed",
    )
    opened = time.perf_counter() - started
    choose = random.Random(7)
    times = []
    for _ in range(PROOFS):
        index = choose.randrange(log.size)
        started = time.perf_counter()
        log.inclusion(index)
        times.append(time.perf_counter() - started)
    cold, warm = times[0], sorted(times)[PROOFS // 2]
    slowest = sorted(times)[PROOFS * 99 // 100]
    started = time.perf_counter()
    log.receipt(choose.randrange(log.size))
    receipt = time.perf_counter() - started
    memory = resident_mib()
    started = time.perf_counter()
    report = fsck(log.database, domain=consortium.domain, events=False)
    hashes = log.size / (time.perf_counter() - started)
    if not report.is_clean:
        raise SystemExit(f"not clean: {report.difference}")
    figures = [
        Figure("open", opened, "s", 3),
        Figure("inclusion proof, first", cold * 1e3, "ms", 5),
        Figure("inclusion proof, median", warm * 1e3, "ms", 5),
        Figure("inclusion proof, p99", slowest * 1e3, "ms", 5),
        Figure("receipt", receipt * 1e3, "ms", 5),
        Figure("memory after all that", memory, "MiB", 500),
        Figure("fsck, leaves and roots", hashes, "leaves/s", 50_000, at_least=True),
    ]
    if signatures:
        started = time.perf_counter()
        report = fsck(log.database, domain=consortium.domain)
        if not report.is_clean:
            raise SystemExit(f"not clean: {report.difference}")
        rate = log.size / (time.perf_counter() - started)
        figures.append(Figure("fsck, everything", rate, "leaves/s", 0, at_least=True))
        figures.append(Figure("memory after fsck", resident_mib(), "MiB", 2_000))
    log.close()
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--signatures", action="store_true")
    parser.add_argument("--measure", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        figures = measure(arguments.folder, signatures=arguments.signatures)
        print(json.dumps([asdict(figure) for figure in figures]))
        return
    with tempfile.TemporaryDirectory(prefix="concord-at-scale-") as name:
        folder = arguments.folder or Path(name)
        folder.mkdir(parents=True, exist_ok=True)
        build(folder, arguments.events)
        command = [
            sys.executable,
            "-m",
            "benchmarks.at_scale",
            "--measure",
            "--folder",
            str(folder),
        ]
        command += ["--signatures"] if arguments.signatures else []
        answer = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    print(f"{arguments.events:,} events")
    for figure in json.loads(answer.stdout):
        print(Figure(**figure))


if __name__ == "__main__":
    main()
