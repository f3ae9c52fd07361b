"""What happens to the log when its database, its disk or somebody else fails it."""

from __future__ import annotations

import shutil
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Connection, event
from sqlalchemy.exc import OperationalError

from ledger.errors import ConcordError
from ledger.log import Appended, HistoryRewritten, Limits, Log, Submission
from ledger.log.errors import CheckpointNotKept, LogStopped
from ledger.merkle import SigningKey as LogKey
from ledger.merkle import open_checkpoint
from ledger.merkle.errors import NoKnownSignature
from ledger.store.engine import Database, open_database
from ledger.store.errors import (
    DatabaseDown,
    DatabaseLocked,
    DatabaseReadOnly,
    DatabaseReplaced,
    DiskFull,
)
from tests.support.logs import QUICK, LogUnderTest, record
from tests.support.waiting import await_that


@contextmanager
def failing_commits(database: Database, *, persisted: bool) -> Iterator[None]:
    """Every commit of the writer fails, after it was carried out or instead."""

    def fail(connection: Connection) -> None:
        if persisted:
            connection.connection.dbapi_connection.commit()  # type: ignore[union-attr]
        raise OperationalError("COMMIT", None, sqlite3.OperationalError("the line went dead"))

    event.listen(database.writer, "commit", fail)
    try:
        yield
    finally:
        event.remove(database.writer, "commit", fail)


def append_one(ledger: LogUnderTest, name: str) -> Appended | ConcordError:
    return ledger.opened[-1].append([Submission(ledger.consortium.dataset(name))])[0]


def test_a_commit_that_failed_and_was_lost_is_told_to_all_who_waited(
    ledger: LogUnderTest,
) -> None:
    log = ledger.create()
    events = [ledger.consortium.dataset(f"d{n}") for n in range(5)]
    before = log.checkpoint()
    with failing_commits(ledger.database, persisted=False):
        answers = log.append([Submission(e) for e in events])
    assert all(isinstance(answer, DatabaseDown) for answer in answers)
    assert (log.size, log.checkpoint()) == (1, before)
    again = record(log, events)
    assert [a.index for a in again] == [1, 2, 3, 4, 5]
    assert not any(a.duplicate for a in again)


def test_a_commit_that_failed_and_was_carried_out_is_found_by_sending_again(
    ledger: LogUnderTest,
) -> None:
    log = ledger.create()
    events = [ledger.consortium.dataset(f"d{n}") for n in range(5)]
    with failing_commits(ledger.database, persisted=True):
        answers = log.append([Submission(e) for e in events])
    assert all(isinstance(answer, DatabaseDown) for answer in answers)
    again = record(log, events)
    assert [a.index for a in again] == [1, 2, 3, 4, 5]
    assert all(a.duplicate for a in again)
    assert [log.first_receipt(a.index) for a in again] == [a.receipt for a in again]
    assert record(log, [ledger.consortium.grant("g", "d0")])[0].index == 6


def test_what_was_carried_out_unseen_is_published_without_being_asked_for(
    ledger: LogUnderTest,
) -> None:
    log = ledger.create()
    with failing_commits(ledger.database, persisted=True):
        log.append([Submission(ledger.consortium.dataset("d"))])
    assert log.wait_for_growth(1, timeout=30) == 2


def test_a_locked_database_is_named_and_recovers(ledger: LogUnderTest) -> None:
    ledger.database.dispose()
    url = ledger.database.writer.url.render_as_string(hide_password=False)
    impatient = open_database(url, busy_timeout_ms=100)
    ledger.create().close()
    log = ledger.open(database=impatient)
    with ledger.database.write() as other:
        other.exec_driver_sql("UPDATE head SET size = size")
        answer = append_one(ledger, "d")
        assert isinstance(answer, DatabaseLocked)
    assert isinstance(append_one(ledger, "d"), Appended)
    log.close()
    impatient.dispose()


def test_a_full_disk_is_named_and_recovers(sqlite_ledger: LogUnderTest) -> None:
    log = sqlite_ledger.create()
    limit_pages(sqlite_ledger.database, extra=8)
    codes = []
    for n in range(100):
        answer = append_one(sqlite_ledger, f"d{n}")
        if isinstance(answer, ConcordError):
            codes.append(answer.code)
            break
    assert codes == [DiskFull.code]
    size = log.size
    limit_pages(sqlite_ledger.database, extra=100_000)
    assert isinstance(append_one(sqlite_ledger, "after"), Appended)
    assert log.size == size + 1


def limit_pages(database: Database, extra: int) -> None:
    with database.write() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + extra}")


def test_a_read_only_database_is_named_and_can_be_read(sqlite_ledger: LogUnderTest) -> None:
    sqlite_ledger.create().close()
    url = f"sqlite:///file:{sqlite_ledger.database.path}?mode=ro&uri=true"
    read_only = open_database(url)
    log = sqlite_ledger.open(database=read_only)
    assert isinstance(append_one(sqlite_ledger, "d"), DatabaseReadOnly)
    assert len(log.leaves(0, 1)) == 1
    log.close()
    read_only.dispose()


def test_two_servers_on_one_database_take_turns(ledger: LogUnderTest) -> None:
    first = ledger.create(Limits(batch=8, poll_seconds=0.02))
    url = ledger.database.writer.url.render_as_string(hide_password=False)
    second_database = open_database(url, busy_timeout_ms=20_000)
    second = ledger.open(database=second_database, last_signed=ledger.folder / "last-signed-2")
    answers: list[Appended] = []

    def append(log_number: int) -> None:
        log = (first, second)[log_number]
        for n in range(12):
            events = [ledger.consortium.dataset(f"d-{log_number}-{n}-{m}") for m in range(5)]
            answers.extend(record(log, events))

    threads = [threading.Thread(target=append, args=(number,)) for number in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answer.index for answer in answers) == list(range(1, 121))
    for log in (first, second):
        log.wait_for_growth(120, timeout=30)
        assert (log.size, log.root) == (121, first.root)
    same = ledger.consortium.dataset("same")
    one, other = record(first, [same])[0], record(second, [same])[0]
    assert (one.index, one.receipt) == (other.index, other.receipt)
    second.close()
    second_database.dispose()


def test_what_another_server_appends_is_noticed_and_signed(ledger: LogUnderTest) -> None:
    first = ledger.create()
    second = ledger.open(last_signed=ledger.folder / "last-signed-2")
    record(first, [ledger.consortium.dataset("d")])
    assert second.wait_for_growth(1, timeout=30) == 2
    assert second.checkpoint() == first.checkpoint()
    record(second, [ledger.consortium.grant("g", "d")])


def test_a_database_that_was_rolled_back_is_not_opened(broken_ledger: LogUnderTest) -> None:
    log = broken_ledger.create()
    record(log, [broken_ledger.consortium.dataset("d")])
    log.close()
    roll_back(broken_ledger.database)
    with pytest.raises(HistoryRewritten, match="rolled back"):
        broken_ledger.open()


def roll_back(database: Database) -> None:
    """The database as it was after its first leaf."""
    with database.write() as connection:
        connection.exec_driver_sql('DELETE FROM leaf WHERE "index" >= 1')
        connection.exec_driver_sql("DELETE FROM checkpoint WHERE size > 1")
        connection.exec_driver_sql(
            "UPDATE tile SET hashes = substr(hashes, 1, 32) WHERE level = 0 AND n = 0"
        )
        connection.exec_driver_sql(
            "UPDATE head SET size = 1, root = (SELECT root FROM checkpoint WHERE size = 1)"
        )


def test_a_database_that_is_rolled_back_under_a_running_log_stops_it(
    broken_ledger: LogUnderTest,
) -> None:
    log = broken_ledger.create(Limits(poll_seconds=60))
    record(log, [broken_ledger.consortium.dataset("d")])
    signed = log.checkpoint()
    roll_back(broken_ledger.database)
    assert isinstance(append_one(broken_ledger, "e"), HistoryRewritten)
    assert isinstance(log.stopped, HistoryRewritten)
    assert isinstance(append_one(broken_ledger, "f"), HistoryRewritten)
    assert log.checkpoint() == signed


def test_a_rolled_back_database_is_noticed_without_anyone_appending(
    broken_ledger: LogUnderTest,
) -> None:
    log = broken_ledger.create(QUICK)
    record(log, [broken_ledger.consortium.dataset("d")])
    roll_back(broken_ledger.database)
    for _ in range(1_000):
        if log.stopped is not None:
            break
        log.wait_for_growth(log.size, timeout=0.02)
    assert isinstance(log.stopped, HistoryRewritten)


def put_in_its_place(file: Path, copy: Path | None) -> None:
    """What somebody does who forgets to stop the service first."""
    for name in (file, Path(f"{file}-wal"), Path(f"{file}-shm")):
        name.unlink()
    if copy is not None:
        shutil.copy(copy, file)


@pytest.mark.parametrize("has_copy", [True, False])
def test_a_file_that_is_replaced_under_a_running_log_takes_nothing_that_would_be_lost(
    sqlite_ledger: LogUnderTest, tmp_path: Path, *, has_copy: bool
) -> None:
    log = sqlite_ledger.create(Limits(poll_seconds=60))
    file = sqlite_ledger.database.path
    assert file is not None
    copy = tmp_path / "copy.db"
    with sqlite3.connect(file) as source, sqlite3.connect(copy) as target:
        source.backup(target)
    record(log, [sqlite_ledger.consortium.dataset("d")])
    signed = log.checkpoint()
    put_in_its_place(file, copy if has_copy else None)
    assert isinstance(append_one(sqlite_ledger, "e"), DatabaseReplaced)
    assert isinstance(log.stopped, DatabaseReplaced)
    assert log.checkpoint() == signed


def test_a_replaced_file_is_noticed_without_anyone_appending(sqlite_ledger: LogUnderTest) -> None:
    log = sqlite_ledger.create(QUICK)
    file = sqlite_ledger.database.path
    assert file is not None
    Path(f"{file}-wal").unlink()
    await_that(lambda: log.stopped is not None)
    assert isinstance(log.stopped, DatabaseReplaced)


def test_another_history_of_the_same_length_is_not_opened(
    broken_ledger: LogUnderTest, tmp_path: Path
) -> None:
    log = broken_ledger.create()
    record(log, [broken_ledger.consortium.dataset("d")])
    log.close()
    roll_back(broken_ledger.database)
    aside = tmp_path / "aside"
    broken_ledger.last_signed.rename(aside)
    log = broken_ledger.open()
    record(
        log, [broken_ledger.consortium.dataset("another"), broken_ledger.consortium.dataset("x")]
    )
    log.close()
    shutil.copy(aside, broken_ledger.last_signed)
    with pytest.raises(HistoryRewritten, match="are not those that were signed"):
        broken_ledger.open()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE head SET root = (SELECT root FROM checkpoint WHERE size = 1)",
        "DELETE FROM tile",
        "UPDATE head SET size = 3",
    ],
)
def test_a_head_that_its_tiles_do_not_bear_out_is_not_opened(
    broken_ledger: LogUnderTest, statement: str
) -> None:
    log = broken_ledger.create()
    record(log, [broken_ledger.consortium.dataset("d")])
    log.close()
    with broken_ledger.database.write() as connection:
        connection.exec_driver_sql(statement)
    with pytest.raises(ConcordError) as error:
        broken_ledger.open()
    assert error.value.code in {"history-rewritten", "tile-incomplete"}


@pytest.mark.parametrize("content", [b"", b"rubbish", b"\xff\n\n"])
def test_a_file_that_is_no_last_signed_checkpoint_is_not_believed(
    broken_ledger: LogUnderTest, content: bytes
) -> None:
    broken_ledger.create().close()
    broken_ledger.last_signed.write_bytes(content)
    with pytest.raises(HistoryRewritten, match="cannot be read"):
        broken_ledger.open()


def test_a_folder_in_place_of_the_last_signed_checkpoint_is_named(
    sqlite_ledger: LogUnderTest,
) -> None:
    sqlite_ledger.create().close()
    sqlite_ledger.last_signed.unlink()
    sqlite_ledger.last_signed.mkdir()
    with pytest.raises(CheckpointNotKept, match="cannot be read"):
        sqlite_ledger.open()
    sqlite_ledger.last_signed.rmdir()


def test_a_lost_last_signed_checkpoint_is_told_once_and_kept_again(
    sqlite_ledger: LogUnderTest, caplog: pytest.LogCaptureFixture
) -> None:
    sqlite_ledger.create().close()
    assert "no last signed checkpoint" not in caplog.text
    signed = sqlite_ledger.last_signed.read_bytes()
    sqlite_ledger.last_signed.unlink()
    sqlite_ledger.open().close()
    assert caplog.text.count("no last signed checkpoint is kept here") == 1
    assert sqlite_ledger.last_signed.read_bytes() == signed
    sqlite_ledger.open().close()
    assert caplog.text.count("no last signed checkpoint is kept here") == 1


def test_two_servers_with_different_keys_make_one_log_and_their_clients_tell_them_apart(
    ledger: LogUnderTest,
) -> None:
    first = ledger.create()
    own = ledger.consortium.log_key
    other = LogKey(own.name, bytes(32))
    second = Log.open(
        ledger.database,
        signing_key=other,
        domain=ledger.consortium.domain,
        clock=ledger.consortium.clock,
        limits=QUICK,
        last_signed_path=ledger.folder / "last-signed-2",
    )
    try:
        for number, log in enumerate((first, second) * 3, start=1):
            assert record(log, [ledger.consortium.dataset(f"d{number}")])[0].index == number
        first.wait_for_growth(6, timeout=30)
        assert (first.size, first.root) == (second.size, second.root)
        for log, key, stranger in ((first, own, other), (second, other, own)):
            assert open_checkpoint(log.checkpoint(), [key.verifier]).size == 7
            with pytest.raises(NoKnownSignature):
                open_checkpoint(log.checkpoint(), [stranger.verifier])
    finally:
        second.close()


def test_nothing_is_acknowledged_while_the_last_signed_checkpoint_cannot_be_kept(
    ledger: LogUnderTest,
) -> None:
    log = ledger.create(Limits(poll_seconds=60))
    folder = ledger.folder
    aside = folder.with_name(folder.name + "-aside")
    event = ledger.consortium.dataset("d")
    ledger.last_signed.unlink()
    ledger.last_signed.mkdir()
    (ledger.last_signed / "in-the-way").touch()
    answer = log.append([Submission(event)])[0]
    assert isinstance(answer, CheckpointNotKept)
    assert log.size == 1
    assert not aside.exists()
    shutil.rmtree(ledger.last_signed)
    again = record(log, [event])[0]
    assert (again.index, again.duplicate) == (1, True)
    assert log.first_receipt(1) == again.receipt


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_fault_that_nobody_foresaw_stops_the_log_and_is_told_to_whoever_sends_afterwards(
    sqlite_ledger: LogUnderTest,
) -> None:
    log = sqlite_ledger.create()

    def fail(_: object) -> None:
        raise RuntimeError("nobody foresaw this")

    log.observe(fail)
    kept = record(log, [sqlite_ledger.consortium.dataset("d")])[0]
    await_that(lambda: log.stopped is not None)
    assert isinstance(log.stopped, LogStopped)
    assert isinstance(append_one(sqlite_ledger, "e"), LogStopped)
    assert (log.size, log.first_receipt(1)) == (2, kept.receipt)


def test_a_row_in_the_way_of_one_event_does_not_keep_the_others_back(
    broken_ledger: LogUnderTest,
) -> None:
    log = broken_ledger.create()
    with broken_ledger.database.write() as connection:
        connection.exec_driver_sql(
            "INSERT INTO stewardship (\"index\", dataset, steward) VALUES (2, 'b', 'nobody')"
        )
    events = [broken_ledger.consortium.dataset(name) for name in "abc"]
    answers = log.append([Submission(e) for e in events])
    codes = [a.code if isinstance(a, ConcordError) else a.index for a in answers]
    assert codes == [1, "rows-contradict", 2]
