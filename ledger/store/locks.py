"""Locks that the processes on one database share: one of them holds each, the others know or wait.

Rules:
- A lock dies with its process, however that ends: nobody has to clear anything up. On PostgreSQL it
  is an advisory lock of a session of its own; on SQLite an exclusive transaction on an empty file
  beside the database.
- A lock is lost with its connection. Holders ask (`is_held`) before each piece of work; what they
  do must bear that a piece under way overlaps with the next holder's first.
- A lock protects no rows. The log's head has its own (`ledger.store.head`).
"""

from __future__ import annotations

import re
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, Protocol

from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.pool import NullPool

from ledger.store.engine import Database
from ledger.store.errors import DatabaseDown, DatabaseLocked, named_errors

TURN_SECONDS: Final = 30
"""How long to wait for a lock that another process holds."""

# A dead machine's connection must not keep a lock for hours (libpq; seconds).
_KEEPALIVES: Final = {"keepalives_idle": 5, "keepalives_interval": 5, "keepalives_count": 3}


class _Session(Protocol):
    """A connection that can hold one lock."""

    def take(self, seconds: float) -> bool:
        """Whether the lock is taken within that time; 0 does not wait."""
        ...

    def is_alive(self) -> bool:
        """Whether what was taken is still held."""
        ...

    def release(self) -> None:
        """Give back what was taken."""
        ...

    def close(self) -> None:
        """Release, and end the connection."""
        ...


class SharedLock:
    """One lock, by its name. Safe to use from any thread; threads of one process wait in turn.

    Args:
        database: that the processes share.
        name: of the lock, such as `worker`.
    """

    def __init__(self, database: Database, name: str) -> None:
        self._database = database
        self._name = name
        self._turn = threading.Lock()
        # Guarded by _turn. None: not connected, and nothing is held.
        self._session: _Session | None = None
        self._is_held = False

    def is_held(self) -> bool:
        """Whether this process holds it; takes it where nobody does.

        Raises:
            DatabaseDown: it cannot be known; whoever held it does not any more.
        """
        with self._turn:
            if self._is_held and self._session is not None and self._session.is_alive():
                return True
            if self._is_held:
                self._disconnect()
            self._is_held = self._take(0)
            return self._is_held

    @contextmanager
    def held(self) -> Iterator[None]:
        """Holds it inside; waits for whoever has it.

        Raises:
            DatabaseLocked: another process has it for longer than TURN_SECONDS.
            DatabaseDown: it cannot be known.
        """
        with self._turn:
            if not self._take(TURN_SECONDS):
                raise DatabaseLocked(
                    f"Another process has held the lock {self._name!r} for {TURN_SECONDS} seconds."
                )
            try:
                yield
            finally:
                self._let_go()

    def close(self) -> None:
        """Gives it back; the lock is not used again."""
        with self._turn:
            self._disconnect()

    def _take(self, seconds: float) -> bool:
        try:
            return self._take_once(seconds)
        except DatabaseDown:
            # What was open may have been cut since it was last used.
            self._disconnect()
            return self._take_once(seconds)

    def _take_once(self, seconds: float) -> bool:
        try:
            if self._session is None:
                self._session = _open_session(self._database, self._name)
            return self._session.take(seconds)
        except DatabaseDown:
            self._disconnect()
            raise

    def _let_go(self) -> None:
        try:
            if self._session is not None:
                self._session.release()
        except DatabaseDown:
            # The connection is gone, and the lock with it.
            self._disconnect()

    def _disconnect(self) -> None:
        session, self._session, self._is_held = self._session, None, False
        if session is not None:
            with suppress(DatabaseDown):
                session.close()


def _open_session(database: Database, name: str) -> _Session:
    path = database.path
    if path is None:
        return _PostgresqlSession(database.writer, name)
    return _SqliteSession(path, name)


class _PostgresqlSession:
    """A session with an advisory lock (PostgreSQL, section 13.3.5)."""

    def __init__(self, engine: Engine, name: str) -> None:
        self._name = name
        own = create_engine(
            engine.url,
            poolclass=NullPool,
            isolation_level="AUTOCOMMIT",
            connect_args=_KEEPALIVES,
        )
        with named_errors():
            self._connection: Connection = own.connect()

    def take(self, seconds: float) -> bool:
        if not seconds:
            return bool(self._ask("SELECT pg_try_advisory_lock(hashtextextended(:name, 0))"))
        with named_errors():
            self._connection.execute(text(f"SET lock_timeout = {round(seconds * 1000)}"))
        try:
            self._ask("SELECT pg_advisory_lock(hashtextextended(:name, 0)) IS NULL")
        except DatabaseLocked:
            return False
        return True

    def is_alive(self) -> bool:
        try:
            self._ask("SELECT hashtextextended(:name, 0)")
        except DatabaseDown:
            return False
        return True

    def release(self) -> None:
        self._ask("SELECT pg_advisory_unlock(hashtextextended(:name, 0))")

    def close(self) -> None:
        with named_errors(), self._connection:
            # Others need not wait until the server notices that the connection has ended.
            if not self._connection.invalidated:
                self._connection.execute(text("SELECT pg_advisory_unlock_all()"))

    def _ask(self, statement: str) -> object:
        if self._connection.invalidated:
            raise DatabaseDown("The session that held a lock has ended. Try again.")
        with named_errors():
            return self._connection.execute(text(statement), {"name": self._name}).scalar_one()


class _SqliteSession:
    """An exclusive transaction on a file that holds nothing (SQLite, File Locking, section 3)."""

    def __init__(self, database: Path, name: str) -> None:
        file = re.sub(r"[^a-z0-9]+", "-", name.lower())
        self._path = f"{database}.{file}.lock"
        self._connection = self._open()

    def take(self, seconds: float) -> bool:
        try:
            self._connection.execute(f"PRAGMA busy_timeout = {round(seconds * 1000)}")
            self._connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY:
                return False
            raise self._down(error) from error
        return True

    def is_alive(self) -> bool:
        return self._connection.in_transaction

    def release(self) -> None:
        self._connection.rollback()

    def close(self) -> None:
        self._connection.close()

    def _open(self) -> sqlite3.Connection:
        try:
            return sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)
        except sqlite3.OperationalError as error:
            raise self._down(error) from error

    def _down(self, error: sqlite3.Error) -> DatabaseDown:
        return DatabaseDown(f"The lock {self._path} cannot be taken: {error}.")
