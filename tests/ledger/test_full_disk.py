"""A log whose disk has no room left: what it is told by the kernel itself, and how it goes on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.log import Appended, Log, Submission
from ledger.log.errors import CheckpointNotKept
from ledger.store.engine import Database, open_database
from ledger.store.errors import DiskFull
from ledger.store.migrate import migrate
from tests.support.disks import no_room
from tests.support.logs import LogUnderTest, check_log, record


@pytest.fixture
def ledger_on(small_disk: Path) -> Iterator[LogUnderTest]:
    """A ledger whose database and last signed checkpoint are on the small disk."""
    database = open_database(f"sqlite:///{small_disk / 'ledger.db'}")
    migrate(database)
    yield from checked(LogUnderTest(database, small_disk))


@pytest.fixture
def ledger_beside(sqlite_database: Database, small_disk: Path) -> Iterator[LogUnderTest]:
    """A ledger of which only the last signed checkpoint is there."""
    yield from checked(LogUnderTest(sqlite_database, small_disk))


def checked(under_test: LogUnderTest) -> Iterator[LogUnderTest]:
    yield under_test
    under_test.close()
    log = under_test.open()
    check_log(log, under_test.consortium, under_test.last_signed)
    log.close()
    under_test.database.dispose()


def answer_of(log: Log, submission: Submission) -> object:
    return log.append([submission])[0]


def test_a_full_disk_under_the_database_is_named_and_what_was_refused_is_recorded_later(
    ledger_on: LogUnderTest, small_disk: Path
) -> None:
    log = ledger_on.create()
    before = record(log, [ledger_on.consortium.dataset("before")])[0]
    during = Submission(ledger_on.consortium.dataset("during"))
    with no_room(small_disk):
        for _ in range(3):
            assert isinstance(answer_of(log, during), DiskFull)
        assert (log.size, log.first_receipt(1)) == (2, before.receipt)
    answer = answer_of(log, during)
    assert isinstance(answer, Appended)
    assert (answer.index, answer.duplicate) == (2, False)


def test_a_full_disk_under_the_last_signed_checkpoint_alone_holds_back_every_receipt(
    ledger_beside: LogUnderTest, small_disk: Path
) -> None:
    log = ledger_beside.create()
    kept = ledger_beside.last_signed.read_bytes()
    during = Submission(ledger_beside.consortium.dataset("during"))
    with no_room(small_disk):
        for _ in range(3):
            assert isinstance(answer_of(log, during), CheckpointNotKept)
        assert log.size == 1
        # The one before is still whole.
        assert ledger_beside.last_signed.read_bytes() == kept
    answer = answer_of(log, during)
    assert isinstance(answer, Appended)
    assert (answer.index, answer.duplicate) == (1, True)
