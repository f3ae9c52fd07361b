"""Ballots and delegations: an honest server gets what the voter chose, a lying one gets nothing."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data
from hypothesis import given
from hypothesis import strategies as st

from client import Choice, Split
from client.dao.ballots import UnsignedBallot, parse_ballot_receipt
from client.dao.delegations import parse_delegation_receipt
from client.dao.typed_data import ContractDomain
from client.errors import (
    InvalidChoice,
    NoDao,
    NoSigningKey,
    UnexpectedAnswer,
    WrongBallot,
    WrongDelegation,
    WrongReceipt,
)
from ledger.secp256k1 import InvalidSignature
from tests.client.conftest import Connect
from tests.support.dao_adversary import AT, WEIGHT, Change, DaoServer, replaced
from tests.support.examples import GATEWAY, LAB, STEWARD

PROPOSAL = 2**255 + 12_345
SPLIT = Choice("split", "Torn.", Split(in_favour=2, against=1))
CHOICES = [Choice("for"), Choice("against", "No: “audit” first."), Choice("abstain"), SPLIT]


@pytest.mark.parametrize("choice", CHOICES, ids=lambda choice: choice.support)
def test_a_ballot_is_cast_as_it_was_chosen(
    connect: Connect, server: DaoServer, choice: Choice
) -> None:
    receipt = connect().dao.vote(PROPOSAL, choice)
    (cast,) = server.ballots
    assert (cast["proposal"], cast["voter"]) == (str(PROPOSAL), STEWARD.address)
    assert (cast["support"], cast.get("reason", "")) == (choice.support, choice.reason)
    assert cast.get("split") == (choice.split.to_json() if choice.split else None)
    assert receipt.weight == WEIGHT
    ballot, signature, place = parse_ballot_receipt(receipt.document)
    assert (ballot.choice, ballot.voter, ballot.proposal) == (choice, STEWARD.address, PROPOSAL)
    assert (signature, place) == (cast["signature"], receipt.place)


@pytest.mark.parametrize("choice", CHOICES, ids=lambda choice: choice.support)
def test_a_wallet_may_sign_instead(connect: Connect, server: DaoServer, choice: Choice) -> None:
    dao = connect(key=None).dao
    unsigned = dao.prepare_ballot(PROPOSAL, LAB.address, choice)
    signed = Account.sign_typed_data(LAB.secret, full_message=unsigned.typed_data)
    receipt = dao.cast(unsigned, "0x" + signed.signature.hex().removeprefix("0x"))
    assert server.ballots[0]["voter"] == LAB.address
    assert receipt.weight == unsigned.weight


@given(
    st.integers(0, 2**256 - 1),
    st.sampled_from(["for", "against", "abstain"]),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=50),
    st.integers(0, 2**64 - 1),
    st.integers(1, 2**53 - 1),
)
def test_what_is_signed_is_the_digest_of_what_a_wallet_shows(
    proposal: int, support: Any, reason: str, nonce: int, chain_id: int
) -> None:
    ballot = UnsignedBallot(
        proposal,
        LAB.address,
        Choice(support, reason),
        (proposal % 2**192 << 64) + nonce,
        ContractDomain("Governor", chain_id, AT.governor),
    )
    assert Account.recover_message(
        encode_typed_data(full_message=ballot.typed_data),
        signature=LAB.sign_digest(ballot.digest),
    ) == (LAB.address)


BALLOT_LIES: dict[str, tuple[Change, str]] = {
    "another proposal": (lambda a: replaced(a, "ballot", "proposal", by="7"), "for proposal 7"),
    "another voter": (
        lambda a: replaced(a, "ballot", "voter", by=LAB.address),
        f"voter {LAB.address}",
    ),
    "another support": (lambda a: replaced(a, "ballot", "support", by="against"), "is against"),
    "another proposal's nonce": (
        lambda a: replaced(a, "ballot", "nonce", by=str(1 << 64)),
        "another proposal's",
    ),
    "another chain": (
        lambda a: replaced(a, "typedData", "domain", "chainId", by=1),
        "for chain 1",
    ),
    "another contract": (
        lambda a: replaced(a, "typedData", "domain", "verifyingContract", by=AT.token),
        "first leaf names",
    ),
    "another message": (
        lambda a: replaced(a, "typedData", "message", "support", by=0),
        "something else to sign",
    ),
    "another type": (
        lambda a: replaced(a, "typedData", "primaryType", by="Permit"),
        "something else to sign",
    ),
    "another digest": (
        lambda a: replaced(a, "digest", by="0x" + "00" * 32),
        "something else to sign",
    ),
}


@pytest.mark.parametrize("lie", BALLOT_LIES)
def test_a_ballot_that_is_not_the_one_asked_for_is_never_signed(
    connect: Connect, server: DaoServer, lie: str
) -> None:
    change, named = BALLOT_LIES[lie]
    server.lie("/v1/votes:prepare", change)
    with pytest.raises(WrongBallot, match=named):
        connect().dao.vote(PROPOSAL, Choice("for"))
    assert not server.ballots
    assert not server.asked("POST", "/v1/votes")


def test_a_reason_that_the_server_changes_is_never_signed(
    connect: Connect, server: DaoServer
) -> None:
    server.lie(
        "/v1/votes:prepare",
        lambda a: replaced(a, "typedData", "message", "reason", by="I was paid."),
    )
    with pytest.raises(WrongBallot):
        connect().dao.vote(PROPOSAL, Choice("for", "The audit is clean."))
    assert not server.ballots


@pytest.mark.parametrize("field", ["ballot", "typedData", "digest"])
def test_a_ballot_that_lacks_a_part_is_no_answer(
    connect: Connect, server: DaoServer, field: str
) -> None:
    server.lie("/v1/votes:prepare", lambda a: {name: v for name, v in a.items() if name != field})
    with pytest.raises(UnexpectedAnswer):
        connect().dao.vote(PROPOSAL, Choice("for"))


RECEIPT_LIES: dict[str, Change] = {
    "another ballot": lambda a: replaced(a, "typedData", "message", "support", by=0),
    "another signature": lambda a: replaced(a, "signature", by="0x" + "11" * 65),
    "another chain": lambda a: replaced(a, "chain", "chainId", by=1),
}


@pytest.mark.parametrize("lie", RECEIPT_LIES)
def test_a_receipt_of_another_ballot_is_refused(
    connect: Connect, server: DaoServer, lie: str
) -> None:
    server.lie("/v1/votes", RECEIPT_LIES[lie])
    with pytest.raises(WrongBallot):
        connect().dao.vote(PROPOSAL, Choice("for"))


def test_a_signature_of_somebody_else_is_the_services_to_refuse_which_asks_the_chain(
    connect: Connect, server: DaoServer
) -> None:
    dao = connect().dao
    unsigned = dao.prepare_ballot(PROPOSAL, LAB.address, Choice("for"))
    for signature in (STEWARD.sign_digest(unsigned.digest), "0x12"):
        with pytest.raises(WrongBallot, match="The service says that it is no contract wallet"):
            dao.cast(unsigned, signature)
    assert not server.ballots
    asked = server.asked("POST", "/v1/votes")
    with pytest.raises(InvalidSignature):
        dao.cast(unsigned, "0x123")
    assert server.asked("POST", "/v1/votes") == asked


def test_a_ballot_whose_v_is_0_or_1_is_sent_with_the_usual_one(
    connect: Connect, server: DaoServer
) -> None:
    dao = connect(key=None).dao
    unsigned = dao.prepare_ballot(PROPOSAL, LAB.address, Choice("for"))
    usual = LAB.sign_digest(unsigned.digest)
    dao.cast(unsigned, f"{usual[:-2]}{int(usual[-2:], 16) - 27:02x}")
    assert server.ballots[0]["signature"] == usual


def test_what_may_be_a_contracts_signature_of_a_ballot_goes_out_as_it_came() -> None:
    ballot = UnsignedBallot(
        PROPOSAL, LAB.address, Choice("for"), 1, ContractDomain("G", 1, AT.governor)
    )
    answer = "0x" + "AB" * 64 + "01"
    assert ballot.with_signature(answer)["signature"] == answer.lower()
    assert ballot.refusal(answer.lower())


@pytest.mark.parametrize(
    "choice",
    [
        lambda: Choice("maybe"),  # type: ignore[arg-type]
        lambda: Choice("split"),
        lambda: Choice("for", split=Split(1)),
        Split,
        lambda: Split(2**128),
        lambda: Split(1, -1),
        lambda: Choice("for", "x" * 4_001),
        lambda: Choice("for", "\ud800"),
    ],
)
def test_what_is_no_choice_is_refused_before_anything_is_asked(choice: Any) -> None:
    with pytest.raises(InvalidChoice):
        choice()


def test_only_those_with_a_key_vote(connect: Connect, server: DaoServer) -> None:
    with pytest.raises(NoSigningKey):
        connect(key=None).dao.vote(PROPOSAL, Choice("for"))


# Kept receipts


def test_a_kept_receipt_with_anything_changed_is_refused(
    connect: Connect, server: DaoServer
) -> None:
    receipt = json.loads(connect().dao.vote(PROPOSAL, SPLIT).document)
    assert parse_ballot_receipt(json.dumps(receipt).encode())[0].choice == SPLIT
    for change in (
        replaced(receipt, "typedData", "message", "voter", by=LAB.address),
        replaced(receipt, "typedData", "message", "params", by="0x" + "00" * 47 + "01"),
        replaced(receipt, "typedData", "domain", "version", by="2"),
        replaced(receipt, "typedData", "domain", "chainId", by=5),
        replaced(receipt, "signature", by="0x" + "11" * 65),
    ):
        with pytest.raises(WrongBallot):
            parse_ballot_receipt(json.dumps(change).encode())
    for change in (
        replaced(receipt, "chain", "chainId", by=5),
        replaced(receipt, "chain", "blockHash", by="0x12"),
        replaced(receipt, "chain", "blockNumber", by=-1),
        replaced(receipt, "v", by=2),
        receipt | {"index": 7},
    ):
        with pytest.raises(UnexpectedAnswer):
            parse_ballot_receipt(json.dumps(change).encode())


def test_a_kept_delegation_is_its_delegators_and_nothing_else(
    connect: Connect, server: DaoServer
) -> None:
    receipt = connect().dao.delegate(LAB.address)
    made, place = parse_delegation_receipt(json.dumps(receipt).encode())
    assert (made.delegator, made.delegatee) == (STEWARD.address, LAB.address)
    assert place == receipt["chain"]
    for change, wrong in (
        (replaced(receipt, "delegator", by=LAB.address), WrongDelegation),
        (replaced(receipt, "typedData", "message", "delegatee", by=STEWARD.address),
         WrongDelegation),
        (replaced(receipt, "typedData", "primaryType", by="Ballot"), WrongDelegation),
        (replaced(receipt, "signature", by="0x" + "11" * 65), WrongDelegation),
        (replaced(receipt, "chain", "chainId", by=5), UnexpectedAnswer),
        (receipt | {"v": 2}, UnexpectedAnswer),
    ):  # fmt: skip
        with pytest.raises(wrong):
            parse_delegation_receipt(json.dumps(change).encode())


@pytest.mark.parametrize(
    "document",
    [b"", b"{}", b'{"typedData": {}, "signature": "0x"}', b'{"typedData": 1, "signature": ""}'],
)
def test_what_is_no_receipt_is_named(document: bytes) -> None:
    with pytest.raises(UnexpectedAnswer):
        parse_ballot_receipt(document)


# Delegations


def test_votes_are_delegated_and_taken_back(connect: Connect, server: DaoServer) -> None:
    dao = connect().dao
    dao.delegate(LAB.address)
    dao.delegate(STEWARD.address)
    assert [each["delegatee"] for each in server.delegations] == [LAB.address, STEWARD.address]
    assert all(each["delegator"] == STEWARD.address for each in server.delegations)


def test_a_delegation_can_have_an_end(connect: Connect, server: DaoServer) -> None:
    dao = connect().dao
    unsigned = dao.prepare_delegation(STEWARD.address, LAB.address, 1_900_000_000)
    dao.send_delegation(unsigned, STEWARD.sign_digest(unsigned.digest))
    assert server.delegations[0]["expiry"] == "1900000000"


DELEGATION_LIES: dict[str, Change] = {
    "another delegatee": lambda a: replaced(a, "delegation", "delegatee", by=GATEWAY.address),
    "another delegator": lambda a: replaced(a, "delegation", "delegator", by=GATEWAY.address),
    "another delegatee to sign": lambda a: replaced(
        a, "typedData", "message", "delegatee", by=GATEWAY.address
    ),
    "another chain": lambda a: replaced(a, "typedData", "domain", "chainId", by=1),
    "another contract": lambda a: replaced(
        a, "typedData", "domain", "verifyingContract", by=AT.governor
    ),
    "another digest": lambda a: replaced(a, "digest", by="0x" + "00" * 32),
}


@pytest.mark.parametrize("lie", DELEGATION_LIES)
def test_a_delegation_that_is_not_the_one_asked_for_is_never_signed(
    connect: Connect, server: DaoServer, lie: str
) -> None:
    server.lie("/v1/delegations:prepare", DELEGATION_LIES[lie])
    with pytest.raises(WrongDelegation):
        connect().dao.delegate(LAB.address)
    assert not server.delegations


def test_an_expiry_of_the_servers_own_is_not_signed(connect: Connect, server: DaoServer) -> None:
    server.lie(
        "/v1/delegations:prepare", lambda a: replaced(a, "delegation", "expiry", by=str(2**255))
    )
    with pytest.raises(WrongDelegation):
        connect().dao.prepare_delegation(STEWARD.address, LAB.address, 1_900_000_000)


# Which contracts


def test_contracts_are_those_of_the_first_leaf(connect: Connect, server: DaoServer) -> None:
    found = connect().dao.contracts()
    assert (found.chain_id, found.governor, found.token) == (
        server.chain_id,
        AT.governor,
        AT.token,
    )


def test_a_first_leaf_that_the_log_did_not_sign_for_names_nothing(
    connect: Connect, server: DaoServer
) -> None:
    kept = server.history.leaves[0]
    forged = kept.replace(AT.governor.encode(), STEWARD.address.encode())
    server.receipt = lambda receipt: receipt | {"leaf": base64.b64encode(forged).decode()}
    with pytest.raises(WrongReceipt):
        connect().dao.contracts()


def test_a_ledger_without_contracts_has_no_dao(connect: Connect, server: DaoServer) -> None:
    server.found_with({})
    with pytest.raises(NoDao, match="without a DAO"):
        connect().dao.vote(PROPOSAL, Choice("for"))


def test_another_ledgers_first_leaf_is_none_of_this_one(
    connect: Connect, server: DaoServer
) -> None:
    server.chain_id += 1
    with pytest.raises(NoDao, match="on chain"):
        connect().dao.contracts()
    server.chain_id -= 1


def test_a_log_whose_first_leaf_is_something_else_has_no_dao(
    connect: Connect, server: DaoServer
) -> None:
    server.history.leaves.clear()
    server.grow(1)
    with pytest.raises(WrongReceipt):
        connect().dao.contracts()
