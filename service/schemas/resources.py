"""What the views hold, as answers: the records' names in camelCase, times in RFC 3339.

`index` is that of the event that a resource comes from; `…Index` fields name others.
"""

from __future__ import annotations

from typing import Literal

from ledger.events.bodies.base import Action, Purpose, ResourceDescriptor, Role, Version
from ledger.events.bodies.datasets import Constraint, Usage
from ledger.events.bodies.models import Relation
from ledger.events.identifiers import Address, Cid, Identifier, Instant, Sha256Hex
from service.schemas.base import Answer, Hex32, Index, Millis, SealableText, Size


class MemberKeyView(Answer):
    """A key that signs on the member's behalf."""

    key: Address
    kinds: list[str]
    until: Instant
    label: SealableText | None
    revoked_index: Index | None
    index: Index


class MemberView(Answer):
    """An organisation that takes part. `roles` is what it may do now; none once removed."""

    member: Address
    name: str | None
    roles: list[Role]
    profile: Sha256Hex | None
    active: bool
    index: Index


class MemberDetail(MemberView):
    """A member with its keys."""

    keys: list[MemberKeyView]


class DatasetView(Answer):
    """A dataset with its terms and who answers for it."""

    dataset: Identifier
    title: SealableText
    description: SealableText | None
    license: str
    usage: Usage
    personal_data: bool
    steward: Address
    withdrawn_index: Index | None
    withdrawn_at: Instant | None
    index: Index


class DatasetVersionView(Answer):
    """The exact bytes of one version."""

    dataset: Identifier
    version: Version
    distribution: list[ResourceDescriptor]
    digests: list[Sha256Hex]
    record_count: int | None
    croissant: Cid | None
    revision_of: Version | None
    index: Index


class RequestView(Answer):
    """A request for access and what became of it."""

    request: Identifier
    dataset: Identifier
    requester: Address
    actions: list[Action]
    purpose: Purpose
    until: Instant
    justification: SealableText | None
    status: Literal["open", "returned", "denied", "granted"]
    decided_index: Index | None
    index: Index


class GrantView(Answer):
    """Who may do what with which dataset, renewals applied. Time is judged by whoever asks."""

    grant: Identifier
    dataset: Identifier
    granted_by: Address
    assignee: Address
    actions: list[Action]
    purpose: Purpose
    constraints: list[Constraint]
    versions: list[Version] | None
    not_before: Instant
    expires_at: Instant
    request: Identifier | None
    terms: Sha256Hex | None
    delegable: bool
    parent: Identifier | None
    status: Literal["active", "suspended", "revoked", "expired"]
    index: Index


class GrantChangeView(Answer):
    """What one event did to a grant."""

    index: Index
    change: Literal["granted", "renewed", "suspended", "resumed", "revoked", "expired"]
    effective_at: Instant
    expires_at: Instant | None
    effect: Literal["prospective", "retroactive"] | None
    recorded_at: Millis


class GrantDetail(GrantView):
    """A grant with its history."""

    changes: list[GrantChangeView]


class RunView(Answer):
    """A training run."""

    run: Identifier
    job: str
    developer: Address
    status: Literal["started", "completed", "failed"]
    started_at: Instant
    ended_at: Instant | None
    inputs_manifest: Sha256Hex | None
    ended_index: Index | None
    recorded_at: Millis
    index: Index


class RunInputView(Answer):
    """What a run read, as event `index` says. `node` is `dataset:<id>@<version>` or `model:…`."""

    node: str
    grant: Identifier | None
    digest: Sha256Hex | None
    index: Index


class RunOutputView(Answer):
    """What a run made, as event `index` says."""

    node: str
    digest: Sha256Hex
    index: Index


class RunDetail(RunView):
    """A run with what it read and made."""

    inputs: list[RunInputView]
    outputs: list[RunOutputView]


class ModelView(Answer):
    """A model and its owner."""

    model: Identifier
    title: SealableText
    owner: Address
    license: str
    task: str | None
    index: Index


class LatestVersion(Answer):
    """A model's newest version. `verdict` is what its audit said when the log had `verdictSize`
    events: that many now, or fewer where there was no time to judge it again; both are null where
    it was not judged yet.
    """

    version: Version
    verdict: Literal["clean", "tainted", "incomplete"] | None
    verdict_size: Size | None
    index: Index


class ModelWithLatest(ModelView):
    """A model, how many versions it has, and the newest of them; null where there is none."""

    versions: int
    latest: LatestVersion | None


class ModelVersionView(Answer):
    """The exact bytes of one version. `leafHash` is what a release proposal names."""

    model: Identifier
    version: Version
    digest: Sha256Hex
    artifact: ResourceDescriptor
    relation: Relation
    run: Identifier | None
    base: list[str]
    card: Cid | None
    leaf_hash: Hex32
    index: Index
