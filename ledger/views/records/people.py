"""Rows of views: who the ledger knows, and what it keeps of itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ledger.views.records.record import Record


@dataclass(frozen=True, slots=True)
class LedgerInfo(Record):
    """The ledger itself, from its first leaf. There is one row, `ledger` = "ledger"."""

    TABLE: ClassVar[str] = "ledger_info"
    KEY: ClassVar[tuple[str, ...]] = ("ledger",)

    ledger: str
    origin: str
    chain_id: int
    operator: str
    mirror: str
    log_key: str
    contracts: str
    index: int


@dataclass(frozen=True, slots=True)
class Member(Record):
    """An organisation that takes part. `roles` is what it may do now; none once removed."""

    TABLE: ClassVar[str] = "member"
    KEY: ClassVar[tuple[str, ...]] = ("member",)

    member: str
    name: str | None
    roles: tuple[str, ...]
    profile: str | None
    active: bool
    index: int


@dataclass(frozen=True, slots=True)
class MemberChange(Record):
    """Fact: the member's roles from this event on."""

    TABLE: ClassVar[str] = "member_change"
    KEY: ClassVar[tuple[str, ...]] = ("index", "member")

    index: int
    member: str
    change: str
    roles: tuple[str, ...]
    active: bool
    recorded_at: int


@dataclass(frozen=True, slots=True)
class AuthorizedKey(Record):
    """A key that signs on a member's behalf. It belongs to one member for ever."""

    TABLE: ClassVar[str] = "authorized_key"
    KEY: ClassVar[tuple[str, ...]] = ("key",)

    key: str
    member: str
    kinds: tuple[str, ...]
    until: int
    label: str | None
    revoked_index: int | None
    index: int


@dataclass(frozen=True, slots=True)
class ChainEvent(Record):
    """Fact: what the mirror took from the chain.

    One row a contract log, so that none is mirrored twice.
    """

    TABLE: ClassVar[str] = "chain_event"
    KEY: ClassVar[tuple[str, ...]] = ("chain_id", "block_hash", "log_index")

    chain_id: int
    block_hash: str
    log_index: int
    block_number: int
    transaction_hash: str
    contract: str
    kind: str
    subject: str
    index: int


@dataclass(frozen=True, slots=True)
class Erasure(Record):
    """Fact: an opening was destroyed. A commitment listed here reads as redacted."""

    TABLE: ClassVar[str] = "erasure"
    KEY: ClassVar[tuple[str, ...]] = ("commitment",)

    commitment: str
    erasure: str
    index: int
