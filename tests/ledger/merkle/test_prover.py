from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.merkle.errors import IndexBeyondSize, SizeShrank, TileIncomplete, WrongRoot
from ledger.merkle.hashing import EMPTY_ROOT
from ledger.merkle.proofs import verify_consistency, verify_inclusion
from ledger.merkle.prover import (
    FetchedTiles,
    consistency_proof,
    frontier_at,
    inclusion_proof,
    inclusion_proofs,
    root_at,
)
from ledger.merkle.tiles import TileCoordinate, tile_addresses
from ledger.merkle.tree import CompactRange, MerkleTree

if TYPE_CHECKING:
    from tests.ledger.merkle.conftest import CountingReader, Definitions

Tiles = Mapping[TileCoordinate, bytes]

EDGES = [1, 2, 255, 256, 257, 511, 512, 513, 65_535, 65_536, 65_537, 69_999, 70_000]


def tiles_of(size: int, tiles: Tiles) -> dict[TileCoordinate, bytes]:
    """The tiles as they stood when the log had that size."""
    return {(at.level, at.n): tiles[at.level, at.n][: at.width * 32] for at in tile_addresses(size)}


def test_every_hash_of_every_tile_is_that_of_the_definition(
    definitions: Definitions, big_tiles: Tiles
) -> None:
    for at in tile_addresses(70_000):
        hashes = big_tiles[at.level, at.n]
        assert len(hashes) == at.width * 32
        width = 256**at.level
        for i in range(at.width):
            begin = (at.n * 256 + i) * width
            assert hashes[i * 32 : i * 32 + 32] == definitions.mth(begin, begin + width)
    assert len(big_tiles) == len(list(tile_addresses(70_000)))


def test_every_proof_to_size_130_is_built_from_tiles(
    definitions: Definitions, big_tiles: Tiles
) -> None:
    reader = FetchedTiles(big_tiles)
    for size in range(1, 131):
        assert root_at(size, reader) == definitions.mth(0, size)
        expected = [definitions.path(index, size) for index in range(size)]
        assert inclusion_proofs(range(size), size, reader) == expected
        for first in range(0, size + 1, 3):
            assert consistency_proof(first, size, reader) == definitions.proof(first, size)


def test_every_consistency_proof_to_size_70_is_built_from_tiles(
    definitions: Definitions, big_tiles: Tiles
) -> None:
    reader = FetchedTiles(big_tiles)
    for second in range(71):
        for first in range(second + 1):
            assert consistency_proof(first, second, reader) == definitions.proof(first, second)


@pytest.mark.parametrize("size", EDGES)
def test_inclusion_around_the_edges_of_tiles(
    size: int, definitions: Definitions, big_tiles: Tiles
) -> None:
    indices = sorted({index for edge in EDGES for index in (edge - 1, edge) if index < size} | {0})
    expected = [definitions.path(index, size) for index in indices]
    for stored in (big_tiles, tiles_of(size, big_tiles)):
        reader = FetchedTiles(stored)
        assert inclusion_proofs(indices, size, reader) == expected
        assert [inclusion_proof(index, size, reader) for index in indices] == expected


@pytest.mark.parametrize("second", EDGES)
def test_consistency_around_the_edges_of_tiles(
    second: int, definitions: Definitions, big_tiles: Tiles
) -> None:
    reader, exact = FetchedTiles(big_tiles), FetchedTiles(tiles_of(second, big_tiles))
    for first in [size for size in (0, 3, 200, 65_000, *EDGES) if size <= second]:
        proof = definitions.proof(first, second)
        assert consistency_proof(first, second, reader) == proof
        assert consistency_proof(first, second, exact) == proof
        roots = definitions.mth(0, first), definitions.mth(0, second)
        verify_consistency(first, second, *roots, proof)


@pytest.mark.parametrize("size", [0, *EDGES])
def test_roots_and_ranges_around_the_edges_of_tiles(
    size: int, definitions: Definitions, big_tiles: Tiles
) -> None:
    for stored in (big_tiles, tiles_of(size, big_tiles)):
        reader = FetchedTiles(stored)
        assert root_at(size, reader) == definitions.mth(0, size)
        restored = frontier_at(size, reader)
        assert (restored.size, restored.root()) == (size, definitions.mth(0, size))


@settings(deadline=None, max_examples=80)
@given(st.data())
def test_any_past_size_is_proven_from_the_tiles_of_today(
    big_tree: MerkleTree, big_tiles: Tiles, data: st.DataObject
) -> None:
    reader = FetchedTiles(big_tiles)
    size = data.draw(st.integers(1, 70_000))
    index = data.draw(st.integers(0, size - 1))
    first = data.draw(st.integers(0, size))
    root = root_at(size, reader)
    assert root == big_tree.root(size)
    proof = inclusion_proof(index, size, reader)
    assert proof == big_tree.inclusion(index, size)
    verify_inclusion(index, size, big_tree.leaf(index), proof, root)
    extension = consistency_proof(first, size, reader)
    assert extension == big_tree.consistency(first, size)
    verify_consistency(first, size, big_tree.root(first), root, extension)


def test_an_answer_reads_few_tiles_in_one_call(reader: CountingReader) -> None:
    inclusion_proof(12_345, 70_000, reader)
    assert reader.calls.pop() == [(0, 48), (0, 273), (1, 0), (1, 1)]
    consistency_proof(12_345, 70_000, reader)
    assert len(reader.calls[0]) <= 2 * 3
    frontier_at(70_000, reader)
    assert reader.calls[1:] == [[(0, 273), (1, 1), (2, 0)]]


def test_many_leaves_are_proven_with_one_call(reader: CountingReader) -> None:
    inclusion_proofs(range(69_500, 70_000), 70_000, reader)
    assert reader.calls == [[(0, 271), (0, 272), (0, 273), (1, 1), (2, 0)]]


def test_what_needs_no_tiles_reads_none(reader: CountingReader) -> None:
    assert consistency_proof(0, 70_000, reader) == ()
    assert consistency_proof(70_000, 70_000, reader) == ()
    assert inclusion_proof(0, 1, reader) == ()
    assert inclusion_proofs([], 5, reader) == []
    assert root_at(0, reader) == EMPTY_ROOT
    assert frontier_at(0, reader) == CompactRange()
    assert reader.calls == []


TILES_OF_A_PROOF = [
    (12_345, (0, 48)),
    (12_345, (0, 273)),
    (12_345, (1, 0)),
    (12_345, (1, 1)),
    (69_000, (2, 0)),
]


@pytest.mark.parametrize(("index", "coordinate"), TILES_OF_A_PROOF)
def test_a_tile_that_is_missing_or_too_short_is_named(
    index: int, coordinate: TileCoordinate, big_tiles: Tiles
) -> None:
    level, n = coordinate
    missing = {at: hashes for at, hashes in big_tiles.items() if at != coordinate}
    short = {**big_tiles, coordinate: big_tiles[coordinate][:-1]}
    empty = {**big_tiles, coordinate: b""}
    for stored in (missing, short, empty):
        with pytest.raises(TileIncomplete, match=f"tile {n} of level {level} "):
            inclusion_proof(index, 70_000, FetchedTiles(stored))


def test_a_size_the_tiles_never_had_is_refused(big_tiles: Tiles) -> None:
    for size in (70_001, 2**20, 2**63 - 1):
        with pytest.raises(TileIncomplete):
            root_at(size, FetchedTiles(big_tiles))


def test_indices_and_sizes_are_checked_before_reading(reader: CountingReader) -> None:
    with pytest.raises(IndexBeyondSize):
        inclusion_proof(70_000, 70_000, reader)
    with pytest.raises(IndexBeyondSize):
        inclusion_proofs([1, -1], 5, reader)
    with pytest.raises(SizeShrank):
        consistency_proof(6, 5, reader)
    assert reader.calls == []


@pytest.mark.parametrize(("index", "coordinate"), TILES_OF_A_PROOF)
def test_an_altered_tile_gives_a_proof_that_does_not_verify(
    index: int, coordinate: TileCoordinate, big_tree: MerkleTree, big_tiles: Tiles
) -> None:
    altered = bytearray(big_tiles[coordinate])
    altered[5] ^= 1
    forged = FetchedTiles({**big_tiles, coordinate: bytes(altered)})
    proof = inclusion_proof(index, 70_000, forged)
    with pytest.raises(WrongRoot):
        verify_inclusion(index, 70_000, big_tree.leaf(index), proof, big_tree.root(70_000))
