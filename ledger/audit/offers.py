"""A dataset's ODRL offer: what its steward permits and prohibits beyond consent codes.

Rules:
- Where permissions are listed, each action needs one whose constraints all hold.
- A prohibition of the action applies unless one of its constraints is known not to hold.
- `use` means every action, as ODRL's vocabulary has it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from ledger.audit.constraints import Facts, odrl_name, violated
from ledger.views.records import Dataset

_EVERYTHING = "use"


def offer_refusal(dataset: Dataset, actions: Iterable[str], facts: Facts) -> str | None:
    """Why the dataset's offer does not allow these actions; None where it does, or there is none.

    Args:
        dataset: with its usage.
        actions: what is done with the data.
        facts: of the use.
    """
    offer = json.loads(dataset.usage).get("odrl") if '"odrl"' in dataset.usage else None
    if not offer:
        return None
    for action in actions:
        reason = _refusal(offer, action, facts)
        if reason is not None:
            return reason
    return None


def _refusal(offer: Mapping[str, list[dict[str, object]]], action: str, facts: Facts) -> str | None:
    for rule in offer.get("prohibition", []):
        if _applies(rule, action) and not _known_not_to_hold(rule, facts):
            return f"{action} is prohibited"
    permissions = offer.get("permission", [])
    if not permissions:
        return None
    reason = f"{action} is not among the permissions"
    for rule in permissions:
        if not _applies(rule, action):
            continue
        broken = [v for c in _constraints(rule) if (v := violated(c, facts)) is not None]
        if not broken:
            return None
        reason = f"{action} is permitted with limits: {broken[0].reason}"
    return reason


def _applies(rule: Mapping[str, object], action: str) -> bool:
    return odrl_name(str(rule.get("action"))) in {action, _EVERYTHING}


def _constraints(rule: Mapping[str, object]) -> list[dict[str, object]]:
    constraints = rule.get("constraint", [])
    return constraints if isinstance(constraints, list) else []


def _known_not_to_hold(rule: Mapping[str, object], facts: Facts) -> bool:
    violations = [violated(constraint, facts) for constraint in _constraints(rule)]
    return any(violation is not None and violation.known for violation in violations)
