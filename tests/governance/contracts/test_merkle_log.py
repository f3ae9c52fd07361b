"""RFC 9162 proofs in the contract, against the ledger's own verifier.

`AnchorRegistry.verifyInclusion` and `verifyConsistency` are MerkleLog under an anchored root.
"""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.chain.errors import ExecutionReverted
from ledger.errors import ConcordError
from ledger.merkle.hashing import leaf_hash
from ledger.merkle.proofs import verify_consistency, verify_inclusion
from ledger.merkle.tree import MerkleTree
from tests.governance.dao import DAVE, Dao, found, refused
from tests.support.chains import Backend

EVERY_SIZE = 26
LARGE_SIZES = (64, 255, 256, 257, 1_000, 4_095, 8_192, 20_000)
VECTOR = [
    bytes.fromhex(entry)
    for entry in (
        "", "00", "10", "2021", "3031", "40414243", "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]  # fmt: skip


def tree_of(size: int, *, seed: str = "leaf") -> MerkleTree:
    return MerkleTree([leaf_hash(f"{seed} {number}".encode()) for number in range(size)])


TREE = tree_of(LARGE_SIZES[-1])


@pytest.fixture(scope="module")
def anchored(backend: Backend) -> Dao:
    """All sizes up to EVERY_SIZE and LARGE_SIZES of TREE, each anchored on the one before."""
    dao = found(backend)
    last = 0
    for size in (*range(1, EVERY_SIZE + 1), *LARGE_SIZES):
        proof = TREE.consistency(last, size) if last else ()
        dao.send(DAVE, dao.anchors.functions.anchor(size, TREE.root(size), list(proof)))
        last = size
    return dao


def accepts(dao: Dao, function: str, *arguments: object) -> bool:
    try:
        dao.ask(dao.anchors.functions[function](*arguments))
    except ExecutionReverted:
        return False
    return True


def test_every_pair_of_sizes_up_to_twenty_six_is_consistent(anchored: Dao) -> None:
    for second in range(1, EVERY_SIZE + 1):
        for first in range(1, second + 1):
            proof = list(TREE.consistency(first, second))
            anchored.ask(
                anchored.anchors.functions.verifyConsistency(first, TREE.root(first), second, proof)
            )


def test_every_leaf_of_every_size_up_to_twenty_six_is_included(anchored: Dao) -> None:
    for size in range(1, EVERY_SIZE + 1):
        for index in range(size):
            proof = list(TREE.inclusion(index, size))
            anchored.ask(
                anchored.anchors.functions.verifyInclusion(TREE.leaf(index), index, size, proof)
            )


SIZES = st.sampled_from((*range(1, EVERY_SIZE + 1), *LARGE_SIZES))
IN_PLACE = settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@given(st.data())
@IN_PLACE
def test_the_contract_and_the_ledger_agree_on_every_mangled_consistency_proof(
    anchored: Dao, data: st.DataObject
) -> None:
    second = data.draw(SIZES)
    first = data.draw(st.integers(1, second))
    proof = data.draw(mangled(list(TREE.consistency(first, second))))
    claimed = data.draw(st.sampled_from((first, max(1, first - 1), min(first + 1, second))))
    root = data.draw(st.sampled_from((TREE.root(first), TREE.root(claimed), TREE.root(second))))
    try:
        verify_consistency(claimed, second, root, TREE.root(second), proof)
        expected = True
    except ConcordError:
        expected = False
    assert accepts(anchored, "verifyConsistency", claimed, root, second, proof) == expected


@given(st.data())
@IN_PLACE
def test_the_contract_and_the_ledger_agree_on_every_mangled_inclusion_proof(
    anchored: Dao, data: st.DataObject
) -> None:
    size = data.draw(SIZES)
    index = data.draw(st.integers(0, size - 1))
    proof = data.draw(mangled(list(TREE.inclusion(index, size))))
    claimed = data.draw(st.sampled_from((index, max(0, index - 1), min(index + 1, size - 1), size)))
    leaf = TREE.leaf(data.draw(st.sampled_from((index, min(claimed, size - 1)))))
    try:
        verify_inclusion(claimed, size, leaf, proof, TREE.root(size))
        expected = True
    except ConcordError:
        expected = False
    assert accepts(anchored, "verifyInclusion", leaf, claimed, size, proof) == expected


@st.composite
def mangled(draw: st.DrawFn, proof: list[bytes]) -> list[bytes]:
    """The proof, or something near it."""
    kind = draw(st.sampled_from(("same", "flip", "drop", "add", "swap", "repeat")))
    if kind == "add":
        proof.insert(draw(st.integers(0, len(proof))), draw(st.binary(min_size=32, max_size=32)))
    elif proof and kind != "same":
        at = draw(st.integers(0, len(proof) - 1))
        if kind == "flip":
            byte = draw(st.integers(0, 31))
            changed = bytearray(proof[at])
            changed[byte] ^= 1 << draw(st.integers(0, 7))
            proof[at] = bytes(changed)
        elif kind == "drop":
            del proof[at]
        elif kind == "repeat":
            proof.insert(at, proof[at])
        else:
            other = draw(st.integers(0, len(proof) - 1))
            proof[at], proof[other] = proof[other], proof[at]
    return proof


def test_every_bit_flipped_in_a_proof_is_refused(anchored: Dao) -> None:
    first, second = 13, 26
    proof = TREE.consistency(first, second)
    for at in range(len(proof)):
        for byte in range(0, 32, 5):
            forged = [bytearray(each) for each in proof]
            forged[at][byte] ^= 0x10
            assert not accepts(
                anchored,
                "verifyConsistency",
                first,
                TREE.root(first),
                second,
                [bytes(each) for each in forged],
            )


def test_an_index_beyond_the_size_is_refused_by_name(anchored: Dao) -> None:
    verify = anchored.anchors.functions.verifyInclusion
    with refused("MerkleLogIndexOutOfRange", 26, 26):
        anchored.ask(verify(TREE.leaf(25), 26, 26, list(TREE.inclusion(25, 26))))
    with refused("MerkleLogIndexOutOfRange", 2**64 - 1, 26):
        anchored.ask(verify(TREE.leaf(25), 2**64 - 1, 26, []))


def test_a_proof_of_the_wrong_length_is_refused_by_name(anchored: Dao) -> None:
    right = list(TREE.inclusion(5, 26))
    verify = anchored.anchors.functions.verifyInclusion
    with refused("MerkleLogWrongProofLength", len(right) - 1, len(right)):
        anchored.ask(verify(TREE.leaf(5), 5, 26, right[:-1]))
    with refused("MerkleLogWrongProofLength", len(right) + 1, len(right)):
        anchored.ask(verify(TREE.leaf(5), 5, 26, [*right, bytes(32)]))
    right = list(TREE.consistency(7, 26))
    verify = anchored.anchors.functions.verifyConsistency
    with refused("MerkleLogWrongProofLength", len(right) - 1, len(right)):
        anchored.ask(verify(7, TREE.root(7), 26, right[1:]))
    with refused("MerkleLogWrongProofLength", 1, 0):
        anchored.ask(verify(26, TREE.root(26), 26, [bytes(32)]))


def test_a_wrong_proof_is_refused_by_name(anchored: Dao) -> None:
    with refused("MerkleLogRootMismatch"):
        anchored.ask(
            anchored.anchors.functions.verifyInclusion(
                TREE.leaf(6), 5, 26, list(TREE.inclusion(5, 26))
            )
        )
    with refused("MerkleLogRootMismatch"):
        anchored.ask(
            anchored.anchors.functions.verifyConsistency(
                7, TREE.root(8), 26, list(TREE.consistency(7, 26))
            )
        )
    with refused("MerkleLogRootMismatch"):
        anchored.ask(anchored.anchors.functions.verifyConsistency(26, TREE.root(25), 26, []))


def test_no_size_is_consistent_with_a_smaller_one_nor_with_the_empty_tree(anchored: Dao) -> None:
    verify = anchored.anchors.functions.verifyConsistency
    with refused("MerkleLogSizeOutOfRange", 25, 24):
        anchored.ask(verify(25, TREE.root(25), 24, []))
    with refused("MerkleLogSizeOutOfRange", 0, 24):
        anchored.ask(verify(0, tree_of(0).root(), 24, []))


def test_a_node_is_not_a_leaf(anchored: Dao) -> None:
    """The second-preimage attack that the prefixes of RFC 9162 prevent."""
    left, right = TREE.leaf(0), TREE.leaf(1)
    forged = leaf_hash(left + right)
    proof = list(TREE.inclusion(0, 4))[1:]
    assert not accepts(anchored, "verifyInclusion", forged, 0, 4, proof)
    assert not accepts(anchored, "verifyInclusion", forged, 0, 2, [])


def test_the_published_vectors_hold(dao: Dao) -> None:
    root = bytes.fromhex("5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328")
    proof = [
        bytes.fromhex("96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7"),
        bytes.fromhex("5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e"),
        bytes.fromhex("6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"),
    ]
    dao.send(DAVE, dao.anchors.functions.anchor(8, root, []))
    dao.ask(dao.anchors.functions.verifyInclusion(leaf_hash(VECTOR[0]), 0, 8, proof))
    seven = bytes.fromhex("ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c")
    tree = MerkleTree([leaf_hash(entry) for entry in VECTOR])
    dao.ask(dao.anchors.functions.verifyConsistency(7, seven, 8, list(tree.consistency(7, 8))))
