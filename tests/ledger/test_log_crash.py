"""kill -9 under load, again and again: what was acknowledged is there, once, nothing is torn."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ledger.events import decode_leaf
from ledger.log import Submission
from tests.support.logs import LogUnderTest, check_log

ROOT = Path(__file__).resolve().parents[2]
ACKNOWLEDGED_BEFORE_THE_KILL = (1, 40, 150, 400)


@contextmanager
def appending(
    ledger: LogUnderTest, seed: int, max_file_bytes: int = 0
) -> Iterator[subprocess.Popen[str]]:
    """A process that appends; killed when the context ends, if not before."""
    url = ledger.database.writer.url.render_as_string(hide_password=False)
    arguments = [url, str(ledger.last_signed), str(seed), str(max_file_bytes)]
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.support.appender", *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def read(process: subprocess.Popen[str], count: int) -> list[tuple[int, str]]:
    """The next so many acknowledgements."""
    assert process.stdout is not None
    return [acknowledged(process.stdout.readline()) for _ in range(count)]


def kill(process: subprocess.Popen[str]) -> list[tuple[int, str]]:
    """Kills it; what it still managed to say before it died counts too."""
    process.kill()
    assert process.stdout is not None
    return [acknowledged(line) for line in process.stdout if line.endswith("\n")]


def acknowledged(line: str) -> tuple[int, str]:
    index, event_id = line.split()
    return int(index), event_id


def check_acknowledged(ledger: LogUnderTest, lines: list[tuple[int, str]]) -> None:
    """Each acknowledged event stands where it was said to, and sending it again says so too."""
    log = ledger.open()
    check_log(log, ledger.consortium, ledger.last_signed)
    events = [decode_leaf(leaf, index).event for index, leaf in enumerate(log.leaves(0, log.size))]
    ids = [event.id.hex() for event in events]
    assert len(set(ids)) == len(ids)
    for index, event_id in lines:
        assert ids[index] == event_id
    for index, _ in lines[-20:]:
        again = log.append([Submission(events[index])])[0]
        assert (getattr(again, "index", None), getattr(again, "duplicate", None)) == (index, True)
    log.close()


@pytest.mark.slow
def test_every_acknowledged_event_survives_kill_9_once(ledger: LogUnderTest) -> None:
    ledger.create().close()
    kept: list[tuple[int, str]] = []
    for seed, count in enumerate(ACKNOWLEDGED_BEFORE_THE_KILL):
        with appending(ledger, seed) as process:
            kept += read(process, count)
            kept += kill(process)
        check_acknowledged(ledger, kept)
    assert len(kept) >= sum(ACKNOWLEDGED_BEFORE_THE_KILL)


@pytest.mark.slow
def test_two_servers_on_one_database_killed_together_leave_one_history(
    ledger: LogUnderTest,
) -> None:
    ledger.create().close()
    with appending(ledger, 11) as one, appending(ledger, 12) as other:
        kept = read(one, 30) + read(other, 30)
        kept += kill(one) + kill(other)
    check_acknowledged(ledger, kept)


@pytest.mark.slow
def test_a_file_size_limit_is_named_and_loses_nothing(sqlite_ledger: LogUnderTest) -> None:
    sqlite_ledger.create().close()
    with appending(sqlite_ledger, seed=21, max_file_bytes=2_000_000) as process:
        output, _ = process.communicate(timeout=240)
    lines = output.splitlines()
    errors = {line.split()[1] for line in lines if line.startswith("error")}
    assert errors <= {"disk-full", "database-down"}
    assert errors
    check_acknowledged(
        sqlite_ledger, [acknowledged(line) for line in lines if not line.startswith("error")]
    )
