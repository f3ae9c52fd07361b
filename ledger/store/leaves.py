"""Streaming the leaf table in order, for whoever goes through a whole log."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, select
from sqlmodel import col

from ledger.store.columns import blob
from ledger.store.tables.log import LeafRow

LEAVES_PER_QUERY: Final = 4_096


@dataclass(frozen=True, slots=True)
class StoredRow:
    """One row of the leaf table, every column of it."""

    index: int
    event_id: bytes
    actor: str
    nonce: bytes
    kind: str
    subject: str
    issued_at: int
    recorded_at: int
    leaf: bytes


def leaf_chunks(
    connection: Connection, start: int = 0, end: int | None = None
) -> Iterator[list[tuple[int, bytes]]]:
    """(index, leaf) of the rows from `start` up to, not including, `end`, a few thousand at a time.

    The chunks hold the rows that are there: whether one is missing is for the caller to see.
    """
    index = col(LeafRow.index)
    query = select(index, col(LeafRow.leaf)).order_by(index).limit(LEAVES_PER_QUERY)
    if end is not None:
        query = query.where(index < end)
    while True:
        rows = connection.execute(query.where(index >= start)).all()
        if not rows:
            return
        yield [(row[0], blob(row[1])) for row in rows]
        start = rows[-1][0] + 1


def row_chunks(connection: Connection) -> Iterator[list[StoredRow]]:
    """Every row of the leaf table in order, a few thousand at a time."""
    start = 0
    index = col(LeafRow.index)
    columns = [getattr(LeafRow, name) for name in StoredRow.__slots__]
    query = select(*columns).order_by(index).limit(LEAVES_PER_QUERY)
    while True:
        rows = connection.execute(query.where(index >= start)).all()
        if not rows:
            return
        yield [StoredRow(*row) for row in rows]
        start = rows[-1][0] + 1
