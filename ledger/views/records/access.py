"""Rows of views: datasets, and who may use them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ledger.views.records.record import Record


@dataclass(frozen=True, slots=True)
class Dataset(Record):
    """A dataset with its terms. `usage` is the canonical JSON of the body's usage."""

    TABLE: ClassVar[str] = "dataset"
    KEY: ClassVar[tuple[str, ...]] = ("dataset",)

    dataset: str
    title: str
    description: str | None
    license: str
    usage: str
    personal_data: bool
    steward: str
    withdrawn_index: int | None
    withdrawn_at: int | None
    index: int


@dataclass(frozen=True, slots=True)
class Stewardship(Record):
    """Fact: who answers for the dataset from this event on."""

    TABLE: ClassVar[str] = "stewardship"
    KEY: ClassVar[tuple[str, ...]] = ("index", "dataset")

    index: int
    dataset: str
    steward: str


@dataclass(frozen=True, slots=True)
class DatasetVersion(Record):
    """The exact bytes of one version. `digests` holds the SHA-256 of each file, in order."""

    TABLE: ClassVar[str] = "dataset_version"
    KEY: ClassVar[tuple[str, ...]] = ("dataset", "version")

    dataset: str
    version: str
    distribution: str
    digests: tuple[str, ...]
    record_count: int | None
    croissant: str | None
    revision_of: str | None
    index: int


@dataclass(frozen=True, slots=True)
class AccessRequest(Record):
    """A request and what became of it: `open`, `returned`, `denied`, `granted`."""

    TABLE: ClassVar[str] = "access_request"
    KEY: ClassVar[tuple[str, ...]] = ("request",)

    request: str
    dataset: str
    requester: str
    actions: tuple[str, ...]
    purpose: str
    until: int
    justification: str | None
    status: str
    decided_index: int | None
    index: int


@dataclass(frozen=True, slots=True)
class Grant(Record):
    """Who may do what with which dataset, as it stands now.

    Attributes:
        granted_by: the member that granted: the steward, or a delegable grant's assignee.
        versions: covered versions; all where None.
        purpose, constraints: canonical JSON of the body's fields.
        not_before, expires_at: with renewals applied.
        status: `active`, `suspended`, `revoked` or `expired` as recorded; time is judged when
            asked.
    """

    TABLE: ClassVar[str] = "access_grant"
    KEY: ClassVar[tuple[str, ...]] = ("grant",)

    grant: str
    dataset: str
    granted_by: str
    assignee: str
    actions: tuple[str, ...]
    purpose: str
    constraints: str
    versions: tuple[str, ...] | None
    not_before: int
    expires_at: int
    request: str | None
    terms: str | None
    delegable: bool
    parent: str | None
    status: str
    index: int


@dataclass(frozen=True, slots=True)
class GrantChange(Record):
    """Fact: what happened to a grant: `granted`, `renewed`, `suspended`, `resumed`, `revoked`,
    `expired`.

    Attributes:
        effective_at: from when it counts.
        expires_at: the end that holds from `effective_at` on, for granted and renewed.
        effect: `prospective` or `retroactive`, for revoked.
    """

    TABLE: ClassVar[str] = "grant_change"
    KEY: ClassVar[tuple[str, ...]] = ("index", "grant")

    index: int
    grant: str
    change: str
    effective_at: int
    expires_at: int | None
    effect: str | None
    recorded_at: int


@dataclass(frozen=True, slots=True)
class Use(Record):
    """Fact: data was used under a grant."""

    TABLE: ClassVar[str] = "access_use"
    KEY: ClassVar[tuple[str, ...]] = ("index",)

    index: int
    grant: str
    user: str
    action: str
    purpose: str
    run: str | None
    records: int | None
    bytes: int | None
    recorded_at: int


@dataclass(frozen=True, slots=True)
class Emergency(Record):
    """Break-glass access and its review. `verdict` is None until the steward has looked."""

    TABLE: ClassVar[str] = "emergency"
    KEY: ClassVar[tuple[str, ...]] = ("emergency",)

    emergency: str
    dataset: str
    opened_by: str
    until: int
    justification: str
    verdict: str | None
    reviewed_index: int | None
    index: int
