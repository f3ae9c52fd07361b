"""Who may request, grant, change and use access.

A delegated grant stays within the grant it is made under: same dataset, no action, version, purpose
or time that the parent lacks, every constraint of the parent kept, and only while the parent holds.
"""

from __future__ import annotations

import json

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
from ledger.events.identifiers import format_instant, parse_instant
from ledger.rules.authority import AHEAD_MS, Act, register, rule_for
from ledger.rules.datasets import require_dataset, require_steward
from ledger.rules.errors import (
    AlreadyEnded,
    BodyNotAllowed,
    IdTaken,
    NotAssignee,
    NotSteward,
    OutsideParent,
    UnknownId,
)
from ledger.rules.purposes import misfit, terms_of
from ledger.views.projections.datasets import canonical_value
from ledger.views.records import AccessRequest, Dataset, Emergency, Grant, Member
from ledger.views.state import State

MAX_DELEGATION_DEPTH = 16
"""Grants under grants under grants: how many levels."""


def require_grant(grant: str, state: State) -> Grant:
    """The grant by that id.

    Raises:
        UnknownId: if none is recorded.
    """
    row = state.get(Grant, grant)
    if row is None:
        raise UnknownId(f"No grant {grant} is recorded; GET /v1/grants lists those there are.")
    return row


@rule_for(AccessRequested)
def _requested(act: Act, body: AccessRequested, state: State) -> None:
    require_dataset(body.dataset, state)
    if state.get(AccessRequest, body.request) is not None:
        raise IdTaken(f"A request {body.request} is recorded already; choose another id.")
    if parse_instant(body.until) <= act.now:
        raise BodyNotAllowed(f"until, {body.until}, is in the past; name a later time.")


def _answered(act: Act, body: AccessReturned | AccessDenied, state: State) -> None:
    _require_open_request(act, body.request, state)


register(AccessReturned, _answered)
register(AccessDenied, _answered)


def _require_open_request(act: Act, request: str, state: State) -> AccessRequest:
    row = state.get(AccessRequest, request)
    if row is None:
        raise UnknownId(
            f"No request {request} is recorded; GET /v1/requests lists those there are."
        )
    require_steward(act, row.dataset, state)
    if row.status in {"denied", "granted"}:
        raise AlreadyEnded(f"Request {request} was {row.status} in event {row.decided_index}.")
    return row


@rule_for(AccessGranted)
def _granted(act: Act, body: AccessGranted, state: State) -> None:
    dataset = require_dataset(body.dataset, state)
    if state.get(Grant, body.grant) is not None:
        raise IdTaken(f"A grant {body.grant} is recorded already; choose another id.")
    if dataset.withdrawn_index is not None:
        raise AlreadyEnded(
            f"Dataset {body.dataset} was withdrawn in event {dataset.withdrawn_index}; nothing "
            "of it is granted any more."
        )
    assignee = state.get(Member, body.assignee)
    if assignee is None or not assignee.active:
        raise BodyNotAllowed(f"The assignee {body.assignee} is not a member; have it admitted.")
    if body.parent is not None:
        _require_within_parent(act, body, state)
    elif dataset.steward != act.principal:
        raise NotSteward(
            f"{dataset.steward} is the steward of dataset {body.dataset}; "
            "others grant under a delegable grant, named as parent."
        )
    if body.request is not None:
        _require_request_fits(act, body, dataset, state)


def _require_request_fits(act: Act, body: AccessGranted, dataset: Dataset, state: State) -> None:
    assert body.request is not None  # noqa: S101 - the caller has looked
    if act.principal != dataset.steward:
        raise NotSteward(
            f"Only the steward, {dataset.steward}, answers requests; leave request out."
        )
    request = _require_open_request(act, body.request, state)
    if request.dataset != body.dataset or request.requester != body.assignee:
        raise BodyNotAllowed(
            f"Request {body.request} is {request.requester}'s for dataset {request.dataset}; "
            "grant it to that member and for that dataset, or leave request out."
        )


def _require_within_parent(act: Act, body: AccessGranted, state: State) -> None:
    assert body.parent is not None  # noqa: S101 - the caller has looked
    parent = require_grant(body.parent, state)
    if parent.assignee != act.principal:
        raise NotAssignee(
            f"Grant {parent.grant} is {parent.assignee}'s to delegate; name one of "
            "your own as parent."
        )
    if not parent.delegable:
        raise OutsideParent(f"Grant {parent.grant} is not delegable; ask the dataset's steward.")
    for ancestor in ancestors(parent, state):
        if ancestor.status != "active" or act.now >= ancestor.expires_at:
            raise OutsideParent(
                f"Grant {ancestor.grant} does not hold any more, and nothing can be granted "
                "under it; ask for a new one."
            )
    _require_narrower(body, parent)


def _require_narrower(body: AccessGranted, parent: Grant) -> None:
    excess = set(body.actions) - set(parent.actions)
    if excess:
        raise OutsideParent(
            f"Grant {parent.grant} does not allow {', '.join(sorted(excess))}; leave that out."
        )
    if parent.dataset != body.dataset:
        raise OutsideParent(
            f"Grant {parent.grant} is for dataset {parent.dataset}, not {body.dataset}."
        )
    if parent.versions is not None and not set(body.versions or ["*"]) <= set(parent.versions):
        raise OutsideParent(
            f"Grant {parent.grant} covers {', '.join(parent.versions)} only; name those."
        )
    if parse_instant(body.not_before) < parent.not_before:
        raise OutsideParent(
            f"Grant {parent.grant} begins at {format_instant(parent.not_before)}; begin no earlier."
        )
    if parse_instant(body.expires_at) > parent.expires_at:
        raise OutsideParent(
            f"Grant {parent.grant} ends at {format_instant(parent.expires_at)}; end no later."
        )
    reason = misfit(
        terms_of(canonical_value(body.purpose)), terms_of(parent.purpose), tuple(body.actions)
    )
    if reason is not None:
        raise OutsideParent(f"The purpose is outside grant {parent.grant}: {reason}.")
    kept = [canonical_value(c) for c in body.constraints]
    for constraint in json.loads(parent.constraints):
        text = json.dumps(constraint, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        if text not in kept:
            raise OutsideParent(
                f"A constraint of grant {parent.grant} is missing: {text}; repeat it."
            )


def ancestors(grant: Grant, state: State) -> list[Grant]:
    """A grant and the grants it was made under, nearest first.

    Raises:
        OutsideParent: if they are more than `MAX_DELEGATION_DEPTH`.
    """
    chain = [grant]
    while chain[-1].parent is not None:
        if len(chain) >= MAX_DELEGATION_DEPTH:
            raise OutsideParent(
                f"Grants nest at most {MAX_DELEGATION_DEPTH} deep; ask for one higher up."
            )
        chain.append(require_grant(chain[-1].parent, state))
    return chain


def _require_grant_authority(act: Act, grant: str, state: State) -> Grant:
    """Whoever granted it, whoever granted what it was made under, or the dataset's steward."""
    row = require_grant(grant, state)
    allowed = {require_dataset(row.dataset, state).steward}
    chain = ancestors(row, state)
    # The steward of the moment replaces the steward who granted; grantors in between keep their
    # say.
    allowed.update(g.granted_by for g in chain if g.parent is not None)
    if act.principal not in allowed:
        raise NotSteward(
            f"Grant {grant} is for {' or '.join(sorted(allowed))} to change; have it signed there."
        )
    if row.status == "revoked":
        raise AlreadyEnded(f"Grant {grant} is revoked; make a new one.")
    return row


def _refuse_backdating(act: Act, effective_at: str) -> None:
    if parse_instant(effective_at) < act.event.issued_at - AHEAD_MS:
        raise BodyNotAllowed(
            f"effectiveAt lies more than {AHEAD_MS // 60_000} minutes before the event was issued; "
            "only a retroactive revocation reaches back."
        )


@rule_for(AccessRenewed)
def _renewed(act: Act, body: AccessRenewed, state: State) -> None:
    grant = _require_grant_authority(act, body.grant, state)
    _refuse_backdating(act, body.effective_at)
    if parse_instant(body.expires_at) <= grant.not_before:
        raise BodyNotAllowed(
            f"expiresAt, {body.expires_at}, lies before the grant begins; name a later time."
        )
    for ancestor in ancestors(grant, state)[1:]:
        if parse_instant(body.expires_at) > ancestor.expires_at:
            raise OutsideParent(
                f"Grant {ancestor.grant} ends at {format_instant(ancestor.expires_at)}; end no "
                "later."
            )


@rule_for(AccessSuspended)
def _suspended(act: Act, body: AccessSuspended, state: State) -> None:
    grant = _require_grant_authority(act, body.grant, state)
    _refuse_backdating(act, body.effective_at)
    if grant.status != "active":
        raise AlreadyEnded(
            f"Grant {body.grant} is {grant.status}; only an active one is suspended."
        )


@rule_for(AccessResumed)
def _resumed(act: Act, body: AccessResumed, state: State) -> None:
    grant = _require_grant_authority(act, body.grant, state)
    _refuse_backdating(act, body.effective_at)
    if grant.status != "suspended":
        raise AlreadyEnded(
            f"Grant {body.grant} is {grant.status}; only a suspended one is resumed."
        )


@rule_for(AccessRevoked)
def _revoked(act: Act, body: AccessRevoked, state: State) -> None:
    _require_grant_authority(act, body.grant, state)
    if body.effect == "prospective":
        _refuse_backdating(act, body.effective_at)


@rule_for(AccessExpired)
def _expired(act: Act, body: AccessExpired, state: State) -> None:
    act.require_operator()
    grant = require_grant(body.grant, state)
    if grant.status not in {"active", "suspended"}:
        raise AlreadyEnded(f"Grant {body.grant} is {grant.status} already.")
    if grant.expires_at > act.now:
        raise BodyNotAllowed(f"Grant {body.grant} holds until {format_instant(grant.expires_at)}.")


@rule_for(AccessUsed)
def _used(act: Act, body: AccessUsed, state: State) -> None:
    grant = require_grant(body.grant, state)
    if act.principal != grant.assignee and "gateway" not in act.roles:
        raise NotAssignee(
            f"Grant {body.grant} is {grant.assignee}'s; only it or a gateway records its use."
        )


@rule_for(EmergencyOpened)
def _emergency_opened(act: Act, body: EmergencyOpened, state: State) -> None:
    act.require_role("gateway")
    require_dataset(body.dataset, state)
    if state.get(Emergency, body.emergency) is not None:
        raise IdTaken(
            f"An emergency access {body.emergency} is recorded already; choose another id."
        )


@rule_for(EmergencyReviewed)
def _emergency_reviewed(act: Act, body: EmergencyReviewed, state: State) -> None:
    row = state.get(Emergency, body.emergency)
    if row is None:
        raise UnknownId(f"No emergency access {body.emergency} is recorded; check the id.")
    require_steward(act, row.dataset, state)
    if row.verdict is not None:
        raise AlreadyEnded(f"Event {row.reviewed_index} reviewed this emergency access.")
