"""Views of requests, grants, uses and emergencies."""

from __future__ import annotations

import dataclasses

from ledger.events.bodies.access import (
    AccessDenied,
    AccessExpired,
    AccessGranted,
    AccessRenewed,
    AccessRequested,
    AccessResumed,
    AccessReturned,
    AccessRevoked,
    AccessSuspended,
    AccessUsed,
    EmergencyOpened,
    EmergencyReviewed,
)
from ledger.events.identifiers import parse_instant
from ledger.views.projections.datasets import canonical_value, canonical_values
from ledger.views.projections.registry import Placed, add_edges, projects, text_of
from ledger.views.records import (
    AccessRequest,
    Emergency,
    Grant,
    GrantChange,
    Use,
)
from ledger.views.state import State


@projects(AccessRequested)
def _requested(placed: Placed, body: AccessRequested, state: State) -> None:
    state.put(
        AccessRequest(
            request=body.request,
            dataset=body.dataset,
            requester=placed.principal,
            actions=tuple(body.actions),
            purpose=canonical_value(body.purpose),
            until=parse_instant(body.until),
            justification=text_of(body.justification),
            status="open",
            decided_index=None,
            index=placed.index,
        )
    )


def _decide(placed: Placed, request: str, status: str, state: State) -> None:
    row = state.get(AccessRequest, request)
    if row is not None:
        state.put(dataclasses.replace(row, status=status, decided_index=placed.index))


@projects(AccessReturned)
def _returned(placed: Placed, body: AccessReturned, state: State) -> None:
    _decide(placed, body.request, "returned", state)


@projects(AccessDenied)
def _denied(placed: Placed, body: AccessDenied, state: State) -> None:
    _decide(placed, body.request, "denied", state)


@projects(AccessGranted)
def _granted(placed: Placed, body: AccessGranted, state: State) -> None:
    grant = Grant(
        grant=body.grant,
        dataset=body.dataset,
        granted_by=placed.principal,
        assignee=body.assignee,
        actions=tuple(body.actions),
        purpose=canonical_value(body.purpose),
        constraints=canonical_values([*body.constraints]),
        versions=tuple(body.versions) if body.versions is not None else None,
        not_before=parse_instant(body.not_before),
        expires_at=parse_instant(body.expires_at),
        request=body.request,
        terms=body.terms,
        delegable=body.delegable,
        parent=body.parent,
        status="active",
        index=placed.index,
    )
    state.put(grant)
    _change(placed, grant, "granted", grant.not_before, state, expires_at=grant.expires_at)
    if body.request is not None:
        _decide(placed, body.request, "granted", state)
    edges = [("wasAttributedTo", f"grant:{body.grant}", f"agent:{placed.principal}")]
    if body.parent is not None:
        edges.append(("wasDerivedFrom", f"grant:{body.grant}", f"grant:{body.parent}"))
    add_edges(placed, edges, state)


def _change(
    placed: Placed,
    grant: Grant,
    change: str,
    effective_at: int,
    state: State,
    *,
    expires_at: int | None = None,
    effect: str | None = None,
) -> None:
    state.add(
        GrantChange(
            index=placed.index,
            grant=grant.grant,
            change=change,
            effective_at=effective_at,
            expires_at=expires_at,
            effect=effect,
            recorded_at=placed.recorded_at,
        )
    )


@projects(AccessRenewed)
def _renewed(placed: Placed, body: AccessRenewed, state: State) -> None:
    grant = state.get(Grant, body.grant)
    if grant is None:
        return
    expires_at = parse_instant(body.expires_at)
    status = "active" if grant.status == "expired" else grant.status
    state.put(dataclasses.replace(grant, expires_at=expires_at, status=status))
    effective_at = parse_instant(body.effective_at)
    _change(placed, grant, "renewed", effective_at, state, expires_at=expires_at)


@projects(AccessSuspended)
def _suspended(placed: Placed, body: AccessSuspended, state: State) -> None:
    grant = state.get(Grant, body.grant)
    if grant is not None:
        state.put(dataclasses.replace(grant, status="suspended"))
        _change(placed, grant, "suspended", parse_instant(body.effective_at), state)


@projects(AccessResumed)
def _resumed(placed: Placed, body: AccessResumed, state: State) -> None:
    grant = state.get(Grant, body.grant)
    if grant is not None:
        state.put(dataclasses.replace(grant, status="active"))
        _change(placed, grant, "resumed", parse_instant(body.effective_at), state)


@projects(AccessRevoked)
def _revoked(placed: Placed, body: AccessRevoked, state: State) -> None:
    grant = state.get(Grant, body.grant)
    if grant is not None:
        state.put(dataclasses.replace(grant, status="revoked"))
        effective_at = parse_instant(body.effective_at)
        _change(placed, grant, "revoked", effective_at, state, effect=body.effect)
        edge = ("wasInvalidatedBy", f"grant:{body.grant}", f"agent:{placed.principal}")
        add_edges(placed, [edge], state)


@projects(AccessExpired)
def _expired(placed: Placed, body: AccessExpired, state: State) -> None:
    grant = state.get(Grant, body.grant)
    if grant is not None:
        state.put(dataclasses.replace(grant, status="expired"))
        _change(placed, grant, "expired", grant.expires_at, state)


@projects(AccessUsed)
def _used(placed: Placed, body: AccessUsed, state: State) -> None:
    state.add(
        Use(
            index=placed.index,
            grant=body.grant,
            user=placed.principal,
            action=body.action,
            purpose=canonical_value(body.purpose),
            run=body.run,
            records=body.records,
            bytes=body.bytes,
            recorded_at=placed.recorded_at,
        )
    )


@projects(EmergencyOpened)
def _emergency_opened(placed: Placed, body: EmergencyOpened, state: State) -> None:
    state.put(
        Emergency(
            emergency=body.emergency,
            dataset=body.dataset,
            opened_by=placed.principal,
            until=parse_instant(body.until),
            justification=text_of(body.justification) or "",
            verdict=None,
            reviewed_index=None,
            index=placed.index,
        )
    )


@projects(EmergencyReviewed)
def _emergency_reviewed(placed: Placed, body: EmergencyReviewed, state: State) -> None:
    row = state.get(Emergency, body.emergency)
    if row is not None:
        state.put(dataclasses.replace(row, verdict=body.verdict, reviewed_index=placed.index))
