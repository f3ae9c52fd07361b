"""Appending to stored tiles: which of them change, and into what.

`TileEdge` is the right edge of a log's tiles and a value: appending makes a new one, so that a
batch whose commit fails leaves the edge in memory as it was. It does not write: whoever stores
tiles writes what `append` names, in the same transaction as the leaves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ledger.merkle.errors import TileIncomplete
from ledger.merkle.hashing import HASH_BYTES, LeafHash
from ledger.merkle.prover import FetchedTiles, TileReader, frontier_at
from ledger.merkle.tiles import TILE_HEIGHT, TILE_WIDTH, partial_tile_addresses
from ledger.merkle.tree import CompactRange, Growth

_TILE_BYTES = TILE_WIDTH * HASH_BYTES


@dataclass(frozen=True, slots=True)
class Tile:
    """A tile to be stored, in place of what stood at its coordinate.

    Attributes:
        level: level of the tile.
        n: index of the tile in its level.
        hashes: its concatenated hashes, 32 to 8,192 bytes.
    """

    level: int
    n: int
    hashes: bytes


@dataclass(frozen=True, slots=True)
class TileEdge:
    """What appending needs to know of a log: its compact range and the partial tile of each level.

    Attributes:
        range: compact range of the whole log; `range.root()` is the log's root.
        partials: by level, the hashes of the partial tile; empty where the level ends with a full
            tile.
    """

    range: CompactRange = field(default_factory=CompactRange)
    partials: tuple[bytes, ...] = ()

    @property
    def size(self) -> int:
        """Number of leaves."""
        return self.range.size

    @classmethod
    def restore(cls, size: int, reader: TileReader) -> TileEdge:
        """Reads the edge of a log of that size back from its tiles.

        The caller compares `range.root()` with the root it has signed.

        Raises:
            TileIncomplete: a tile that the tree has is not stored.
        """
        addresses = partial_tile_addresses(size)
        stored = reader.tiles([(at.level, at.n) for at in addresses]) if addresses else {}
        partials = [b""] * -(-size.bit_length() // TILE_HEIGHT)
        for at in addresses:
            hashes = stored.get((at.level, at.n), b"")[: at.width * HASH_BYTES]
            if len(hashes) != at.width * HASH_BYTES:
                raise TileIncomplete(
                    f"{at.path} is missing or too short at size {size}; check the log with "
                    "`concord fsck`"
                )
            partials[at.level] = hashes
        return cls(frontier_at(size, FetchedTiles(stored)), tuple(partials))

    def append(self, leaf_hashes: Sequence[LeafHash]) -> tuple[TileEdge, tuple[Tile, ...]]:
        """Appends leaves.

        Returns:
            The new edge, and every tile that is new or wider, by level and index.

        Raises:
            InvalidHash: a leaf hash is not 32 bytes long.
        """
        return self.after(self.range.grow(leaf_hashes))

    def after(self, growth: Growth) -> tuple[TileEdge, tuple[Tile, ...]]:
        """The same, with what `range.grow` has made of the leaves."""
        partials = list(self.partials)
        changed: list[Tile] = []
        for level, added in enumerate(growth.completed[::TILE_HEIGHT]):
            if level == len(partials):
                partials.append(b"")
            first = self.size >> TILE_HEIGHT * (level + 1)
            hashes = partials[level] + added
            chunks = [hashes[at : at + _TILE_BYTES] for at in range(0, len(hashes), _TILE_BYTES)]
            changed += (Tile(level, first + n, chunk) for n, chunk in enumerate(chunks))
            partials[level] = b"" if len(chunks[-1]) == _TILE_BYTES else chunks[-1]
        return TileEdge(growth.range, tuple(partials)), tuple(changed)
