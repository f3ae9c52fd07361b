"""A grant's timeline against an oracle that looks at every moment."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.audit import Code
from ledger.audit.grants import Interval, lapses
from ledger.views.records import GrantChange

LAST = 30
"""Moments of the toy clock."""

times = st.integers(0, LAST)


@st.composite
def timelines(draw: st.DrawFn) -> list[GrantChange]:
    """What can happen to a grant, by any dates, in the order of the log."""
    begin = draw(times)
    changes = [_change(0, "granted", begin, begin + draw(st.integers(1, LAST)))]
    for index in range(1, draw(st.integers(1, 7))):
        kind = draw(st.sampled_from(["renewed", "suspended", "resumed", "expired"]))
        changes.append(
            _change(index, kind, draw(times), draw(times) if kind == "renewed" else None)
        )
    if draw(st.booleans()):
        effect = draw(st.sampled_from(["prospective", "retroactive"]))
        revoked = _change(
            len(changes), "revoked", draw(times), effect=effect, recorded_at=draw(times)
        )
        changes.append(revoked)
    return changes


def _change(
    index: int,
    kind: str,
    effective_at: int,
    expires_at: int | None = None,
    *,
    effect: str | None = None,
    recorded_at: int = 0,
) -> GrantChange:
    return GrantChange(index, "g", kind, effective_at, expires_at, effect, recorded_at)


@st.composite
def uses(draw: st.DrawFn) -> Interval:
    begin = draw(times)
    return Interval(begin, begin + draw(st.integers(0, LAST)))


def fault_at(changes: list[GrantChange], moment: int) -> set[Code]:
    """Why a grant does not hold at one moment, straight from the rules."""
    early = {Code.GRANT_NOT_YET_VALID} if moment < changes[0].effective_at else set()
    effective = []
    for change in changes:
        begin = change.effective_at
        if change.effect == "retroactive":
            begin = max(begin, change.recorded_at)
        if begin <= moment:
            effective.append(change)
    if any(change.change == "revoked" for change in effective):
        return early | {Code.GRANT_REVOKED_BEFORE_USE}
    faults = early
    holds = [c for c in effective if c.change in {"suspended", "resumed"}]
    if holds and holds[-1].change == "suspended":
        faults |= {Code.GRANT_SUSPENDED}
    ends = [c.expires_at for c in effective if c.expires_at is not None]
    if ends and moment >= ends[-1]:
        faults |= {Code.GRANT_EXPIRED}
    return faults


@settings(max_examples=1000)
@given(timelines(), uses())
def test_a_grant_fails_a_use_exactly_where_it_fails_some_moment(
    changes: list[GrantChange], use: Interval
) -> None:
    expected: set[Code] = set()
    for moment in range(use.begin, max(use.begin + 1, use.end)):
        expected |= fault_at(changes, moment)
    found = lapses(changes, use, known=100)
    errors = {lapse.code for lapse in found if lapse.severity == "error"}
    if any(c.effect == "retroactive" for c in changes):
        assert errors & {Code.GRANT_REVOKED_BEFORE_USE, Code.GRANT_REVOKED_AFTER_USE}
        errors -= {Code.GRANT_REVOKED_AFTER_USE}
    assert errors == expected


@given(timelines(), uses(), st.integers(0, 10))
def test_no_code_is_told_twice(changes: list[GrantChange], use: Interval, known: int) -> None:
    told = [lapse.code for lapse in lapses(changes, use, known)]
    assert len(told) == len(set(told))


@given(timelines(), uses(), st.integers(0, 10))
def test_what_is_known_when_changes_warnings_only(
    changes: list[GrantChange], use: Interval, known: int
) -> None:
    def errors(index: int) -> list[Code]:
        return [x.code for x in lapses(changes, use, index) if x.severity == "error"]

    assert errors(known) == errors(100)


def test_a_later_statement_holds_over_an_earlier_one_once_both_are_in_effect() -> None:
    changes = [
        _change(0, "granted", 0, 100),
        _change(1, "suspended", 10),
        _change(2, "resumed", 5),
    ]
    assert lapses(changes, Interval(20, 20), known=9) == []


def test_a_renewal_can_shorten() -> None:
    changes = [_change(0, "granted", 0, 100), _change(1, "renewed", 10, 20)]
    (lapse,) = lapses(changes, Interval(50, 60), known=9)
    assert (lapse.code, lapse.events) == (Code.GRANT_EXPIRED, (1,))
