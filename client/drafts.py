"""What a member wants to say, before it is signed: a kind, a body, and which of its fields are
sealed.

One function a kind that people write. Free text about people is sealed by default: a justification
always, a reason unless `public_reason` says that it may stand in the log for ever.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ledger.events.canonical import JsonObject, JsonValue
from ledger.events.identifiers import format_instant


@dataclass(frozen=True, slots=True)
class Draft:
    """An event that nobody has signed yet.

    Attributes:
        kind: of the event.
        body: its plain fields.
        sealed: field name to the value that is sealed into it.
        data_subject: opaque id of whom the sealed values are about.
    """

    kind: str
    body: JsonObject
    sealed: Mapping[str, JsonValue] = field(default_factory=dict)
    data_subject: str = "unspecified"


def _body(**fields: JsonValue) -> JsonObject:
    return {name: value for name, value in fields.items() if value is not None}


def _with_reason(
    kind: str, body: JsonObject, reason: str | None, *, public_reason: bool, subject: str
) -> Draft:
    if reason is None:
        return Draft(kind, body)
    if public_reason:
        return Draft(kind, {**body, "reason": reason})
    return Draft(kind, body, {"reason": reason}, subject)


def purpose(*duo: str, disease: str | None = None, broader: Sequence[str] = ()) -> JsonObject:
    """A purpose: DUO shorthands, and a disease (CURIE) with the broader terms you vouch for."""
    value: JsonObject = {"duo": list(duo)}
    if disease is not None:
        value["disease"] = {"term": disease, **({"broader": list(broader)} if broader else {})}
    return value


def register_dataset(
    dataset: str,
    *,
    title: str,
    steward: str,
    usage: JsonObject,
    license: str,  # noqa: A002 - the body's name
    personal_data: bool,
    description: str | None = None,
) -> Draft:
    """`dataset.registered`. `usage` is `{"duo": […], "diseases"?: […], "odrl"?: {…}}`."""
    return Draft(
        "dataset.registered",
        _body(
            dataset=dataset,
            title=title,
            description=description,
            license=license,
            usage=usage,
            personalData=personal_data,
            steward=steward,
        ),
    )


def publish_dataset_version(
    dataset: str,
    version: str,
    *,
    distribution: Sequence[JsonObject],
    record_count: int | None = None,
    croissant: str | None = None,
    revision_of: str | None = None,
) -> Draft:
    """`dataset.version_published`.

    `distribution` holds ResourceDescriptors, as `client.files` makes them.
    """
    return Draft(
        "dataset.version_published",
        _body(
            dataset=dataset,
            version=version,
            distribution=list(distribution),
            recordCount=record_count,
            croissant=croissant,
            revisionOf=revision_of,
        ),
    )


def withdraw_dataset(
    dataset: str, *, reason: str | None = None, public_reason: bool = False
) -> Draft:
    """`dataset.withdrawn`."""
    return _with_reason(
        "dataset.withdrawn", {"dataset": dataset}, reason,
        public_reason=public_reason, subject=dataset,
    )  # fmt: skip


def request_access(
    request: str,
    *,
    dataset: str,
    actions: Sequence[str],
    purpose: JsonObject,
    until: int,
    justification: str | None = None,
) -> Draft:
    """`access.requested`.

    `until` is in milliseconds since the epoch; the justification is always sealed.
    """
    body = _body(
        request=request,
        dataset=dataset,
        actions=list(actions),
        purpose=purpose,
        until=format_instant(until),
    )
    sealed: dict[str, JsonValue] = {} if justification is None else {"justification": justification}
    return Draft("access.requested", body, sealed, request)


def answer_request(
    request: str, *, deny: bool, reason: str | None = None, public_reason: bool = False
) -> Draft:
    """`access.denied`, or `access.returned` for amendment."""
    return _with_reason(
        "access.denied" if deny else "access.returned", {"request": request}, reason,
        public_reason=public_reason, subject=request,
    )  # fmt: skip


def grant_access(
    grant: str,
    *,
    dataset: str,
    assignee: str,
    actions: Sequence[str],
    purpose: JsonObject,
    not_before: int,
    expires_at: int,
    versions: Sequence[str] | None = None,
    constraints: Sequence[JsonObject] = (),
    request: str | None = None,
    terms: str | None = None,
    delegable: bool = False,
    parent: str | None = None,
) -> Draft:
    """`access.granted`. Times are in milliseconds since the epoch."""
    return Draft(
        "access.granted",
        _body(
            grant=grant,
            dataset=dataset,
            versions=list(versions) if versions else None,
            assignee=assignee,
            actions=list(actions),
            purpose=purpose,
            constraints=list(constraints) or None,
            notBefore=format_instant(not_before),
            expiresAt=format_instant(expires_at),
            request=request,
            terms=terms,
            delegable=delegable,
            parent=parent,
        ),
    )


def renew_grant(
    grant: str,
    *,
    expires_at: int,
    effective_at: int,
    reason: str | None = None,
    public_reason: bool = False,
) -> Draft:
    """`access.renewed`. Times are in milliseconds since the epoch."""
    body: JsonObject = {
        "grant": grant,
        "expiresAt": format_instant(expires_at),
        "effectiveAt": format_instant(effective_at),
    }
    return _with_reason("access.renewed", body, reason, public_reason=public_reason, subject=grant)


def suspend_grant(
    grant: str, *, effective_at: int, reason: str | None = None, public_reason: bool = False
) -> Draft:
    """`access.suspended`. `effective_at` is in milliseconds since the epoch."""
    body: JsonObject = {"grant": grant, "effectiveAt": format_instant(effective_at)}
    return _with_reason(
        "access.suspended", body, reason, public_reason=public_reason, subject=grant
    )


def resume_grant(
    grant: str, *, effective_at: int, reason: str | None = None, public_reason: bool = False
) -> Draft:
    """`access.resumed`. `effective_at` is in milliseconds since the epoch."""
    body: JsonObject = {"grant": grant, "effectiveAt": format_instant(effective_at)}
    return _with_reason("access.resumed", body, reason, public_reason=public_reason, subject=grant)


def revoke_grant(
    grant: str,
    *,
    effective_at: int,
    retroactive: bool,
    reason: str | None = None,
    public_reason: bool = False,
) -> Draft:
    """`access.revoked`. Retroactive taints every model made under the grant."""
    body: JsonObject = {
        "grant": grant,
        "effectiveAt": format_instant(effective_at),
        "effect": "retroactive" if retroactive else "prospective",
    }
    return _with_reason("access.revoked", body, reason, public_reason=public_reason, subject=grant)


def use_grant(
    grant: str,
    *,
    action: str,
    purpose: JsonObject,
    run: str | None = None,
    records: int | None = None,
    bytes_read: int | None = None,
) -> Draft:
    """`access.used`."""
    return Draft(
        "access.used",
        _body(
            grant=grant,
            action=action,
            purpose=purpose,
            run=run,
            records=records,
            bytes=bytes_read,
        ),
    )


def register_model(
    model: str,
    *,
    title: str,
    owner: str,
    license: str,  # noqa: A002 - the body's name
    task: str | None = None,
) -> Draft:
    """`model.registered`."""
    return Draft(
        "model.registered",
        _body(model=model, title=title, owner=owner, license=license, task=task),
    )


def publish_model_version(
    model: str,
    version: str,
    *,
    artifact: JsonObject,
    relation: str = "trained",
    run: str | None = None,
    base: Sequence[tuple[str, str]] = (),
    card: str | None = None,
) -> Draft:
    """`model.version_published`. `base` holds (model, version) pairs."""
    return Draft(
        "model.version_published",
        _body(
            model=model,
            version=version,
            artifact=artifact,
            relation=relation,
            run=run,
            base=[{"model": m, "version": v} for m, v in base] or None,
            card=card,
        ),
    )


def authorize_key(key: str, *, kinds: Sequence[str], until: int, label: str | None = None) -> Draft:
    """`key.authorized`. `until` is in milliseconds since the epoch."""
    body: JsonObject = {"key": key, "kinds": list(kinds), "until": format_instant(until)}
    return Draft("key.authorized", body, {} if label is None else {"label": label}, key)


def revoke_key(key: str, *, reason: str | None = None) -> Draft:
    """`key.revoked`."""
    return _with_reason("key.revoked", {"key": key}, reason, public_reason=False, subject=key)


def admit_member(
    member: str,
    *,
    roles: Sequence[str],
    name: str | None = None,
) -> Draft:
    """`member.admitted`, by the operator."""
    return Draft("member.admitted", _body(member=member, roles=list(roles), name=name))


def change_roles(member: str, *, roles: Sequence[str]) -> Draft:
    """`member.roles_changed`, by the operator: all roles from now on."""
    return Draft("member.roles_changed", {"member": member, "roles": list(roles)})


def remove_member(member: str, *, reason: str | None = None, public_reason: bool = False) -> Draft:
    """`member.removed`, by the operator."""
    return _with_reason(
        "member.removed", {"member": member}, reason, public_reason=public_reason, subject=member
    )


def transfer_stewardship(dataset: str, *, to: str) -> Draft:
    """`dataset.stewardship_transferred`, by the steward so far."""
    return Draft("dataset.stewardship_transferred", {"dataset": dataset, "to": to})


def erase(erasure: str, *, commitments: Sequence[str], legal_basis: str) -> Draft:
    """`erasure.performed`, by the operator on the controller's order."""
    return Draft(
        "erasure.performed",
        {"erasure": erasure, "commitments": list(commitments), "legalBasis": legal_basis},
    )
