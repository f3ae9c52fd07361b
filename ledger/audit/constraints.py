"""ODRL 2.2 constraints: whether the facts of a use satisfy them.

Understood operands: `purpose`, `dateTime`, `elapsedTime`, `count`, `spatial`, `recipient`, plain,
as `odrl:…` or with ODRL's namespace before them. An operand, operator or value that is not
understood, and a fact that is not known, mean *deny*.

- `purpose` (eq, isA, isAnyOf, neq, isNoneOf): DUO terms and disease of the purpose. It *is a*
  consented term as `ledger.rules.purposes` says.
- `dateTime` (lt, lteq, gt, gteq): the whole use, against RFC 3339 in UTC.
- `elapsedTime` (lt, lteq, eq): from the first use under the grant to the end of this one, against
  an xsd:duration without months and years.
- `count` (lt, lteq, eq): which use under the grant this one is, from 1.
- `spatial` (eq, isPartOf, isA, isAnyOf, neq, isNoneOf): where; `DE-BY` is part of `DE`.
- `recipient` (eq, isAnyOf, neq, isNoneOf): address of who uses the data.

`eq` on `count` and `elapsedTime` sets an upper bound, as in ODRL's own examples.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from ledger.audit.grants import Interval
from ledger.events.identifiers import parse_instant
from ledger.rules.purposes import PERMISSIONS, Terms, misfit

_NAMESPACES = ("http://www.w3.org/ns/odrl/2/", "odrl:")
_DURATION = re.compile(
    r"P(?:(?P<weeks>\d{1,6})W|(?:(?P<days>\d{1,6})D)?"
    r"(?:T(?:(?P<hours>\d{1,6})H)?(?:(?P<minutes>\d{1,6})M)?(?:(?P<seconds>\d{1,9})S)?)?)",
    re.ASCII,
)
_UNIT_MS = {
    "weeks": 604_800_000,
    "days": 86_400_000,
    "hours": 3_600_000,
    "minutes": 60_000,
    "seconds": 1_000,
}


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a use; None where it is not.

    Attributes:
        use: when data is used, milliseconds since the epoch.
        purpose: what for.
        recipient: EIP-55 address of who uses the data.
        spatial: where, such as `DE` or `DE-BY`.
        count: which use under the grant this one is, from 1.
        elapsed: milliseconds from the first use under the grant to the end of this one.
    """

    use: Interval
    purpose: Terms | None = None
    recipient: str | None = None
    spatial: str | None = None
    count: int | None = None
    elapsed: int | None = None


@dataclass(frozen=True, slots=True)
class Violation:
    """Why facts do not satisfy a constraint.

    Attributes:
        reason: for people.
        known: whether the facts contradict it; else it could not be decided, which denies too.
    """

    reason: str
    known: bool


def violated(constraint: Mapping[str, object], facts: Facts) -> Violation | None:
    """Why the facts do not satisfy a constraint; None where they do.

    Args:
        constraint: `leftOperand`, `operator` and `rightOperand`, as in a grant's constraints.
        facts: of the use.
    """
    operand = odrl_name(str(constraint.get("leftOperand")))
    comparison = odrl_name(str(constraint.get("operator")))
    right = constraint.get("rightOperand")
    values = right if isinstance(right, list) else [right]
    said = f"{operand} {comparison} {', '.join(str(value) for value in values)}"
    check = _OPERANDS.get(operand)
    if check is None:
        return Violation(f"the operand of “{said}” is not understood, which denies", known=False)
    try:
        satisfied = check(comparison, values, facts)
    except _FactUnknown:
        return Violation(f"nothing tells whether “{said}” holds, which denies", known=False)
    except (_NotUnderstood, ValueError):
        return Violation(f"“{said}” is not understood, which denies", known=False)
    return None if satisfied else Violation(f"“{said}” does not hold", known=True)


def odrl_name(term: str) -> str:
    """A term of ODRL without its namespace."""
    for prefix in _NAMESPACES:
        if term.startswith(prefix):
            return term.removeprefix(prefix)
    return term


class _NotUnderstood(Exception):
    """The operator or the value means nothing for this operand."""


class _FactUnknown(Exception):
    """The use does not tell what the constraint asks about."""


def _texts(values: list[object]) -> list[str]:
    texts = [value for value in values if isinstance(value, str)]
    if len(texts) != len(values) or not texts:
        raise _NotUnderstood
    return texts


def _single(values: list[object]) -> object:
    if len(values) != 1:
        raise _NotUnderstood
    return values[0]


def _purpose(comparison: str, values: list[object], facts: Facts) -> bool:
    if facts.purpose is None:
        raise _FactUnknown
    purpose, terms = facts.purpose, _texts(values)
    asked = purpose.duo & frozenset(PERMISSIONS)
    diseases = [{disease.term, *disease.broader} for disease in purpose.diseases]
    matching = [any(_is_a(permission, term) for term in terms) for permission in sorted(asked)]
    named = [any(term in disease for term in terms) for disease in diseases]
    if comparison in {"neq", "isNoneOf"}:
        return not any(matching) and not any(named)
    if comparison not in {"eq", "isA", "isAnyOf"}:
        raise _NotUnderstood
    accepted = purpose.duo - asked
    # Each kind of term is held against values of its kind: permissions, diseases or modifiers.
    return (
        bool(matching and all(matching))
        or bool(named and all(named))
        or any(term in accepted for term in terms)
    )


def _is_a(permission: str, term: str) -> bool:
    if permission == term:
        return True
    asked, allowed = Terms(frozenset({permission}), ()), Terms(frozenset({term}), ())
    return term in PERMISSIONS and misfit(asked, allowed, ()) is None


_ORDER: dict[str, Callable[[int, int], bool]] = {
    "lt": operator.lt,
    "lteq": operator.le,
    "gt": operator.gt,
    "gteq": operator.ge,
}


def _date_time(comparison: str, values: list[object], facts: Facts) -> bool:
    if comparison not in _ORDER:
        raise _NotUnderstood
    limit = parse_instant(_texts([_single(values)])[0])
    # The moment of a use that is hardest to satisfy: its end before a limit, else its beginning.
    moment = facts.use.last if comparison in {"lt", "lteq"} else facts.use.begin
    return _ORDER[comparison](moment, limit)


def _at_most(comparison: str, found: int, limit: int) -> bool:
    if comparison not in {"lt", "lteq", "eq"}:
        raise _NotUnderstood
    return found < limit if comparison == "lt" else found <= limit


def _elapsed_time(comparison: str, values: list[object], facts: Facts) -> bool:
    parsed = _DURATION.fullmatch(_texts([_single(values)])[0])
    parts = {} if parsed is None else {k: int(v) for k, v in parsed.groupdict().items() if v}
    if not parts:
        raise _NotUnderstood
    if facts.elapsed is None:
        raise _FactUnknown
    limit = sum(amount * _UNIT_MS[unit] for unit, amount in parts.items())
    return _at_most(comparison, facts.elapsed, limit)


def _count(comparison: str, values: list[object], facts: Facts) -> bool:
    value = _single(values)
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,15}", value, re.ASCII):
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise _NotUnderstood
    if facts.count is None:
        raise _FactUnknown
    return _at_most(comparison, facts.count, value)


def _spatial(comparison: str, values: list[object], facts: Facts) -> bool:
    regions = _texts(values)
    if facts.spatial is None:
        raise _FactUnknown
    place = facts.spatial
    inside = any(place == region or place.startswith(f"{region}-") for region in regions)
    if comparison in {"neq", "isNoneOf"}:
        # A use somewhere in a country may be in the one region that is barred.
        return not inside and not any(region.startswith(f"{place}-") for region in regions)
    if comparison not in {"eq", "isPartOf", "isA", "isAnyOf"}:
        raise _NotUnderstood
    return place in regions if comparison == "eq" else inside


def _recipient(comparison: str, values: list[object], facts: Facts) -> bool:
    if facts.recipient is None:
        raise _FactUnknown
    among = facts.recipient.lower() in {text.lower() for text in _texts(values)}
    if comparison in {"eq", "isAnyOf"}:
        return among
    if comparison in {"neq", "isNoneOf"}:
        return not among
    raise _NotUnderstood


_OPERANDS: Mapping[str, Callable[[str, list[object], Facts], bool]] = MappingProxyType(
    {
        "purpose": _purpose,
        "dateTime": _date_time,
        "elapsedTime": _elapsed_time,
        "count": _count,
        "spatial": _spatial,
        "recipient": _recipient,
    }
)
