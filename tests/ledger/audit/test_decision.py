"""May X do A with D for P at T? Each refusal by its reason, and each allowance by its grant."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.audit import Decision, MemoryRows, Question, decide, gather_decision
from ledger.rules.purposes import Terms
from tests.support.histories import DAY, HOUR, History
from tests.support.ledgers import member_key
from tests.support.random_histories import histories

HMB = Terms(frozenset({"HMB"}), ())


def ask(history: History, size: int | None = None, **fields: object) -> Decision:
    question = Question(
        subject=history.consortium.labs[0].address,
        action="train",
        dataset="d",
        at=history.now,
        purpose=HMB,
    )
    changed = dataclasses.replace(question, **fields)  # type: ignore[arg-type]
    return decide(history.state, changed, size=history.size if size is None else size)


def test_a_grant_that_fits_allows_and_is_named(granted: History) -> None:
    decision = ask(granted, version="1")
    assert (decision.allowed, decision.reason, decision.grant) == (True, "permitted", "g")
    assert set(decision.events) == {1, 3}


def test_the_steward_may_use_its_own_data(granted: History) -> None:
    decision = ask(granted, subject=granted.consortium.stewards[0].address, purpose=None)
    assert (decision.allowed, decision.reason) == (True, "steward")


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"subject": member_key("outsider").address}, "not-a-member"),
        ({"subject": member_key("lab-1").address}, "grant-missing"),
        ({"dataset": "nothing"}, "input-unresolved"),
        ({"version": "9"}, "input-unresolved"),
        ({"action": "distribute"}, "action-not-permitted"),
        ({"purpose": None}, "purpose-mismatch"),
        ({"purpose": Terms(frozenset({"GRU"}), ())}, "purpose-mismatch"),
    ],
)
def test_what_does_not_fit_is_denied_with_its_reason(
    granted: History, fields: dict[str, object], reason: str
) -> None:
    decision = ask(granted, **fields)
    assert (decision.allowed, decision.reason) == (False, reason)
    assert decision.sentence.endswith(".")


def test_before_it_begins_and_after_it_ends_a_grant_denies(granted: History) -> None:
    start = granted.now - DAY
    assert ask(granted, at=start - 1).reason == "not-a-member"
    assert ask(granted, at=start).allowed
    assert ask(granted, at=start + 90 * DAY - 1).allowed
    assert ask(granted, at=start + 90 * DAY).reason == "grant-expired"


def test_a_revocation_denies_from_its_date_on_and_not_before(granted: History) -> None:
    granted.revoke("g")
    assert ask(granted).reason == "grant-revoked-before-use"
    assert ask(granted, at=granted.now - 1).allowed


def test_a_retroactive_revocation_denies_every_time(granted: History) -> None:
    granted.revoke("g", "retroactive")
    assert ask(granted, at=granted.now - HOUR).reason == "grant-revoked-after-use"


def test_as_of_before_a_revocation_the_answer_is_as_it_was(granted: History) -> None:
    before = granted.size
    granted.revoke("g", "retroactive")
    assert ask(granted, size=before).allowed
    assert not ask(granted).allowed


def test_suspending_denies_and_resuming_allows(granted: History) -> None:
    steward = granted.consortium.stewards[0]
    granted.sign(steward, "access.suspended", grant="g", effectiveAt=granted.consortium.at())
    assert ask(granted).reason == "grant-suspended"
    granted.pass_time(HOUR)
    granted.sign(steward, "access.resumed", grant="g", effectiveAt=granted.consortium.at())
    assert ask(granted).allowed


def test_a_grant_under_a_revoked_one_denies(history: History) -> None:
    history.dataset("d")
    history.grant("top", "d", lab=1, delegable=True)
    below = {
        "grant": "sub",
        "dataset": "d",
        "assignee": history.consortium.labs[0].address,
        "actions": ["train"],
        "purpose": {"duo": ["HMB"]},
        "notBefore": history.consortium.at(),
        "expiresAt": history.consortium.at(DAY),
        "delegable": False,
        "parent": "top",
    }
    history.sign(history.consortium.labs[1], "access.granted", **below)
    assert ask(history).grant == "sub"
    history.revoke("top")
    decision = ask(history)
    assert (decision.allowed, decision.reason) == (False, "grant-revoked-before-use")
    assert "stands under grant top" in decision.sentence


def test_a_withdrawn_dataset_is_denied_to_everyone(granted: History) -> None:
    granted.sign(granted.consortium.stewards[0], "dataset.withdrawn", dataset="d")
    assert ask(granted).reason == "dataset-withdrawn"
    assert ask(granted, at=granted.now - 1).allowed


def test_a_removed_member_is_denied(granted: History) -> None:
    operator, lab = granted.consortium.operator, granted.consortium.labs[0]
    granted.sign(operator, "member.removed", member=lab.address)
    assert ask(granted).reason == "not-a-member"
    assert ask(granted, at=granted.now - 1).allowed


def test_a_key_asks_for_its_member_while_it_holds(granted: History) -> None:
    lab, job = granted.consortium.labs[0], member_key("job")
    until = granted.consortium.at(DAY)
    kinds = ["access.used"]
    granted.sign(lab, "key.authorized", key=job.address, kinds=kinds, until=until)
    assert ask(granted, subject=job.address).allowed
    assert ask(granted, subject=job.address, at=granted.now + DAY).reason == "not-a-member"
    granted.sign(lab, "key.revoked", key=job.address)
    assert ask(granted, subject=job.address).reason == "not-a-member"


def test_a_fact_that_a_constraint_needs_must_be_in_the_question(history: History) -> None:
    limit = {"leftOperand": "spatial", "operator": "isPartOf", "rightOperand": "DE"}
    history.dataset("d")
    history.grant("g", "d", constraints=[limit])
    assert ask(history).reason == "constraint-violated"
    assert ask(history, spatial="FR").reason == "constraint-violated"
    assert ask(history, spatial="DE-BY").allowed


def test_a_counted_grant_is_used_up(history: History) -> None:
    limit = {"leftOperand": "count", "operator": "lteq", "rightOperand": 1}
    history.dataset("d")
    history.grant("g", "d", constraints=[limit])
    assert ask(history).allowed
    history.record(history.consortium.use("g"))
    assert ask(history).reason == "constraint-violated"


def test_of_several_grants_the_one_that_fits_is_relied_on(granted: History) -> None:
    granted.revoke("g")
    granted.grant("h", "d")
    decision = ask(granted)
    assert (decision.allowed, decision.grant) == (True, "h")


def test_the_offer_of_the_dataset_binds_too(history: History) -> None:
    usage = {"duo": ["HMB"], "odrl": {"permission": [{"action": "read"}], "prohibition": []}}
    history.dataset("d", usage=usage)
    history.grant("g", "d")
    assert ask(history).reason == "constraint-violated"
    assert ask(history, action="read").allowed


@settings(max_examples=15, deadline=None)
@given(histories(acts=30), st.integers(-30, 30))
def test_gathered_rows_decide_as_all_rows_do(history: History, days: int) -> None:
    for lab in history.consortium.labs:
        for dataset in ("d0", "d1"):
            question = Question(
                subject=lab.address,
                action="train",
                dataset=dataset,
                at=history.now + days * DAY,
                version="1",
                purpose=HMB,
            )
            source = MemoryRows(history.state)
            state = gather_decision(source, subject=lab.address, dataset=dataset)
            expected = decide(history.state, question, size=history.size)
            assert decide(state, question, size=history.size) == expected
