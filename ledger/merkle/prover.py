"""Proofs, roots and compact ranges of any past size, built from stored tiles.

Rules:
- All tiles an answer needs are asked for in one call: one or two for each level, O(log n) in all.
- A stored tile may be wider than the size asked about implies, as the log has grown since; it is
  never narrower.
- Nodes between the levels of tiles are not stored: they are hashed from the tile beneath them.

A reader that lies is found out by whoever verifies the answer, not here.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Protocol

from ledger.merkle.errors import TileIncomplete
from ledger.merkle.hashing import HASH_BYTES, parents
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
    # Neighbours share most of their paths.
    nodes = set(chain.from_iterable(chain.from_iterable(paths)))
    read = _read_nodes(nodes, reader).__getitem__
    return [build(path, read) for path in paths]


def consistency_proof(first: int, second: int, reader: TileReader) -> tuple[bytes, ...]:
    """Proves that the tree of one size extends that of an earlier one.

    Raises:
        SizeShrank: `second` is smaller than `first`.
        TileIncomplete: a tile that the tree has is not stored.
    """
    path = consistency_nodes(first, second)
    return build(path, _read_nodes(set(chain.from_iterable(path)), reader).__getitem__)


def frontier_at(size: int, reader: TileReader) -> CompactRange:
    """Restores the compact range of a size that the log has or had.

    Raises:
        TileIncomplete: a tile that the tree has is not stored.
    """
    nodes = root_nodes(size)
    read = _read_nodes(nodes, reader)
    return CompactRange(size, tuple(read[node] for node in nodes))


def root_at(size: int, reader: TileReader) -> bytes:
    """Computes the root of a size that the log has or had.

    Raises:
        TileIncomplete: a tile that the tree has is not stored.
    """
    return frontier_at(size, reader).root()


def _read_nodes(nodes: Collection[Node], reader: TileReader) -> dict[Node, bytes]:
    """Fetches all tiles beneath some nodes at once; each level within a tile is hashed once."""
    coordinates = sorted({_tile_of(node) for node in nodes})
    stored = reader.tiles(coordinates) if coordinates else {}
    # By tile: its hashes, then their parents, and so on up.
    levels = {at: [bytes(stored.get(at, b""))] for at in coordinates}
    return {node: _node_within(levels[_tile_of(node)], node) for node in nodes}


def _node_within(levels: list[bytes], node: Node) -> bytes:
    """Picks a node from the levels of its tile, which grow upwards as far as it asks for."""
    level, index = node
    height = level % TILE_HEIGHT
    while len(levels) <= height:
        levels.append(parents(levels[-1]))
    at = (index & ((1 << TILE_HEIGHT - height) - 1)) * HASH_BYTES
    found = levels[height][at : at + HASH_BYTES]
    if len(found) != HASH_BYTES:
        tile_level, n = _tile_of(node)
        raise TileIncomplete(
            f"tile {n} of level {tile_level} is missing or too short for node {index} of "
            f"level {level}; check the log with `concord fsck`"
        )
    return found


def _tile_of(node: Node) -> TileCoordinate:
    level, index = node
    return level // TILE_HEIGHT, index >> (TILE_HEIGHT - level % TILE_HEIGHT)
