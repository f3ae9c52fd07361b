"""OpenZeppelin's timelock as it is set up here, and what it holds."""

from __future__ import annotations

import pytest
from eth_utils import keccak

from ledger.chain.errors import ExecutionReverted
from tests.governance.dao import (
    ALICE,
    BOB,
    DEPLOYER,
    EXECUTED,
    MALLORY,
    QUEUED,
    TIMELOCK_DELAY,
    TOKEN,
    Call,
    Dao,
    Member,
    Proposal,
    call_of,
    fund,
    member,
    refused,
)

STRANGERS = [ALICE, DEPLOYER, MALLORY]
NEWCOMER = member("newcomer")


def operation(dao: Dao, proposal: Proposal) -> tuple[object, ...]:
    """A proposal as the timelock knows it: no predecessor, the governor's own salt."""
    governor = bytes.fromhex(dao.at.governor[2:]) + bytes(12)
    text = keccak(text=proposal.description)
    salt = bytes(a ^ b for a, b in zip(governor, text, strict=True))
    return (proposal.targets, proposal.values, proposal.calldatas, bytes(32), salt)


@pytest.mark.parametrize("sender", STRANGERS)
def test_only_the_governor_schedules_and_cancels(dao: Dao, sender: Member) -> None:
    admit = call_of(dao.membership.functions.admit(NEWCOMER.address, [], bytes(32)))
    functions = dao.timelock.functions
    for attempt in (
        functions.schedule(admit.target, 0, admit.data, bytes(32), bytes(32), TIMELOCK_DELAY),
        functions.scheduleBatch(
            [admit.target], [0], [admit.data], bytes(32), bytes(32), TIMELOCK_DELAY
        ),
        functions.cancel(bytes(32)),
    ):
        with refused("AccessControlUnauthorizedAccount"):
            dao.send(sender, attempt)


@pytest.mark.parametrize("sender", STRANGERS)
def test_nobody_gives_themselves_a_role_or_changes_the_delay(dao: Dao, sender: Member) -> None:
    functions = dao.timelock.functions
    for role in (functions.PROPOSER_ROLE().call(), bytes(32)):
        with refused("AccessControlUnauthorizedAccount", sender.address, bytes(32)):
            dao.send(sender, functions.grantRole(role, sender.address))
    with refused("TimelockUnauthorizedCaller", sender.address):
        dao.send(sender, functions.updateDelay(0))


def test_what_was_not_scheduled_is_not_executed(dao: Dao) -> None:
    admit = call_of(dao.membership.functions.admit(NEWCOMER.address, [], bytes(32)))
    with refused("TimelockUnexpectedOperationState"):
        dao.send(
            MALLORY,
            dao.timelock.functions.execute(admit.target, 0, admit.data, bytes(32), bytes(32)),
        )


def test_anyone_executes_what_is_due_and_not_before(dao: Dao) -> None:
    proposal = dao.propose(dao.membership.functions.admit(NEWCOMER.address, [], bytes(32)))
    dao.open(proposal)
    dao.vote(ALICE, proposal)
    dao.close()
    dao.queue(proposal)
    execute = dao.timelock.functions.executeBatch(*operation(dao, proposal))
    with refused("TimelockUnexpectedOperationState"):
        dao.send(MALLORY, execute)
    assert dao.state(proposal) == QUEUED
    dao.advance(TIMELOCK_DELAY + 1)
    dao.send(MALLORY, execute)
    assert dao.state(proposal) == EXECUTED
    assert dao.membership.functions.isMember(NEWCOMER.address).call()
    with refused("TimelockUnexpectedOperationState"):
        dao.send(MALLORY, execute)


def test_the_governors_rules_change_through_the_governor_only(dao: Dao) -> None:
    """Past the governor it is refused, and is still possible the right way afterwards."""
    proposal = dao.propose(dao.governor.functions.setVotingDelay(7))
    dao.accept(proposal)
    with pytest.raises(ExecutionReverted):
        dao.send(MALLORY, dao.timelock.functions.executeBatch(*operation(dao, proposal)))
    dao.execute(proposal)
    assert dao.governor.functions.votingDelay().call() == 7


def test_the_delay_changes_by_vote(dao: Dao) -> None:
    dao.carry_out(dao.timelock.functions.updateDelay(5))
    assert dao.timelock.functions.getMinDelay().call() == 5


def test_a_vote_moves_everything_to_another_timelock(dao: Dao) -> None:
    """Here: to a member's account. It takes one vote and the new owner's acceptance."""
    dao.carry_out(
        dao.membership.functions.grantRole(bytes(32), BOB.address),
        dao.membership.functions.renounceRole(bytes(32), dao.at.timelock),
        dao.token.functions.transferOwnership(BOB.address),
    )
    dao.send(BOB, dao.token.functions.acceptOwnership())
    dao.send(BOB, dao.membership.functions.admit(NEWCOMER.address, [], bytes(32)))
    assert dao.membership.functions.getRoleMembers(bytes(32)).call() == [BOB.address]


def test_a_failing_action_undoes_the_ones_before_it(dao: Dao) -> None:
    proposal = dao.propose(
        dao.membership.functions.admit(NEWCOMER.address, [], bytes(32)),
        dao.membership.functions.admit(ALICE.address, [], bytes(32)),
    )
    dao.accept(proposal)
    with refused("MembershipRegistryAlreadyMember", ALICE.address):
        dao.execute(proposal)
    assert not dao.membership.functions.isMember(NEWCOMER.address).call()


# The treasury


def test_a_vote_pays_tokens_from_the_treasury(dao: Dao) -> None:
    dao.send(ALICE, dao.token.functions.transfer(dao.at.timelock, 30 * TOKEN))
    with refused("ERC20InsufficientBalance"):
        dao.send(MALLORY, dao.token.functions.transfer(MALLORY.address, TOKEN))
    dao.carry_out(dao.token.functions.transfer(NEWCOMER.address, 20 * TOKEN))
    assert dao.token.functions.balanceOf(NEWCOMER.address).call() == 20 * TOKEN
    assert dao.token.functions.balanceOf(dao.at.timelock).call() == 10 * TOKEN


def test_nobody_takes_the_treasurys_tokens(dao: Dao) -> None:
    dao.send(ALICE, dao.token.functions.transfer(dao.at.timelock, 30 * TOKEN))
    with refused("ERC20InsufficientAllowance"):
        dao.send(
            MALLORY,
            dao.token.functions.transferFrom(dao.at.timelock, MALLORY.address, TOKEN),
        )


def test_the_treasury_receives_a_models_token(dao: Dao) -> None:
    dao.send(BOB, dao.models.functions.register("m", 0))
    model = dao.models.functions.modelOf("m").call()
    transfer = dao.models.get_function_by_signature("safeTransferFrom(address,address,uint256)")
    dao.send(BOB, transfer(BOB.address, dao.at.timelock, model))
    assert dao.models.functions.ownerOf(model).call() == dao.at.timelock


def test_a_vote_pays_coins_from_the_treasury(dao: Dao) -> None:
    """On a chain without coins the payment is refused when it is executed, and is no loss."""
    payee = member("payee")
    proposal = dao.propose(Call(payee.address, value=10**15))
    if dao.backend.name == "embedded":
        dao.accept(proposal)
        with refused("FailedCall"):
            dao.execute(proposal)
        return
    before = dao.chain.web3.eth.get_balance(payee.address)
    dao.send_call(ALICE, Call(dao.at.timelock, value=10**16))
    dao.accept(proposal)
    dao.execute(proposal)
    assert dao.chain.web3.eth.get_balance(payee.address) == before + 10**15


def test_the_governor_takes_no_coins(dao: Dao) -> None:
    if dao.backend.name == "embedded":
        value = 0
    else:
        fund(dao.backend, ALICE)
        value = 1
    with refused("GovernorDisabledDeposit"):
        dao.send_call(ALICE, Call(dao.at.governor, value=value))
