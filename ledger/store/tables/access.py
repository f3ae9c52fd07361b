"""Views of datasets, requests, grants and uses."""

from __future__ import annotations

from sqlalchemy import Index, text
from sqlmodel import SQLModel

from ledger.store.columns import (
    Integer64,
    KeyInteger,
    KeyWord,
    LongText,
    Name,
    OptionalInteger64,
    OptionalLongText,
    OptionalName,
    OptionalTexts,
    Texts,
)
from ledger.store.tables.views import indexed, view_of
from ledger.views import records


@view_of(records.Dataset)
class DatasetRow(SQLModel, table=True):
    """See `records.Dataset`."""

    __tablename__ = "dataset"
    __table_args__ = indexed("dataset", ("steward", "dataset"))

    dataset: KeyWord
    title: LongText
    description: OptionalLongText
    license: LongText
    usage: LongText
    personal_data: bool
    steward: Name
    withdrawn_index: OptionalInteger64
    withdrawn_at: OptionalInteger64
    index: Integer64


@view_of(records.Stewardship)
class StewardshipRow(SQLModel, table=True):
    """See `records.Stewardship`."""

    __tablename__ = "stewardship"
    __table_args__ = indexed("stewardship", ("dataset", "index"))

    index: KeyInteger
    dataset: KeyWord
    steward: Name


@view_of(records.DatasetVersion)
class DatasetVersionRow(SQLModel, table=True):
    """See `records.DatasetVersion`."""

    __tablename__ = "dataset_version"
    __table_args__ = indexed("dataset_version")

    dataset: KeyWord
    version: KeyWord
    distribution: LongText
    digests: Texts
    record_count: OptionalInteger64
    croissant: OptionalName
    revision_of: OptionalName
    index: Integer64


@view_of(records.AccessRequest)
class AccessRequestRow(SQLModel, table=True):
    """See `records.AccessRequest`."""

    __tablename__ = "access_request"
    __table_args__ = indexed("access_request", ("dataset", "request"), ("requester", "request"))

    request: KeyWord
    dataset: Name
    requester: Name
    actions: Texts
    purpose: LongText
    until: Integer64
    justification: OptionalLongText
    status: Name
    decided_index: OptionalInteger64
    index: Integer64


@view_of(records.Grant)
class GrantRow(SQLModel, table=True):
    """See `records.Grant`."""

    __tablename__ = "access_grant"
    __table_args__ = indexed(
        "access_grant", ("dataset", "grant"), ("assignee", "grant"), ("parent", "grant")
    )

    grant: KeyWord
    dataset: Name
    granted_by: Name
    assignee: Name
    actions: Texts
    purpose: LongText
    constraints: LongText
    versions: OptionalTexts
    not_before: Integer64
    expires_at: Integer64
    request: OptionalName
    terms: OptionalName
    delegable: bool
    parent: OptionalName
    status: Name
    index: Integer64


@view_of(records.GrantChange)
class GrantChangeRow(SQLModel, table=True):
    """See `records.GrantChange`."""

    __tablename__ = "grant_change"
    __table_args__ = indexed("grant_change", ("grant", "index"))

    index: KeyInteger
    grant: KeyWord
    change: Name
    effective_at: Integer64
    expires_at: OptionalInteger64
    effect: OptionalName
    recorded_at: Integer64


@view_of(records.Use)
class UseRow(SQLModel, table=True):
    """See `records.Use`."""

    __tablename__ = "access_use"
    __table_args__ = (
        # Most uses name no run; only those that do are looked up by it, in audits.
        Index(
            "ix_access_use_run",
            "run",
            "index",
            sqlite_where=text("run IS NOT NULL"),
            postgresql_where=text("run IS NOT NULL"),
        ),
        *indexed("access_use", ("grant", "index")),
    )

    index: KeyInteger
    grant: Name
    user: Name
    action: Name
    purpose: LongText
    run: OptionalName
    records: OptionalInteger64
    bytes: OptionalInteger64
    recorded_at: Integer64


@view_of(records.Emergency)
class EmergencyRow(SQLModel, table=True):
    """See `records.Emergency`."""

    __tablename__ = "emergency"
    __table_args__ = indexed("emergency", ("dataset", "emergency"))

    emergency: KeyWord
    dataset: Name
    opened_by: Name
    until: Integer64
    justification: LongText
    verdict: OptionalName
    reviewed_index: OptionalInteger64
    index: Integer64
