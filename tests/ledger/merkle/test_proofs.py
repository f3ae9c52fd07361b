from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.merkle.errors import (
    IndexBeyondSize,
    InvalidHash,
    InvalidSize,
    SizeShrank,
    WrongProofLength,
    WrongRoot,
)
from ledger.merkle.hashing import EMPTY_ROOT, LeafHash, leaf_hash, node_hash
from ledger.merkle.proofs import (
    MAX_PROOF_HASHES,
    MAX_SIZE,
    consistency_nodes,
    inclusion_nodes,
    root_from_inclusion,
    root_nodes,
    verify_consistency,
    verify_inclusion,
)
from ledger.merkle.tree import MerkleTree

Proof = tuple[bytes, ...]


def altered_proofs(proof: Proof) -> list[Proof]:
    """The proof with one bit of one byte altered, for each byte."""
    altered = []
    for position, value in enumerate(proof):
        for at in range(32):
            wrong = bytearray(value)
            wrong[at] ^= 1 << at % 8
            altered.append((*proof[:position], bytes(wrong), *proof[position + 1 :]))
    return altered


def proofs_of_other_lengths(proof: Proof) -> list[Proof]:
    longer = [(*proof, bytes(32)), (bytes(32), *proof), (*proof, *proof, bytes(32))]
    return [*longer, proof[:-1], proof[1:], ()] if proof else longer


def test_every_inclusion_to_size_130_verifies(big_tree: MerkleTree) -> None:
    for size in range(1, 131):
        root = big_tree.root(size)
        for index in range(size):
            proof = big_tree.inclusion(index, size)
            verify_inclusion(index, size, big_tree.leaf(index), proof, root)


def test_every_consistency_to_size_70_verifies(big_tree: MerkleTree) -> None:
    for second in range(71):
        for first in range(second + 1):
            proof = big_tree.consistency(first, second)
            verify_consistency(first, second, big_tree.root(first), big_tree.root(second), proof)


def test_an_inclusion_holds_at_no_other_index(big_tree: MerkleTree) -> None:
    for size in range(1, 40):
        for index in range(size):
            proof = big_tree.inclusion(index, size)
            for wrong in set(range(size)) - {index}:
                with pytest.raises((WrongRoot, WrongProofLength)):
                    verify_inclusion(wrong, size, big_tree.leaf(index), proof, big_tree.root(size))


def test_a_consistency_proof_with_swapped_or_other_roots_is_refused(big_tree: MerkleTree) -> None:
    for second in range(1, 40):
        for first in range(1, second):
            proof = big_tree.consistency(first, second)
            older, newer = big_tree.root(first), big_tree.root(second)
            for wrong in ((newer, older), (older, older), (newer, newer), (bytes(32), newer)):
                with pytest.raises(WrongRoot):
                    verify_consistency(first, second, *wrong, proof)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 9, 21, 64])
def test_every_altered_byte_of_an_inclusion_is_refused(big_tree: MerkleTree, size: int) -> None:
    root = big_tree.root(size)
    for index in {0, size // 2, size - 1}:
        leaf, proof = big_tree.leaf(index), big_tree.inclusion(index, size)
        for wrong in altered_proofs(proof):
            with pytest.raises(WrongRoot):
                verify_inclusion(index, size, leaf, wrong, root)
        for (wrong_leaf,) in altered_proofs((leaf,)):
            with pytest.raises(WrongRoot):
                verify_inclusion(index, size, LeafHash(wrong_leaf), proof, root)
        for (wrong_root,) in altered_proofs((root,)):
            with pytest.raises(WrongRoot):
                verify_inclusion(index, size, leaf, proof, wrong_root)


@pytest.mark.parametrize(
    ("first", "second"), [(1, 2), (3, 7), (4, 7), (6, 8), (8, 9), (21, 64), (64, 65), (63, 70)]
)
def test_every_altered_byte_of_a_consistency_proof_is_refused(
    big_tree: MerkleTree, first: int, second: int
) -> None:
    older, newer = big_tree.root(first), big_tree.root(second)
    proof = big_tree.consistency(first, second)
    for wrong in altered_proofs(proof):
        with pytest.raises(WrongRoot):
            verify_consistency(first, second, older, newer, wrong)
    for (wrong_root,) in altered_proofs((older,)):
        with pytest.raises(WrongRoot):
            verify_consistency(first, second, wrong_root, newer, proof)
    for (wrong_root,) in altered_proofs((newer,)):
        with pytest.raises(WrongRoot):
            verify_consistency(first, second, older, wrong_root, proof)


def test_an_inclusion_of_the_wrong_length_is_refused(big_tree: MerkleTree) -> None:
    for size in range(1, 34):
        for index in range(size):
            proof = big_tree.inclusion(index, size)
            for wrong in proofs_of_other_lengths(proof):
                with pytest.raises(WrongProofLength):
                    verify_inclusion(index, size, big_tree.leaf(index), wrong, big_tree.root(size))


def test_a_consistency_proof_of_the_wrong_length_is_refused(big_tree: MerkleTree) -> None:
    for second in range(34):
        for first in range(second + 1):
            proof = big_tree.consistency(first, second)
            roots = big_tree.root(first), big_tree.root(second)
            for wrong in proofs_of_other_lengths(proof):
                with pytest.raises(WrongProofLength, match=f"sizes {first} and {second}"):
                    verify_consistency(first, second, *roots, wrong)


@pytest.mark.parametrize(("index", "size"), [(0, 0), (1, 1), (9, 9), (10, 9), (-1, 9), (9, 0)])
def test_an_index_beyond_the_size_is_refused(index: int, size: int) -> None:
    with pytest.raises(IndexBeyondSize):
        verify_inclusion(index, size, leaf_hash(b""), (), leaf_hash(b""))
    with pytest.raises(IndexBeyondSize):
        inclusion_nodes(index, size)


@pytest.mark.parametrize(("first", "second"), [(1, 0), (9, 8), (2**40, 2)])
def test_a_size_that_shrank_is_refused_whatever_the_proof(first: int, second: int) -> None:
    with pytest.raises(SizeShrank, match=f"from {first} to {second}"):
        verify_consistency(first, second, bytes(32), bytes(32), ())
    with pytest.raises(SizeShrank):
        consistency_nodes(first, second)


@pytest.mark.parametrize("size", [-1, MAX_SIZE + 1, 2**200])
def test_a_size_no_log_can_have_is_refused(size: int) -> None:
    with pytest.raises(InvalidSize):
        verify_inclusion(0, size, leaf_hash(b""), (), bytes(32))
    with pytest.raises(InvalidSize):
        verify_consistency(0, size, EMPTY_ROOT, bytes(32), ())
    with pytest.raises(InvalidSize):
        verify_consistency(size, 5, EMPTY_ROOT, bytes(32), ())
    with pytest.raises(InvalidSize):
        root_nodes(size)


def test_equal_sizes_with_different_roots_are_a_fork(big_tree: MerkleTree) -> None:
    with pytest.raises(WrongRoot, match="two histories"):
        verify_consistency(5, 5, big_tree.root(5), big_tree.root(6), ())


def test_the_empty_tree_has_one_root_only(big_tree: MerkleTree) -> None:
    verify_consistency(0, 0, EMPTY_ROOT, EMPTY_ROOT, ())
    verify_consistency(0, 9, EMPTY_ROOT, big_tree.root(9), ())
    with pytest.raises(WrongRoot):
        verify_consistency(0, 9, bytes(32), big_tree.root(9), ())
    with pytest.raises(WrongRoot):
        verify_consistency(0, 0, bytes(32), bytes(32), ())


def test_a_proof_binds_roots_and_leaves_sizes_to_whoever_signs_them(big_tree: MerkleTree) -> None:
    proof = big_tree.consistency(6, 11)
    assert len(consistency_nodes(6, 11)) == len(consistency_nodes(6, 12))
    verify_consistency(6, 12, big_tree.root(6), big_tree.root(11), proof)
    with pytest.raises(WrongRoot):
        verify_consistency(6, 12, big_tree.root(6), big_tree.root(12), proof)
    path = big_tree.inclusion(3, 11)
    verify_inclusion(3, 12, big_tree.leaf(3), path, big_tree.root(11))


def test_a_hash_that_is_not_32_bytes_is_refused(big_tree: MerkleTree) -> None:
    leaf, root, proof = big_tree.leaf(0), big_tree.root(2), big_tree.inclusion(0, 2)
    with pytest.raises(InvalidHash):
        verify_inclusion(0, 2, leaf, (proof[0][:31],), root)
    with pytest.raises(InvalidHash):
        verify_inclusion(0, 2, LeafHash(b"the entry itself"), proof, root)
    with pytest.raises(InvalidHash):
        verify_inclusion(0, 2, leaf, proof, root[:31])
    with pytest.raises(InvalidHash):
        verify_consistency(2, 3, root, big_tree.root(3), (big_tree.leaf(2) + b"\0",))
    with pytest.raises(InvalidHash):
        verify_consistency(2, 3, root[:-1], big_tree.root(3), (big_tree.leaf(2),))


def test_an_inner_node_is_not_accepted_as_a_leaf(big_tree: MerkleTree) -> None:
    node = node_hash(big_tree.leaf(0), big_tree.leaf(1))
    with pytest.raises(WrongProofLength):
        verify_inclusion(0, 4, LeafHash(node), big_tree.inclusion(0, 4)[1:], big_tree.root(4))


def test_a_wrong_root_says_which_leaf_and_size(big_tree: MerkleTree) -> None:
    with pytest.raises(WrongRoot, match="leaf 1 is not in the tree of size 4 with root"):
        verify_inclusion(1, 4, big_tree.leaf(0), big_tree.inclusion(1, 4), big_tree.root(4))


@given(st.integers(1, MAX_SIZE), st.data())
def test_proofs_of_any_size_are_short_and_made_of_disjoint_subtrees(
    size: int, data: st.DataObject
) -> None:
    index = data.draw(st.integers(0, size - 1))
    path = inclusion_nodes(index, size)
    assert len(path) <= MAX_PROOF_HASHES
    assert sum(1 << level for nodes in path for level, _ in nodes) == size - 1
    first = data.draw(st.integers(0, size))
    assert len(consistency_nodes(first, size)) <= MAX_PROOF_HASHES + 1
    assert sum(1 << level for level, _ in root_nodes(size)) == size


@settings(deadline=None)
@given(st.integers(1, MAX_SIZE), st.data())
def test_a_proof_of_the_length_its_nodes_say_leads_to_some_root(
    size: int, data: st.DataObject
) -> None:
    index = data.draw(st.integers(0, size - 1))
    proof = [bytes([position]) * 32 for position, _ in enumerate(inclusion_nodes(index, size))]
    assert len(root_from_inclusion(index, size, leaf_hash(b""), proof)) == 32


def test_proofs_are_linear_in_nothing_but_the_height() -> None:
    assert len(inclusion_nodes(0, MAX_SIZE)) == MAX_PROOF_HASHES
    assert inclusion_nodes(MAX_SIZE - 1, MAX_SIZE)[0] == ((1, MAX_SIZE // 2 - 1),)
