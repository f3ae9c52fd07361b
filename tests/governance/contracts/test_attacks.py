"""Attacks on the vote itself. Those on anchors and releases are with their registries, ballots'
replay and forgery with the votes."""

from __future__ import annotations

import pytest

from governance.addresses import created_address
from ledger.chain.signing import TransactionDraft
from tests.governance.atomic import init_code
from tests.governance.dao import (
    ACTIVE,
    AGAINST,
    ALICE,
    BOB,
    CANCELED,
    CAROL,
    DAVE,
    DEFEATED,
    EVERYBODY,
    EXECUTED,
    FOR,
    MALLORY,
    PARAMETERS,
    QUEUED,
    TIMELOCK_DELAY,
    TOKEN,
    VOTE_EXTENSION,
    VOTING_PERIOD,
    Call,
    Dao,
    Member,
    Proposal,
    call_of,
    events,
    found,
    refused,
)
from tests.support.chains import Backend

ZERO = "0x" + 40 * "0"
GUARDIAN = CAROL


def admission(dao: Dao) -> Call:
    return call_of(dao.membership.functions.admit(MALLORY.address, [], bytes(32)))


# Flash loans


def borrowed(dao: Dao, *calls: Call) -> bytes:
    """Init code that borrows 400 tokens from ALICE, does something, and gives them back."""
    nonce = dao.chain.web3.eth.get_transaction_count(MALLORY.address)
    borrower = created_address(MALLORY.address, nonce)
    dao.send(ALICE, dao.token.functions.approve(borrower, 400 * TOKEN))
    take = call_of(dao.token.functions.transferFrom(ALICE.address, borrower, 400 * TOKEN))
    give = call_of(dao.token.functions.transfer(ALICE.address, 400 * TOKEN))
    return init_code([take, *calls, give])


def test_a_flash_loan_goes_through_so_that_the_next_tests_mean_something(dao: Dao) -> None:
    dao.chain.send(TransactionDraft(to=None, data=borrowed(dao)), MALLORY.signer)
    assert dao.token.functions.balanceOf(ALICE.address).call() == 400 * TOKEN


def test_a_flash_loan_does_not_vote(dao: Dao) -> None:
    proposal = dao.propose(admission(dao), proposer=BOB)
    dao.open(proposal)
    vote = call_of(dao.governor.functions.castVote(proposal.id, FOR))
    code = borrowed(dao, vote)
    with refused("GovernorAlreadyCastVote"):
        dao.chain.send(TransactionDraft(to=None, data=code), MALLORY.signer)


def test_a_flash_loan_does_not_propose(dao: Dao) -> None:
    nonce = dao.chain.web3.eth.get_transaction_count(MALLORY.address)
    borrower = created_address(MALLORY.address, nonce)
    drafted = dao.draft(admission(dao), description=f"Mine.\n\n#proposer={borrower}")
    code = borrowed(dao, call_of(dao.proposing(drafted)))
    with refused("GovernorInsufficientProposerVotes", borrower, 0, 100 * TOKEN):
        dao.chain.send(TransactionDraft(to=None, data=code), MALLORY.signer)


def test_power_bought_after_the_snapshot_does_not_vote(dao: Dao) -> None:
    proposal = dao.propose(admission(dao))
    dao.open(proposal)
    dao.send(ALICE, dao.token.functions.transfer(MALLORY.address, 400 * TOKEN))
    dao.advance(2)
    with refused("GovernorAlreadyCastVote", MALLORY.address):
        dao.vote(MALLORY, proposal)
    dao.vote(ALICE, proposal)
    assert dao.tally(proposal) == (0, 400, 0)


def test_tokens_minted_after_the_snapshot_change_neither_quorum_nor_tally(dao: Dao) -> None:
    mint = dao.propose(dao.token.functions.mint(MALLORY.address, 5_000 * TOKEN))
    dao.open(mint)
    dao.vote(ALICE, mint)
    dao.vote(BOB, mint)
    dao.advance(VOTING_PERIOD - 200)
    proposal = dao.propose(admission(dao))
    dao.advance(201)
    dao.queue(mint)
    dao.advance(TIMELOCK_DELAY + 1)
    dao.execute(mint)
    assert dao.state(proposal) == ACTIVE
    assert dao.governor.functions.proposalQuorum(proposal.id).call() == 300 * TOKEN
    with refused("GovernorAlreadyCastVote"):
        dao.vote(MALLORY, proposal)


# Late quorum


def test_a_quorum_reached_at_the_last_moment_leaves_time_to_answer(dao: Dao) -> None:
    proposal = dao.propose(admission(dao))
    dao.open(proposal)
    dao.advance(VOTING_PERIOD - 100)
    deadline = dao.governor.functions.proposalDeadline(proposal.id).call()
    receipt = dao.vote(ALICE, proposal)
    extended = dao.governor.functions.proposalDeadline(proposal.id).call()
    assert extended > deadline
    voted_at = dao.chain.block(receipt.block_number).timestamp
    assert extended == voted_at + VOTE_EXTENSION
    assert events(dao.governor, "ProposalExtended", receipt) == [
        {"proposalId": proposal.id, "extendedDeadline": extended}
    ]
    dao.advance(200)
    assert dao.state(proposal) == ACTIVE
    dao.vote(BOB, proposal, AGAINST)
    dao.vote(CAROL, proposal, AGAINST)
    dao.close()
    assert dao.state(proposal) == DEFEATED


def test_a_late_vote_that_reaches_no_quorum_extends_nothing(dao: Dao) -> None:
    """The quorum that counts is that of the proposal's class: 300, where the least is 100."""
    proposal = dao.propose(admission(dao))
    dao.open(proposal)
    dao.advance(VOTING_PERIOD - 100)
    deadline = dao.governor.functions.proposalDeadline(proposal.id).call()
    dao.vote(CAROL, proposal)
    assert dao.governor.functions.proposalDeadline(proposal.id).call() == deadline


def test_the_vote_is_extended_once(dao: Dao) -> None:
    proposal = dao.propose(admission(dao))
    dao.open(proposal)
    dao.advance(VOTING_PERIOD - 100)
    dao.vote(ALICE, proposal)
    extended = dao.governor.functions.proposalDeadline(proposal.id).call()
    dao.advance(VOTE_EXTENSION - 200)
    dao.vote(BOB, proposal)
    assert dao.governor.functions.proposalDeadline(proposal.id).call() == extended


# Front-running


def test_nobody_makes_anothers_proposal_first_and_cancels_it(dao: Dao) -> None:
    drafted = dao.draft(admission(dao), proposer=ALICE)
    with refused("GovernorRestrictedProposer", BOB.address):
        dao.send(BOB, dao.proposing(drafted))
    dao.send(ALICE, dao.proposing(drafted))
    with refused("GovernorUnableToCancel", drafted.id, BOB.address):
        dao.send(BOB, dao.governor.functions.cancel(*drafted.full))


@pytest.mark.parametrize(
    "description",
    [
        "No name at all",
        "",
        "#proposer=0x",
        "#proposer=" + ZERO,
        "#proposer=" + ALICE.address[:-1],
        "#proposer=" + ALICE.address + "\n",
        "#proposer=" + ALICE.address[:-1] + "g",
        "#proposer=" + BOB.address,
        "#Proposer=" + ALICE.address,
    ],
)
def test_a_description_that_does_not_bind_the_proposer_is_refused(
    dao: Dao, description: str
) -> None:
    drafted = dao.draft(admission(dao), description=description or " ")
    with refused("GovernorRestrictedProposer", ALICE.address):
        dao.send(ALICE, dao.proposing(drafted))


def test_a_description_may_write_the_address_in_any_case(dao: Dao) -> None:
    dao.propose(admission(dao), description="x #proposer=" + ALICE.address.lower())
    upper = "0x" + ALICE.address[2:].upper()
    dao.propose(admission(dao), description="y #proposer=" + upper)


def test_the_same_proposal_is_made_once(dao: Dao) -> None:
    proposal = dao.propose(admission(dao))
    with refused("GovernorUnexpectedProposalState"):
        dao.send(ALICE, dao.proposing(proposal))


def test_a_description_of_a_hundred_kilobytes_with_anything_in_it_is_just_a_text(
    dao: Dao,
) -> None:
    text = "<script>\u202e**x**\0" * 5_000 + f"#proposer={ALICE.address}"
    proposal = dao.propose(admission(dao), description=text)
    dao.open(proposal)
    assert dao.state(proposal) == ACTIVE


# Spam


def test_nobody_proposes_with_less_than_the_threshold(dao: Dao) -> None:
    with refused("GovernorInsufficientProposerVotes", MALLORY.address, 0, 100 * TOKEN):
        dao.propose(admission(dao), proposer=MALLORY)
    dao.propose(admission(dao), proposer=DAVE)
    dao.send(DAVE, dao.token.functions.transfer(ALICE.address, 1))
    dao.advance(2)
    with refused("GovernorInsufficientProposerVotes", DAVE.address, 100 * TOKEN - 1, 100 * TOKEN):
        dao.propose(admission(dao), proposer=DAVE)


@pytest.mark.parametrize("cut", [0, 1, 2])
def test_a_proposal_whose_lists_do_not_match_is_refused(dao: Dao, cut: int) -> None:
    lists: list[list[object]] = [[dao.at.token], [0], [b""]]
    lists[cut] = []
    with refused("GovernorInvalidProposalLength"):
        dao.send(
            ALICE, dao.governor.functions.propose(*lists, f"#proposer={ALICE.address}".rjust(60))
        )


def test_a_proposal_that_does_nothing_is_refused(dao: Dao) -> None:
    with refused("GovernorInvalidProposalLength", 0, 0, 0):
        dao.propose(description=f"#proposer={ALICE.address}".rjust(60))


# Rules that change under a running vote


@pytest.mark.parametrize("change", ["class", "all", "least"])
def test_a_running_vote_keeps_its_quorum_and_approval(dao: Dao, change: str) -> None:
    functions = dao.governor.functions
    lowered = {
        "class": functions.setClassParameters(1, (2_000, 5_000)),
        "all": functions.setAllClassParameters([(100, 5_000)] * 4),
        "least": functions.updateQuorumNumerator(9_000),
    }[change]
    rules = dao.propose(lowered)
    dao.open(rules)
    dao.vote(ALICE, rules)
    dao.vote(BOB, rules)
    dao.advance(VOTING_PERIOD - 200)
    proposal = dao.propose(admission(dao))
    dao.advance(201)
    dao.queue(rules)
    dao.vote(CAROL, proposal)
    dao.advance(TIMELOCK_DELAY + 1)
    dao.execute(rules)
    assert dao.state(rules) == EXECUTED
    assert functions.proposalQuorum(proposal.id).call() == 300 * TOKEN
    assert functions.proposalApproval(proposal.id).call() == 5_000
    dao.close()
    assert dao.state(proposal) == DEFEATED


def test_a_vote_that_is_over_is_not_decided_again_by_new_rules(dao: Dao) -> None:
    proposal = dao.propose(admission(dao))
    dao.open(proposal)
    dao.vote(CAROL, proposal)
    dao.close()
    assert dao.state(proposal) == DEFEATED
    dao.carry_out(dao.governor.functions.setAllClassParameters([(0, 5_000)] * 4))
    dao.carry_out(dao.governor.functions.updateQuorumNumerator(0))
    assert dao.state(proposal) == DEFEATED
    with refused("GovernorUnexpectedProposalState"):
        dao.queue(proposal)


# The guardian


@pytest.fixture
def guarded(backend: Backend) -> Dao:
    return found(backend, parameters=PARAMETERS.model_copy(update={"guardian": GUARDIAN.address}))


def cancel(dao: Dao, proposal: Proposal, sender: Member) -> None:
    dao.send(sender, dao.governor.functions.cancel(*proposal.full))


def test_the_guardian_cancels_a_proposal_at_any_time_before_it_is_executed(guarded: Dao) -> None:
    pending, active, queued = (guarded.propose(admission(guarded)) for _ in range(3))
    cancel(guarded, pending, GUARDIAN)
    guarded.open(active)
    cancel(guarded, active, GUARDIAN)
    guarded.vote(ALICE, queued)
    guarded.close()
    guarded.queue(queued)
    assert guarded.state(queued) == QUEUED
    cancel(guarded, queued, GUARDIAN)
    for proposal in (pending, active, queued):
        assert guarded.state(proposal) == CANCELED
        with refused("GovernorUnexpectedProposalState"):
            guarded.execute(proposal)


def test_the_guardian_cannot_keep_the_members_from_replacing_the_guardian(guarded: Dao) -> None:
    proposal = guarded.propose(guarded.governor.functions.setProposalGuardian(ZERO))
    with refused("GovernorUnableToCancel", proposal.id, GUARDIAN.address):
        cancel(guarded, proposal, GUARDIAN)
    guarded.open(proposal)
    guarded.vote(ALICE, proposal)
    guarded.vote(BOB, proposal)
    with refused("GovernorUnableToCancel", proposal.id, GUARDIAN.address):
        cancel(guarded, proposal, GUARDIAN)
    guarded.close()
    guarded.queue(proposal)
    with refused("GovernorUnableToCancel", proposal.id, GUARDIAN.address):
        cancel(guarded, proposal, GUARDIAN)
    guarded.advance(TIMELOCK_DELAY + 1)
    guarded.execute(proposal)
    assert guarded.governor.functions.proposalGuardian().call() == ZERO


def test_nothing_else_hides_from_the_guardian_behind_a_replacement(guarded: Dao) -> None:
    proposal = guarded.propose(
        guarded.governor.functions.setProposalGuardian(ALICE.address), admission(guarded)
    )
    cancel(guarded, proposal, GUARDIAN)
    assert guarded.state(proposal) == CANCELED


def test_a_guardian_who_was_replaced_cancels_nothing(guarded: Dao) -> None:
    guarded.carry_out(guarded.governor.functions.setProposalGuardian(DAVE.address))
    proposal = guarded.propose(admission(guarded))
    with refused("GovernorUnableToCancel", proposal.id, GUARDIAN.address):
        cancel(guarded, proposal, GUARDIAN)
    cancel(guarded, proposal, DAVE)


def test_a_guardian_has_no_right_but_to_cancel(guarded: Dao) -> None:
    for attempt in (
        guarded.governor.functions.setProposalGuardian(GUARDIAN.address),
        guarded.governor.functions.setVotingDelay(0),
    ):
        with refused("GovernorOnlyExecutor", GUARDIAN.address):
            guarded.send(GUARDIAN, attempt)
    with refused("AccessControlUnauthorizedAccount"):
        guarded.send(GUARDIAN, guarded.timelock.functions.cancel(bytes(32)))


def test_with_a_guardian_a_proposer_cancels_only_before_the_vote(guarded: Dao) -> None:
    early, late = (guarded.propose(admission(guarded)) for _ in range(2))
    cancel(guarded, early, ALICE)
    guarded.open(late)
    with refused("GovernorUnableToCancel", late.id, ALICE.address):
        cancel(guarded, late, ALICE)


def test_without_a_guardian_a_proposer_cancels_at_any_time(backend: Backend) -> None:
    dao = found(backend, parameters=PARAMETERS.model_copy(update={"guardian": ZERO}))
    proposal = dao.propose(admission(dao))
    dao.accept(proposal)
    with refused("GovernorUnableToCancel", proposal.id, BOB.address):
        cancel(dao, proposal, BOB)
    cancel(dao, proposal, ALICE)
    assert dao.state(proposal) == CANCELED


def test_the_members_are_the_guardian_unless_somebody_else_is_named(dao: Dao) -> None:
    assert dao.governor.functions.proposalGuardian().call() == dao.at.timelock


def test_a_proposer_takes_back_what_is_pending_and_never_what_was_carried(dao: Dao) -> None:
    early, carried = (dao.propose(admission(dao)) for _ in range(2))
    cancel(dao, early, ALICE)
    assert dao.state(early) == CANCELED
    dao.open(carried)
    with refused("GovernorUnableToCancel", carried.id, ALICE.address):
        cancel(dao, carried, ALICE)
    dao.vote(ALICE, carried)
    dao.close()
    with refused("GovernorUnableToCancel", carried.id, ALICE.address):
        cancel(dao, carried, ALICE)
    dao.queue(carried)
    with refused("GovernorUnableToCancel", carried.id, ALICE.address):
        cancel(dao, carried, ALICE)
    dao.advance(TIMELOCK_DELAY + 1)
    dao.execute(carried)
    assert dao.state(carried) == EXECUTED


def test_nobody_cancels_in_the_members_name(dao: Dao) -> None:
    proposal = dao.propose(admission(dao))
    for each in EVERYBODY:
        if each is not ALICE:
            with refused("GovernorUnableToCancel", proposal.id, each.address):
                cancel(dao, proposal, each)


def test_the_members_cancel_by_vote_what_they_carried(dao: Dao) -> None:
    carried = dao.propose(admission(dao))
    canceling = dao.propose(dao.governor.functions.cancel(*carried.full))
    dao.open(canceling)
    for proposal in (carried, canceling):
        dao.vote(ALICE, proposal)
        dao.vote(BOB, proposal)
    dao.close()
    dao.queue(carried)
    dao.queue(canceling)
    dao.advance(TIMELOCK_DELAY + 1)
    dao.execute(canceling)
    assert dao.state(carried) == CANCELED
    with refused("GovernorUnexpectedProposalState"):
        dao.execute(carried)


def test_the_members_name_a_guardian_by_vote_and_take_it_back(dao: Dao) -> None:
    dao.carry_out(dao.governor.functions.setProposalGuardian(GUARDIAN.address))
    proposal = dao.propose(admission(dao))
    cancel(dao, proposal, GUARDIAN)
    dao.carry_out(dao.governor.functions.setProposalGuardian(dao.at.timelock))
    other = dao.propose(admission(dao))
    with refused("GovernorUnableToCancel", other.id, GUARDIAN.address):
        cancel(dao, other, GUARDIAN)


def test_what_was_executed_is_not_cancelled(guarded: Dao) -> None:
    proposal = guarded.propose(admission(guarded))
    guarded.accept(proposal)
    guarded.execute(proposal)
    with refused("GovernorUnexpectedProposalState"):
        cancel(guarded, proposal, GUARDIAN)
