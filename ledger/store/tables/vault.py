"""The vault: what opens sealed values. See `ledger.vault`."""

from __future__ import annotations

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from ledger.store.columns import Integer64, KeyWord, Word


class VaultKeyRow(SQLModel, table=True):
    """The key of one data subject; destroyed with the subject's last opening.

    Attributes:
        data_subject: opaque id.
        key: 32 random bytes, AES-256.
    """

    __tablename__ = "vault_key"

    data_subject: KeyWord
    key: bytes


class VaultOpeningRow(SQLModel, table=True):
    """One opening, encrypted.

    Attributes:
        commitment: base64, as in the leaf.
        data_subject: whose key it is encrypted with.
        index: of the leaf that first carried the commitment.
        nonce: 12 random bytes.
        ciphertext: AES-256-GCM of the salt and the value's canonical bytes.
    """

    __tablename__ = "vault_opening"
    __table_args__ = (Index("ix_vault_opening_data_subject", "data_subject"),)

    commitment: KeyWord
    data_subject: str = Field(sa_type=Word, foreign_key="vault_key.data_subject")
    index: Integer64
    nonce: bytes
    ciphertext: bytes
