"""Who requests, grants, changes and uses access, and what a delegated grant may hold."""

from __future__ import annotations

from typing import Any

import pytest

from ledger.events.canonical import JsonObject, JsonValue
from ledger.rules.access import MAX_DELEGATION_DEPTH
from ledger.rules.authority import AHEAD_MS
from ledger.rules.errors import (
    AlreadyEnded,
    BodyNotAllowed,
    IdTaken,
    MissingRole,
    NotAssignee,
    NotSteward,
    OutsideParent,
    UnknownId,
)
from tests.support.histories import History
from tests.support.ledgers import DAY

COUNT: JsonObject = {"leftOperand": "count", "operator": "lteq", "rightOperand": 5}


@pytest.fixture
def held(ledger: History) -> History:
    """Dataset `d` of the first steward, with a delegable grant `g` for the first lab."""
    ledger.dataset("d")
    ledger.dataset("e", 1)
    ledger.grant("g", "d", delegable=True, constraints=[COUNT], versions=["1", "2"])
    return ledger


def under(ledger: History, grant: str = "g2", parent: str = "g", lab: int = 0, **more: Any) -> int:
    """A grant under another, as narrow as it must be unless told otherwise."""
    c = ledger.consortium
    body: dict[str, JsonValue] = {
        "grant": grant,
        "dataset": "d",
        "assignee": c.labs[1 - lab].address,
        "actions": ["read", "train"],
        "purpose": {"duo": ["HMB"]},
        "versions": ["1", "2"],
        "constraints": [COUNT],
        "notBefore": c.at(),
        "expiresAt": c.at(DAY),
        "delegable": True,
        "parent": parent,
    }
    given = {name: value for name, value in (body | more).items() if value is not None}
    return ledger.sign(c.labs[lab], "access.granted", **given)


def change(ledger: History, what: str, grant: str = "g", *, by: Any = None, **more: Any) -> int:
    c = ledger.consortium
    body: dict[str, JsonValue] = {"grant": grant, "effectiveAt": c.at()}
    if what == "renewed":
        body["expiresAt"] = c.at(2 * DAY)
    if what == "revoked":
        body["effect"] = "prospective"
    return ledger.sign(by or c.stewards[0], f"access.{what}", **body | more)


# Requests


def test_a_request_is_new_for_a_known_dataset_and_a_time_to_come(held: History) -> None:
    c = held.consortium
    with pytest.raises(UnknownId):
        held.record(c.request("r", "nowhere"))
    with pytest.raises(BodyNotAllowed, match="past"):
        held.record(c.request("r", "d", until=c.at()))
    held.record(c.request("r", "d", until=c.at(1)))
    with pytest.raises(IdTaken):
        held.record(c.request("r", "d"))


@pytest.mark.parametrize("answer", ["returned", "denied"])
def test_a_request_is_answered_by_the_datasets_steward(held: History, answer: str) -> None:
    c = held.consortium
    body: JsonObject = {"request": "r", "reason": "which cohort?"}
    with pytest.raises(UnknownId):
        held.sign(c.stewards[0], f"access.{answer}", **body)
    held.record(c.request("r", "d"))
    with pytest.raises(NotSteward):
        held.sign(c.stewards[1], f"access.{answer}", **body)
    held.sign(c.stewards[0], f"access.{answer}", **body)


def test_a_returned_request_stays_open_and_a_decided_one_does_not(held: History) -> None:
    c = held.consortium
    for name in ("r", "s"):
        held.record(c.request(name, "d"))
    for _ in range(2):
        held.sign(c.stewards[0], "access.returned", request="r", reason="which cohort?")
    held.grant("h", "d", request="r")
    held.sign(c.stewards[0], "access.denied", request="s")
    for name in ("r", "s"):
        with pytest.raises(AlreadyEnded):
            held.sign(c.stewards[0], "access.denied", request=name)
        with pytest.raises(AlreadyEnded):
            held.grant("i", "d", request=name)


# Granting


def test_a_grant_is_new_and_of_the_steward_for_an_active_member(held: History) -> None:
    c = held.consortium
    with pytest.raises(IdTaken):
        held.grant("g", "d")
    with pytest.raises(UnknownId):
        held.grant("h", "nowhere")
    with pytest.raises(NotSteward):
        held.grant("h", "d", steward=1)
    with pytest.raises(BodyNotAllowed, match="not a member"):
        held.grant("h", "d", assignee=c.outsider.address)
    held.sign(c.operator, "member.removed", member=c.labs[1].address)
    with pytest.raises(BodyNotAllowed, match="not a member"):
        held.grant("h", "d", lab=1)


def test_nothing_of_a_withdrawn_dataset_is_granted(held: History) -> None:
    held.sign(held.consortium.stewards[0], "dataset.withdrawn", dataset="d", reason="x")
    with pytest.raises(AlreadyEnded):
        held.grant("h", "d")


def test_a_grant_answers_a_request_of_its_assignee_for_its_dataset(held: History) -> None:
    c = held.consortium
    held.record(c.request("r", "d"))
    held.record(c.request("q", "e"))
    with pytest.raises(BodyNotAllowed):
        held.grant("h", "d", lab=1, request="r")
    with pytest.raises(NotSteward):
        held.grant("h", "d", request="q")
    body: JsonObject = {"dataset": "e", "to": c.stewards[0].address}
    held.sign(c.stewards[1], "dataset.stewardship_transferred", **body)
    with pytest.raises(BodyNotAllowed):
        held.grant("h", "d", request="q")
    with pytest.raises(NotSteward, match="answers requests"):
        under(held, request="r")
    held.grant("h", "d", request="r")


# Delegating


def test_an_assignee_delegates_what_it_may_to_another(held: History) -> None:
    under(held)
    with pytest.raises(NotAssignee):
        under(held, "g3", lab=1)
    under(held, "g3", "g2", lab=1)
    with pytest.raises(UnknownId):
        under(held, "g4", "nowhere")


def test_what_is_not_delegable_is_not_delegated(held: History) -> None:
    held.grant("h", "d")
    with pytest.raises(OutsideParent, match="not delegable"):
        under(held, parent="h")


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"actions": ["read", "distribute"]}, "distribute"),
        ({"dataset": "e"}, "for dataset d"),
        ({"versions": ["1", "3"]}, "covers"),
        ({"versions": None}, "covers"),
        ({"purpose": {"duo": ["GRU"]}}, "purpose"),
        ({"constraints": []}, "constraint"),
        ({"constraints": [COUNT | {"rightOperand": 6}]}, "constraint"),
    ],
)
def test_a_delegated_grant_is_no_wider_than_its_parent(
    held: History, more: dict[str, Any], why: str
) -> None:
    with pytest.raises(OutsideParent, match=why):
        under(held, **more)


def test_a_delegated_grant_lies_within_the_time_of_its_parent(held: History) -> None:
    c = held.consortium
    for more in ({"notBefore": c.at(-1)}, {"expiresAt": c.at(90 * DAY + 1)}):
        with pytest.raises(OutsideParent, match=r"no (earlier|later)"):
            under(held, **more)
    under(held, notBefore=c.at(), expiresAt=c.at(90 * DAY))


def test_nothing_is_granted_under_what_does_not_hold_any_more(held: History) -> None:
    c = held.consortium
    under(held)
    change(held, "suspended")
    for parent, lab in (("g", 0), ("g2", 1)):
        with pytest.raises(OutsideParent, match="does not hold"):
            under(held, "g3", parent, lab)
    change(held, "resumed")
    held.pass_time(90 * DAY)
    with pytest.raises(OutsideParent, match="does not hold"):
        under(held, "g3", notBefore=c.at(-1), expiresAt=c.at())


def test_a_grant_holds_until_its_last_millisecond(held: History) -> None:
    c = held.consortium
    held.pass_time(90 * DAY - 1)
    under(held, "g3", expiresAt=c.at(1))


def test_grants_nest_so_deep_and_no_deeper(held: History) -> None:
    parent = "g"
    for depth in range(2, MAX_DELEGATION_DEPTH + 2):
        name = f"g{depth}"
        under(held, name, parent, lab=depth % 2)
        parent = name
    with pytest.raises(OutsideParent, match="nest"):
        under(held, "deeper", parent, lab=MAX_DELEGATION_DEPTH % 2)


# Changing


@pytest.mark.parametrize("what", ["renewed", "suspended", "revoked"])
def test_a_grant_is_changed_by_its_steward_and_by_who_granted_it(held: History, what: str) -> None:
    c = held.consortium
    under(held)
    with pytest.raises(UnknownId):
        change(held, what, "nowhere")
    for stranger in (c.stewards[1], c.labs[1]):
        with pytest.raises(NotSteward):
            change(held, what, "g2", by=stranger)
    with pytest.raises(NotSteward):
        change(held, what, "g", by=c.labs[0])
    change(held, what, "g2", by=c.labs[0])


def test_the_steward_of_the_moment_changes_grants(held: History) -> None:
    c = held.consortium
    to: JsonObject = {"dataset": "d", "to": c.stewards[1].address}
    held.sign(c.stewards[0], "dataset.stewardship_transferred", **to)
    with pytest.raises(NotSteward):
        change(held, "suspended")
    change(held, "suspended", by=c.stewards[1])


@pytest.mark.parametrize("what", ["renewed", "suspended", "resumed", "revoked"])
def test_what_was_revoked_is_changed_no_more(held: History, what: str) -> None:
    change(held, "revoked")
    with pytest.raises(AlreadyEnded, match="is revoked"):
        change(held, what)


def test_what_is_active_is_suspended_and_what_is_suspended_resumed(held: History) -> None:
    with pytest.raises(AlreadyEnded):
        change(held, "resumed")
    change(held, "suspended")
    with pytest.raises(AlreadyEnded):
        change(held, "suspended")
    change(held, "resumed")


@pytest.mark.parametrize("what", ["renewed", "suspended", "revoked"])
def test_only_a_retroactive_revocation_reaches_back(held: History, what: str) -> None:
    c = held.consortium
    with pytest.raises(BodyNotAllowed, match="retroactive"):
        change(held, what, effectiveAt=c.at(-AHEAD_MS - 1))
    change(held, what, effectiveAt=c.at(-AHEAD_MS))
    if what == "revoked":
        held.grant("h", "d")
        change(held, "revoked", "h", effect="retroactive", effectiveAt=c.at(-AHEAD_MS - 1))


def test_resuming_does_not_reach_back(held: History) -> None:
    change(held, "suspended")
    with pytest.raises(BodyNotAllowed, match="retroactive"):
        change(held, "resumed", effectiveAt=held.consortium.at(-AHEAD_MS - 1))


def test_a_grant_is_renewed_to_after_its_beginning_and_within_those_above(held: History) -> None:
    c = held.consortium
    under(held)
    with pytest.raises(BodyNotAllowed, match="begins"):
        change(held, "renewed", expiresAt=c.at())
    with pytest.raises(OutsideParent, match="no later"):
        change(held, "renewed", "g2", expiresAt=c.at(90 * DAY + 1))
    change(held, "renewed", "g2", expiresAt=c.at(90 * DAY))
    change(held, "renewed", expiresAt=c.at(1))


def test_the_operator_records_the_end_of_what_has_ended(held: History) -> None:
    c = held.consortium
    expired: JsonObject = {"grant": "g", "sweep": "s"}
    with pytest.raises(MissingRole):
        held.sign(c.stewards[0], "access.expired", **expired)
    with pytest.raises(UnknownId):
        held.sign(c.operator, "access.expired", **expired | {"grant": "nowhere"})
    held.pass_time(90 * DAY - 1)
    with pytest.raises(BodyNotAllowed, match="holds until"):
        held.sign(c.operator, "access.expired", **expired)
    change(held, "suspended")
    held.pass_time(1)
    held.sign(c.operator, "access.expired", **expired)
    with pytest.raises(AlreadyEnded):
        held.sign(c.operator, "access.expired", **expired)


# Using


def test_a_use_is_recorded_by_the_assignee_or_a_gateway(held: History) -> None:
    c = held.consortium
    use: JsonObject = {"grant": "g", "action": "train", "purpose": {"duo": ["HMB"]}}
    with pytest.raises(UnknownId):
        held.sign(c.labs[0], "access.used", **use | {"grant": "nowhere"})
    with pytest.raises(NotAssignee):
        held.sign(c.labs[1], "access.used", **use)
    for signer in (c.labs[0], c.gateway):
        held.sign(signer, "access.used", **use)


def test_a_gateway_opens_an_emergency_once_and_the_steward_reviews_it_once(held: History) -> None:
    c = held.consortium
    why, _ = c.sealed("bleeding", "person")
    opened: JsonObject = {
        "emergency": "em",
        "dataset": "d",
        "until": c.at(DAY),
        "justification": why,
    }
    reviewed: JsonObject = {"emergency": "em", "verdict": "justified"}
    with pytest.raises(UnknownId):
        held.sign(c.stewards[0], "access.emergency_reviewed", **reviewed)
    with pytest.raises(MissingRole):
        held.sign(c.labs[0], "access.emergency_opened", **opened)
    with pytest.raises(UnknownId):
        held.sign(c.gateway, "access.emergency_opened", **opened | {"dataset": "nowhere"})
    held.sign(c.gateway, "access.emergency_opened", **opened)
    with pytest.raises(IdTaken):
        held.sign(c.gateway, "access.emergency_opened", **opened)
    with pytest.raises(NotSteward):
        held.sign(c.stewards[1], "access.emergency_reviewed", **reviewed)
    held.sign(c.stewards[0], "access.emergency_reviewed", **reviewed)
    with pytest.raises(AlreadyEnded):
        held.sign(c.stewards[0], "access.emergency_reviewed", **reviewed)
