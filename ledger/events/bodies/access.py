"""Requests, grants and uses."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from ledger.events.bodies.base import (
    Action,
    Body,
    Count,
    Purpose,
    Text,
    Version,
    counted,
    event_kind,
    listing,
)
from ledger.events.bodies.datasets import Constraint
from ledger.events.identifiers import (
    Address,
    Identifier,
    Instant,
    Sha256Hex,
    parse_instant,
)
from ledger.events.sealed import Sealable, Sealed

Actions = Annotated[list[Action], Field(min_length=1, max_length=5)]
Effect = Literal["prospective", "retroactive"]


@event_kind("access.requested", subject="request")
class AccessRequested(Body):
    """A member asks for access. Why is always sealed: it is about people."""

    request: Identifier
    dataset: Identifier
    actions: Actions
    purpose: Purpose
    until: Instant
    justification: Sealed | None = None

    def summary(self) -> str:
        return (
            f"Request {self.request} to {listing(list(self.actions))} dataset {self.dataset} for "
            f"{self.purpose.sentence()} until {self.until}."
        )


@event_kind("access.returned", subject="request")
class AccessReturned(Body):
    """The steward wants the request amended."""

    request: Identifier
    reason: Sealable[Text] | None = None

    def summary(self) -> str:
        return f"Return access request {self.request} for amendment."


@event_kind("access.denied", subject="request")
class AccessDenied(Body):
    """The steward says no."""

    request: Identifier
    reason: Sealable[Text] | None = None

    def summary(self) -> str:
        return f"Deny access request {self.request}."


@event_kind("access.granted", subject="grant")
class AccessGranted(Body):
    """An assignee may do some things with a dataset, for a purpose, for a time.

    Attributes:
        versions: which versions it covers; all where absent.
        constraints: ODRL; all must hold.
        terms: SHA-256 of the agreement.
        delegable: whether the assignee may grant within these bounds.
        parent: the delegable grant that this one is made under.
    """

    grant: Identifier
    dataset: Identifier
    assignee: Address
    actions: Actions
    purpose: Purpose
    not_before: Instant
    expires_at: Instant
    delegable: bool
    versions: Annotated[list[Version], Field(min_length=1, max_length=256)] | None = None
    constraints: Annotated[list[Constraint], Field(max_length=16)] = []
    request: Identifier | None = None
    terms: Sha256Hex | None = None
    parent: Identifier | None = None

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> AccessGranted:
        if parse_instant(self.expires_at) <= parse_instant(self.not_before):
            raise ValueError("expiresAt must be after notBefore")
        return self

    def summary(self) -> str:
        versions = self.versions or []
        plural = "s" if len(versions) > 1 else ""
        covers = f" version{plural} {listing(versions)}" if versions else ""
        parent = f", under grant {self.parent}" if self.parent else ""
        delegable = ", delegable" if self.delegable else ""
        limits = f", {counted(len(self.constraints), 'constraint')}" if self.constraints else ""
        return (
            f"Grant {self.grant}: {self.assignee} may {listing(list(self.actions))} dataset "
            f"{self.dataset}{covers} for {self.purpose.sentence()} from {self.not_before} "
            f"until {self.expires_at}{limits}{delegable}{parent}."
        )


@event_kind("access.renewed", subject="grant")
class AccessRenewed(Body):
    """The grant ends at another time."""

    grant: Identifier
    expires_at: Instant
    effective_at: Instant
    reason: Sealable[Text] | None = None

    def summary(self) -> str:
        return f"Renew grant {self.grant} until {self.expires_at}, effective {self.effective_at}."


@event_kind("access.suspended", subject="grant")
class AccessSuspended(Body):
    """The grant does not hold until it is resumed."""

    grant: Identifier
    effective_at: Instant
    reason: Sealable[Text] | None = None

    def summary(self) -> str:
        return f"Suspend grant {self.grant}, effective {self.effective_at}."


@event_kind("access.resumed", subject="grant")
class AccessResumed(Body):
    """A suspended grant holds again."""

    grant: Identifier
    effective_at: Instant
    reason: Sealable[Text] | None = None

    def summary(self) -> str:
        return f"Resume grant {self.grant}, effective {self.effective_at}."


@event_kind("access.revoked", subject="grant")
class AccessRevoked(Body):
    """The grant ends.

    Prospective: from `effectiveAt` on. Retroactive: what was made under it is tainted too.
    """

    grant: Identifier
    effective_at: Instant
    effect: Effect
    reason: Sealable[Text] | None = None

    def summary(self) -> str:
        tail = (
            "; every model made under it is tainted"
            if self.effect == "retroactive"
            else "; earlier use stands"
        )
        return f"Revoke grant {self.grant} ({self.effect}{tail}), effective {self.effective_at}."


@event_kind("access.expired", subject="grant")
class AccessExpired(Body):
    """The grant's time is over: an end that is nobody's act is still an event."""

    grant: Identifier
    sweep: Identifier

    def summary(self) -> str:
        return f"Record that grant {self.grant} has expired."


@event_kind("access.emergency_opened", subject="emergency")
class EmergencyOpened(Body):
    """Break-glass access through a gateway, reviewed afterwards."""

    emergency: Identifier
    dataset: Identifier
    until: Instant
    justification: Sealed

    def summary(self) -> str:
        return f"Open dataset {self.dataset} in emergency {self.emergency} until {self.until}."


@event_kind("access.emergency_reviewed", subject="emergency")
class EmergencyReviewed(Body):
    """The steward's verdict on an emergency access."""

    emergency: Identifier
    verdict: Literal["justified", "unjustified"]
    reason: Sealable[Text] | None = None

    def summary(self) -> str:
        return f"Find emergency access {self.emergency} {self.verdict}."


@event_kind("access.used", subject="grant")
class AccessUsed(Body):
    """Data was used under a grant.

    Attributes:
        records: number of records read.
        bytes: bytes read.
        decision: id of the access decision that let it through.
    """

    grant: Identifier
    action: Action
    purpose: Purpose
    run: Identifier | None = None
    records: Count | None = None
    bytes: Count | None = None
    decision: Annotated[str, StringConstraints(max_length=128)] | None = None

    def summary(self) -> str:
        run = f" in run {self.run}" if self.run else ""
        return f"Use grant {self.grant} to {self.action} for {self.purpose.sentence()}{run}."
