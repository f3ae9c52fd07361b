"""Who is signed in, and which nonces are used up. Kept here so that every process knows.

No views of the log: losing this signs everybody out.
"""

from __future__ import annotations

from sqlalchemy import Index
from sqlmodel import SQLModel

from ledger.store.columns import Integer64, KeyWord, Name


class SessionRow(SQLModel, table=True):
    """One session. Its token is known to its holder alone.

    Attributes:
        token_sha256: of the token, hex.
        account: who signed in, EIP-55.
        expires_at: milliseconds since the epoch.
    """

    __tablename__ = "session"
    __table_args__ = (Index("ix_session_expires_at", "expires_at"),)

    token_sha256: KeyWord
    account: Name
    expires_at: Integer64


class SpentNonceRow(SQLModel, table=True):
    """A nonce that a sign-in has used.

    Attributes:
        nonce: as the service issued it.
        expires_at: after which nobody can use it anyway, milliseconds since the epoch.
    """

    __tablename__ = "spent_nonce"
    __table_args__ = (Index("ix_spent_nonce_expires_at", "expires_at"),)

    nonce: KeyWord
    expires_at: Integer64
