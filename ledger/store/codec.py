"""Records to rows of their tables and back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from operator import attrgetter
from types import MappingProxyType

from sqlalchemy import Boolean, Table

from ledger.store.columns import ColumnValue, TextTuple, decode_texts, encode_texts
from ledger.store.statements import Row
from ledger.store.tables import VIEW_TABLES
from ledger.views.records import Record
from ledger.views.state import Key


@dataclass(frozen=True, slots=True)
class Codec:
    """How one record is kept.

    Attributes:
        table: where.
        key_columns: names of its key.
        encode: the row of a record, columns in the order of the table.
        decode: the record of a row as the driver gives it.
        make: the record of a row as SQLAlchemy gives it.
        key_of: the values of a record's key.
    """

    table: Table
    key_columns: tuple[str, ...]
    encode: Callable[[Record], Row]
    decode: Callable[[Row], Record]
    make: Callable[..., Record]
    key_of: Callable[[Record], Key]


def _codec(record: type[Record], table: Table) -> Codec:
    columns = list(table.columns)
    texts = [i for i, column in enumerate(columns) if isinstance(column.type, TextTuple)]
    flags = [i for i, column in enumerate(columns) if isinstance(column.type, Boolean)]
    values: Callable[[Record], Row] = attrgetter(*table.columns.keys())
    make: Callable[..., Record] = record

    def encode(row: Record) -> Row:
        return _converted(values(row), texts, encode_texts) if texts else values(row)

    def decode(row: Row) -> Record:
        if texts:
            row = _converted(row, texts, decode_texts)
        return make(*(_converted(row, flags, bool) if flags else row))

    return Codec(table, record.KEY, encode, decode, make, _key_getter(record))


def _key_getter(record: type[Record]) -> Callable[[Record], Key]:
    getter: Callable[[Record], Key] = attrgetter(*record.KEY)
    if len(record.KEY) > 1:
        return getter
    single: Callable[[Record], str | int] = attrgetter(record.KEY[0])
    return lambda row: (single(row),)


def _converted(row: Row, positions: list[int], convert: Callable[..., ColumnValue]) -> Row:
    fields = list(row)
    for position in positions:
        if fields[position] is not None:
            fields[position] = convert(fields[position])
    return tuple(fields)


CODECS: Mapping[type[Record], Codec] = MappingProxyType(
    {record: _codec(record, table) for record, table in VIEW_TABLES.items()}
)
"""The codec of each record."""
