"""The head row: how far the log has come, and the lock that whoever appends takes."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from ledger.merkle import EMPTY_ROOT
from ledger.store.columns import blob
from ledger.store.statements import Row


@dataclass(frozen=True, slots=True)
class Head:
    """The log at one size.

    Attributes:
        size: number of leaves.
        root: 32 bytes.
        recorded_at: of the last leaf, milliseconds since the epoch; 0 for the empty log.
    """

    size: int = 0
    root: bytes = EMPTY_ROOT
    recorded_at: int = 0


_COLUMNS = "SELECT size, root, recorded_at FROM head"


def read_head(connection: Connection) -> Head | None:
    """The head row; None where there is no ledger."""
    return _head(connection.exec_driver_sql(_COLUMNS).first())


def lock_head(connection: Connection) -> Head | None:
    """The head row, locked until the transaction ends.

    On SQLite the transaction holds the whole database's write lock since it began.
    """
    lock = "" if connection.dialect.name == "sqlite" else " FOR UPDATE"
    return _head(connection.exec_driver_sql(_COLUMNS + lock).first())


def _head(row: Row | None) -> Head | None:
    return None if row is None else Head(int(row[0]), blob(row[1]), int(row[2]))  # type: ignore[arg-type]
