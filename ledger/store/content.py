"""Which content id the documents have that were added here, by their SHA-256."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, delete, select
from sqlmodel import SQLModel, col

from ledger.store.statements import Row, insert_into
from ledger.store.tables.content import ContentRow

_CONTENT = SQLModel.metadata.tables[str(ContentRow.__tablename__)]


@dataclass(frozen=True, slots=True)
class AddedContent:
    """One document that was added; the fields are those of `ContentRow`."""

    sha256: str
    content: str
    size: int
    added_by: str
    added_at: int


def find_content(connection: Connection, sha256: str) -> AddedContent | None:
    """The document with this digest (hex); None if it was not added here."""
    wanted = select(_CONTENT).where(col(ContentRow.sha256) == sha256)
    row = connection.execute(wanted).one_or_none()
    return None if row is None else AddedContent(*row)


def note_content(connection: Connection, added: AddedContent) -> None:
    """Remembers a document; who added it first stays."""
    statement = f"{insert_into(_CONTENT, connection.dialect.name)} ON CONFLICT DO NOTHING"
    row: Row = (added.sha256, added.content, added.size, added.added_by, added.added_at)
    connection.exec_driver_sql(statement, row)


def all_content(connection: Connection) -> list[AddedContent]:
    """Every document that was added, by its digest."""
    wanted = select(_CONTENT).order_by(col(ContentRow.sha256))
    return [AddedContent(*row) for row in connection.execute(wanted)]


def forget_content(connection: Connection, sha256: str) -> None:
    """Forgets a document that is not held any more."""
    connection.execute(delete(ContentRow).where(col(ContentRow.sha256) == sha256))
