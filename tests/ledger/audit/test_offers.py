"""A dataset's ODRL offer: what it permits, what it prohibits, and what it leaves to grants."""

from __future__ import annotations

import json

import pytest

from ledger.audit.constraints import Facts
from ledger.audit.grants import Interval
from ledger.audit.offers import offer_refusal
from ledger.events.canonical import JsonObject, JsonValue
from ledger.views.records import Dataset

GERMANY = Facts(use=Interval(0, 1), spatial="DE")
IN_FRANCE: JsonObject = {"leftOperand": "spatial", "operator": "eq", "rightOperand": "FR"}
IN_GERMANY: JsonObject = {"leftOperand": "spatial", "operator": "eq", "rightOperand": "DE"}
AT_FULL_MOON: JsonObject = {"leftOperand": "moonPhase", "operator": "eq", "rightOperand": "full"}


def rule(action: str, *constraints: JsonValue) -> JsonObject:
    return {"action": action, "constraint": [*constraints]}


def refusal(
    permission: list[JsonValue] | None = None, prohibition: list[JsonValue] | None = None
) -> str | None:
    odrl: JsonObject = {"permission": permission or [], "prohibition": prohibition or []}
    usage = json.dumps({"duo": ["HMB"], "odrl": odrl})
    dataset = Dataset("d", "d", None, "MIT", usage, False, "0x0", None, None, 0)
    return offer_refusal(dataset, ["train"], GERMANY)


@pytest.mark.parametrize("action", ["train", "use", "odrl:use", "http://www.w3.org/ns/odrl/2/use"])
def test_a_permission_of_the_action_or_of_all_use_permits(action: str) -> None:
    assert refusal(permission=[rule(action)]) is None
    assert refusal(prohibition=[rule(action)]) == "train is prohibited"


def test_an_empty_offer_leaves_it_to_the_grant() -> None:
    assert refusal() is None


def test_what_no_permission_names_is_refused() -> None:
    assert refusal(permission=[rule("read")]) == "train is not among the permissions"


def test_one_permission_whose_limits_hold_is_enough() -> None:
    assert refusal(permission=[rule("train", IN_FRANCE), rule("train", IN_GERMANY)]) is None
    assert refusal(permission=[rule("train", IN_FRANCE)]) == (
        "train is permitted with limits: “spatial eq FR” does not hold"
    )


def test_a_prohibition_elsewhere_does_not_apply_here() -> None:
    assert refusal(prohibition=[rule("train", IN_FRANCE)]) is None
    assert refusal(prohibition=[rule("train", IN_GERMANY)]) == "train is prohibited"


def test_a_prohibition_that_cannot_be_decided_applies() -> None:
    assert refusal(prohibition=[rule("train", AT_FULL_MOON)]) == "train is prohibited"
