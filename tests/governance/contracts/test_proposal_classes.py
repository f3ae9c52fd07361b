from __future__ import annotations

from collections.abc import Iterator

import pytest
from eth_utils.abi import function_abi_to_4byte_selector

from governance.contracts import CONTRACT_NAMES, artifact
from governance.parameters import ACTION_CLASSES, ProposalClass
from tests.governance.dao import (
    ABSTAIN,
    AGAINST,
    ALICE,
    BOB,
    CAROL,
    DAVE,
    DEFEATED,
    DEPLOYER,
    FOR,
    MALLORY,
    PARAMETERS,
    SUCCEEDED,
    TOKEN,
    Call,
    Dao,
    Member,
    call_of,
    events,
    found,
    refused,
)
from tests.support.chains import Backend

ROUTINE, MEMBERSHIP, TREASURY, CONSTITUTIONAL = ProposalClass
ZERO = "0x" + 40 * "0"


@pytest.fixture(scope="module")
def still(backend: Backend) -> Dao:
    """A DAO for tests that only ask."""
    return found(backend)


def class_of(dao: Dao, *calls: Call) -> ProposalClass:
    """What a proposal of these calls would be."""
    lists = (
        [each.target for each in calls],
        [each.value for each in calls],
        [each.data for each in calls],
    )
    return ProposalClass(dao.governor.functions.classOf(*lists).call())


def routine(dao: Dao) -> Call:
    return call_of(dao.models.functions.withdraw(1, bytes(32), bytes(32)))


def admission(dao: Dao) -> Call:
    return call_of(dao.membership.functions.admit(MALLORY.address, [], bytes(32)))


def constitutional(dao: Dao) -> Call:
    return call_of(dao.governor.functions.setVotingDelay(1))


def every_action() -> Iterator[tuple[str, str, bytes]]:
    for name in CONTRACT_NAMES:
        for entry in artifact(name).abi:
            if entry["type"] == "function":
                yield name, entry["name"], function_abi_to_4byte_selector(entry)


# Which class


def test_every_action_has_the_class_set_at_deployment_or_the_most_demanding(still: Dao) -> None:
    seen = set()
    for name, function, selector in every_action():
        expected = ACTION_CLASSES.get((name, function), CONSTITUTIONAL)  # type: ignore[call-overload]
        assert class_of(still, Call(still.at.of(name), selector + bytes(96))) == expected
        seen.add((name, function))
    assert set(ACTION_CLASSES) <= seen


def test_the_same_function_elsewhere_is_another_action(still: Dao) -> None:
    data = routine(still).data
    assert class_of(still, Call(still.at.models, data)) == ROUTINE
    assert class_of(still, Call(still.at.token, data)) == CONSTITUTIONAL
    assert class_of(still, Call(MALLORY.address, data)) == CONSTITUTIONAL


def test_the_strictest_action_decides_wherever_it_stands(still: Dao) -> None:
    calls = [routine(still), admission(still), constitutional(still)]
    assert class_of(still, *calls[:1]) == ROUTINE
    assert class_of(still, *calls[:2]) == MEMBERSHIP
    assert class_of(still, calls[1], calls[0]) == MEMBERSHIP
    assert class_of(still, calls[0], calls[2], calls[1]) == CONSTITUTIONAL
    assert class_of(still, *[calls[0]] * 10, calls[2]) == CONSTITUTIONAL


def test_a_payment_has_a_class_of_its_own(still: Dao) -> None:
    assert class_of(still, Call(MALLORY.address, value=1)) == TREASURY
    assert class_of(still, Call(MALLORY.address)) == TREASURY


def test_value_that_rides_on_a_lower_action_makes_it_a_payment(still: Dao) -> None:
    call = routine(still)
    assert class_of(still, Call(call.target, call.data, value=1)) == TREASURY


@pytest.mark.parametrize("data", [b"\x01", b"\x01\x02", b"\x01\x02\x03"])
def test_call_data_too_short_for_a_selector_is_of_the_most_demanding_class(
    still: Dao, data: bytes
) -> None:
    assert class_of(still, Call(still.at.models, data)) == CONSTITUTIONAL


def test_a_selector_alone_is_that_action(still: Dao) -> None:
    assert class_of(still, Call(still.at.models, routine(still).data[:4])) == ROUTINE


def test_paying_the_governor_or_the_timelock_is_of_the_most_demanding_class(still: Dao) -> None:
    assert class_of(still, Call(still.at.governor, value=1)) == CONSTITUTIONAL
    assert class_of(still, Call(still.at.timelock)) == CONSTITUTIONAL


def test_an_action_hidden_in_the_governors_relay_is_of_the_most_demanding_class(
    still: Dao,
) -> None:
    call = admission(still)
    relayed = call_of(still.governor.functions.relay(call.target, 0, call.data))
    assert class_of(still, relayed) == CONSTITUTIONAL


def test_a_proposals_class_is_kept_and_told(dao: Dao) -> None:
    drafted = dao.draft(admission(dao), routine(dao))
    receipt = dao.send(ALICE, dao.proposing(drafted))
    assert dao.governor.functions.proposalClass(drafted.id).call() == MEMBERSHIP
    assert events(dao.governor, "ProposalClassified", receipt) == [
        {"proposalId": drafted.id, "class": MEMBERSHIP}
    ]


# What a class takes


@pytest.mark.parametrize(
    ("make", "level"),
    [(routine, ROUTINE), (admission, MEMBERSHIP), (constitutional, CONSTITUTIONAL)],
)
def test_a_class_has_its_quorum_and_approval(dao: Dao, make: object, level: ProposalClass) -> None:
    proposal = dao.propose(make(dao))  # type: ignore[operator]
    dao.open(proposal)
    expected = PARAMETERS.classes[level]
    assert dao.governor.functions.proposalQuorum(proposal.id).call() == (
        expected.quorum * 1_000 * TOKEN // 10_000
    )
    assert dao.governor.functions.proposalApproval(proposal.id).call() == expected.approval


def outcome(dao: Dao, call: Call, votes: dict[Member, int]) -> int:
    proposal = dao.propose(call)
    dao.open(proposal)
    for voter, support in votes.items():
        dao.vote(voter, proposal, support)
    dao.close()
    return dao.state(proposal)


def test_what_suffices_for_one_class_does_not_for_a_stricter_one(dao: Dao) -> None:
    """A quorum of 300 of 1,000: enough for an admission, too little for a change of the rules."""
    votes = {CAROL: FOR, DAVE: FOR}
    assert outcome(dao, admission(dao), votes) == SUCCEEDED
    assert outcome(dao, constitutional(dao), votes) == DEFEATED


def test_a_majority_that_releases_does_not_change_the_rules(dao: Dao) -> None:
    """500 for and 300 against, 62.5 %: above one half, below two thirds."""
    votes = {ALICE: FOR, DAVE: FOR, BOB: AGAINST}
    assert outcome(dao, admission(dao), votes) == SUCCEEDED
    assert outcome(dao, constitutional(dao), votes) == DEFEATED


def test_a_tie_is_no_majority(dao: Dao) -> None:
    assert outcome(dao, routine(dao), {ALICE: FOR, BOB: AGAINST, DAVE: AGAINST}) == DEFEATED


def test_two_thirds_of_all_votes_cast_change_the_rules(dao: Dao) -> None:
    assert outcome(dao, constitutional(dao), {ALICE: FOR, BOB: FOR, CAROL: AGAINST}) == SUCCEEDED


def test_abstentions_alone_decide_nothing(dao: Dao) -> None:
    assert outcome(dao, routine(dao), {ALICE: ABSTAIN, BOB: ABSTAIN}) == DEFEATED


def test_no_class_takes_less_than_the_governors_own_quorum(dao: Dao) -> None:
    dao.carry_out(dao.governor.functions.updateQuorumNumerator(3_500))
    proposal = dao.propose(routine(dao))
    dao.open(proposal)
    assert dao.governor.functions.proposalQuorum(proposal.id).call() == 350 * TOKEN
    assert dao.governor.functions.quorumDenominator().call() == 10_000


# Changing the rules


def test_a_vote_changes_what_a_class_takes(dao: Dao) -> None:
    receipt = dao.carry_out(dao.governor.functions.setClassParameters(ROUTINE, (2_500, 5_000)))
    assert dao.governor.functions.classParameters(ROUTINE).call() == (2_500, 5_000)
    assert events(dao.governor, "ClassParametersSet", receipt) == [
        {"class": ROUTINE, "quorum": 2_500, "approval": 5_000}
    ]


def test_a_vote_changes_what_all_classes_take_at_once(dao: Dao) -> None:
    wanted = [(5_000, 6_000), (5_000, 6_000), (5_500, 7_000), (6_000, 8_000)]
    dao.carry_out(dao.governor.functions.setAllClassParameters(wanted))
    assert [dao.governor.functions.classParameters(each).call() for each in range(4)] == wanted


def test_a_vote_gives_an_action_a_class_and_takes_it_back(dao: Dao) -> None:
    functions = dao.governor.functions
    adopt = artifact("PolicyRegistry").selector("adopt")
    receipt = dao.carry_out(functions.setActionClass(dao.at.policies, adopt, MEMBERSHIP))
    assert class_of(dao, Call(dao.at.policies, adopt)) == MEMBERSHIP
    assert events(dao.governor, "ActionClassSet", receipt) == [
        {"target": dao.at.policies, "selector": adopt, "class": MEMBERSHIP}
    ]
    dao.carry_out(functions.setActionClass(dao.at.policies, adopt, CONSTITUTIONAL))
    assert class_of(dao, Call(dao.at.policies, adopt)) == CONSTITUTIONAL


def test_a_proposal_keeps_the_class_it_was_made_with(dao: Dao) -> None:
    """Its action becomes cheaper while it is being voted on."""
    adopt = dao.policies.functions.adopt(bytes([1]) * 32, bytes([1]) * 32, "", b"")
    selector = artifact("PolicyRegistry").selector("adopt")
    change = dao.propose(dao.governor.functions.setActionClass(dao.at.policies, selector, ROUTINE))
    proposal = dao.propose(adopt)
    dao.accept(change)
    dao.execute(change)
    assert class_of(dao, call_of(adopt)) == ROUTINE
    assert dao.governor.functions.proposalClass(proposal.id).call() == CONSTITUTIONAL


@pytest.mark.parametrize("sender", [ALICE, DEPLOYER, MALLORY])
def test_nobody_changes_the_rules_without_a_vote(dao: Dao, sender: Member) -> None:
    functions = dao.governor.functions
    for attempt in (
        functions.setActionClass(dao.at.policies, bytes(4), ROUTINE),
        functions.setClassParameters(ROUTINE, (0, 5_000)),
        functions.setAllClassParameters([(0, 5_000)] * 4),
        functions.updateQuorumNumerator(0),
        functions.setProposalThreshold(0),
        functions.setVotingDelay(0),
        functions.setVotingPeriod(1),
        functions.setLateQuorumVoteExtension(0),
        functions.setProposalGuardian(sender.address),
        functions.updateTimelock(sender.address),
        functions.relay(dao.at.token, 0, b""),
    ):
        with refused("GovernorOnlyExecutor", sender.address):
            dao.send(sender, attempt)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ((MEMBERSHIP, (1_999, 5_000)), "ProposalClassesOutOfOrder"),
        ((MEMBERSHIP, (3_001, 5_000)), "ProposalClassesOutOfOrder"),
        ((TREASURY, (3_000, 6_668)), "ProposalClassesOutOfOrder"),
        ((CONSTITUTIONAL, (4_000, 5_999)), "ProposalClassesOutOfOrder"),
        ((CONSTITUTIONAL, (10_001, 7_000)), "ProposalClassesInvalidParameters"),
        ((CONSTITUTIONAL, (5_000, 10_001)), "ProposalClassesInvalidParameters"),
        ((ROUTINE, (1_000, 4_999)), "ProposalClassesInvalidParameters"),
    ],
)
def test_no_vote_puts_the_classes_out_of_order(
    still: Dao, arguments: tuple[object, ...], error: str
) -> None:
    proposal = still.propose(still.governor.functions.setClassParameters(*arguments))
    still.accept(proposal)
    with refused(error):
        still.execute(proposal)


def test_no_vote_makes_changing_the_rules_cheaper(still: Dao) -> None:
    for target in (still.at.governor, still.at.timelock):
        proposal = still.propose(still.governor.functions.setActionClass(target, bytes(4), ROUTINE))
        still.accept(proposal)
        with refused("ProposalClassesProtectedTarget", target):
            still.execute(proposal)
