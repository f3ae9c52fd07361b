from __future__ import annotations

import logging
import threading

import pytest

from governance.actions import kinds as k
from governance.keeper import Keeper, KeeperPolicy, KeeperReport
from governance.proposals import ProposalRecord, ProposalState, execute, queue
from ledger.chain.chain import Chain
from ledger.chain.errors import ChainUnavailable
from tests.governance.dao import ALICE, DAVE, MALLORY, TIMELOCK_DELAY, TOKEN, Dao, member
from tests.governance.proposing import all_proposals, proposed, statuses, votable

NEWCOMER = member("newcomer").address
POLICY = KeeperPolicy(first_pause_seconds=100, longest_pause_seconds=250, pass_seconds=0.01)


def keeper_of(dao: Dao) -> Keeper:
    return Keeper(
        dao.chain,
        dao.at,
        MALLORY.signer,
        proposals=all_proposals(dao),
        statuses=statuses(dao),
        policy=POLICY,
    )


def admitted(dao: Dao, name: str) -> ProposalRecord:
    return proposed(dao, k.Admit(member=member(name).address, roles=()), title=name)


def decide(dao: Dao, *records: ProposalRecord) -> None:
    dao.open(votable(records[-1]))
    for record in records:
        dao.vote(ALICE, votable(record))
    dao.close()


def test_what_is_due_is_queued_and_then_executed(dao: Dao) -> None:
    records = [admitted(dao, name) for name in ("one", "two")]
    waiting = proposed(dao, k.RemoveMember(member=DAVE.address))
    keeper = keeper_of(dao)
    assert keeper.run_once() == KeeperReport()
    decide(dao, *records)
    numbers = tuple(record.proposal_id for record in records)
    assert keeper.run_once() == KeeperReport(queued=numbers)
    assert keeper.run_once() == KeeperReport()
    dao.advance(TIMELOCK_DELAY + 1)
    assert keeper.run_once() == KeeperReport(executed=numbers)
    assert keeper.run_once() == KeeperReport()
    assert dao.membership.functions.isMember(member("two").address).call()
    assert statuses(dao).read_one(waiting).state is ProposalState.DEFEATED


def test_a_keeper_that_was_killed_goes_on_where_the_chain_stands(dao: Dao) -> None:
    record = admitted(dao, "one")
    decide(dao, record)
    assert keeper_of(dao).run_once().queued == (record.proposal_id,)
    dao.advance(TIMELOCK_DELAY + 1)
    assert keeper_of(dao).run_once().executed == (record.proposal_id,)
    assert keeper_of(dao).run_once() == KeeperReport()


def test_one_bad_proposal_does_not_hold_up_the_others(dao: Dao) -> None:
    bad = proposed(dao, k.RemoveMember(member=NEWCOMER))
    good = admitted(dao, "good")
    decide(dao, bad, good)
    keeper = keeper_of(dao)
    keeper.run_once()
    dao.advance(TIMELOCK_DELAY + 1)
    report = keeper.run_once()
    assert report.executed == (good.proposal_id,)
    (failure,) = report.failed
    assert (failure.proposal_id, failure.step, failure.attempts) == (bad.proposal_id, "execute", 1)
    assert failure.reason == f"proposal {bad.proposal_id}: {NEWCOMER} is no member"
    assert failure.code == "execution-reverted"


def test_a_failure_is_left_alone_for_longer_each_time_and_never_given_up(dao: Dao) -> None:
    record = proposed(dao, k.PayToken(token=dao.at.token, to=NEWCOMER, amount=str(TOKEN)))
    decide(dao, record)
    keeper = keeper_of(dao)
    keeper.run_once()
    dao.advance(TIMELOCK_DELAY + 1)
    pauses = []
    for attempt in range(1, 5):
        (failure,) = keeper.run_once().failed
        assert failure.attempts == attempt
        resting = keeper.run_once()
        assert resting == KeeperReport(resting=(failure,))
        pause = failure.retry_at - dao.now()
        pauses.append(pause)
        dao.advance(pause + 1)
    assert [round(pause, -1) for pause in pauses] == [100, 200, 250, 250]
    dao.send(ALICE, dao.token.functions.transfer(dao.at.timelock, 5 * TOKEN))
    assert keeper.run_once().executed == (record.proposal_id,)


def test_what_somebody_else_did_first_is_no_failure(
    dao: Dao, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = admitted(dao, "one")
    decide(dao, record)
    keeper = keeper_of(dao)
    send_many = Chain.send_many

    def too_late(chain: Chain, *arguments: object) -> object:
        monkeypatch.setattr(Chain, "send_many", send_many)
        queue(dao.chain, ALICE.signer, record, dao.at)
        return send_many(chain, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(Chain, "send_many", too_late)
    report = keeper.run_once()
    assert (report.queued, report.failed) == ((record.proposal_id,), ())
    dao.advance(TIMELOCK_DELAY + 1)
    execute(dao.chain, ALICE.signer, record, dao.at)
    assert keeper.run_once() == KeeperReport()


def test_it_runs_until_it_is_stopped_whatever_the_chain_does(
    dao: Dao, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    record = admitted(dao, "one")
    decide(dao, record)
    keeper, stop = keeper_of(dao), threading.Event()
    once, passes = keeper.run_once, []

    def run_once() -> KeeperReport:
        passes.append(len(passes))
        if len(passes) == 1:
            raise ChainUnavailable("the chain's node cannot be reached")
        if len(passes) == 3:
            stop.set()
        return once()

    monkeypatch.setattr(keeper, "run_once", run_once)
    with caplog.at_level(logging.WARNING):
        keeper.run(stop)
    assert "cannot be reached" in caplog.text
    assert statuses(dao).read_one(record).state is ProposalState.QUEUED
