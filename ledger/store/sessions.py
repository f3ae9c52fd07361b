"""Sessions and spent nonces, the same for every process on one database."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, delete, select
from sqlmodel import SQLModel, col

from ledger.store.statements import Row, insert_into
from ledger.store.tables.session import SessionRow, SpentNonceRow

_SESSION = SQLModel.metadata.tables[str(SessionRow.__tablename__)]
_SPENT = SQLModel.metadata.tables[str(SpentNonceRow.__tablename__)]


@dataclass(frozen=True, slots=True)
class StoredSession:
    """One session; the fields are those of `SessionRow`."""

    token_sha256: str
    account: str
    expires_at: int


def find_session(connection: Connection, token_sha256: str) -> StoredSession | None:
    """The session of a token, ended or not; None if there is none."""
    wanted = select(_SESSION).where(col(SessionRow.token_sha256) == token_sha256)
    row = connection.execute(wanted).one_or_none()
    return None if row is None else StoredSession(*row)


def open_session(
    connection: Connection, session: StoredSession, *, nonce: str, nonce_ends: int, now: int
) -> bool:
    """Begins a session with a nonce; False where the nonce was spent already.

    What has ended is forgotten on the way.

    Args:
        connection: of a transaction that may write.
        session: to be kept.
        nonce: that the sign-in used.
        nonce_ends: until when it must be remembered.
        now: milliseconds since the epoch.
    """
    connection.execute(delete(_SESSION).where(col(SessionRow.expires_at) <= now))
    connection.execute(delete(_SPENT).where(col(SpentNonceRow.expires_at) <= now))
    dialect = connection.dialect.name
    # Of two who spend it at the same time, the database lets one row in.
    spend = f"{insert_into(_SPENT, dialect)} ON CONFLICT DO NOTHING"
    if connection.exec_driver_sql(spend, (nonce, nonce_ends)).rowcount == 0:
        return False
    row: Row = (session.token_sha256, session.account, session.expires_at)
    connection.exec_driver_sql(insert_into(_SESSION, dialect), row)
    return True


def close_session(connection: Connection, token_sha256: str) -> None:
    """Ends a session; without one nothing happens."""
    connection.execute(delete(_SESSION).where(col(SessionRow.token_sha256) == token_sha256))
