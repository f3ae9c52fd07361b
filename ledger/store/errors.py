"""Why the database did not do what it was asked, one class each, and telling them apart.

Drivers report the same condition in many ways; everything above this room sees these classes only.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import exc

from ledger.errors import ConcordError, IntegrityError, InvalidInput, Unavailable


class DatabaseLocked(Unavailable):
    """Another process holds the database for longer than we wait."""

    code = "database-locked"
    remedy = "Try again in some seconds; if it stays, find the process that holds the database."


class DatabaseReadOnly(Unavailable):
    """The database, or the file system under it, takes no writes."""

    code = "database-read-only"
    remedy = "Make the database and its folder writable for the service's user."


class DiskFull(Unavailable):
    """There is no room left for the database."""

    code = "disk-full"
    remedy = "Free some room on the database's disk; nothing that was acknowledged is lost."


class DatabaseDown(Unavailable):
    """The database cannot be reached, or its disk fails."""

    code = "database-down"
    remedy = (
        "Look after the database and its disk; what was not acknowledged is sent again by its "
        "sender."
    )


class DatabaseCorrupt(IntegrityError):
    """The database's own files are damaged."""

    code = "database-corrupt"
    remedy = "Stop the service, keep the files, and restore the newest backup."


class DatabaseReplaced(IntegrityError):
    """The database's file was deleted, or another put in its place, while it was in use."""

    code = "database-replaced"
    remedy = "Stop all processes of the ledger, put the newest file back, and start again."


class RowsContradict(IntegrityError):
    """A row that should be new exists, or one that should exist is missing."""

    code = "rows-contradict"


class SchemaOutdated(Unavailable):
    """The database has another schema than this program."""

    code = "schema-outdated"
    remedy = "Stop all processes on the database, and start one with `concord serve --migrate`."


class UnsupportedDatabase(InvalidInput):
    """No such kind of database is supported."""

    code = "unsupported-database"
    remedy = "Use a `sqlite:///` or `postgresql+psycopg://` URL."


_LOCKED = DatabaseLocked("Another process is writing to the database. Try again.")
_READ_ONLY = DatabaseReadOnly(
    "The database is read-only. Check who owns its files, the mount options of its file system, "
    "or whether this is a standby server."
)
_FULL = DiskFull("The database's disk is full. Free some space and try again.")
_DOWN = DatabaseDown("The database does not answer. Check that it runs and try again.")
_DISK = DatabaseDown(
    "The database's disk failed to read or write. Check the disk, its quota and its limits."
)
_OPEN = DatabaseDown("The database file cannot be opened. Check its path and who may read it.")
_CORRUPT = DatabaseCorrupt(
    "The database's files are damaged. Stop the service, keep a copy, restore a backup and run "
    "`concord fsck`."
)

_SCHEMA = SchemaOutdated(
    "The database lacks a table or column of this program. Run `concord init` for a new ledger, or "
    "`concord serve --migrate` after an upgrade."
)

_ROW_ERRORS = (exc.IntegrityError, exc.DataError)

# Primary result codes of SQLite: the low byte of an extended one (https://sqlite.org/rescode.html).
_SQLITE: dict[int, ConcordError] = {
    sqlite3.SQLITE_ERROR: _SCHEMA,
    sqlite3.SQLITE_BUSY: _LOCKED,
    sqlite3.SQLITE_LOCKED: _LOCKED,
    sqlite3.SQLITE_READONLY: _READ_ONLY,
    sqlite3.SQLITE_FULL: _FULL,
    sqlite3.SQLITE_IOERR: _DISK,
    sqlite3.SQLITE_CANTOPEN: _OPEN,
    sqlite3.SQLITE_CORRUPT: _CORRUPT,
    sqlite3.SQLITE_NOTADB: _CORRUPT,
}

# SQLSTATE of PostgreSQL, the longest prefix counts (its manual, appendix A).
_SQLSTATE: dict[str, ConcordError] = {
    "08": _DOWN,
    "25006": _READ_ONLY,
    "40": _LOCKED,
    "42": _SCHEMA,
    "53": _DOWN,
    "53100": _FULL,
    "55P03": _LOCKED,
    "57": _DOWN,
    "57014": _LOCKED,
    "58": _DISK,
    "XX001": _CORRUPT,
    "XX002": _CORRUPT,
}


@contextmanager
def named_errors() -> Iterator[None]:
    """Raises what the database reports as a class of this module.

    Raises:
        Unavailable: locked, read-only, full, down.
        IntegrityError: damaged, or a row that contradicts another.
    """
    try:
        yield
    except exc.DBAPIError as error:
        raise _named(error) from error
    except exc.TimeoutError as error:
        raise DatabaseDown("All connections to the database are in use. Try again.") from error


def _named(error: exc.DBAPIError) -> ConcordError:
    original = error.orig
    found: ConcordError | None = None
    if isinstance(original, sqlite3.Error):
        found = _SQLITE.get(getattr(original, "sqlite_errorcode", 0) & 0xFF)
    else:
        state = getattr(original, "sqlstate", None) or "08"
        found = _SQLSTATE.get(state) or _SQLSTATE.get(state[:2])
    if found is None and not isinstance(error, _ROW_ERRORS):
        found = _DOWN
    if found is not None:
        # A new one each time: an exception that is raised twice keeps both tracebacks.
        return type(found)(*found.args)
    return RowsContradict(
        f"The database refused a row that should fit: {original}. Run `concord fsck`; if only "
        "views differ, `concord rebuild` makes them again."
    )
