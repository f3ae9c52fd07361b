"""Connections are set up as durability and isolation need them."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import Connection, create_engine
from sqlalchemy.pool import QueuePool

from ledger.store.engine import Database, open_database
from ledger.store.errors import (
    DatabaseCorrupt,
    DatabaseDown,
    DatabaseLocked,
    DatabaseReadOnly,
    RowsContradict,
    SchemaOutdated,
)
from tests.support.postgres import Server

INSERT = "INSERT INTO checkpoint (size, root, recorded_at) VALUES (1, 'x', 1)"


@pytest.mark.parametrize(
    ("pragma", "value"),
    [
        ("journal_mode", "wal"),
        ("synchronous", 2),
        ("foreign_keys", 1),
        ("secure_delete", 1),
        ("busy_timeout", 2_000),
    ],
)
def test_sqlite_writers_are_durable(sqlite_database: Database, pragma: str, value: object) -> None:
    with sqlite_database.write() as connection:
        assert connection.exec_driver_sql(f"PRAGMA {pragma}").scalar_one() == value


@pytest.mark.postgres
def test_postgres_writers_are_durable(postgres_server: Server) -> None:
    database = open_database(postgres_server.new_database())
    with database.write() as connection:
        assert connection.exec_driver_sql("SHOW synchronous_commit").scalar_one() == "on"
        assert connection.exec_driver_sql("SHOW fsync").scalar_one() == "on"
    database.dispose()


def test_readers_cannot_write(database: Database) -> None:
    with pytest.raises(DatabaseReadOnly), database.read() as connection:
        connection.exec_driver_sql("DELETE FROM leaf")


def test_a_reader_sees_one_state_while_a_writer_commits_another(database: Database) -> None:
    count = "SELECT count(*) FROM checkpoint"
    with database.read() as reader:
        assert reader.exec_driver_sql(count).scalar_one() == 0
        with database.write() as writer:
            writer.exec_driver_sql(INSERT)
        assert reader.exec_driver_sql(count).scalar_one() == 0
    with database.read() as reader:
        assert reader.exec_driver_sql(count).scalar_one() == 1


def test_a_transaction_left_by_an_error_leaves_nothing(database: Database) -> None:
    def insert_and_fail(writer: Connection) -> None:
        writer.exec_driver_sql(INSERT)
        raise ValueError("stop")

    with pytest.raises(ValueError, match="stop"), database.write() as writer:
        insert_and_fail(writer)
    with database.read() as reader:
        assert reader.exec_driver_sql("SELECT count(*) FROM checkpoint").scalar_one() == 0


def test_a_sqlite_writer_has_the_lock_from_the_beginning(sqlite_database: Database) -> None:
    impatient = open_database(str(sqlite_database.writer.url), busy_timeout_ms=50)
    with sqlite_database.write(), pytest.raises(DatabaseLocked), impatient.write():
        pytest.fail("two writers at once")
    impatient.dispose()


def test_a_row_that_exists_already_is_named(database: Database) -> None:
    with database.write() as writer:
        writer.exec_driver_sql(INSERT)
    with pytest.raises(RowsContradict), database.write() as writer:
        writer.exec_driver_sql(INSERT)


def test_a_missing_table_is_named(empty_database: Database) -> None:
    with pytest.raises(SchemaOutdated), empty_database.read() as connection:
        connection.exec_driver_sql("SELECT * FROM head")


def test_a_damaged_file_is_named(sqlite_database: Database) -> None:
    path = sqlite_database.path
    assert path is not None
    sqlite_database.dispose()
    path.write_bytes(b"not a database at all" * 1_000)
    with pytest.raises(DatabaseCorrupt), sqlite_database.read() as connection:
        connection.exec_driver_sql("SELECT * FROM head")


def test_a_server_that_is_not_there_is_named() -> None:
    database = open_database("postgresql://concord@127.0.0.1:1/ledger")
    with pytest.raises(DatabaseDown), database.read():
        pytest.fail("there is no server")


def test_a_folder_that_is_not_there_is_named() -> None:
    database = open_database("sqlite:////does/not/exist/ledger.db")
    with pytest.raises(DatabaseDown), database.write():
        pytest.fail("there is no folder")


def test_many_readers_at_once_wait_for_a_connection(database: Database) -> None:
    seen: list[int] = []

    def read() -> None:
        with database.read() as connection:
            seen.append(connection.exec_driver_sql("SELECT 1").scalar_one())

    threads = [threading.Thread(target=read) for _ in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [1] * 40


def test_a_connection_that_does_not_become_free_is_named_and_the_next_one_is_had(
    database: Database,
) -> None:
    one = create_engine(
        database.readers.url, poolclass=QueuePool, pool_size=1, max_overflow=0, pool_timeout=0.01
    )
    narrow = Database(database.writer, one)
    with narrow.read(), pytest.raises(DatabaseDown, match="are in use"), narrow.read():
        pytest.fail("there is one connection only")
    with narrow.read() as connection:
        assert connection.exec_driver_sql("SELECT 1").scalar_one() == 1
    one.dispose()


@pytest.mark.postgres
def test_a_server_that_takes_no_more_connections_is_named(postgres_server: Server) -> None:
    database = open_database(postgres_server.new_database())
    name = database.writer.url.database
    with database.write() as connection:
        connection.exec_driver_sql(f'CREATE ROLE "{name}" LOGIN CONNECTION LIMIT 1')
    url = database.writer.url.set(username=name)
    guest = open_database(url.render_as_string(hide_password=False))
    with guest.read(), pytest.raises(DatabaseDown), guest.write():
        pytest.fail("the role has one connection only")
    guest.dispose()
    database.dispose()
