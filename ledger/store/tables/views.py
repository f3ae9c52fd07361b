"""What all tables of views share, and which table holds which record."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TypeVar

from sqlalchemy import Index, Table
from sqlmodel import SQLModel

from ledger.views.records import Record

CLUSTERED: dict[str, bool] = {"sqlite_with_rowid": False}
"""Rows are kept in the order of their key, in one b-tree instead of two, where SQLite can."""

_TABLES: dict[type[Record], Table] = {}
VIEW_TABLES: Mapping[type[Record], Table] = MappingProxyType(_TABLES)
"""The table of each record."""

_M = TypeVar("_M", bound=type[SQLModel])


def view_of(record: type[Record]) -> Callable[[_M], _M]:
    """Decorator: this model is the table of a record.

    Raises:
        TypeError: its name, columns or key are not those of the record.
    """

    def register(model: _M) -> _M:
        table = SQLModel.metadata.tables[record.TABLE]
        fields: tuple[str, ...] = tuple(record.__slots__)
        if tuple(table.columns.keys()) != fields:
            raise TypeError(f"the columns of {record.TABLE} are not the fields of its record")
        if tuple(table.primary_key.columns.keys()) != record.KEY:
            raise TypeError(f"the key of {record.TABLE} is not the key of its record")
        _TABLES[record] = table
        return model

    return register


def indexed(table: str, *columns: tuple[str, ...]) -> tuple[Index | dict[str, bool], ...]:
    """Table arguments: clustered by its key, and an index on each of these lists of columns."""
    named = [Index(f"ix_{table}_{names[0]}", *names) for names in columns]
    return (*named, CLUSTERED)
