"""Connections to the database that a URL names, for one writer and many readers.

Rules:
- SQLite: WAL, synchronous=FULL, foreign keys, deleted bytes overwritten. Writers take the write
  lock when they begin (`BEGIN IMMEDIATE`), so nobody writes on what has meanwhile changed; readers
  have connections of their own that refuse to write, and are never blocked.
- PostgreSQL: READ COMMITTED for writers, who lock the head row first; one snapshot for each read.
- What a driver raises comes out as a class of `ledger.store.errors`.

It never retries: whoever asked knows whether that is safe.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool

from ledger.store.database_file import DatabaseFile
from ledger.store.errors import UnsupportedDatabase, named_errors

BUSY_TIMEOUT_MS: Final = 5_000
"""How long to wait for another process's lock, in milliseconds."""

READERS: Final = 16
"""Connections for reads, at most."""

_CACHE_KIB: Final = 65_536
_WAL_PAGES: Final = 1_000
"""Pages of the write-ahead log after which a commit moves them into the database, while all who
write wait (https://sqlite.org/wal.html). With four times as many, the slowest hundredth of 64 who
write at once waits 70 ms instead of 40, in a log of a million events.
"""


@dataclass(frozen=True, slots=True)
class Database:
    """Engines to one database.

    Attributes:
        writer: for the one transaction at a time that appends, and for maintenance.
        readers: for everything else.
        file: which file it is, for SQLite.
    """

    writer: Engine
    readers: Engine
    file: DatabaseFile | None = None

    @property
    def is_sqlite(self) -> bool:
        """Whether this is SQLite; else it is PostgreSQL."""
        return self.writer.dialect.name == "sqlite"

    @property
    def path(self) -> Path | None:
        """The file, for SQLite."""
        name = self.writer.url.database
        return Path(name) if self.is_sqlite and name else None

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One transaction that may write; commits at the end, rolls back when left by an error.

        Raises:
            DatabaseReplaced: at the end; what was written is in a file that has no name any more.
            Unavailable, IntegrityError: as `ledger.store.errors` names them.
        """
        with named_errors(), self.writer.connect() as connection:
            with connection.begin():
                yield connection
            self.require_file()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One read-only transaction: all its reads see the same state.

        Raises:
            Unavailable, IntegrityError: as `ledger.store.errors` names them.
        """
        with named_errors(), self.readers.begin() as connection:
            yield connection

    def require_file(self) -> None:
        """Makes sure that SQLite's file is still the one that was opened.

        Raises:
            DatabaseReplaced: it was deleted, or another was put in its place.
        """
        if self.file is not None:
            self.file.require()

    def dispose(self) -> None:
        """Closes every connection that is not in use."""
        self.readers.dispose()
        self.writer.dispose()


def open_database(url: str, *, busy_timeout_ms: int = BUSY_TIMEOUT_MS) -> Database:
    """Makes engines for a URL; connects to nothing yet.

    Args:
        url: `sqlite:///path/to/file.db`, or `postgresql://user@host/name`.
        busy_timeout_ms: how long to wait for a lock, milliseconds.

    Raises:
        UnsupportedDatabase: for any other URL.
    """
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise UnsupportedDatabase(
            "The database URL cannot be read; write sqlite:///FILE or postgresql://USER@HOST/NAME."
        ) from error
    backend = parsed.get_backend_name()
    if backend == "sqlite":
        return _open_sqlite(parsed, busy_timeout_ms)
    if backend == "postgresql":
        return _open_postgresql(parsed.set(drivername="postgresql+psycopg"), busy_timeout_ms)
    raise UnsupportedDatabase(
        f"{backend} is not supported; write sqlite:///FILE or postgresql://USER@HOST/NAME."
    )


def _open_sqlite(url: URL, busy_timeout_ms: int) -> Database:
    if not url.database or url.database == ":memory:":
        raise UnsupportedDatabase(
            "A ledger in memory is lost with the process; write sqlite:///FILE."
        )
    connect_args = {"timeout": busy_timeout_ms / 1000, "check_same_thread": False}
    writer = create_engine(
        url, poolclass=QueuePool, pool_size=1, max_overflow=1, connect_args=connect_args
    )
    readers = create_engine(
        url, poolclass=QueuePool, pool_size=READERS, max_overflow=0, connect_args=connect_args
    )
    file = DatabaseFile(Path(url.database))
    event.listen(writer, "connect", _prepare_sqlite_writer)
    event.listen(writer, "connect", lambda *_: file.opened())
    event.listen(writer, "begin", _begin_immediate)
    event.listen(readers, "connect", _prepare_sqlite_reader)
    event.listen(readers, "begin", _begin_deferred)
    return Database(writer, readers, file)


def _open_postgresql(url: URL, busy_timeout_ms: int) -> Database:
    options = f"-c lock_timeout={busy_timeout_ms}"
    writer = create_engine(
        url,
        pool_size=1,
        max_overflow=1,
        pool_pre_ping=True,
        isolation_level="READ COMMITTED",
        connect_args={"options": f"{options} -c synchronous_commit=on"},
    )
    readers = create_engine(
        url,
        pool_size=READERS,
        max_overflow=0,
        pool_pre_ping=True,
        isolation_level="REPEATABLE READ",
        connect_args={"options": f"{options} -c default_transaction_read_only=on"},
    )
    return Database(writer, readers)


def _prepare_sqlite_writer(connection: DBAPIConnection, entry: ConnectionPoolEntry) -> None:
    del entry
    cursor = _without_implicit_transactions(connection)
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute("PRAGMA secure_delete=ON")
    cursor.execute(f"PRAGMA cache_size=-{_CACHE_KIB}")
    cursor.execute(f"PRAGMA wal_autocheckpoint={_WAL_PAGES}")
    cursor.close()


def _prepare_sqlite_reader(connection: DBAPIConnection, entry: ConnectionPoolEntry) -> None:
    del entry
    cursor = _without_implicit_transactions(connection)
    cursor.execute("PRAGMA query_only=ON")
    cursor.close()


def _without_implicit_transactions(connection: DBAPIConnection) -> sqlite3.Cursor:
    # The driver would begin transactions when it sees fit; the listeners of "begin" do it instead.
    assert isinstance(connection, sqlite3.Connection)  # noqa: S101 - only SQLite engines listen
    connection.isolation_level = None
    return connection.cursor()


def _begin_immediate(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _begin_deferred(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")
