from __future__ import annotations

import hashlib

import pytest

from ledger.chain.values import TransactionReceipt
from ledger.merkle.hashing import leaf_hash
from ledger.merkle.tree import MerkleTree
from tests.governance.dao import ALICE, DAVE, MALLORY, ORIGIN, Dao, Member, events, refused


def tree_of(size: int, seed: str = "leaf") -> MerkleTree:
    return MerkleTree([leaf_hash(f"{seed} {number}".encode()) for number in range(size)])


HONEST = tree_of(300)


def anchor(
    dao: Dao, size: int, last: int, *, tree: MerkleTree = HONEST, sender: Member = DAVE
) -> TransactionReceipt:
    proof = list(tree.consistency(last, size)) if last else []
    return dao.send(sender, dao.anchors.functions.anchor(size, tree.root(size), proof))


def test_anchors_are_kept_in_order_with_their_time(dao: Dao) -> None:
    functions = dao.anchors.functions
    assert functions.latest().call() == [0, 0, 0, bytes(32)]
    first = anchor(dao, 3, 0)
    anchor(dao, 200, 3)
    last = anchor(dao, 300, 200)
    timestamp = dao.chain.block(last.block_number).timestamp
    assert functions.latest().call() == [3, 300, timestamp, HONEST.root(300)]
    for size in (3, 200, 300):
        assert functions.rootAt(size).call() == HONEST.root(size)
    assert events(dao.anchors, "Anchored", first) == [
        {"number": 1, "size": 3, "root": HONEST.root(3)}
    ]


def test_the_registry_names_its_log(dao: Dao) -> None:
    assert dao.anchors.functions.originDigest().call() == hashlib.sha256(ORIGIN.encode()).digest()


@pytest.mark.parametrize("sender", [ALICE, MALLORY])
def test_only_an_operator_anchors(dao: Dao, sender: Member) -> None:
    with refused("AnchorRegistryUnauthorizedOperator", sender.address):
        anchor(dao, 3, 0, sender=sender)


def test_an_operator_whose_role_is_gone_anchors_no_more(dao: Dao) -> None:
    anchor(dao, 3, 0)
    dao.carry_out(dao.membership.functions.remove(DAVE.address))
    with refused("AnchorRegistryUnauthorizedOperator", DAVE.address):
        anchor(dao, 4, 3)


def test_a_fork_is_not_anchored(dao: Dao) -> None:
    """The last entry that was anchored was replaced, and the log went on."""
    anchor(dao, 100, 0)
    entries = [HONEST.leaf(number) for number in range(300)]
    entries[99] = leaf_hash(b"another entry")
    fork = MerkleTree(entries)
    with refused("MerkleLogRootMismatch"):
        anchor(dao, 200, 100, tree=fork)
    anchor(dao, 200, 100)


def test_another_logs_tree_is_not_anchored(dao: Dao) -> None:
    anchor(dao, 100, 0)
    with refused("MerkleLogRootMismatch"):
        anchor(dao, 200, 100, tree=tree_of(200, "other"))


@pytest.mark.parametrize("size", [0, 1, 99, 100])
def test_a_tree_that_has_not_grown_is_not_anchored(dao: Dao, size: int) -> None:
    anchor(dao, 100, 0)
    with refused("AnchorRegistrySizeNotGrown", 100, size):
        dao.send(DAVE, dao.anchors.functions.anchor(size, HONEST.root(size), []))


def test_an_empty_tree_is_not_anchored(dao: Dao) -> None:
    with refused("AnchorRegistrySizeNotGrown", 0, 0):
        dao.send(DAVE, dao.anchors.functions.anchor(0, HONEST.root(0), []))


def test_a_proof_from_another_size_is_refused(dao: Dao) -> None:
    anchor(dao, 100, 0)
    with refused("MerkleLogWrongProofLength"):
        dao.send(
            DAVE,
            dao.anchors.functions.anchor(200, HONEST.root(200), list(HONEST.consistency(64, 200))),
        )


def test_a_root_that_the_proof_does_not_lead_to_is_refused(dao: Dao) -> None:
    anchor(dao, 100, 0)
    with refused("MerkleLogRootMismatch"):
        dao.send(
            DAVE,
            dao.anchors.functions.anchor(200, HONEST.root(199), list(HONEST.consistency(100, 200))),
        )


@pytest.mark.parametrize("change", ["shorter", "longer", "none"])
def test_a_proof_of_the_wrong_length_is_refused(dao: Dao, change: str) -> None:
    anchor(dao, 100, 0)
    proof = list(HONEST.consistency(100, 200))
    wrong = {"shorter": proof[:-1], "longer": [*proof, proof[-1]], "none": []}[change]
    with refused("MerkleLogWrongProofLength", len(wrong), len(proof)):
        dao.send(DAVE, dao.anchors.functions.anchor(200, HONEST.root(200), wrong))


def test_the_first_anchor_takes_no_proof(dao: Dao) -> None:
    with refused("MerkleLogWrongProofLength", 1, 0):
        dao.send(DAVE, dao.anchors.functions.anchor(3, HONEST.root(3), [bytes(32)]))


def test_a_root_of_zeros_is_refused_for_it_stands_for_none(dao: Dao) -> None:
    with refused("AnchorRegistryInvalidRoot"):
        dao.send(DAVE, dao.anchors.functions.anchor(3, bytes(32), []))


def test_nothing_is_proven_under_a_size_that_was_not_anchored(dao: Dao) -> None:
    anchor(dao, 100, 0)
    verify = dao.anchors.functions.verifyInclusion
    with refused("AnchorRegistryNoAnchor", 99):
        dao.ask(verify(HONEST.leaf(5), 5, 99, list(HONEST.inclusion(5, 99))))


def test_an_older_checkpoint_is_checked_against_an_anchor(dao: Dao) -> None:
    anchor(dao, 100, 0)
    verify = dao.anchors.functions.verifyConsistency
    dao.ask(verify(37, HONEST.root(37), 100, list(HONEST.consistency(37, 100))))
    with refused("MerkleLogRootMismatch"):
        dao.ask(verify(37, tree_of(37, "x").root(), 100, list(HONEST.consistency(37, 100))))


def test_the_contract_has_no_function_that_changes_an_anchor(dao: Dao) -> None:
    changing = {
        entry["name"]
        for entry in dao.anchors.abi
        if entry["type"] == "function" and entry["stateMutability"] not in ("view", "pure")
    }
    assert changing == {"anchor"}
