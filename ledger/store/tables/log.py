"""The log itself: what is in it, its hashes, and how large it is.

Only the sequencer writes here, in the transaction that also writes the views. Rows of `leaf` and
`checkpoint` never change; a row of `tile` only grows, until it holds 256 hashes.
"""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Index
from sqlmodel import SQLModel

from ledger.store.columns import Integer64, KeyInteger, Name

HEAD_ROW = 1
"""Key of the only row of `head`."""


class LeafRow(SQLModel, table=True):
    """One leaf, with the fields of its event that are searched for.

    `(nonce, actor)` is the idempotency key; nonces are random, so they come first and one look-up
    finds all of a batch. The event's id follows from them, it needs no index of its own.
    """

    __tablename__ = "leaf"
    __table_args__ = (
        Index("uq_leaf_nonce_actor", "nonce", "actor", unique=True),
        Index("ix_leaf_kind", "kind", "index"),
        Index("ix_leaf_actor", "actor", "index"),
        Index("ix_leaf_subject", "subject", "index"),
    )

    index: KeyInteger
    event_id: bytes
    actor: Name
    nonce: bytes
    kind: Name
    subject: Name
    issued_at: Integer64
    recorded_at: Integer64
    leaf: bytes


class TileRow(SQLModel, table=True):
    """One tile of hashes (C2SP tlog-tiles), as wide as it is by now."""

    __tablename__ = "tile"

    level: KeyInteger
    n: KeyInteger
    hashes: bytes


class CheckpointRow(SQLModel, table=True):
    """The root after one batch.

    Its signature is not kept: Ed25519 gives the same one again.
    """

    __tablename__ = "checkpoint"

    size: KeyInteger
    root: bytes
    recorded_at: Integer64


class HeadRow(SQLModel, table=True):
    """The size and root of the log now.

    Whoever appends locks this row first, so that several processes on one database take turns.

    Attributes:
        head: always 1.
        recorded_at: of the last leaf; none is recorded before it.
    """

    __tablename__ = "head"
    __table_args__ = (CheckConstraint("head = 1", name="ck_head_single"),)

    head: KeyInteger
    size: Integer64
    root: bytes
    recorded_at: Integer64
