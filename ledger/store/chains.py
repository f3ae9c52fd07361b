"""How far chains were read, and which anchors were found there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass

from sqlalchemy import Connection, select, tuple_
from sqlmodel import SQLModel, col

from ledger.store.columns import ColumnValue
from ledger.store.engine import Database
from ledger.store.statements import Row, upsert_into
from ledger.store.tables.chain import AnchorRow, ChainCursorRow

_CURSOR = SQLModel.metadata.tables[str(ChainCursorRow.__tablename__)]
_ANCHOR = SQLModel.metadata.tables[str(AnchorRow.__tablename__)]


@dataclass(frozen=True, slots=True)
class StoredCursor:
    """The last block whose logs somebody took.

    Attributes:
        number: of the block.
        block_hash: 32 bytes.
    """

    number: int
    block_hash: bytes


@dataclass(frozen=True, slots=True)
class StoredAnchor:
    """One root of the log that a contract holds; the fields are those of `AnchorRow`."""

    chain_id: int
    contract: str
    size: int
    root: bytes
    number: int
    block_number: int
    block_hash: str
    block_time: int
    transaction_hash: str


def read_cursor(connection: Connection, reader: str, chain_id: int) -> StoredCursor | None:
    """Where a reader goes on; None before its first block."""
    wanted = select(col(ChainCursorRow.block_number), col(ChainCursorRow.block_hash)).where(
        col(ChainCursorRow.reader) == reader, col(ChainCursorRow.chain_id) == chain_id
    )
    row = connection.execute(wanted).one_or_none()
    return None if row is None else StoredCursor(row[0], bytes.fromhex(row[1][2:]))


def write_cursor(
    connection: Connection, reader: str, chain_id: int, number: int, block_hash: bytes
) -> None:
    """Remembers where a reader goes on."""
    row: Row = (reader, chain_id, number, f"0x{block_hash.hex()}")
    connection.exec_driver_sql(upsert_into(_CURSOR, connection.dialect.name), row)


def write_anchors(connection: Connection, anchors: Iterable[StoredAnchor]) -> None:
    """Keeps anchors; one that is there already stays."""
    statement = upsert_into(_ANCHOR, connection.dialect.name)
    for anchor in anchors:
        values: dict[str, ColumnValue] = asdict(anchor)
        connection.exec_driver_sql(statement, tuple(values[c.name] for c in _ANCHOR.columns))


def first_anchor(database: Database, size: int) -> StoredAnchor | None:
    """The first anchor of a tree of at least that size, so that the answer never changes."""
    wanted = (
        select(_ANCHOR)
        .where(col(AnchorRow.size) >= size)
        .order_by(col(AnchorRow.size), col(AnchorRow.chain_id), col(AnchorRow.contract))
        .limit(1)
    )
    with database.read() as connection:
        row = connection.execute(wanted).one_or_none()
    return None if row is None else StoredAnchor(*row)


def anchors_of_size(database: Database, size: int) -> list[StoredAnchor]:
    """Anchors of a tree of exactly that size, one a registry."""
    wanted = select(_ANCHOR).where(col(AnchorRow.size) == size)
    with database.read() as connection:
        return [StoredAnchor(*row) for row in connection.execute(wanted)]


def list_anchors(
    database: Database, *, before: int | None = None, limit: int = 100
) -> list[StoredAnchor]:
    """Anchors of all chains, the largest first.

    Args:
        database: of the ledger.
        before: only sizes below this one: the last size of the page before.
        limit: rows at most.
    """
    wanted = select(_ANCHOR).order_by(col(AnchorRow.size).desc(), col(AnchorRow.chain_id))
    if before is not None:
        wanted = wanted.where(col(AnchorRow.size) < before)
    with database.read() as connection:
        return [StoredAnchor(*row) for row in connection.execute(wanted.limit(limit))]


@dataclass(frozen=True, slots=True)
class AnchorKey:
    """Where a list of anchors goes on: the last one that was listed."""

    size: int
    chain_id: int
    contract: str


def read_anchors(
    database: Database, *, after: AnchorKey | None = None, limit: int
) -> list[StoredAnchor]:
    """Anchors of all chains, the largest first, also where several are of one size.

    Args:
        database: of the ledger.
        after: the last one of the page before.
        limit: rows at most.
    """
    order = (col(AnchorRow.size), col(AnchorRow.chain_id), col(AnchorRow.contract))
    wanted = select(_ANCHOR).order_by(*(each.desc() for each in order)).limit(limit)
    if after is not None:
        wanted = wanted.where(tuple_(*order) < tuple_(after.size, after.chain_id, after.contract))
    with database.read() as connection:
        return [StoredAnchor(*row) for row in connection.execute(wanted)]


def latest_anchor(database: Database, chain_id: int, contract: str) -> StoredAnchor | None:
    """The largest anchor in one registry; None if there is none."""
    wanted = (
        select(_ANCHOR)
        .where(col(AnchorRow.chain_id) == chain_id, col(AnchorRow.contract) == contract)
        .order_by(col(AnchorRow.size).desc())
        .limit(1)
    )
    with database.read() as connection:
        row = connection.execute(wanted).one_or_none()
    return None if row is None else StoredAnchor(*row)
