from __future__ import annotations

import json

import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data
from eth_utils import keccak
from hypothesis import given
from hypothesis import strategies as st

from governance.actions import checksum_address
from governance.votes import (
    Ballot,
    ContractDomain,
    Delegation,
    InvalidBallot,
    SignedBallot,
    Split,
    Support,
    ballot_digest,
    ballot_typed_data,
    delegation_digest,
    delegation_typed_data,
    first_nonce,
    parse_signed_ballot,
    parse_signed_delegation,
    planned_domains,
)
from governance.votes.typed_data import (
    BALLOT_TYPEHASH,
    DELEGATION_TYPEHASH,
    EXTENDED_BALLOT_TYPEHASH,
)
from ledger.events.bodies.governance import MAX_REASON
from ledger.events.signing import recover
from tests.governance.dao import ALICE, Dao
from tests.governance.voting import domains, sign_digest

VOTER = "0x1111111111111111111111111111111111111111"
SIGNATURE = "0x" + "11" * 65
ADDRESSES = st.binary(min_size=20, max_size=20).map(checksum_address)
DOMAINS = st.builds(
    ContractDomain,
    st.text(st.characters(codec="utf-8"), max_size=31),
    st.integers(1, 2**53 - 1),
    ADDRESSES,
)
SHARES = st.integers(0, 2**128 - 1)
SPLITS = st.builds(Split, st.integers(1, 2**128 - 1), SHARES, SHARES)
CHOICES = st.one_of(
    st.tuples(st.sampled_from([Support.AGAINST, Support.FOR, Support.ABSTAIN]), st.none()),
    st.tuples(st.just(Support.SPLIT), SPLITS),
)
BALLOTS = st.builds(
    lambda number, voter, offset, reason, choice: Ballot(
        number, choice[0], voter, first_nonce(number) + offset, reason, choice[1]
    ),
    st.integers(0, 2**256 - 1),
    ADDRESSES,
    st.integers(0, 2**64 - 1),
    st.text(st.characters(codec="utf-8"), max_size=60),
    CHOICES,
)


def digest_by_eth_account(typed_data: object) -> bytes:
    """The digest as another library makes it, of the JSON that a wallet gets."""
    signable = encode_typed_data(full_message=json.loads(json.dumps(typed_data)))
    return keccak(b"\x19" + signable.version + signable.header + signable.body)


def test_the_type_hashes_are_the_published_ones() -> None:
    assert BALLOT_TYPEHASH.hex() == (
        "f2aad550cf55f045cb27e9c559f9889fdfb6e6cdaa032301d6ea397784ae51d7"
    )
    assert EXTENDED_BALLOT_TYPEHASH.hex() == (
        "3e83946653575f9a39005e1545185629e92736b7528ab20ca3816f315424a811"
    )
    assert (
        keccak(text="Delegation(address delegatee,uint256 nonce,uint256 expiry)")
        == DELEGATION_TYPEHASH
    )


@given(BALLOTS, DOMAINS)
def test_a_ballots_digest_is_what_wallets_sign(ballot: Ballot, domain: ContractDomain) -> None:
    assert ballot_digest(ballot, domain) == digest_by_eth_account(ballot_typed_data(ballot, domain))


@given(
    st.builds(Delegation, ADDRESSES, ADDRESSES, st.integers(0, 2**256 - 1), st.integers(0, 2**64)),
    DOMAINS,
)
def test_a_delegations_digest_is_what_wallets_sign(
    delegation: Delegation, domain: ContractDomain
) -> None:
    typed_data = delegation_typed_data(delegation, domain)
    assert delegation_digest(delegation, domain) == digest_by_eth_account(typed_data)


@given(BALLOTS, DOMAINS)
def test_what_eth_account_signs_is_recovered(ballot: Ballot, domain: ContractDomain) -> None:
    signed = Account.sign_typed_data(
        ALICE.signer.key.to_bytes(), full_message=ballot_typed_data(ballot, domain)
    )
    assert recover(ballot_digest(ballot, domain), "0x" + signed.signature.hex()) == ALICE.address
    assert bytes(signed.signature) == sign_digest(ALICE.signer, ballot_digest(ballot, domain))


def test_numbers_that_javascript_cannot_hold_are_strings() -> None:
    ballot = Ballot(2**255, Support.FOR, VOTER, first_nonce(2**255))
    typed_data = ballot_typed_data(ballot, ContractDomain("Governor", 2**52, VOTER))
    assert typed_data["message"]["proposalId"] == str(2**255)  # type: ignore[index, call-overload]
    assert typed_data["domain"]["chainId"] == 2**52  # type: ignore[index, call-overload]


def test_the_domains_are_the_contracts_own(dao: Dao) -> None:
    found = domains(dao)
    assert planned_domains(dao.plan) == found
    parameters = dao.plan.parameters
    assert found.governor == ContractDomain(
        parameters.governor_name, dao.plan.chain_id, dao.at.governor
    )
    assert found.token == ContractDomain(parameters.token_name, dao.plan.chain_id, dao.at.token)
    assert found.token.separator == dao.token.functions.DOMAIN_SEPARATOR().call()


# Ballots that could never count


@pytest.mark.parametrize(
    ("support", "split", "nonce", "reason"),
    [
        (Support.SPLIT, None, first_nonce(5), ""),
        (Support.FOR, Split(0, 1, 0), first_nonce(5), ""),
        (Support.SPLIT, Split(0, 0, 0), first_nonce(5), ""),
        (Support.SPLIT, Split(-1, 5, 0), first_nonce(5), ""),
        (Support.SPLIT, Split(2**128, 0, 0), first_nonce(5), ""),
        (Support.FOR, None, first_nonce(6), ""),
        (Support.FOR, None, 0, ""),
        (Support.FOR, None, first_nonce(5), "x" * (MAX_REASON + 1)),
        (Support.FOR, None, first_nonce(5), "\ud800"),
    ],
)
def test_a_ballot_that_could_never_count_is_refused(
    support: Support, split: Split | None, nonce: int, reason: str
) -> None:
    with pytest.raises(InvalidBallot):
        Ballot(5, support, VOTER, nonce, reason, split)


def form(**changes: object) -> dict[str, object]:
    fields = {
        "proposal": "5",
        "voter": VOTER,
        "support": "for",
        "nonce": str(first_nonce(5)),
        "signature": SIGNATURE,
    }
    return {**fields, **changes}


def test_a_ballot_is_read_from_json() -> None:
    assert parse_signed_ballot(form()) == SignedBallot(
        Ballot(5, Support.FOR, VOTER, first_nonce(5)), b"\x11" * 65
    )
    split = parse_signed_ballot(
        form(support="split", split={"for": "3", "abstain": "4"}, reason="Both.")
    ).ballot
    assert (split.split, split.reason) == (Split(0, 3, 4), "Both.")


@pytest.mark.parametrize(
    "changes",
    [
        {"support": "yes"},
        {"support": 1},
        {"proposal": 5},
        {"proposal": "05"},
        {"voter": "0x" + "ab" * 20},
        {"nonce": "-1"},
        {"signature": "11" * 65},
        {"signature": "0x" + "zz" * 65},
        {"signature": "0x" + "11" * 4097},
        {"extra": 1},
        {"split": {"for": "1"}},
        {"support": "split", "split": {"for": 1}},
        {"reason": "x" * (MAX_REASON + 1)},
    ],
)
def test_what_is_no_ballot_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(InvalidBallot):
        parse_signed_ballot(form(**changes))


@pytest.mark.parametrize("missing", ["delegator", "delegatee", "nonce", "expiry", "signature"])
def test_a_delegation_in_json_is_complete(missing: str) -> None:
    fields = {
        "delegator": VOTER,
        "delegatee": VOTER,
        "nonce": "0",
        "expiry": "1800000000",
        "signature": SIGNATURE,
    }
    assert parse_signed_delegation(fields).delegation == Delegation(VOTER, VOTER, 0, 1_800_000_000)
    del fields[missing]
    with pytest.raises(InvalidBallot, match=missing):
        parse_signed_delegation(fields)
