"""Joint proofs lead to the root, and nothing but the right one does."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.audit.inclusion import prove_together, root_of_together
from ledger.errors import ConcordError
from ledger.merkle import FetchedTiles, LeafHash, MerkleTree, TileEdge, leaf_hash
from ledger.merkle.errors import IndexBeyondSize, WrongProofLength

LEAVES = [leaf_hash(str(number).encode()) for number in range(700)]
TREE = MerkleTree(LEAVES)
_, _TILES = TileEdge().append(LEAVES)
READER = FetchedTiles({(tile.level, tile.n): tile.hashes for tile in _TILES})


@st.composite
def questions(draw: st.DrawFn) -> tuple[int, list[int]]:
    size = draw(st.integers(1, len(LEAVES)))
    indices = draw(st.sets(st.integers(0, size - 1), min_size=1, max_size=12))
    return size, sorted(indices)


@given(questions())
def test_a_joint_proof_leads_to_the_root(question: tuple[int, list[int]]) -> None:
    size, indices = question
    proof = prove_together(indices, size, READER)
    leaves = {index: LEAVES[index] for index in indices}
    assert root_of_together(leaves, size, proof) == TREE.root(size)


@given(questions(), st.data())
def test_any_change_to_it_is_refused(question: tuple[int, list[int]], data: st.DataObject) -> None:
    size, indices = question
    proof = list(prove_together(indices, size, READER))
    leaves = {index: LEAVES[index] for index in indices}
    change = data.draw(st.sampled_from(["hash", "leaf", "longer", "shorter", "moved"]))
    if change == "hash" and proof:
        position = data.draw(st.integers(0, len(proof) - 1))
        proof[position] = bytes([proof[position][0] ^ 1]) + proof[position][1:]
    elif change == "shorter" and proof:
        proof.pop(data.draw(st.integers(0, len(proof) - 1)))
    elif change == "longer":
        proof.append(bytes(32))
    elif change == "moved" and size not in {1, len(indices)}:
        free = next(index for index in range(size) if index not in leaves)
        leaves[free] = leaves.pop(data.draw(st.sampled_from(indices)))
    else:
        leaves[indices[0]] = leaf_hash(b"forged")
    try:
        root = root_of_together(leaves, size, proof)
    except ConcordError:
        return
    assert root != TREE.root(size)


def test_one_leaf_takes_what_a_single_proof_takes() -> None:
    assert set(prove_together([5], 700, READER)) == set(TREE.inclusion(5))


def test_all_leaves_take_nothing() -> None:
    assert prove_together(range(700), 700, READER) == ()


@pytest.mark.parametrize("indices", [[], [700], [-1]])
def test_leaves_that_the_tree_does_not_have_are_refused(indices: list[int]) -> None:
    leaves = {index: LeafHash(bytes(32)) for index in indices}
    with pytest.raises(IndexBeyondSize):
        root_of_together(leaves, 700, [])


def test_a_proof_of_the_wrong_length_is_refused() -> None:
    with pytest.raises(WrongProofLength, match="takes 10 hashes, the proof has 0"):
        root_of_together({0: LEAVES[0]}, 700, [])
