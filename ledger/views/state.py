"""The state that rules read and projections write, and its form in memory.

The same projections fill a database as the log grows, rebuild it from the log, and fill a
`MemoryState` where an auditor replays a bundle or a whole log with no server.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Protocol, TypeVar

from ledger.views.records import Record

R = TypeVar("R", bound=Record)
Key = tuple[str | int, ...]


class State(Protocol):
    """Rows of all views as of one size of the log."""

    def get(self, record: type[R], *key: str | int) -> R | None:
        """The row with this key, or None."""

    def put(self, row: Record) -> None:
        """Inserts an entity or replaces the one with the same key."""

    def add(self, row: Record) -> None:
        """Appends a fact; its key is new by construction."""


def key_of(row: Record) -> Key:
    """The values of a row's key fields."""
    return tuple(getattr(row, field) for field in row.KEY)


class MemoryState:
    """All rows in dictionaries, with indexes made when first asked for."""

    def __init__(self) -> None:
        self._rows: dict[type[Record], dict[Key, Record]] = defaultdict(dict)
        self._indexes: dict[tuple[type[Record], str], dict[object, list[Key]]] = {}

    def get(self, record: type[R], *key: str | int) -> R | None:
        """The row with this key, or None."""
        row = self._rows[record].get(key)
        return row if isinstance(row, record) else None

    def put(self, row: Record) -> None:
        """Inserts an entity or replaces the one with the same key."""
        key = key_of(row)
        record = type(row)
        previous = self._rows[record].get(key)
        self._rows[record][key] = row
        for (indexed, field), index in self._indexes.items():
            if indexed is record:
                if previous is not None:
                    index[getattr(previous, field)].remove(key)
                index.setdefault(getattr(row, field), []).append(key)

    def add(self, row: Record) -> None:
        """Appends a fact."""
        self.put(row)

    def all(self, record: type[R]) -> Iterator[R]:
        """Every row of a view, in the order of insertion."""
        for row in self._rows[record].values():
            if isinstance(row, record):
                yield row

    def where(self, record: type[R], field: str, value: object) -> list[R]:
        """Rows whose `field` equals `value`, in the order of insertion."""
        index = self._indexes.get((record, field))
        if index is None:
            index = {}
            for key, row in self._rows[record].items():
                index.setdefault(getattr(row, field), []).append(key)
            self._indexes[record, field] = index
        rows = self._rows[record]
        return [row for key in index.get(value, []) if isinstance(row := rows[key], record)]
