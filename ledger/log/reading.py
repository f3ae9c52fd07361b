"""Reading the log: leaves, tiles, proofs and receipts, from any thread, never waiting for a writer.

Everything answers for sizes up to the one that is published, which is signed; what the database
holds beyond it is not shown yet. Proofs come from O(log n) tiles.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from sqlalchemy import Connection, select
from sqlmodel import col

from ledger.log.errors import SizeNotReached
from ledger.merkle import (
    Anchor,
    EntriesAddress,
    TileAddress,
    build_receipt,
    consistency_proof,
    encode_entry_bundle,
    inclusion_proof,
    root_at,
)
from ledger.merkle.hashing import HASH_BYTES
from ledger.merkle.tiles import TILE_WIDTH
from ledger.store.chains import first_anchor
from ledger.store.columns import blob
from ledger.store.engine import Database
from ledger.store.head import Head
from ledger.store.tables.log import LeafRow
from ledger.store.tiles import StoredTiles


@dataclass(frozen=True, slots=True)
class Published:
    """What readers see.

    Attributes:
        head: the log.
        note: its signed checkpoint; empty until there is one.
    """

    head: Head
    note: str = ""


class LogReader:
    """A log to read.

    Args:
        database: where it is.
        head: how far to read; a `Log` moves it on.
        note: the head's signed checkpoint.
    """

    def __init__(self, database: Database, head: Head, note: str) -> None:
        self._database = database
        self._tiles = StoredTiles(database)
        # Replaced whole, by one thread; readers take it once and keep to it.
        self._published = Published(head, note)
        self._grown = threading.Condition()
        # Guarded by `_grown`.
        self._listeners: list[Callable[[int], None]] = []

    @property
    def database(self) -> Database:
        """The database."""
        return self._database

    @property
    def head(self) -> Head:
        """Size, root and time of the last leaf, together."""
        return self._published.head

    @property
    def size(self) -> int:
        """Number of leaves."""
        return self._published.head.size

    @property
    def root(self) -> bytes:
        """Root of the tree, 32 bytes."""
        return self._published.head.root

    def checkpoint(self) -> str:
        """The signed checkpoint of the present size."""
        return self._published.note

    def leaf(self, index: int) -> bytes:
        """The bytes of one leaf.

        Raises:
            SizeNotReached: there is no such leaf yet.
        """
        self._require_leaf(index)
        return self._leaves(index, index + 1)[0]

    def leaves(self, start: int, end: int) -> list[bytes]:
        """The leaves from `start` up to, not including, `end`.

        Raises:
            SizeNotReached: the log is smaller than `end`.
        """
        self._require(end)
        return self._leaves(start, end)

    def root_at(self, size: int) -> bytes:
        """The root when the log had that size.

        Raises:
            SizeNotReached: it was never that large.
        """
        self._require(size)
        return root_at(size, self._tiles)

    def inclusion(self, index: int, size: int | None = None) -> tuple[bytes, ...]:
        """The inclusion proof of a leaf in the tree of a size, the present one if none is given.

        Raises:
            SizeNotReached: the log was never that large.
            IndexBeyondSize: the leaf is not in a tree of that size.
        """
        size = self.size if size is None else size
        self._require(max(size, index + 1))
        return inclusion_proof(index, size, self._tiles)

    def consistency(self, first: int, second: int) -> tuple[bytes, ...]:
        """The proof that the tree of size `second` extends that of size `first`.

        Raises:
            SizeNotReached: the log was never that large.
            SizeShrank: `second` is smaller than `first`.
        """
        self._require(max(first, second))
        return consistency_proof(first, second, self._tiles)

    def receipt(self, index: int) -> bytes:
        """The receipt of a leaf at the present size, a JSON document.

        Raises:
            SizeNotReached: there is no such leaf yet.
        """
        published = self._published
        self._require_leaf(index)
        proof = inclusion_proof(index, published.head.size, self._tiles)
        return build_receipt(self.leaf(index), index, proof, published.note)

    def anchor_of(self, size: int) -> Anchor | None:
        """The first anchor of a tree of at least that size, with the proof that it extends the
        tree of that size; None while there is none.
        """
        stored = first_anchor(self._database, size)
        if stored is None or stored.size > self.size:
            return None
        return Anchor(
            chain_id=stored.chain_id,
            contract=stored.contract,
            block_number=stored.block_number,
            block_hash=stored.block_hash,
            transaction_hash=stored.transaction_hash,
            size=stored.size,
            root=stored.root,
            consistency=self.consistency(size, stored.size),
        )

    def tile(self, address: TileAddress) -> bytes | None:
        """The hashes of a tile; None if the log has no such tile, or not that wide."""
        if not address.is_within(self.size):
            return None
        at = (address.level, address.n)
        hashes = self._tiles.tiles([at]).get(at, b"")[: address.width * HASH_BYTES]
        return hashes if len(hashes) == address.width * HASH_BYTES else None

    def entries(self, address: EntriesAddress) -> bytes | None:
        """An entry bundle; None if the log has no such bundle, or not that wide."""
        if not address.is_within(self.size):
            return None
        start = address.n * TILE_WIDTH
        return encode_entry_bundle(self._leaves(start, start + address.width))

    def size_at(self, recorded_at: int) -> int:
        """How many leaves were recorded at or before a time, milliseconds since the epoch.

        `recordedAt` never decreases with the index, so halving finds it without an index on it.
        """
        low, high = 0, self.size
        with self._database.read() as connection:
            while low < high:
                middle = (low + high) // 2
                if _recorded_at(connection, middle) <= recorded_at:
                    low = middle + 1
                else:
                    high = middle
        return low

    def wait_for_growth(self, size: int, timeout: float) -> int:
        """Waits until the log is larger than `size`.

        Args:
            size: the largest size that the caller has seen.
            timeout: seconds to wait at most.

        Returns:
            The log's size, which is `size` or less after the timeout.
        """
        with self._grown:
            self._grown.wait_for(lambda: self.size > size, timeout)
        return self.size

    def on_growth(self, listener: Callable[[int], None]) -> Callable[[], None]:
        """Calls `listener` with the new size whenever the log has grown.

        The call comes from the thread that publishes: it must be quick and must not raise.

        Returns:
            A function that ends it.
        """
        with self._grown:
            self._listeners.append(listener)

        def cancel() -> None:
            with self._grown, suppress(ValueError):
                self._listeners.remove(listener)

        return cancel

    def _publish(self, head: Head, note: str) -> None:
        with self._grown:
            self._published = Published(head, note)
            listeners: Sequence[Callable[[int], None]] = tuple(self._listeners)
            self._grown.notify_all()
        for listener in listeners:
            listener(head.size)

    def _require(self, size: int) -> None:
        if size > self.size:
            raise SizeNotReached(
                f"The log has {self.size} events so far, numbered from 0; what was asked for takes "
                f"{size}. Ask again later, or for less."
            )

    def _require_leaf(self, index: int) -> None:
        if index >= self.size:
            raise SizeNotReached(
                f"There is no event {index} yet: the log has {self.size}, numbered from 0."
            )

    def _leaves(self, start: int, end: int) -> list[bytes]:
        index = col(LeafRow.index)
        wanted = select(col(LeafRow.leaf)).where(index >= start, index < end).order_by(index)
        with self._database.read() as connection:
            return [blob(leaf) for leaf in connection.execute(wanted).scalars()]


def _recorded_at(connection: Connection, index: int) -> int:
    wanted = select(col(LeafRow.recorded_at)).where(col(LeafRow.index) == index)
    return connection.execute(wanted).scalar_one()
