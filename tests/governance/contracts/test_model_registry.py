from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from eth_abi import encode
from eth_utils import keccak

from ledger.chain.values import TransactionReceipt
from ledger.events.envelope import encode_leaf
from ledger.events.identifiers import Milliseconds
from ledger.merkle.hashing import leaf_hash
from ledger.merkle.tree import MerkleTree
from tests.governance.dao import (
    ALICE,
    BOB,
    CAROL,
    DAVE,
    DEPLOYER,
    MALLORY,
    Dao,
    Member,
    events,
    refused,
)
from tests.support.examples import ISSUED_AT, body_of, signed_event

NAME, OTHER_NAME = "tumour-classifier", "heart-classifier"
MODEL = int.from_bytes(keccak(text=NAME))
OTHER_MODEL = int.from_bytes(keccak(text=OTHER_NAME))
EVIDENCE, REASON = hashlib.sha256(b"audit bundle").digest(), hashlib.sha256(b"reason").digest()
CLEAN, TAINTED, INCOMPLETE = 1, 2, 3
UNKNOWN, ATTESTED, RELEASED, WITHDRAWN = range(4)
RELEASE_POLICY = b"release".ljust(32, b"\0")


def published(model: str, version: str = "1.0") -> bytes:
    """The log entry of a published model version."""
    event = signed_event(
        "model.version_published", body_of("model.version_published", model=model, version=version)
    )
    return encode_leaf(event, Milliseconds(ISSUED_AT + 5))


@dataclass(frozen=True)
class Log:
    """A log with some entries, and its tree."""

    entries: Sequence[bytes]
    tree: MerkleTree

    def proof(self, index: int) -> list[bytes]:
        return list(self.tree.inclusion(index))


def log_of(*entries: bytes) -> Log:
    filled = [b"first", *entries, *(f"filler {number}".encode() for number in range(20))]
    return Log(filled, MerkleTree([leaf_hash(each) for each in filled]))


LOG = log_of(published(NAME), published(OTHER_NAME), published(NAME, "2.0"))
RECORD, OTHER_RECORD, SECOND_RECORD = (leaf_hash(LOG.entries[index]) for index in (1, 2, 3))


def register(dao: Dao, name: str, sender: Member = BOB, royalty: int = 500) -> TransactionReceipt:
    return dao.send(sender, dao.models.functions.register(name, royalty))


def attest(dao: Dao, model: int, index: int, *, log: Log = LOG) -> TransactionReceipt:
    return dao.send(
        MALLORY,
        dao.models.functions.attest(
            model, log.entries[index], log.tree.size, index, log.proof(index)
        ),
    )


def evaluate(
    dao: Dao, auditor: Member, verdict: int = CLEAN, *, model: int = MODEL, record: bytes = RECORD
) -> TransactionReceipt:
    return dao.send(auditor, dao.models.functions.evaluate(model, record, verdict, EVIDENCE))


def far(dao: Dao) -> int:
    return dao.now() + 10_000_000


def status(dao: Dao, record: bytes = RECORD) -> int:
    return dao.models.functions.recordOf(record).call()[2]


def release(dao: Dao, model: int = MODEL, record: bytes = RECORD) -> TransactionReceipt:
    return dao.carry_out(dao.models.functions.release(model, record, far(dao)))


def adopt_policy(dao: Dao, parameters: bytes) -> None:
    dao.carry_out(dao.policies.functions.adopt(RELEASE_POLICY, EVIDENCE, "", parameters))


@pytest.fixture
def anchored(dao: Dao) -> Dao:
    """The log is anchored, and both models are registered."""
    dao.send(DAVE, dao.anchors.functions.anchor(LOG.tree.size, LOG.tree.root(), []))
    register(dao, NAME)
    register(dao, OTHER_NAME)
    return dao


# Registration


def test_a_developer_registers_a_model_and_holds_its_token(dao: Dao) -> None:
    receipt = register(dao, NAME)
    functions = dao.models.functions
    assert functions.modelOf(NAME).call() == MODEL
    assert functions.ownerOf(MODEL).call() == BOB.address
    assert functions.nameOf(MODEL).call() == NAME
    assert functions.royaltyInfo(MODEL, 10_000).call() == [BOB.address, 500]
    assert events(dao.models, "ModelRegistered", receipt) == [
        {"model": MODEL, "developer": BOB.address, "name": NAME}
    ]


@pytest.mark.parametrize("sender", [ALICE, CAROL, DEPLOYER, MALLORY])
def test_only_a_developer_registers(dao: Dao, sender: Member) -> None:
    with refused("ModelRegistryUnauthorizedMember"):
        register(dao, NAME, sender)


def test_a_name_is_registered_once(dao: Dao) -> None:
    register(dao, NAME)
    with refused("ERC721InvalidSender"):
        register(dao, NAME)


@pytest.mark.parametrize(
    "name",
    ["", "-x", ".x", "Ü", "A", "a b", 'a"b', 'x","summary":"y', "a\\", "a" * 129, "a\0"],
)
def test_a_name_that_is_no_id_of_the_log_is_refused(dao: Dao, name: str) -> None:
    with refused("ModelRegistryInvalidName", name):
        register(dao, name)


@pytest.mark.parametrize("name", ["a", "0", "a" * 128, "a.b_c-d9"])
def test_a_name_that_is_an_id_of_the_log_is_taken(dao: Dao, name: str) -> None:
    register(dao, name)
    assert dao.models.functions.nameOf(dao.models.functions.modelOf(name).call()).call() == name


def test_royalties_have_a_limit(dao: Dao) -> None:
    with refused("ModelRegistryRoyaltyTooHigh", 1_001, 1_000):
        register(dao, NAME, royalty=1_001)


def test_a_vote_gives_a_model_back_to_whom_it_belongs(dao: Dao) -> None:
    register(dao, NAME)
    dao.carry_out(dao.models.functions.reassign(MODEL, ALICE.address))
    assert dao.models.functions.ownerOf(MODEL).call() == ALICE.address
    assert dao.models.functions.royaltyInfo(MODEL, 10_000).call() == [ALICE.address, 500]


def test_the_interfaces_of_tokens_and_royalties_are_announced(dao: Dao) -> None:
    for interface in ("80ac58cd", "2a55205a", "01ffc9a7"):
        assert dao.models.functions.supportsInterface(bytes.fromhex(interface)).call()


# Attestation


def test_anyone_attests_a_record_that_is_in_the_anchored_log(anchored: Dao) -> None:
    receipt = attest(anchored, MODEL, 1)
    assert anchored.models.functions.recordOf(RECORD).call()[0] == MODEL
    assert status(anchored) == ATTESTED
    assert events(anchored.models, "ModelAttested", receipt) == [
        {"model": MODEL, "recordLeaf": RECORD, "size": LOG.tree.size, "index": 1}
    ]


def test_another_models_record_is_not_attested(anchored: Dao) -> None:
    with refused("ModelRecordMismatch"):
        attest(anchored, MODEL, 2)


def test_a_record_is_attested_once(anchored: Dao) -> None:
    attest(anchored, MODEL, 1)
    with refused("ModelRegistryAlreadyAttested", MODEL, RECORD):
        attest(anchored, MODEL, 1)


def test_a_record_that_is_not_in_the_log_is_not_attested(anchored: Dao) -> None:
    forged = log_of(published(NAME, "6.6.6"))
    with refused("MerkleLogRootMismatch"):
        anchored.send(
            MALLORY,
            anchored.models.functions.attest(
                MODEL, forged.entries[1], LOG.tree.size, 1, LOG.proof(1)
            ),
        )


def test_a_record_is_not_attested_under_a_root_that_was_not_anchored(anchored: Dao) -> None:
    forged = log_of(published(NAME, "6.6.6"), b"more", b"and more", b"and another")
    with refused("AnchorRegistryNoAnchor", forged.tree.size):
        attest(anchored, MODEL, 1, log=forged)


def test_a_model_that_is_not_registered_is_not_attested(dao: Dao) -> None:
    dao.send(DAVE, dao.anchors.functions.anchor(LOG.tree.size, LOG.tree.root(), []))
    with refused("ERC721NonexistentToken", MODEL):
        attest(dao, MODEL, 1)


# Release


def test_a_vote_releases_an_attested_record(anchored: Dao) -> None:
    attest(anchored, MODEL, 1)
    until = far(anchored)
    receipt = anchored.carry_out(anchored.models.functions.release(MODEL, RECORD, until))
    assert status(anchored) == RELEASED
    assert events(anchored.models, "ModelReleased", receipt) == [
        {"model": MODEL, "recordLeaf": RECORD, "validUntil": until, "policyVersion": 0}
    ]


@pytest.mark.parametrize("sender", [ALICE, BOB, CAROL, DAVE, DEPLOYER, MALLORY])
def test_nobody_releases_withdraws_or_clears_without_a_vote(anchored: Dao, sender: Member) -> None:
    attest(anchored, MODEL, 1)
    functions = anchored.models.functions
    for attempt in (
        functions.release(MODEL, RECORD, far(anchored)),
        functions.withdraw(MODEL, RECORD, REASON),
        functions.clearFlag(MODEL, RECORD),
        functions.reassign(MODEL, sender.address),
    ):
        with refused("OwnableUnauthorizedAccount", sender.address):
            anchored.send(sender, attempt)


def test_nothing_is_released_without_an_attestation(anchored: Dao) -> None:
    with refused("ModelRegistryNotAttested", MODEL, RECORD):
        release(anchored)


def test_nothing_is_released_with_another_models_record(anchored: Dao) -> None:
    attest(anchored, MODEL, 1)
    attest(anchored, OTHER_MODEL, 2)
    with refused("ModelRegistryNotAttested", MODEL, OTHER_RECORD):
        release(anchored, MODEL, OTHER_RECORD)
    assert status(anchored, OTHER_RECORD) == ATTESTED


def test_nothing_is_released_after_the_proposals_own_deadline(anchored: Dao) -> None:
    attest(anchored, MODEL, 1)
    until = anchored.now() + 20_000
    proposal = anchored.propose(anchored.models.functions.release(MODEL, RECORD, until))
    anchored.accept(proposal)
    anchored.advance(20_000)
    with refused("ModelRegistryReleaseExpired", until):
        anchored.execute(proposal)


def test_one_version_of_a_model_is_released_and_another_is_not(anchored: Dao) -> None:
    attest(anchored, MODEL, 1)
    attest(anchored, MODEL, 3)
    release(anchored)
    assert (status(anchored), status(anchored, SECOND_RECORD)) == (RELEASED, ATTESTED)


def test_a_record_is_released_once(anchored: Dao) -> None:
    attest(anchored, MODEL, 1)
    release(anchored)
    with refused("ModelRegistryUnexpectedStatus", RECORD, RELEASED):
        release(anchored)


def test_a_withdrawal_is_final(anchored: Dao) -> None:
    attest(anchored, MODEL, 1)
    release(anchored)
    receipt = anchored.carry_out(anchored.models.functions.withdraw(MODEL, RECORD, REASON))
    assert events(anchored.models, "ModelWithdrawn", receipt) == [
        {"model": MODEL, "recordLeaf": RECORD, "reason": REASON}
    ]
    assert status(anchored) == WITHDRAWN
    with refused("ModelRegistryUnexpectedStatus", RECORD, WITHDRAWN):
        release(anchored)


def test_what_was_not_released_is_not_withdrawn(anchored: Dao) -> None:
    attest(anchored, MODEL, 1)
    with refused("ModelRegistryUnexpectedStatus", RECORD, ATTESTED):
        anchored.carry_out(anchored.models.functions.withdraw(MODEL, RECORD, REASON))


# Auditors


@pytest.mark.parametrize("sender", [ALICE, BOB, MALLORY])
def test_only_an_auditor_flags_and_evaluates(anchored: Dao, sender: Member) -> None:
    attest(anchored, MODEL, 1)
    with refused("ModelRegistryUnauthorizedMember"):
        anchored.send(sender, anchored.models.functions.flag(MODEL, RECORD, REASON))
    with refused("ModelRegistryUnauthorizedMember"):
        evaluate(anchored, sender)


def test_a_flag_blocks_the_release_until_a_vote_clears_it(anchored: Dao) -> None:
    attest(anchored, MODEL, 1)
    receipt = anchored.send(CAROL, anchored.models.functions.flag(MODEL, RECORD, REASON))
    assert events(anchored.models, "ModelFlagged", receipt)[0]["auditor"] == CAROL.address
    with refused("ModelRegistryFlagged", RECORD):
        release(anchored)
    functions = anchored.models.functions
    anchored.carry_out(
        functions.clearFlag(MODEL, RECORD), functions.release(MODEL, RECORD, far(anchored))
    )
    assert status(anchored) == RELEASED


def test_a_flag_that_is_not_there_is_not_cleared(anchored: Dao) -> None:
    attest(anchored, MODEL, 1)
    with refused("ModelRegistryNotFlagged", RECORD):
        anchored.carry_out(anchored.models.functions.clearFlag(MODEL, RECORD))


@pytest.mark.parametrize(("verdict", "evidence"), [(0, EVIDENCE), (CLEAN, bytes(32))])
def test_an_evaluation_has_a_verdict_and_evidence(
    anchored: Dao, verdict: int, evidence: bytes
) -> None:
    attest(anchored, MODEL, 1)
    with refused("ModelRegistryInvalidEvaluation"):
        anchored.send(CAROL, anchored.models.functions.evaluate(MODEL, RECORD, verdict, evidence))


def test_nobody_evaluates_a_model_they_hold(anchored: Dao) -> None:
    attest(anchored, MODEL, 1)
    anchored.send(BOB, anchored.models.functions.transferFrom(BOB.address, CAROL.address, MODEL))
    with refused("ModelRegistryOwnModel", MODEL, CAROL.address):
        evaluate(anchored, CAROL)


def test_a_later_evaluation_replaces_the_auditors_earlier_one(anchored: Dao) -> None:
    attest(anchored, MODEL, 1)
    evaluate(anchored, CAROL, CLEAN)
    evaluate(anchored, DAVE, CLEAN)
    evaluate(anchored, CAROL, TAINTED)
    functions = anchored.models.functions
    assert functions.cleanEvaluations(RECORD).call() == 1
    assert functions.evaluatorsOf(RECORD).call() == [CAROL.address, DAVE.address]
    assert functions.evaluationOf(RECORD, CAROL.address).call() == (TAINTED, EVIDENCE)


# The release policy


def test_the_policy_asks_for_enough_clean_evaluations(anchored: Dao) -> None:
    adopt_policy(anchored, encode(["uint256", "uint256"], [2, 0]))
    attest(anchored, MODEL, 1)
    evaluate(anchored, CAROL, CLEAN)
    evaluate(anchored, DAVE, INCOMPLETE)
    with refused("ModelRegistryTooFewEvaluations", 1, 2):
        release(anchored)
    evaluate(anchored, DAVE, CLEAN)
    receipt = release(anchored)
    assert events(anchored.models, "ModelReleased", receipt)[0]["policyVersion"] == 1


def test_an_evaluation_by_who_is_no_auditor_any_more_does_not_count(anchored: Dao) -> None:
    adopt_policy(anchored, encode(["uint256", "uint256"], [1, 0]))
    attest(anchored, MODEL, 1)
    evaluate(anchored, DAVE, CLEAN)
    anchored.carry_out(anchored.membership.functions.remove(DAVE.address))
    with refused("ModelRegistryTooFewEvaluations", 0, 1):
        release(anchored)


def test_the_policy_asks_for_time_since_the_attestation(anchored: Dao) -> None:
    adopt_policy(anchored, encode(["uint256", "uint256"], [0, 1_000_000]))
    attest(anchored, MODEL, 1)
    with refused("ModelRegistryReleaseTooEarly"):
        release(anchored)
    anchored.advance(1_000_000)
    release(anchored)
    assert status(anchored) == RELEASED


def test_a_policy_adopted_after_the_vote_holds_for_the_release(anchored: Dao) -> None:
    attest(anchored, MODEL, 1)
    functions = anchored.models.functions
    proposal = anchored.propose(functions.release(MODEL, RECORD, far(anchored)))
    anchored.accept(proposal)
    adopt_policy(anchored, encode(["uint256", "uint256"], [1, 0]))
    with refused("ModelRegistryTooFewEvaluations", 0, 1):
        anchored.execute(proposal)


@pytest.mark.parametrize("parameters", [b"x", bytes(63), bytes(65), bytes(96)])
def test_a_policy_that_the_contract_cannot_read_blocks_every_release(
    anchored: Dao, parameters: bytes
) -> None:
    adopt_policy(anchored, parameters)
    attest(anchored, MODEL, 1)
    with refused("ModelRegistryMalformedPolicy", 1):
        release(anchored)


def test_a_policy_without_parameters_requires_nothing(anchored: Dao) -> None:
    adopt_policy(anchored, encode(["uint256", "uint256"], [9, 9]))
    adopt_policy(anchored, b"")
    attest(anchored, MODEL, 1)
    release(anchored)
    assert status(anchored) == RELEASED
