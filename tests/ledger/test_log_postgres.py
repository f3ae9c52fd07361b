"""What becomes of the log when its PostgreSQL server takes no writes, goes away, is restarted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import event

from ledger.errors import ConcordError
from ledger.log import Appended, Submission
from ledger.store.engine import Database, open_database
from ledger.store.errors import DatabaseDown, DatabaseReadOnly
from ledger.store.migrate import migrate
from tests.support.logs import LogUnderTest, check_log, record
from tests.support.postgres import Server

pytestmark = pytest.mark.postgres


@pytest.fixture
def server_ledger(postgres_server: Server, tmp_path: Path) -> Iterator[LogUnderTest]:
    """A ledger on a server that the test takes away; checked as a whole afterwards."""
    database = open_database(postgres_server.new_database())
    migrate(database)
    ledger = LogUnderTest(database, tmp_path)
    yield ledger
    check_log(ledger.opened[-1], ledger.consortium, ledger.last_signed)
    ledger.close()
    database.dispose()


def append_one(ledger: LogUnderTest, name: str) -> Appended | ConcordError:
    return ledger.opened[-1].append([Submission(ledger.consortium.dataset(name))])[0]


def test_a_read_only_server_is_named(server_ledger: LogUnderTest) -> None:
    server_ledger.create().close()
    database = server_ledger.database
    with database.write() as connection:
        name = database.writer.url.database
        statement = f'ALTER DATABASE "{name}" SET default_transaction_read_only = on'
        connection.exec_driver_sql(statement)
    database.dispose()
    server_ledger.open()
    assert isinstance(append_one(server_ledger, "d"), DatabaseReadOnly)


@pytest.mark.slow
def test_a_server_that_goes_away_and_comes_back_loses_nothing(
    postgres_server: Server, server_ledger: LogUnderTest
) -> None:
    log = server_ledger.create()
    kept = record(log, [server_ledger.consortium.dataset("before")])[0]
    postgres_server.control("-m", "immediate", "stop")
    try:
        assert isinstance(append_one(server_ledger, "during"), DatabaseDown)
    finally:
        postgres_server.start()
    assert record(log, [server_ledger.consortium.dataset("after")])[0].index == 2
    assert log.first_receipt(1) == kept.receipt


@contextmanager
def restarted_at(database: Database, server: Server, statement: str) -> Iterator[list[str]]:
    """The server falls over just before the writer's first statement of that beginning, once."""
    fallen: list[str] = []

    def fall_over(said: str) -> None:
        if not fallen and said.startswith(statement):
            fallen.append(said)
            server.control("-m", "immediate", "stop")
            server.start()

    def on_statement(_c: object, _u: object, said: str, *_: object) -> None:
        fall_over(said)

    def on_commit(_: object) -> None:
        fall_over("COMMIT")

    event.listen(database.writer, "before_cursor_execute", on_statement)
    event.listen(database.writer, "commit", on_commit)
    try:
        yield fallen
    finally:
        event.remove(database.writer, "before_cursor_execute", on_statement)
        event.remove(database.writer, "commit", on_commit)


@pytest.mark.slow
@pytest.mark.parametrize("statement", ['INSERT INTO "leaf"', "COMMIT"])
def test_a_server_that_is_restarted_within_a_batch_has_recorded_none_of_it(
    postgres_server: Server, server_ledger: LogUnderTest, statement: str
) -> None:
    log = server_ledger.create()
    events = [server_ledger.consortium.dataset(f"d{n}") for n in range(5)]
    with restarted_at(server_ledger.database, postgres_server, statement) as fallen:
        answers = log.append([Submission(each) for each in events])
    assert len(fallen) == 1
    assert [type(answer) for answer in answers] == [DatabaseDown] * 5
    assert log.size == 1
    again = record(log, events)
    assert [(each.index, each.duplicate) for each in again] == [(n, False) for n in range(1, 6)]
