from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from eth_hash.auto import keccak

from governance.actions import Action, parse_action
from governance.actions import kinds as k
from governance.actions.calls import call_data
from governance.parameters import ProposalClass
from governance.proposals import (
    ChainProposals,
    InvalidProposal,
    Outcome,
    ProposalRecord,
    ProposalRefused,
    ProposalState,
    ProposalStatus,
    StatusReader,
    Tally,
    UnknownProposal,
    cancel,
    detail_of,
    execute,
    propose_transaction,
    queue,
    simulate,
    submit,
)
from governance.proposals.effects import effect_of
from governance.reads import MAX_CALLS, Read, Reader
from ledger.chain.errors import ExecutionReverted
from tests.governance.dao import (
    ABSTAIN,
    AGAINST,
    ALICE,
    BOB,
    CAROL,
    DAVE,
    FOR,
    MALLORY,
    TIMELOCK_DELAY,
    TOKEN,
    VOTING_DELAY,
    VOTING_PERIOD,
    Dao,
    canonical,
    member,
)
from tests.governance.proposing import (
    MODEL,
    ModelNames,
    all_proposals,
    attested,
    drafted,
    instant_after,
    proposed,
    record_in,
    statuses,
    submitted,
    votable,
)

NEWCOMER = member("newcomer").address
DIGEST = "0x" + "ab" * 32
ADMIT = k.Admit(member=NEWCOMER, roles=("auditor", "steward"), profile_digest=DIGEST)


def release(dao: Dao, record: str) -> k.Release:
    return k.Release(model=MODEL, record_leaf=record, valid_until=instant_after(dao, 10_000_000))


# Each kind of action, from proposal to effect

SIMPLE: dict[str, Callable[[Dao], Action]] = {
    "admit": lambda _: ADMIT,
    "change-roles": lambda _: k.ChangeRoles(member=CAROL.address, roles=("gateway",)),
    "change-profile": lambda _: k.ChangeProfile(member=CAROL.address, profile_digest=DIGEST),
    "remove-member": lambda _: k.RemoveMember(member=CAROL.address),
    "adopt-policy": lambda _: k.AdoptPolicy(
        policy="release", digest=DIGEST, content="bafy", parameters="0x" + "00" * 64
    ),
    "set-class": lambda _: k.SetClass(proposal_class="routine", quorum=1_500, approval=5_000),
    "set-all-classes": lambda _: k.SetAllClasses(
        classes=tuple(k.ClassDemand(quorum=q, approval=6_000) for q in (1_000, 2_000, 2_500, 3_000))
    ),
    "set-action-class": lambda dao: k.SetActionClass(
        target=dao.at.token, selector="0x40c10f19", proposal_class="treasury"
    ),
    "set-voting-delay": lambda _: k.SetVotingDelay(seconds=120),
    "set-voting-period": lambda _: k.SetVotingPeriod(seconds=7_200),
    "set-vote-extension": lambda _: k.SetVoteExtension(seconds=1_200),
    "set-proposal-threshold": lambda _: k.SetProposalThreshold(amount=str(5 * TOKEN)),
    "set-least-quorum": lambda _: k.SetLeastQuorum(quorum=1_100),
    "set-timelock-delay": lambda _: k.SetTimelockDelay(seconds=1_800),
    "set-guardian": lambda _: k.SetGuardian(guardian=DAVE.address),
    "mint": lambda _: k.Mint(to=NEWCOMER, amount=str(50 * TOKEN)),
    "call": lambda dao: k.RawCall(
        target=dao.at.token, calldata="0x095ea7b3" + NEWCOMER[2:].lower().rjust(64, "0") + 64 * "0"
    ),
}


def carried_out(dao: Dao, action: Action) -> ProposalStatus:
    """Try it, decide it, and see that it changed what was foretold."""
    draft = drafted(dao, action)
    simulation = simulate(dao.chain, dao.at, draft.calls, ModelNames())
    (tried,) = simulation.actions
    assert tried.outcome is Outcome.SUCCEEDS, tried.reason
    record = submitted(dao, draft)
    reader = statuses(dao)
    assert reader.read_one(record).facts.proposal_class == simulation.proposal_class
    accept(dao, reader, record)
    execute(dao.chain, MALLORY.signer, record, dao.at)
    effect = effect_of(action, dao.at, ModelNames())
    answers = [a if isinstance(a, bytes) else None for a in Reader(dao.chain).read(effect.reads)]
    for foretold, found in zip(tried.changes, effect.changes(answers), strict=False):
        assert foretold.what == found.what
        assert foretold.before != foretold.after
        assert foretold.after.startswith(found.before), foretold
    assert bool(tried.changes) == (action.action != "call")
    return reader.read_one(record)


def accept(dao: Dao, reader: StatusReader, record: ProposalRecord) -> None:
    dao.open(votable(record))
    for voter in (ALICE, BOB):
        dao.vote(voter, votable(record))
    dao.close()
    assert reader.read_one(record).state is ProposalState.SUCCEEDED
    queue(dao.chain, MALLORY.signer, record, dao.at)
    dao.advance(TIMELOCK_DELAY + 1)


@pytest.mark.parametrize("kind", SIMPLE)
def test_an_action_goes_through_the_timelock_and_does_what_was_foretold(
    dao: Dao, kind: str
) -> None:
    action = SIMPLE[kind](dao)
    assert action.action == kind
    assert carried_out(dao, action).state is ProposalState.EXECUTED


def test_a_model_is_released_withdrawn_and_reassigned(dao: Dao) -> None:
    record = attested(dao)
    carried_out(dao, release(dao, record))
    carried_out(dao, k.Withdraw(model=MODEL, record_leaf=record, reason=DIGEST))
    carried_out(dao, k.Reassign(model=MODEL, developer=CAROL.address))


def test_a_flag_is_lifted_and_the_record_released_in_one_proposal(dao: Dao) -> None:
    record = attested(dao)
    token = dao.models.functions.modelOf(MODEL).call()
    leaf = bytes.fromhex(record[2:])
    dao.send(CAROL, dao.models.functions.flag(token, leaf, b"\x01" * 32))
    draft = drafted(dao, k.ClearFlag(model=MODEL, record_leaf=record), release(dao, record))
    simulation = simulate(dao.chain, dao.at, draft.calls)
    lifting, releasing = simulation.actions
    assert lifting.outcome is Outcome.SUCCEEDS
    assert (releasing.outcome, releasing.may_depend) == (Outcome.FAILS, True)
    assert releasing.reason == f"an auditor flagged record {record}"
    assert not simulation.fails
    made = submitted(dao, draft)
    accept(dao, statuses(dao), made)
    execute(dao.chain, MALLORY.signer, made, dao.at)
    assert dao.models.functions.recordOf(leaf).call()[2:] == (2, False)


def test_tokens_are_paid_from_the_treasury(dao: Dao) -> None:
    dao.send(ALICE, dao.token.functions.transfer(dao.at.timelock, 20 * TOKEN))
    payment = k.PayToken(token=dao.at.token, to=NEWCOMER, amount=str(15 * TOKEN))
    carried_out(dao, payment)
    assert dao.token.functions.balanceOf(NEWCOMER).call() == 15 * TOKEN


def test_coins_are_paid_from_the_treasury_if_there_are_any(dao: Dao) -> None:
    payment = k.Pay(to=NEWCOMER, amount=str(10**18))
    (tried,) = simulate(dao.chain, dao.at, drafted(dao, payment).calls).actions
    assert tried.outcome is Outcome.FAILS
    assert "insufficient funds" in tried.reason.lower()
    if dao.backend.name == "embedded":
        return  # nobody there ever has coins
    dao.backend.request("anvil_setBalance", dao.at.timelock, hex(3 * 10**18))
    (tried,) = simulate(dao.chain, dao.at, drafted(dao, payment).calls).actions
    assert [(c.before, c.after) for c in tried.changes] == [("3 coins", "2 coins")]
    record = proposed(dao, payment)
    accept(dao, statuses(dao), record)
    execute(dao.chain, MALLORY.signer, record, dao.at)
    assert dao.chain.web3.eth.get_balance(NEWCOMER) == 10**18


# What would fail is told before


@pytest.mark.parametrize(
    ("action", "reason"),
    [
        (k.Admit(member=CAROL.address, roles=()), f"{CAROL.address} is a member already"),
        (k.RemoveMember(member=NEWCOMER), f"{NEWCOMER} is no member"),
        (
            k.Release(model=MODEL, record_leaf=DIGEST, valid_until="2099-01-01T00:00:00Z"),
            f"no record {DIGEST} of this model was proven to be in the anchored log",
        ),
        (
            k.Mint(to=NEWCOMER, amount=str(9_001 * TOKEN)),
            "the supply would be 10,001 tokens, and 10,000 tokens is the most",
        ),
        (k.SetVotingPeriod(seconds=0), "a voting period cannot be 0"),
        (
            k.SetVoteExtension(seconds=VOTING_PERIOD + 1),
            "an extension is at most the voting period, 1 hour",
        ),
        (
            k.SetClass(proposal_class="membership", quorum=1_999, approval=5_000),
            "class membership would take less than the class below it",
        ),
        (
            k.SetAllClasses(
                classes=tuple(k.ClassDemand(quorum=q, approval=5_000) for q in (4, 3, 2, 1))
            ),
            "class membership would take less than the class below it",
        ),
        (
            k.AdoptPolicy(policy="release", digest="0x" + 64 * "0", content=""),
            "a policy needs a digest",
        ),
        (
            k.RawCall(target=NEWCOMER, calldata="0x01020304"),
            "there is no contract at this address, so the call does nothing",
        ),
    ],
)
def test_what_would_fail_is_told_with_its_reason(dao: Dao, action: Action, reason: str) -> None:
    simulation = simulate(dao.chain, dao.at, drafted(dao, action).calls)
    (tried,) = simulation.actions
    assert (tried.outcome, tried.reason) == (Outcome.FAILS, reason)
    assert simulation.fails


def test_the_governors_rules_are_judged_as_the_governor_does(dao: Dao) -> None:
    """What is told of settings without executing them is what executing them does."""
    action = k.SetClass(proposal_class="membership", quorum=1_999, approval=5_000)
    record = proposed(dao, action)
    accept(dao, statuses(dao), record)
    with pytest.raises(ProposalRefused, match="class membership would take less"):
        execute(dao.chain, MALLORY.signer, record, dao.at)
    protected = k.SetActionClass(
        target=dao.at.governor, selector="0x01020304", proposal_class="routine"
    )
    (tried,) = simulate(dao.chain, dao.at, drafted(dao, protected).calls).actions
    assert tried.outcome is Outcome.FAILS


def test_what_cannot_be_tried_is_said_to_be_untried(dao: Dao) -> None:
    update = "0xa890c910" + 64 * "0"  # updateTimelock(address)
    call = k.RawCall(target=dao.at.governor, calldata=update)
    simulation = simulate(dao.chain, dao.at, drafted(dao, call).calls)
    assert simulation.actions[0].outcome is Outcome.UNTRIED
    assert simulation.proposal_class is ProposalClass.CONSTITUTIONAL


def test_trying_changes_nothing(dao: Dao) -> None:
    before = dao.chain.head()
    simulate(dao.chain, dao.at, drafted(dao, ADMIT).calls)
    assert dao.chain.head() == before
    assert not dao.membership.functions.isMember(NEWCOMER).call()


# Sending


def test_a_proposal_is_made_once(dao: Dao) -> None:
    draft = drafted(dao, ADMIT)
    record = submitted(dao, draft)
    assert record.proposal_id == draft.proposal_id
    assert (record.proposer, record.calls) == (ALICE.address, draft.calls)
    assert record.description == draft.description.encode()
    with pytest.raises(ProposalRefused, match="the proposal is pending") as caught:
        submit(dao.chain, ALICE.signer, draft, dao.at)
    assert caught.value.refusal.error == "GovernorUnexpectedProposalState"


def test_nobody_submits_another_members_proposal(dao: Dao) -> None:
    draft = drafted(dao, ADMIT)
    with pytest.raises(InvalidProposal, match=BOB.address):
        submit(dao.chain, BOB.signer, draft, dao.at)
    with pytest.raises(ExecutionReverted):
        dao.chain.send(propose_transaction(draft, dao.at), BOB.signer)


def test_too_few_votes_to_propose_are_told(dao: Dao) -> None:
    with pytest.raises(
        ProposalRefused, match="has 0 tokens and needs 100 tokens to propose"
    ) as caught:
        submit(dao.chain, MALLORY.signer, drafted(dao, ADMIT, proposer=MALLORY), dao.at)
    assert caught.value.refusal.arguments["threshold"] == 100 * TOKEN


def test_steps_at_the_wrong_time_are_refused_in_words(dao: Dao) -> None:
    record = proposed(dao, ADMIT)
    with pytest.raises(ProposalRefused, match="cannot queue: the proposal is pending"):
        queue(dao.chain, MALLORY.signer, record, dao.at)
    with pytest.raises(ProposalRefused, match="cannot execute: the proposal is pending"):
        execute(dao.chain, MALLORY.signer, record, dao.at)
    with pytest.raises(ProposalRefused, match="may not cancel this proposal"):
        cancel(dao.chain, MALLORY.signer, record, dao.at)
    dao.open(votable(record))
    dao.vote(ALICE, votable(record))
    dao.close()
    queue(dao.chain, MALLORY.signer, record, dao.at)
    with pytest.raises(ProposalRefused, match="too early"):
        execute(dao.chain, MALLORY.signer, record, dao.at)


def test_the_proposer_cancels_while_it_is_pending(dao: Dao) -> None:
    record = proposed(dao, ADMIT)
    reader = statuses(dao)
    assert reader.read_one(record).state is ProposalState.PENDING
    cancel(dao.chain, ALICE.signer, record, dao.at)
    status = reader.read_one(record)
    assert status.state is ProposalState.CANCELED
    assert status.waits_for == "It was canceled; nothing is left to do."


def test_a_description_of_a_hundred_kilobytes_goes_on_chain_and_comes_back(dao: Dao) -> None:
    body = "\u202e<b>ü</b>\n" * 8_500
    record = submitted(dao, drafted(dao, ADMIT, body=body))
    assert len(record.description) > 100_000
    status = statuses(dao).read_one(record)
    assert detail_of(record, status, dao.at).description.body == body.strip("\n")


def test_a_description_that_is_no_text_can_be_carried_on(dao: Dao) -> None:
    """Bytes that are no UTF-8, as another program may send them."""
    draft = drafted(dao, ADMIT)
    transaction = propose_transaction(draft, dao.at)
    spoilt = transaction.data.replace(b"Because.", b"\xff\xfe\x80\x00\xc3\x28\xf0\x9f")
    assert spoilt != transaction.data
    receipt = dao.chain.send(replace(transaction, data=spoilt), ALICE.signer)
    record = record_in(dao, receipt)
    assert all_proposals(dao).get(record.proposal_id) == record
    reader = statuses(dao)
    dao.advance(VOTING_DELAY + 1)
    dao.send(ALICE, dao.governor.functions.castVote(record.proposal_id, FOR))
    dao.close()
    queue(dao.chain, MALLORY.signer, record, dao.at)
    assert reader.read_one(record).state is ProposalState.QUEUED


# Reading


def test_a_proposal_is_told_from_its_beginning_to_its_end(dao: Dao) -> None:
    record = proposed(dao, ADMIT)
    reader = statuses(dao)
    pending = reader.read_one(record)
    assert (pending.state, pending.facts.quorum) == (ProposalState.PENDING, None)
    assert pending.seconds_left == record.snapshot + 1 - pending.now
    assert pending.waits_for.startswith("Voting begins in ")
    dao.open(votable(record))
    dao.vote(CAROL, votable(record), ABSTAIN)
    dao.vote(DAVE, votable(record), AGAINST)
    active = reader.read_one(record)
    assert active.facts.tally == Tally(100 * TOKEN, 0, 200 * TOKEN)
    assert (active.facts.quorum, active.facts.approval) == (300 * TOKEN, 5_000)
    assert "needs 100 tokens more" in active.waits_for
    lost = replace(active, now=active.facts.deadline + 1)
    assert lost.waits_for == (
        "It was defeated. The quorum lacked 100 tokens for or abstaining. "
        "It took 50 % of those for and against and more for than against."
    )
    dao.vote(ALICE, votable(record))
    assert "Quorum and approval are reached." in reader.read_one(record).waits_for
    dao.close()
    succeeded = reader.read_one(record)
    assert (succeeded.state, succeeded.is_due) == (ProposalState.SUCCEEDED, True)
    queue(dao.chain, MALLORY.signer, record, dao.at)
    queued = reader.read_one(record)
    assert (queued.state, queued.is_due) == (ProposalState.QUEUED, False)
    assert 0 < (queued.seconds_left or 0) <= TIMELOCK_DELAY
    dao.advance(TIMELOCK_DELAY + 1)
    assert reader.read_one(record).is_due
    execute(dao.chain, MALLORY.signer, record, dao.at)
    executed = reader.read_one(record)
    assert executed.state is ProposalState.EXECUTED
    assert (executed.is_due, executed.next_step_at) == (False, None)


def test_the_state_that_time_alone_changes_is_the_contracts_at_every_second(dao: Dao) -> None:
    """One reader that keeps its facts, against the governor itself, around each border."""
    records = [proposed(dao, ADMIT, title=f"Proposal {number}") for number in range(3)]
    reader = statuses(dao)
    seen = set()
    dao.advance(records[-1].snapshot - dao.now() - 2)
    for step in range(40):
        told = reader.read(records)
        for record, status in zip(records, told, strict=True):
            assert status.state == dao.state(votable(record)), status
            seen.add(status.state)
        if step == 6:
            dao.vote(ALICE, votable(records[0]))
            dao.vote(BOB, votable(records[1]), AGAINST)
        if step == 8:
            # Close to the end: three seconds remain.
            dao.advance(records[-1].first_deadline - dao.now() - 3)
        dao.advance(1)
    assert seen >= {
        ProposalState.PENDING,
        ProposalState.ACTIVE,
        ProposalState.SUCCEEDED,
        ProposalState.DEFEATED,
    }


def test_a_late_quorum_extends_the_deadline_that_is_told(dao: Dao) -> None:
    record = proposed(dao, ADMIT)
    reader = statuses(dao)
    dao.open(votable(record))
    dao.advance(VOTING_PERIOD - 60)
    before = reader.read_one(record).facts.deadline
    dao.vote(ALICE, votable(record))
    after = reader.read_one(record).facts.deadline
    assert before == record.first_deadline < after


def test_execution_past_the_governor_is_noticed(dao: Dao) -> None:
    """Anyone may execute in the timelock itself what is ready there."""
    record = proposed(dao, ADMIT)
    reader = statuses(dao)
    accept(dao, reader, record)
    assert reader.read_one(record).state is ProposalState.QUEUED
    proposal = votable(record)
    salt = bytes(
        a ^ b
        for a, b in zip(
            canonical(dao.at.governor) + bytes(12), record.description_hash, strict=True
        )
    )
    dao.send(
        MALLORY,
        dao.timelock.functions.executeBatch(
            proposal.targets, proposal.values, proposal.calldatas, bytes(32), salt
        ),
    )
    assert reader.read_one(record).state is ProposalState.EXECUTED


def test_a_page_is_read_without_asking_again_for_what_did_not_change(
    dao: Dao, monkeypatch: pytest.MonkeyPatch
) -> None:
    records = [proposed(dao, ADMIT, title=f"Proposal {number}") for number in range(4)]
    dao.open(votable(records[-1]))
    reader = statuses(dao)
    reader.read(records)
    asked: list[int] = []
    original = Reader.read
    monkeypatch.setattr(
        Reader, "read", lambda self, reads, **_: asked.append(len(reads)) or original(self, reads)
    )
    reader.read(records)
    assert asked == [1, 0]  # the clock alone
    dao.vote(ALICE, votable(records[2]))
    reader.read(records)
    assert asked[2:] == [6, 0]  # the clock, and the five facts of one proposal


def test_proposals_are_listed_from_the_newest(dao: Dao) -> None:
    records = [proposed(dao, ADMIT, title=f"Proposal {number}") for number in range(5)]
    proposals = all_proposals(dao)
    page = proposals.newest(2)
    assert page == [records[4], records[3]]
    assert proposals.newest(2, before=page[-1]) == [records[2], records[1]]
    assert proposals.newest(9, before=records[0]) == []
    assert proposals.get(records[1].proposal_id) == records[1]
    with pytest.raises(UnknownProposal):
        proposals.get(7)


def test_reading_goes_on_where_an_earlier_reading_ended(dao: Dao) -> None:
    first = proposed(dao, ADMIT, title="First")
    earlier = all_proposals(dao)
    second = proposed(dao, ADMIT, title="Second")
    assert earlier.cursor is not None
    later = ChainProposals(dao.chain, dao.at, earlier.cursor, earlier.newest(10))
    later.refresh()
    later.refresh()
    assert later.newest(10) == [second, first]


@pytest.mark.anvil
def test_proposals_of_a_block_that_is_gone_are_gone(dao: Dao) -> None:
    if dao.backend.name == "embedded":
        pytest.skip("the embedded chain is never reorganised")
    kept = proposed(dao, ADMIT, title="Kept")
    proposals = all_proposals(dao)
    reader = statuses(dao)
    snapshot = dao.backend.request("evm_snapshot")
    lost = proposed(dao, ADMIT, title="Lost")
    proposals.refresh()
    assert proposals.newest(5) == [lost, kept]
    reader.read([lost, kept])
    dao.backend.request("evm_revert", snapshot)
    dao.advance(5)
    dao.advance(5)
    proposals.refresh()
    assert proposals.newest(5) == [kept]
    assert reader.read_one(kept).state is ProposalState.PENDING
    with pytest.raises(UnknownProposal):
        reader.read([lost])


def test_what_voters_read_is_put_together(dao: Dao) -> None:
    record = submitted(dao, drafted(dao, ADMIT, title="Admit a newcomer", body="**Why not**"))
    detail = detail_of(record, statuses(dao).read_one(record), dao.at)
    assert detail.description.title == "Admit a newcomer"
    assert detail.description.proposer == ALICE.address
    (action,) = detail.actions
    assert action.action == parse_action(ADMIT.model_dump(by_alias=True))
    assert action.sentence.startswith(f"Admit {NEWCOMER}")
    assert detail.status.facts.proposal_class is ProposalClass.MEMBERSHIP


def test_many_reads_answer_as_single_ones(dao: Dao) -> None:
    token = canonical(dao.at.token)
    accounts = ["0x" + keccak(bytes([n % 256, n // 256]))[:20].hex() for n in range(MAX_CALLS + 9)]
    accounts[3] = ALICE.address
    reads = [Read(token, call_data("ConcordToken", "balanceOf", each)) for each in accounts]
    reads[5] = Read(token, b"\x01\x02\x03\x04")
    reads[6] = Read(canonical(NEWCOMER), b"")
    answers = Reader(dao.chain).read(reads)
    assert answers[3] == (400 * TOKEN).to_bytes(32)
    assert isinstance(answers[5], ExecutionReverted)
    assert answers[6] == b""
    assert all(answer == bytes(32) for n, answer in enumerate(answers) if n not in (3, 5, 6))
