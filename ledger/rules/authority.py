"""Is this event authorised, given the state so far? The common checks, then the kind's own rule.

Rules, in order:
1. The first leaf is `ledger.created`, and no other leaf is.
2. `issuedAt` is at most `AHEAD_MS` after and `BEHIND_MS` before `recordedAt`.
3. The signer is an active member, or a key that an active member authorised for this kind, in time
and not revoked. 4. The kind's rule lets it through.

Nothing here looks at a clock, a database or a signature; it never changes the state. Facts about
the world that break a grant's terms (a run on an expired grant, an unknown input) are let through:
the audit judges them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from ledger.events.bodies import Body
from ledger.events.envelope import Event
from ledger.rules.errors import (
    BodyNotAllowed,
    KeyNotAuthorized,
    MissingRole,
    NotMirror,
    TimeOutOfWindow,
    UnknownActor,
)
from ledger.views.records import AuthorizedKey, LedgerInfo, Member
from ledger.views.state import State

AHEAD_MS = 10 * 60 * 1000
"""How far `issuedAt` may be ahead of the ledger's clock, in milliseconds."""

BEHIND_MS = 24 * 60 * 60 * 1000
"""How far `issuedAt` may be behind the ledger's clock, in milliseconds."""


@dataclass(frozen=True, slots=True)
class Act:
    """What a rule is told beside the body.

    Attributes:
        event: the event.
        principal: the member whose act it is.
        roles: what that member may do now.
        ledger: the ledger's own row.
        now: when it would be recorded, milliseconds since the epoch.
    """

    event: Event
    principal: str
    roles: tuple[str, ...]
    ledger: LedgerInfo
    now: int

    @property
    def is_operator(self) -> bool:
        """Whether the ledger's operator acts."""
        return self.principal == self.ledger.operator or "operator" in self.roles

    def require_role(self, *roles: str) -> None:
        """Refuses members that have none of the roles.

        Raises:
            MissingRole: naming them.
        """
        if not set(roles) & set(self.roles):
            raise MissingRole(
                f"{self.event.kind} needs the role {' or '.join(roles)}; {self.principal} has "
                f"{', '.join(self.roles) or 'none'}. {self._who_gives_roles()}"
            )

    def require_operator(self) -> None:
        """Refuses everyone but the operator.

        Raises:
            MissingRole: naming the operator.
        """
        if not self.is_operator:
            raise MissingRole(
                f"{self.event.kind} is for the operator, {self.ledger.operator}, alone. Have it "
                "sign this."
            )

    def _who_gives_roles(self) -> str:
        if self.ledger.contracts == "{}":
            return (
                f"The operator, {self.ledger.operator}, gives roles; ask it, or let a member sign "
                "who has one."
            )
        return "Roles are given by a vote: propose the change, or let a member sign who has one."

    def require_mirror(self) -> None:
        """Refuses everyone but the mirror of the contracts.

        Raises:
            NotMirror: naming it.
        """
        if self.ledger.contracts == "{}":
            raise NotMirror(
                f"{self.event.kind} tells what a contract did, and this ledger names no contracts; "
                "it cannot be recorded here."
            )
        if self.event.actor != self.ledger.mirror:
            raise NotMirror(
                f"{self.event.kind} is for the mirror, {self.ledger.mirror}, alone. It "
                "is told by itself once it has happened on chain."
            )


B = TypeVar("B", bound=Body)
Rule = Callable[[Act, B, State], None]
_RULES: dict[str, Callable[[Act, Body, State], None]] = {}


def register(model: type[B], rule: Rule[B]) -> None:
    """Makes `rule` the rule of a kind of body."""

    def checked(act: Act, body: Body, state: State) -> None:
        if not isinstance(body, model):
            raise TypeError(f"{act.event.kind} carries a {type(body).__name__}")
        rule(act, body, state)

    _RULES[model.KIND] = checked


def rule_for(model: type[B]) -> Callable[[Rule[B]], Rule[B]]:
    """Decorator: the function is the rule of this kind of body."""

    def decorate(function: Rule[B]) -> Rule[B]:
        register(model, function)
        return function

    return decorate


def authorise(event: Event, *, state: State, now: int) -> None:
    """Lets an event through or says why not.

    Args:
        event: well formed, signature verified.
        state: all events before this one.
        now: the `recordedAt` that it would get, milliseconds since the epoch.

    Raises:
        Refused, Conflict, NotFound, InvalidInput: the classes of `ledger.rules.errors`.
    """
    ledger = state.get(LedgerInfo, "ledger")
    if ledger is None:
        if event.kind != "ledger.created":
            raise BodyNotAllowed("The first event of a ledger is ledger.created.")
        return
    if event.kind == "ledger.created":
        raise BodyNotAllowed("This ledger exists already; ledger.created is its first leaf only.")
    _check_time(event, now)
    principal, roles = _principal(event, state, ledger, now)
    _RULES[event.kind](Act(event, principal, roles, ledger, now), event.body, state)


def _check_time(event: Event, now: int) -> None:
    ahead = event.issued_at - now
    if ahead > AHEAD_MS:
        raise TimeOutOfWindow(
            f"issuedAt is {ahead / 60_000:.1f} minutes ahead of the ledger's clock; "
            f"{AHEAD_MS // 60_000} is the limit. Check the signer's clock and sign again."
        )
    if -ahead > BEHIND_MS:
        raise TimeOutOfWindow(
            f"issuedAt, in milliseconds, is {-ahead / 3_600_000:.1f} hours behind the ledger's "
            f"clock; {BEHIND_MS // 3_600_000} is the limit. Sign again."
        )


def _principal(
    event: Event, state: State, ledger: LedgerInfo, now: int
) -> tuple[str, tuple[str, ...]]:
    actor = event.actor
    member = state.get(Member, actor)
    if member is not None and member.active:
        return actor, member.roles
    if actor in {ledger.operator, ledger.mirror}:
        return actor, ()
    key = state.get(AuthorizedKey, actor)
    if key is None:
        removed = " any more" if member is not None else ""
        raise UnknownActor(
            f"{actor} is not a member of this ledger{removed}, nor a key of one. Have it "
            "admitted, or have a member authorise it (key.authorized)."
        )
    owner = state.get(Member, key.member)
    if key.revoked_index is not None:
        raise KeyNotAuthorized(
            f"{key.member} revoked this key in event {key.revoked_index}; use another one."
        )
    if now >= key.until:
        raise KeyNotAuthorized(f"The time of this key of {key.member} is over; authorise another.")
    if event.kind not in key.kinds:
        raise KeyNotAuthorized(
            f"{key.member} authorised this key for {', '.join(key.kinds)}, not for {event.kind}; "
            "let the member sign this, or authorise another key."
        )
    if owner is None or not owner.active:
        raise UnknownActor(
            f"{key.member}, whose key this is, is not a member any more; use a key of a member."
        )
    return owner.member, owner.roles
