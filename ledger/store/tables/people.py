"""Views of the ledger, its members, their keys, the chain's events and erasures."""

from __future__ import annotations

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
    Texts,
)
from ledger.store.tables.views import indexed, view_of
from ledger.views import records


@view_of(records.LedgerInfo)
class LedgerInfoRow(SQLModel, table=True):
    """See `records.LedgerInfo`."""

    __tablename__ = "ledger_info"
    __table_args__ = indexed("ledger_info")

    ledger: KeyWord
    origin: Name
    chain_id: Integer64
    operator: Name
    mirror: Name
    log_key: LongText
    contracts: LongText
    index: Integer64


@view_of(records.Member)
class MemberRow(SQLModel, table=True):
    """See `records.Member`."""

    __tablename__ = "member"
    __table_args__ = indexed("member")

    member: KeyWord
    name: OptionalLongText
    roles: Texts
    profile: OptionalName
    active: bool
    index: Integer64


@view_of(records.MemberChange)
class MemberChangeRow(SQLModel, table=True):
    """See `records.MemberChange`."""

    __tablename__ = "member_change"
    __table_args__ = indexed("member_change", ("member", "index"))

    index: KeyInteger
    member: KeyWord
    change: Name
    roles: Texts
    active: bool
    recorded_at: Integer64


@view_of(records.AuthorizedKey)
class AuthorizedKeyRow(SQLModel, table=True):
    """See `records.AuthorizedKey`."""

    __tablename__ = "authorized_key"
    __table_args__ = indexed("authorized_key", ("member", "key"))

    key: KeyWord
    member: Name
    kinds: Texts
    until: Integer64
    label: OptionalLongText
    revoked_index: OptionalInteger64
    index: Integer64


@view_of(records.ChainEvent)
class ChainEventRow(SQLModel, table=True):
    """See `records.ChainEvent`."""

    __tablename__ = "chain_event"
    __table_args__ = indexed("chain_event", ("subject", "index"), ("index",))

    chain_id: KeyInteger
    block_hash: KeyWord
    log_index: KeyInteger
    block_number: Integer64
    transaction_hash: Name
    contract: Name
    kind: Name
    subject: Name
    index: Integer64


@view_of(records.Erasure)
class ErasureRow(SQLModel, table=True):
    """See `records.Erasure`."""

    __tablename__ = "erasure"
    __table_args__ = indexed("erasure")

    commitment: KeyWord
    erasure: Name
    index: Integer64
