from __future__ import annotations

import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data

from tests.governance.dao import (
    ALICE,
    BOB,
    CAROL,
    DEPLOYER,
    MALLORY,
    PARAMETERS,
    TOKEN,
    TYPES,
    Dao,
    Member,
    member,
    refused,
)

NEWCOMER = member("newcomer")
ZERO = "0x" + 40 * "0"


def transfer(dao: Dao, sender: Member, to: str, amount: int) -> None:
    dao.send(sender, dao.token.functions.transfer(to, amount))


def sign_delegation(dao: Dao, signer: Member, delegatee: str, nonce: int, expiry: int) -> bytes:
    typed = encode_typed_data(
        dao.domain("ConcordToken"),
        {"Delegation": TYPES["Delegation"]},
        {"delegatee": delegatee, "nonce": nonce, "expiry": expiry},
    )
    return bytes(Account.sign_message(typed, signer.signer.key.to_bytes()).signature)


def delegate_by_signature(
    dao: Dao, delegatee: str, nonce: int, expiry: int, signature: bytes
) -> None:
    r, s, v = signature[:32], signature[32:64], signature[64]
    dao.send(MALLORY, dao.token.functions.delegateBySig(delegatee, nonce, expiry, v, r, s))


def test_the_clock_is_the_blocks_time(dao: Dao) -> None:
    assert dao.token.functions.CLOCK_MODE().call() == "mode=timestamp"
    assert dao.governor.functions.CLOCK_MODE().call() == "mode=timestamp"
    assert 0 <= dao.token.functions.clock().call() - dao.now() < 30


def test_founders_hold_and_vote_with_what_was_allocated_to_them(dao: Dao) -> None:
    for founder in PARAMETERS.founders:
        assert dao.token.functions.balanceOf(founder.member).call() == founder.tokens
        assert dao.token.functions.getVotes(founder.member).call() == founder.tokens


def test_a_first_receipt_delegates_to_oneself(dao: Dao) -> None:
    transfer(dao, ALICE, NEWCOMER.address, 5 * TOKEN)
    assert dao.token.functions.delegates(NEWCOMER.address).call() == NEWCOMER.address
    assert dao.token.functions.getVotes(NEWCOMER.address).call() == 5 * TOKEN
    assert dao.token.functions.getVotes(ALICE.address).call() == 395 * TOKEN


def test_a_delegate_chosen_before_the_first_receipt_stays(dao: Dao) -> None:
    newcomer = member("newcomer")
    nonce = dao.token.functions.nonces(newcomer.address).call()
    expiry = dao.now() + 3_600
    signature = sign_delegation(dao, newcomer, BOB.address, nonce, expiry)
    delegate_by_signature(dao, BOB.address, nonce, expiry, signature)
    transfer(dao, ALICE, newcomer.address, 5 * TOKEN)
    assert dao.token.functions.delegates(newcomer.address).call() == BOB.address
    assert dao.token.functions.getVotes(BOB.address).call() == 305 * TOKEN


def test_who_gave_up_delegating_is_left_alone_while_holding_tokens(dao: Dao) -> None:
    dao.send(ALICE, dao.token.functions.delegate(ZERO))
    transfer(dao, BOB, ALICE.address, TOKEN)
    assert dao.token.functions.delegates(ALICE.address).call() == ZERO
    assert dao.token.functions.getVotes(ALICE.address).call() == 0


def test_nobody_can_undo_a_delegation_by_sending_nothing(dao: Dao) -> None:
    dao.send(ALICE, dao.token.functions.delegate(ZERO))
    transfer(dao, BOB, ALICE.address, 0)
    transfer(dao, BOB, NEWCOMER.address, 0)
    assert dao.token.functions.delegates(ALICE.address).call() == ZERO
    assert dao.token.functions.delegates(NEWCOMER.address).call() == ZERO


def test_power_follows_a_delegation_by_signature(dao: Dao) -> None:
    expiry = dao.now() + 3_600
    delegate_by_signature(
        dao, BOB.address, 0, expiry, sign_delegation(dao, ALICE, BOB.address, 0, expiry)
    )
    assert dao.token.functions.getVotes(BOB.address).call() == 700 * TOKEN
    assert dao.token.functions.getVotes(ALICE.address).call() == 0


def test_a_delegation_by_signature_is_not_replayed(dao: Dao) -> None:
    expiry = dao.now() + 3_600
    signature = sign_delegation(dao, ALICE, BOB.address, 0, expiry)
    delegate_by_signature(dao, BOB.address, 0, expiry, signature)
    with refused("InvalidAccountNonce", ALICE.address, 1):
        delegate_by_signature(dao, BOB.address, 0, expiry, signature)


def test_an_expired_delegation_by_signature_is_refused(dao: Dao) -> None:
    expiry = dao.now() + 100
    signature = sign_delegation(dao, ALICE, BOB.address, 0, expiry)
    dao.advance(101)
    with refused("VotesExpiredSignature", expiry):
        delegate_by_signature(dao, BOB.address, 0, expiry, signature)


@pytest.mark.parametrize("sender", [ALICE, DEPLOYER, MALLORY])
def test_only_the_timelock_mints(dao: Dao, sender: Member) -> None:
    with refused("OwnableUnauthorizedAccount", sender.address):
        dao.send(sender, dao.token.functions.mint(sender.address, TOKEN))


def test_a_vote_mints_and_the_new_tokens_vote(dao: Dao) -> None:
    dao.carry_out(dao.token.functions.mint(NEWCOMER.address, 7 * TOKEN))
    assert dao.token.functions.totalSupply().call() == 1_007 * TOKEN
    assert dao.token.functions.getVotes(NEWCOMER.address).call() == 7 * TOKEN


def test_the_supply_never_exceeds_the_cap(dao: Dao) -> None:
    cap = PARAMETERS.token_cap
    proposal = dao.propose(dao.token.functions.mint(MALLORY.address, cap))
    dao.accept(proposal)
    with refused("ERC20ExceededCap", cap + 1_000 * TOKEN, cap):
        dao.execute(proposal)


def test_what_the_treasury_holds_counts_in_the_quorum(dao: Dao) -> None:
    """The hazard that the contract's documentation warns of."""
    transfer(dao, CAROL, dao.at.timelock, 200 * TOKEN)
    dao.advance(2)
    assert dao.governor.functions.quorum(dao.now() - 1).call() == 100 * TOKEN
