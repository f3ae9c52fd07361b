"""When a purpose fits what was consented to (GA4GH Data Use Ontology), and when a constraint is at
least as tight.

    fits(asked, allowed)  ⇔  some permission of `asked` lies within a permission of `allowed`
                             ∧ the disease fits, where the matching permission is DS
                             ∧ every modifier of `allowed` is accepted in `asked`
                             ∧ NMDS in `allowed` → the action is not `train`

Permissions contain each other as DUO defines them: NRES ⊃ GRU ⊃ HMB ⊃ DS, and GRU ⊃ POA. A disease
fits when it is the consented term or a descendant of it, never an ancestor.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

PERMISSIONS = ("NRES", "GRU", "HMB", "DS", "POA")
_WITHIN: dict[str, frozenset[str]] = {
    "NRES": frozenset({"NRES"}),
    "GRU": frozenset({"NRES", "GRU"}),
    "HMB": frozenset({"NRES", "GRU", "HMB"}),
    "DS": frozenset({"NRES", "GRU", "HMB", "DS"}),
    "POA": frozenset({"NRES", "GRU", "POA"}),
}
"""For each permission asked for, the consented permissions that include it."""

_GRANTED_FREEDOMS = frozenset({"CC"})
"""Modifiers that widen: a user need not accept them."""


@dataclass(frozen=True, slots=True)
class DiseaseTerm:
    """A disease and the broader terms that its signer vouches for."""

    term: str
    broader: frozenset[str]


@dataclass(frozen=True, slots=True)
class Terms:
    """A purpose or a consent: DUO terms and the diseases that go with DS."""

    duo: frozenset[str]
    diseases: tuple[DiseaseTerm, ...]


def terms_of(text: str) -> Terms:
    """Terms from the canonical JSON of a purpose (`disease`) or a usage (`diseases`)."""
    value = json.loads(text)
    named = [value["disease"]] if value.get("disease") else value.get("diseases", [])
    diseases = tuple(DiseaseTerm(d["term"], frozenset(d.get("broader", []))) for d in named)
    return Terms(frozenset(value["duo"]), diseases)


def misfit(asked: Terms, allowed: Terms, actions: tuple[str, ...]) -> str | None:
    """Why `asked` does not fit within `allowed`; None where it does.

    Args:
        asked: what somebody wants to do, or did.
        allowed: what was consented to.
        actions: what is done with the data: read, train, …
    """
    wanted = asked.duo & frozenset(PERMISSIONS)
    if not wanted:
        return "the purpose names no DUO permission (NRES, GRU, HMB, DS or POA)"
    for permission in sorted(wanted):
        if not _permission_fits(permission, asked, allowed):
            consented = ", ".join(sorted(allowed.duo & frozenset(PERMISSIONS))) or "nothing"
            return f"{permission} is not within {consented}"
    if "NPOA" in allowed.duo and "POA" in wanted:
        return "NPOA prohibits research on population origins or ancestry"
    if "NMDS" in allowed.duo and "train" in actions:
        return "NMDS bars methods development, and so training"
    modifiers = allowed.duo - frozenset(PERMISSIONS) - _GRANTED_FREEDOMS
    missing = modifiers - asked.duo
    if missing:
        return f"the purpose does not accept {', '.join(sorted(missing))}"
    return None


def _permission_fits(permission: str, asked: Terms, allowed: Terms) -> bool:
    containing = _WITHIN[permission] & allowed.duo
    if containing - {"DS"}:
        return True
    if "DS" not in containing or not asked.diseases:
        return False
    return all(
        any(d.term == c.term or c.term in d.broader for c in allowed.diseases)
        for d in asked.diseases
    )
