from __future__ import annotations

from typing import TYPE_CHECKING

import pymerkle
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.merkle.errors import (
    IndexBeyondSize,
    InvalidCompactRange,
    InvalidHash,
    InvalidSize,
    SizeShrank,
)
from ledger.merkle.hashing import EMPTY_ROOT, LeafHash, leaf_hash
from ledger.merkle.tree import CompactRange, MerkleTree

if TYPE_CHECKING:
    from tests.ledger.merkle.conftest import Definitions

PUBLISHED_ENTRIES = [
    bytes.fromhex(entry)
    for entry in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]


@pytest.fixture
def published() -> MerkleTree:
    return MerkleTree([leaf_hash(entry) for entry in PUBLISHED_ENTRIES])


def test_the_published_roots_are_reached(published: MerkleTree) -> None:
    assert (
        published.root(7).hex()
        == "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c"
    )
    assert (
        published.root(8).hex()
        == "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"
    )


def test_the_published_inclusion_path_is_built(published: MerkleTree) -> None:
    assert [value.hex() for value in published.inclusion(0, 8)] == [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ]


def test_every_root_to_size_300_is_that_of_the_definition(
    definitions: Definitions, big_tree: MerkleTree
) -> None:
    for size in range(301):
        assert big_tree.root(size) == definitions.mth(0, size)


def test_every_inclusion_path_to_size_130_is_that_of_the_definition(
    definitions: Definitions, big_tree: MerkleTree
) -> None:
    for size in range(1, 131):
        for index in range(size):
            assert big_tree.inclusion(index, size) == definitions.path(index, size)


def test_every_consistency_proof_to_size_70_is_that_of_the_definition(
    definitions: Definitions, big_tree: MerkleTree
) -> None:
    for second in range(71):
        for first in range(second + 1):
            assert big_tree.consistency(first, second) == definitions.proof(first, second)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.binary(max_size=40), min_size=1, max_size=70), st.data())
def test_pymerkle_has_the_same_roots_and_inclusion_paths(
    entries: list[bytes], data: st.DataObject
) -> None:
    oracle = pymerkle.InmemoryTree(algorithm="sha256")
    oracle.append_entries(entries)
    tree = MerkleTree([leaf_hash(entry) for entry in entries])
    size = data.draw(st.integers(1, len(entries)))
    index = data.draw(st.integers(0, size - 1))
    assert tree.root(size) == oracle.get_root(size)
    # Its indices start at 1, and its path at the leaf itself.
    assert tree.inclusion(index, size) == tuple(oracle.prove_inclusion(index + 1, size).path[1:])


@settings(deadline=None, max_examples=60)
@given(st.lists(st.binary(max_size=40), min_size=1, max_size=70), st.data())
def test_pymerkle_proves_the_consistency_of_the_same_roots(
    entries: list[bytes], data: st.DataObject
) -> None:
    oracle = pymerkle.InmemoryTree(algorithm="sha256")
    oracle.append_entries(entries)
    tree = MerkleTree([leaf_hash(entry) for entry in entries])
    first = data.draw(st.integers(1, len(entries)))
    second = data.draw(st.integers(first, len(entries)))
    proof = oracle.prove_consistency(first, second)
    pymerkle.verify_consistency(tree.root(first), tree.root(second), proof)


@settings(deadline=None)
@given(st.lists(st.integers(0, 40), max_size=12))
def test_the_order_and_size_of_batches_do_not_matter(
    leaf_hashes: list[LeafHash], batches: list[int]
) -> None:
    grown, compact, at = MerkleTree(), CompactRange(), 0
    for count in batches:
        batch = leaf_hashes[at : at + count]
        grown.extend(batch)
        compact = compact.extend(batch)
        at += count
    at_once = MerkleTree(leaf_hashes[:at])
    assert (grown.size, compact.size) == (at, at)
    assert grown.root() == compact.root() == at_once.root()
    assert CompactRange().extend(leaf_hashes[:at]) == compact


def test_single_appends_reach_the_same_tree(
    leaf_hashes: list[LeafHash], big_tree: MerkleTree
) -> None:
    tree, compact = MerkleTree(), CompactRange()
    for index, value in enumerate(leaf_hashes[:300]):
        assert tree.append(value) == index
        compact = compact.extend([value])
        assert tree.root() == compact.root() == big_tree.root(index + 1)
        assert tree.leaf(index) == value


def test_extending_a_compact_range_leaves_the_old_one_for_another_try(
    leaf_hashes: list[LeafHash],
) -> None:
    before = CompactRange().extend(leaf_hashes[:100])
    root = before.root()
    lost = before.extend(leaf_hashes[200:240])
    kept = before.extend(leaf_hashes[100:140])
    assert before.root() == root
    assert lost.root() != kept.root()
    assert kept == CompactRange().extend(leaf_hashes[:140])


def test_a_compact_range_is_restored_from_its_roots(leaf_hashes: list[LeafHash]) -> None:
    before = CompactRange().extend(leaf_hashes[:77])
    restored = CompactRange(77, before.roots)
    assert restored.extend(leaf_hashes[77:90]) == before.extend(leaf_hashes[77:90])


def test_growth_names_each_completed_node_once(
    definitions: Definitions, leaf_hashes: list[LeafHash]
) -> None:
    growth = CompactRange().extend(leaf_hashes[:5]).grow(leaf_hashes[5:21])
    assert growth.range.root() == definitions.mth(0, 21)
    for level, hashes in enumerate(growth.completed):
        width = 1 << level
        nodes = range(5 // width, 21 // width)
        expected = b"".join(definitions.mth(n * width, (n + 1) * width) for n in nodes)
        assert hashes == expected


def test_the_empty_range_is_the_empty_tree() -> None:
    assert CompactRange().root() == MerkleTree().root() == EMPTY_ROOT
    assert CompactRange().grow([]).completed == ()


@pytest.mark.parametrize(("size", "count"), [(0, 1), (1, 0), (7, 2), (8, 3)])
def test_roots_that_cannot_belong_to_a_size_are_refused(size: int, count: int) -> None:
    with pytest.raises(InvalidCompactRange, match=f"size {size}"):
        CompactRange(size, (bytes(32),) * count)


def test_a_negative_size_is_refused() -> None:
    with pytest.raises(InvalidSize):
        CompactRange(-1, ())


def test_a_short_root_is_refused() -> None:
    with pytest.raises(InvalidHash):
        CompactRange(1, (bytes(31),))


def test_a_batch_with_a_short_leaf_hash_changes_nothing(leaf_hashes: list[LeafHash]) -> None:
    tree = MerkleTree(leaf_hashes[:3])
    bad = [leaf_hashes[3], LeafHash(bytes(31))]
    with pytest.raises(InvalidHash):
        tree.extend(bad)
    with pytest.raises(InvalidHash):
        CompactRange().extend(bad)
    assert tree.root() == MerkleTree(leaf_hashes[:3]).root()


def test_sizes_the_tree_never_had_are_refused(published: MerkleTree) -> None:
    with pytest.raises(InvalidSize, match="never had 9"):
        published.root(9)
    with pytest.raises(InvalidSize):
        published.inclusion(0, 9)
    with pytest.raises(InvalidSize):
        published.consistency(1, 9)
    with pytest.raises(InvalidSize):
        published.root(-1)
    with pytest.raises(IndexBeyondSize):
        published.inclusion(5, 5)
    with pytest.raises(IndexBeyondSize):
        published.leaf(8)
    with pytest.raises(SizeShrank):
        published.consistency(6, 5)
