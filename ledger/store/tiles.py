"""Tiles in the database, as the `TileReader` that proofs are made from."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection
from sqlmodel import SQLModel

from ledger.merkle import TileCoordinate
from ledger.merkle.hashing import HASH_BYTES
from ledger.merkle.tiles import TILE_WIDTH
from ledger.store.columns import blob
from ledger.store.engine import Database
from ledger.store.statements import rows_by_key
from ledger.store.tables.log import TileRow

CACHED_TILES: Final = 2_048
"""Full tiles that stay in memory, 8 KiB each."""

_TABLE: Final = SQLModel.metadata.tables[str(TileRow.__tablename__)]
_FULL: Final = TILE_WIDTH * HASH_BYTES


@dataclass(frozen=True, slots=True)
class ConnectionTiles:
    """Tiles as one transaction sees them; nothing is kept.

    Attributes:
        connection: the transaction's.
    """

    connection: Connection

    def tiles(self, coordinates: Sequence[TileCoordinate]) -> Mapping[TileCoordinate, bytes]:
        """The tiles among these that are stored."""
        found = rows_by_key(self.connection, _TABLE, ("level", "n"), coordinates)
        return {(level, n): blob(hashes) for level, n, hashes in found}  # type: ignore[misc]


class StoredTiles:
    """Tiles from any thread, each call in a transaction of its own.

    Full tiles never change, so they are kept; which of them are full is all that is remembered of
    the log's size.

    Args:
        database: where they are.
        capacity: full tiles to keep.
    """

    def __init__(self, database: Database, capacity: int = CACHED_TILES) -> None:
        self._database = database
        self._capacity = capacity
        # Guards `_full`, oldest use first.
        self._lock = threading.Lock()
        self._full: dict[TileCoordinate, bytes] = {}

    def tiles(self, coordinates: Sequence[TileCoordinate]) -> Mapping[TileCoordinate, bytes]:
        """The tiles among these that are stored.

        Raises:
            Unavailable: if the database does not answer.
        """
        found = self._kept(coordinates)
        missing = [at for at in coordinates if at not in found]
        if missing:
            with self._database.read() as connection:
                read = ConnectionTiles(connection).tiles(missing)
            self._keep(read)
            found.update(read)
        return found

    def _kept(self, coordinates: Sequence[TileCoordinate]) -> dict[TileCoordinate, bytes]:
        with self._lock:
            found = {at: self._full.pop(at) for at in coordinates if at in self._full}
            self._full.update(found)
            return found

    def _keep(self, read: Mapping[TileCoordinate, bytes]) -> None:
        with self._lock:
            self._full.update((at, hashes) for at, hashes in read.items() if len(hashes) == _FULL)
            for at in list(self._full)[: max(0, len(self._full) - self._capacity)]:
                del self._full[at]
