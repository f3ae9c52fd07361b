"""Who may cancel: what is told, against what the governor takes."""

from __future__ import annotations

import pytest

from governance.actions import kinds as k
from governance.parameters import ZERO_ADDRESS
from governance.proposals import ProposalRecord, ProposalState, cancelers, read_guardian
from governance.reads import Reader
from ledger.chain.errors import ExecutionReverted
from tests.governance.dao import (
    ALICE,
    BOB,
    CAROL,
    EVERYBODY,
    MALLORY,
    PARAMETERS,
    TIMELOCK_DELAY,
    Dao,
    canonical,
    encoded,
    found,
)
from tests.governance.proposing import proposed, statuses, votable
from tests.support.chains import Backend

ADMISSION = k.Admit(member=MALLORY.address, roles=())
REPLACEMENT = k.SetGuardian(guardian=BOB.address)
WITH_MORE = (REPLACEMENT, ADMISSION)


def taken_from(dao: Dao, record: ProposalRecord) -> set[str]:
    """Who could cancel it now, by trying each account."""
    cancel = dao.governor.functions.cancel(*votable(record).full)
    accounts = [*(each.address for each in EVERYBODY), dao.at.timelock]
    return {account for account in accounts if takes(dao, encoded(cancel), account)}


def takes(dao: Dao, data: bytes, account: str) -> bool:
    try:
        dao.chain.call(canonical(dao.at.governor), data, sender=canonical(account))
    except ExecutionReverted:
        return False
    return True


def told(dao: Dao, record: ProposalRecord, state: ProposalState) -> set[str]:
    assert statuses(dao).read_one(record).state is state
    guardian = read_guardian(Reader(dao.chain), dao.at)
    found = cancelers(record, state, guardian, dao.at)
    assert len(set(found)) == len(found)
    return set(found)


@pytest.mark.slow  # every account tries, in every state
@pytest.mark.parametrize("guardian", ["members", "nobody", "somebody else", "the proposer"])
def test_those_who_may_cancel_are_those_from_whom_the_governor_takes_it(
    backend: Backend, guardian: str
) -> None:
    named = {"nobody": ZERO_ADDRESS, "somebody else": CAROL.address, "the proposer": ALICE.address}
    parameters = PARAMETERS.model_copy(update={"guardian": named.get(guardian, "members")})
    dao = found(backend, parameters=parameters)
    wanted = ((ADMISSION,), (REPLACEMENT,), WITH_MORE)
    carried = [proposed(dao, *actions) for actions in wanted]
    admission, _, both = carried
    defeated = proposed(dao, ADMISSION, title="Another")

    def agree(state: ProposalState, *records: ProposalRecord) -> list[set[str]]:
        by_trial = [taken_from(dao, record) for record in records]
        assert [told(dao, record, state) for record in records] == by_trial
        return by_trial

    for accounts in agree(ProposalState.PENDING, *carried):
        assert ALICE.address in accounts
    dao.open(votable(both))
    agree(ProposalState.ACTIVE, *carried)
    for record in carried:
        dao.vote(ALICE, votable(record))
        dao.vote(BOB, votable(record))
    dao.close()
    agree(ProposalState.DEFEATED, defeated)
    agree(ProposalState.SUCCEEDED, admission)
    for record in carried:
        dao.queue(votable(record))
    of_admission, of_replacement, of_both = agree(ProposalState.QUEUED, *carried)
    guards = named | {"members": dao.at.timelock, "nobody": ALICE.address}
    assert of_admission == of_both == {guards[guardian]}
    assert of_replacement == ({ALICE.address} if guardian == "nobody" else set())
    dao.advance(TIMELOCK_DELAY + 1)
    dao.execute(votable(admission))
    assert agree(ProposalState.EXECUTED, admission) == [set()]
