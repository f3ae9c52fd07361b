"""What was added to the content store, by the digest that events name it with.

No view of the log: content is added before an event names it. Losing this loses how documents of
more than one block are found by their digest; adding them again brings it back.
"""

from __future__ import annotations

from sqlmodel import SQLModel

from ledger.store.columns import Integer64, KeyWord, Name


class ContentRow(SQLModel, table=True):
    """One document that was added.

    Attributes:
        sha256: of its bytes, hex.
        content: its content id.
        size: in bytes.
        added_by: account of whoever added it first.
        added_at: milliseconds since the epoch.
    """

    __tablename__ = "content"

    sha256: KeyWord
    content: Name
    size: Integer64
    added_by: Name
    added_at: Integer64
