"""Which facts satisfy an ODRL constraint; what is not understood, or not known, denies."""

from __future__ import annotations

import pytest

from ledger.audit.constraints import Facts, violated
from ledger.audit.grants import Interval
from ledger.events.identifiers import parse_instant
from ledger.rules.purposes import DiseaseTerm, Terms

NOON = parse_instant("2026-10-01T12:00:00Z")
TEN_DAYS = 10 * 24 * 60 * 60 * 1000
LAB = "0x76553DfC0206ba33C3f13fBc880DB963020747F2"
BREAST_CANCER = Terms(
    frozenset({"DS", "NPU"}), (DiseaseTerm("MONDO:0007254", frozenset({"MONDO:0004992"})),)
)
FACTS = Facts(
    use=Interval(NOON, NOON + 3_600_000),
    purpose=BREAST_CANCER,
    recipient=LAB,
    spatial="DE-BY",
    count=3,
    elapsed=TEN_DAYS,
)

HOLDING = [
    ("dateTime", "lt", "2026-10-01T13:00:00Z"),
    ("dateTime", "lteq", "2026-10-01T13:00:00Z"),
    ("dateTime", "gteq", "2026-10-01T12:00:00Z"),
    ("odrl:dateTime", "odrl:gt", "2026-10-01T11:59:59Z"),
    ("http://www.w3.org/ns/odrl/2/dateTime", "lt", "2027-01-01T00:00:00Z"),
    ("count", "lteq", 3),
    ("count", "lt", "4"),
    ("count", "eq", 5),
    ("elapsedTime", "lteq", "P10D"),
    ("elapsedTime", "lt", "P2W"),
    ("elapsedTime", "eq", "P10DT1H30M5S"),
    ("spatial", "eq", "DE-BY"),
    ("spatial", "isPartOf", "DE"),
    ("spatial", "isAnyOf", ["FR", "DE"]),
    ("spatial", "neq", "FR"),
    ("spatial", "isNoneOf", ["FR", "AT"]),
    ("recipient", "eq", LAB),
    ("recipient", "isAnyOf", ["0x0", LAB.lower()]),
    ("recipient", "neq", "0x677F8b54123f6E95a61b65124Df4BB255D65a407"),
    ("purpose", "isA", "HMB"),
    ("purpose", "eq", "DS"),
    ("purpose", "isAnyOf", ["MONDO:0004992"]),
    ("purpose", "eq", "NPU"),
    ("purpose", "neq", "POA"),
    ("purpose", "isNoneOf", ["MONDO:1"]),
]
BROKEN = [
    ("dateTime", "lt", "2026-10-01T12:30:00Z"),
    ("dateTime", "gt", "2026-10-01T12:00:00Z"),
    ("count", "lteq", 2),
    ("count", "lt", 3),
    ("elapsedTime", "lt", "P10D"),
    ("elapsedTime", "lteq", "PT1H"),
    ("spatial", "eq", "DE"),
    ("spatial", "isAnyOf", ["FR", "D"]),
    ("spatial", "neq", "DE"),
    ("spatial", "isNoneOf", ["DE-BY-1"]),
    ("recipient", "eq", "0x677F8b54123f6E95a61b65124Df4BB255D65a407"),
    ("recipient", "isNoneOf", [LAB]),
    ("purpose", "isA", "POA"),
    ("purpose", "eq", "MONDO:1"),
    ("purpose", "isNoneOf", ["HMB"]),
    ("purpose", "neq", "MONDO:0004992"),
]
NOT_UNDERSTOOD = [
    ("moonPhase", "eq", "full"),
    ("payAmount", "lteq", 5),
    ("dateTime", "eq", "2026-10-01T12:00:00Z"),
    ("dateTime", "lt", "tomorrow"),
    ("dateTime", "lt", ["2026-10-01T12:00:00Z", "2027-10-01T12:00:00Z"]),
    ("dateTime", "lt", 5),
    ("count", "gteq", 1),
    ("count", "lteq", "many"),
    ("count", "lteq", []),
    ("elapsedTime", "lteq", "P1Y"),
    ("elapsedTime", "lteq", "P"),
    ("elapsedTime", "lteq", "PT"),
    ("elapsedTime", "lteq", 5),
    ("elapsedTime", "gt", "P1D"),
    ("spatial", "lt", "DE"),
    ("spatial", "eq", 49),
    ("recipient", "isPartOf", LAB),
    ("purpose", "lt", "HMB"),
    ("purpose", "eq", []),
]


def constraint(operand: str, comparison: str, value: object) -> dict[str, object]:
    return {"leftOperand": operand, "operator": comparison, "rightOperand": value}


@pytest.mark.parametrize(("operand", "comparison", "value"), HOLDING)
def test_it_holds(operand: str, comparison: str, value: object) -> None:
    assert violated(constraint(operand, comparison, value), FACTS) is None


@pytest.mark.parametrize(("operand", "comparison", "value"), BROKEN)
def test_it_does_not_hold(operand: str, comparison: str, value: object) -> None:
    violation = violated(constraint(operand, comparison, value), FACTS)
    assert violation is not None
    assert violation.known
    assert violation.reason.endswith("does not hold")


@pytest.mark.parametrize(("operand", "comparison", "value"), NOT_UNDERSTOOD)
def test_what_is_not_understood_denies(operand: str, comparison: str, value: object) -> None:
    violation = violated(constraint(operand, comparison, value), FACTS)
    assert violation is not None
    assert not violation.known
    assert violation.reason.endswith("which denies")


@pytest.mark.parametrize(
    ("operand", "comparison", "value"),
    [
        ("purpose", "neq", "POA"),
        ("recipient", "neq", "0x0"),
        ("spatial", "neq", "FR"),
        ("count", "lteq", 99),
        ("elapsedTime", "lteq", "P99D"),
    ],
)
def test_a_fact_that_is_not_known_denies(operand: str, comparison: str, value: object) -> None:
    violation = violated(constraint(operand, comparison, value), Facts(use=FACTS.use))
    assert violation is not None
    assert not violation.known
    assert violation.reason.startswith("nothing tells")
