"""Holding grants and releases to the policies in force.

Pure: what is known goes in, reasons come out. Three places enforce a policy, each what it can see:

- before an event is taken, `grant_refusals` and `renewal_refusals` say which policies a grant or a
  renewal would break. They judge by the very rules that the audit finds violations with
  (`ledger.audit.policies`), so what passes here is never a finding there.
- before a release is proposed or executed, `release_refusals` says what it still lacks.
- the contract enforces evaluations and attestation by itself, whatever anyone says here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from governance.actions import canonical_address
from governance.actions.calls import call_data
from governance.addresses import DaoAddresses
from governance.policies.documents import ReleasePolicy
from governance.reads import Read, Reader
from governance.wording import moment
from ledger.audit import Policy
from ledger.audit.answer import Verdict
from ledger.audit.policies import binding
from ledger.events.bodies.access import AccessGranted, AccessRenewed
from ledger.events.canonical import MAX_SAFE_INTEGER, canonical_plain
from ledger.events.identifiers import parse_instant
from ledger.views.records import Dataset, Grant, GrantChange

_YET_TO_COME = MAX_SAFE_INTEGER


@dataclass(frozen=True, slots=True)
class PolicyBreach:
    """A policy that something would break.

    Attributes:
        policy: its name.
        version: in force.
        reason: in words.
    """

    policy: str
    version: int
    reason: str


@dataclass(frozen=True, slots=True)
class ReleaseFacts:
    """What the contract knows of a record.

    Attributes:
        attested_at: second; 0 if it never was.
        is_flagged: an auditor blocks it.
        clean_evaluations: auditors who find it clean, among those who are auditors now.
    """

    attested_at: int
    is_flagged: bool
    clean_evaluations: int


def grant_refusals(
    policies: Sequence[Policy], dataset: Dataset, body: AccessGranted
) -> tuple[PolicyBreach, ...]:
    """Which policies in force a grant would break.

    Args:
        policies: all that were adopted (`audit_policies`); the latest of each binds.
        dataset: what it is for.
        body: of the event that would grant it.
    """
    grant = Grant(
        grant=body.grant,
        dataset=body.dataset,
        granted_by=dataset.steward,
        assignee=body.assignee,
        actions=tuple(body.actions),
        purpose=canonical_plain(
            body.purpose.model_dump(mode="json", by_alias=True, exclude_none=True)
        ).decode(),
        constraints="[]",
        versions=None if body.versions is None else tuple(body.versions),
        not_before=parse_instant(body.not_before),
        expires_at=parse_instant(body.expires_at),
        request=body.request,
        terms=body.terms,
        delegable=body.delegable,
        parent=body.parent,
        status="active",
        index=_YET_TO_COME,
    )
    change = _foreseen(grant, "granted", grant.not_before, grant.expires_at)
    return _breaches(policies, dataset, grant, change)


def renewal_refusals(
    policies: Sequence[Policy], dataset: Dataset, grant: Grant, body: AccessRenewed
) -> tuple[PolicyBreach, ...]:
    """Which policies in force a renewal would break.

    Args:
        policies: as for `grant_refusals`.
        dataset: what the grant is for.
        grant: as it stands.
        body: of the event that would renew it.
    """
    effective_at, expires_at = parse_instant(body.effective_at), parse_instant(body.expires_at)
    change = _foreseen(grant, "renewed", effective_at, expires_at)
    return _breaches(policies, dataset, grant, change)


def release_refusals(
    policy: ReleasePolicy | None,
    *,
    verdict: Verdict,
    facts: ReleaseFacts,
    release_at: int,
) -> tuple[str, ...]:
    """What a release would lack, in words; empty if nothing.

    Args:
        policy: in force; None if none was ever adopted.
        verdict: of the audit of the model version, now.
        facts: of its record.
        release_at: second of the release: now, or when a proposal could be executed.
    """
    if not facts.attested_at:
        return ("its record was not proven to be in the anchored log: attest it first",)
    lacks: list[str] = []
    if facts.is_flagged:
        lacks.append("an auditor flagged its record: a vote has to clear the flag")
    if policy is None:
        return tuple(lacks)
    if policy.accepted is not None and verdict not in policy.accepted:
        accepted = " or ".join(sorted(policy.accepted))
        lacks.append(f"its audit is {verdict}, and the release policy asks for {accepted}")
    if facts.clean_evaluations < policy.evaluations:
        lacks.append(
            f"{facts.clean_evaluations} auditors found its record clean, and the release policy "
            f"asks for {policy.evaluations}"
        )
    earliest = facts.attested_at + policy.attested_for
    if release_at < earliest:
        lacks.append(f"the release policy allows it from {moment(earliest)} on")
    return tuple(lacks)


def read_release_facts(reader: Reader, at: DaoAddresses, record_leaf: str) -> ReleaseFacts:
    """What the contract knows of a record.

    Args:
        reader: of the DAO's chain.
        at: its contracts.
        record_leaf: leaf hash of the event that published the version, 0x-hex.
    """
    models, leaf = canonical_address(at.models), bytes.fromhex(record_leaf[2:])
    record, clean = (
        reader.read_one(Read(models, call_data("ModelRegistry", function, leaf)))
        for function in ("recordOf", "cleanEvaluations")
    )
    # Record: model, attestedAt, status, flagged.
    return ReleaseFacts(
        int.from_bytes(record[32:64]),
        bool(int.from_bytes(record[96:128])),
        int.from_bytes(clean),
    )


def _foreseen(grant: Grant, change: str, effective_at: int, expires_at: int) -> GrantChange:
    return GrantChange(
        index=_YET_TO_COME,
        grant=grant.grant,
        change=change,
        effective_at=effective_at,
        expires_at=expires_at,
        effect=None,
        recorded_at=effective_at,
    )


def _breaches(
    policies: Sequence[Policy], dataset: Dataset, grant: Grant, change: GrantChange
) -> tuple[PolicyBreach, ...]:
    return tuple(
        PolicyBreach(policy.policy, policy.version, reason)
        for policy in binding(policies, _YET_TO_COME)
        for rule in policy.rules
        if rule.binds(dataset) and (reason := rule.broken(grant, change)) is not None
    )
