"""Proofs, roots and compact ranges of any past size, built from stored tiles.

Rules:
- All tiles an answer needs are asked for in one call: one or two for each level, O(log n) in all.
- A stored tile may be wider than the size asked about implies, as the log has grown since; it is
  never narrower.
- Nodes between the levels of tiles are not stored: they are hashed from the tile beneath them.

A reader that lies is found out by whoever verifies the answer, not here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Protocol

from ledger.merkle.errors import TileIncomplete
from ledger.merkle.hashing import HASH_BYTES, fold, parents
from ledger.merkle.proofs import Node, build, consistency_nodes, inclusion_nodes, root_nodes
from ledger.merkle.tiles import TILE_HEIGHT, TileCoordinate
from ledger.merkle.tree import CompactRange


class TileReader(Protocol):
    """Where tiles come from."""

    def tiles(self, coordinates: Sequence[TileCoordinate]) -> Mapping[TileCoordinate, bytes]:
        """Fetches tiles as wide as they are by now: concatenated hashes, 32 to 8,192 bytes.

        Args:
            coordinates: (level, n), sorted, each one once.

        Returns:
            The tiles that exist; absent ones are left out.
        """


@dataclass(frozen=True, slots=True)
class FetchedTiles:
    """A `TileReader` over tiles that are in memory already.

    Attributes:
        by_coordinate: the tiles by (level, n).
    """

    by_coordinate: Mapping[TileCoordinate, bytes]

    def tiles(self, coordinates: Sequence[TileCoordinate]) -> Mapping[TileCoordinate, bytes]:
        """The tiles among these that are there."""
        return {at: self.by_coordinate[at] for at in coordinates if at in self.by_coordinate}


def inclusion_proof(index: int, size: int, reader: TileReader) -> tuple[bytes, ...]:
    """Proves that a leaf is in the tree of a size that the log has or had.

    Raises:
        IndexBeyondSize: the tree of that size has no such leaf.
        TileIncomplete: a tile that the tree has is not stored.
    """
    return inclusion_proofs((index,), size, reader)[0]


def inclusion_proofs(
    indices: Sequence[int], size: int, reader: TileReader
) -> list[tuple[bytes, ...]]:
    """Proves many leaves of one tree; each tile is read and hashed once.

    Raises:
        IndexBeyondSize: the tree of that size has no such leaf.
        TileIncomplete: a tile that the tree has is not stored.
    """
    paths = [inclusion_nodes(index, size) for index in indices]
    tiles = _Tiles(chain.from_iterable(chain.from_iterable(paths)), reader)
    return [build(path, tiles.node) for path in paths]


def consistency_proof(first: int, second: int, reader: TileReader) -> tuple[bytes, ...]:
    """Proves that the tree of one size extends that of an earlier one.

    Raises:
        SizeShrank: `second` is smaller than `first`.
        TileIncomplete: a tile that the tree has is not stored.
    """
    path = consistency_nodes(first, second)
    return build(path, _Tiles(chain.from_iterable(path), reader).node)


def frontier_at(size: int, reader: TileReader) -> CompactRange:
    """Restores the compact range of a size that the log has or had.

    Raises:
        TileIncomplete: a tile that the tree has is not stored.
    """
    nodes = root_nodes(size)
    tiles = _Tiles(nodes, reader)
    return CompactRange(size, tuple(tiles.node(node) for node in nodes))


def root_at(size: int, reader: TileReader) -> bytes:
    """Computes the root of a size that the log has or had.

    Raises:
        TileIncomplete: a tile that the tree has is not stored.
    """
    return fold(frontier_at(size, reader).roots)


class _Tiles:
    """The tiles beneath some nodes, fetched at once; levels within are hashed when first needed."""

    def __init__(self, nodes: Iterable[Node], reader: TileReader) -> None:
        coordinates = sorted({_tile_of(node) for node in nodes})
        stored = reader.tiles(coordinates) if coordinates else {}
        # By tile: its hashes, then their parents, and so on up.
        self._levels = {at: [bytes(stored[at])] for at in coordinates if at in stored}

    def node(self, node: Node) -> bytes:
        level, index = node
        height = level % TILE_HEIGHT
        coordinate = _tile_of(node)
        levels = self._levels.get(coordinate, [b""])
        while len(levels) <= height:
            levels.append(parents(levels[-1]))
        within = index & ((1 << TILE_HEIGHT - height) - 1)
        found = levels[height][within * HASH_BYTES : (within + 1) * HASH_BYTES]
        if len(found) != HASH_BYTES:
            tile_level, n = coordinate
            raise TileIncomplete(
                f"tile {n} of level {tile_level} is missing or too short for node {index} of "
                f"level {level}; check the log with `concord fsck`"
            )
        return found


def _tile_of(node: Node) -> TileCoordinate:
    level, index = node
    return level // TILE_HEIGHT, index >> (TILE_HEIGHT - level % TILE_HEIGHT)
