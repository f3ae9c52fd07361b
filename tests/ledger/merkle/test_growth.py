from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.merkle.errors import InvalidHash, TileIncomplete
from ledger.merkle.growth import TileEdge
from ledger.merkle.hashing import LeafHash
from ledger.merkle.prover import FetchedTiles
from ledger.merkle.tiles import TileCoordinate, changed_tile_addresses
from ledger.merkle.tree import MerkleTree

if TYPE_CHECKING:
    from tests.ledger.merkle.conftest import CountingReader

Tiles = Mapping[TileCoordinate, bytes]

EDGES = [0, 1, 255, 256, 257, 65_279, 65_280, 65_535, 65_536, 65_537, 70_000]


def assert_grows(
    old: int, new: int, leaf_hashes: list[LeafHash], tiles: Tiles, tree: MerkleTree
) -> None:
    """Grows the tiles of one size to another and compares all that changed."""
    edge = TileEdge.restore(old, FetchedTiles(tiles))
    grown, changed = edge.append(leaf_hashes[old:new])
    expected = [
        (at.level, at.n, tiles[at.level, at.n][: at.width * 32])
        for at in changed_tile_addresses(old, new)
    ]
    assert [(tile.level, tile.n, tile.hashes) for tile in changed] == expected
    assert grown.size == new
    assert grown.range.root() == tree.root(new)
    assert grown == TileEdge.restore(new, FetchedTiles(tiles))


@pytest.mark.parametrize("old", EDGES)
def test_growing_across_the_edges_of_tiles(
    old: int, leaf_hashes: list[LeafHash], big_tiles: Tiles, big_tree: MerkleTree
) -> None:
    for new in [size for size in (old + 1, old + 255, old + 256, *EDGES) if old <= size <= 70_000]:
        assert_grows(old, new, leaf_hashes, big_tiles, big_tree)


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 69_000), st.integers(0, 1_000))
def test_growing_from_any_size(
    leaf_hashes: list[LeafHash],
    big_tiles: Tiles,
    big_tree: MerkleTree,
    old: int,
    count: int,
) -> None:
    assert_grows(old, old + count, leaf_hashes, big_tiles, big_tree)


def test_a_tile_is_named_once_and_never_empty(leaf_hashes: list[LeafHash]) -> None:
    edge = TileEdge()
    for begin in range(0, 3_000, 128):
        edge, changed = edge.append(leaf_hashes[begin : begin + 128])
        assert len({(tile.level, tile.n) for tile in changed}) == len(changed)
        assert all(32 <= len(tile.hashes) <= 8_192 for tile in changed)


def test_a_batch_that_was_not_committed_leaves_the_edge_as_it_was(
    leaf_hashes: list[LeafHash],
) -> None:
    before, _ = TileEdge().append(leaf_hashes[:300])
    partials, root = before.partials, before.range.root()
    before.append(leaf_hashes[5_000:5_600])
    assert (before.partials, before.range.root()) == (partials, root)
    again, _ = before.append(leaf_hashes[300:900])
    assert again == TileEdge().append(leaf_hashes[:900])[0]


def test_appending_nothing_changes_nothing(leaf_hashes: list[LeafHash]) -> None:
    edge, _ = TileEdge().append(leaf_hashes[:300])
    assert edge.append([]) == (edge, ())


def test_a_short_leaf_hash_is_refused() -> None:
    with pytest.raises(InvalidHash):
        TileEdge().append([LeafHash(b"entry")])


def test_the_edge_is_restored_with_one_read(reader: CountingReader) -> None:
    TileEdge.restore(70_000, reader)
    assert reader.calls == [[(0, 273), (1, 1), (2, 0)]]
    assert TileEdge.restore(0, reader) == TileEdge()
    assert len(reader.calls) == 1


@pytest.mark.parametrize("coordinate", [(0, 273), (1, 1), (2, 0)])
def test_an_edge_with_a_missing_or_short_tile_is_not_restored(
    coordinate: TileCoordinate, big_tiles: Tiles
) -> None:
    missing = {at: hashes for at, hashes in big_tiles.items() if at != coordinate}
    short = {**big_tiles, coordinate: big_tiles[coordinate][:-1]}
    level, n = coordinate
    for stored in (missing, short):
        with pytest.raises(TileIncomplete, match=rf"tile/{level}/00{n}|tile/{level}/{n}"):
            TileEdge.restore(70_000, FetchedTiles(stored))
