"""Whether a grant held while data was used, from the facts of what happened to it.

Rules:
- A statement counts from its `effectiveAt` on. Among statements in effect the one recorded last
  holds; a revocation is final.
- A grant holds at t when notBefore ≤ t < end, where the end is the one stated last, and it is
  neither suspended nor revoked. It must hold at every moment of a use, which lasts until just
  before its end.
- A prospective revocation ends the grant from `effectiveAt` on; earlier use stands (a warning).
- A retroactive one takes all use back, whenever it was. It counts as *before* the use where both
  its effect and its recording came before the use's end.
- What a signer dates before an end that the log already held rests on the signer's word alone, so
  it is told as a warning.
- A delegated grant holds only while every grant above it holds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ledger.audit.answer import Code, Severity
from ledger.audit.past import Past
from ledger.events.identifiers import format_instant
from ledger.rules.access import MAX_DELEGATION_DEPTH
from ledger.views.records import Grant, GrantChange


@dataclass(frozen=True, slots=True)
class Interval:
    """From `begin` until `end`, in milliseconds since the epoch; a moment where they are equal."""

    begin: int
    end: int

    @property
    def last(self) -> int:
        """Its last millisecond: what ends at the moment when a grant does is still covered."""
        return max(self.begin, self.end - 1)


@dataclass(frozen=True, slots=True)
class Lapse:
    """Why a grant did not hold, or what else is to be told of it.

    Attributes:
        code: what sort of lapse.
        severity: `error` where the grant did not hold.
        clause: goes on from "grant <id> "; for people.
        events: indices behind it.
    """

    code: Code
    severity: Severity
    clause: str
    events: tuple[int, ...]


def grant_chain(past: Past, grant: Grant) -> list[Grant]:
    """A grant and those it was made under, nearest first, as far as they are recorded."""
    chain = [grant]
    while chain[-1].parent is not None and len(chain) < MAX_DELEGATION_DEPTH:
        parent = past.one(Grant, chain[-1].parent)
        if parent is None:
            break
        chain.append(parent)
    return chain


def changes_of(past: Past, grant: str) -> list[GrantChange]:
    """What happened to a grant, in the order of the log."""
    return past.rows(GrantChange, "grant", grant)


def lapses(changes: Sequence[GrantChange], use: Interval, known: int) -> list[Lapse]:
    """What is to be said of one grant during one use, apart from those above it.

    Args:
        changes: all of them, in the order of the log; the first is `granted`.
        use: when data was used.
        known: index of the event that first told of the use.

    Returns:
        At most one lapse of each code.
    """
    found = _failures(changes, use)
    found += _revocation_after(changes, known, found)
    found += _dated_back(changes, known, found)
    return found


@dataclass(slots=True)
class _Standing:
    """How a grant stands at a moment, while statements come into effect one by one."""

    end: GrantChange | None = None
    hold: GrantChange | None = None
    revoked: GrantChange | None = None
    failures: dict[Code, Lapse] = field(default_factory=dict)

    def apply(self, change: GrantChange) -> None:
        if change.change == "revoked":
            self.revoked = self.revoked or change
        elif change.change in {"suspended", "resumed"}:
            if self.hold is None or change.index > self.hold.index:
                self.hold = change
        elif change.change in {"granted", "renewed"} and (
            self.end is None or change.index > self.end.index
        ):
            self.end = change

    def judge(self, last: int) -> None:
        """Notes why the grant fails at some moment up to `last`, nothing changing meanwhile."""
        if self.revoked is not None:
            self._fail(Code.GRANT_REVOKED_BEFORE_USE, _revoked_clause(self.revoked), self.revoked)
        elif self.hold is not None and self.hold.change == "suspended":
            clause = f"was suspended from {format_instant(self.hold.effective_at)}"
            self._fail(Code.GRANT_SUSPENDED, clause, self.hold)
        if self.revoked is None and self.end is not None:
            expires_at = self.end.expires_at
            if expires_at is not None and expires_at <= last:
                clause = f"ended at {format_instant(expires_at)}"
                self._fail(Code.GRANT_EXPIRED, clause, self.end)

    def _fail(self, code: Code, clause: str, change: GrantChange) -> None:
        if code not in self.failures:
            self.failures[code] = Lapse(code, "error", clause, (change.index,))


def _failures(changes: Sequence[GrantChange], use: Interval) -> list[Lapse]:
    """Why the grant did not hold at some moment of the use: one sweep over its statements."""
    standing = _Standing()
    granted = changes[0]
    early = []
    if use.begin < granted.effective_at:
        clause = f"begins at {format_instant(granted.effective_at)}"
        early.append(Lapse(Code.GRANT_NOT_YET_VALID, "error", clause, (granted.index,)))
    ordered = sorted(changes, key=lambda change: (_in_force_from(change), change.index))
    for position, change in enumerate(ordered):
        begin = _in_force_from(change)
        if begin > use.last:
            break
        standing.apply(change)
        following = ordered[position + 1 :][:1]
        last = min([use.last, *(_in_force_from(c) - 1 for c in following)])
        if last >= max(begin, use.begin):
            standing.judge(last)
    return early + list(standing.failures.values())


def _in_force_from(change: GrantChange) -> int:
    # Nobody can have known of a revocation that reaches back before it was recorded.
    if change.effect == "retroactive":
        return max(change.effective_at, change.recorded_at)
    return change.effective_at


def _revoked_clause(change: GrantChange) -> str:
    effect = " retroactively" if change.effect == "retroactive" else ""
    return f"was revoked{effect} from {format_instant(change.effective_at)}"


def _revocation_after(
    changes: Sequence[GrantChange], known: int, found: Sequence[Lapse]
) -> list[Lapse]:
    if any(lapse.code is Code.GRANT_REVOKED_BEFORE_USE for lapse in found):
        return []
    for change in changes:
        if change.change != "revoked":
            continue
        severity: Severity = "error" if change.effect == "retroactive" else "warning"
        clause = f"{_revoked_clause(change)}, after this use"
        if severity == "error":
            clause += "; a retroactive revocation takes back what was made under it"
        elif change.index < known:
            clause += (
                f" by its signer's account, yet event {change.index} recorded the revocation "
                "before anything told of this use"
            )
        else:
            clause += "; use before a prospective revocation stands"
        return [Lapse(Code.GRANT_REVOKED_AFTER_USE, severity, clause, (change.index,))]
    return []


_ENDS = {"expired": Code.GRANT_EXPIRED, "suspended": Code.GRANT_SUSPENDED}


def _dated_back(changes: Sequence[GrantChange], known: int, found: Sequence[Lapse]) -> list[Lapse]:
    """Warnings where the times in the signed events and the order of the log disagree."""
    told = {lapse.code for lapse in found}
    granted, warnings = changes[0], []
    if granted.index > known and Code.GRANT_NOT_YET_VALID not in told:
        clause = (
            f"was recorded only in event {granted.index}, after this use; it is dated back to "
            f"{format_instant(granted.effective_at)}"
        )
        lapse = Lapse(Code.GRANT_NOT_YET_VALID, "warning", clause, (granted.index,))
        warnings.append(lapse)
    earlier = [change for change in changes if change.index < known]
    if earlier and (code := _ENDS.get(earlier[-1].change)) and code not in told:
        last = earlier[-1]
        clause = (
            f"had {last.change if code is Code.GRANT_EXPIRED else 'been suspended'} by event "
            f"{last.index}, before anything told of this use; that the use came earlier is its "
            "signer's account"
        )
        warnings.append(Lapse(code, "warning", clause, (last.index,)))
    return warnings
