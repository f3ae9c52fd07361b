"""Column types that read, sort and compare the same on SQLite and PostgreSQL."""

from __future__ import annotations

from typing import Annotated, TypeAlias

import orjson
from sqlalchemy import BigInteger, Dialect, Integer, String, Text
from sqlalchemy.types import TypeDecorator, TypeEngine
from sqlmodel import Field

ColumnValue: TypeAlias = str | int | bytes | tuple[str, ...] | None
"""What a column of this store holds: as a driver takes and gives it, or as a record has it."""


class Int64(TypeDecorator[int]):
    """64 bits, for indices, sizes, milliseconds and counts.

    On SQLite every INTEGER has 64 bits, and only a key of that type is the row's own id.
    """

    impl = BigInteger
    cache_ok = True

    @property
    def python_type(self) -> type[int]:
        """What a record has."""
        return int

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[int]:
        """BIGINT, or INTEGER on SQLite."""
        wanted = Integer() if dialect.name == "sqlite" else BigInteger()
        return dialect.type_descriptor(wanted)


class Word(TypeDecorator[str]):
    """A string that is looked up and sorted: by code point everywhere, as Python does.

    PostgreSQL would sort by the locale it was set up with.
    """

    impl = String
    cache_ok = True

    @property
    def python_type(self) -> type[str]:
        """What a record has."""
        return str

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[str]:
        """VARCHAR, with the collation "C" on PostgreSQL."""
        wanted = String(collation="C") if dialect.name == "postgresql" else String()
        return dialect.type_descriptor(wanted)


class TextTuple(TypeDecorator[tuple[str, ...]]):
    """A tuple of strings, kept as a JSON array."""

    impl = Text
    cache_ok = True

    @property
    def python_type(self) -> type[tuple[str, ...]]:
        """What a record has."""
        return tuple

    def process_bind_param(self, value: tuple[str, ...] | None, dialect: Dialect) -> str | None:
        """The JSON text."""
        del dialect
        return None if value is None else encode_texts(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> tuple[str, ...] | None:
        """The tuple."""
        del dialect
        return None if value is None else decode_texts(value)


def encode_texts(value: tuple[str, ...]) -> str:
    """A tuple of strings as its column holds it."""
    return orjson.dumps(value).decode()


def decode_texts(value: str) -> tuple[str, ...]:
    """What `encode_texts` wrote."""
    return tuple(orjson.loads(value))


def blob(value: object) -> bytes:
    """A column of bytes as bytes, whatever somebody has put there behind the ledger's back.

    SQLite keeps a text or a number in such a column if it is told to; it is compared like any other
    wrong content then.
    """
    if isinstance(value, bytes | memoryview):
        return bytes(value)
    return value.encode() if isinstance(value, str) else b""


KeyInteger = Annotated[
    int, Field(sa_type=Int64, primary_key=True, sa_column_kwargs={"autoincrement": False})
]
KeyWord = Annotated[str, Field(sa_type=Word, primary_key=True)]
Integer64 = Annotated[int, Field(sa_type=Int64)]
OptionalInteger64 = Annotated[int | None, Field(sa_type=Int64, nullable=True)]
Name = Annotated[str, Field(sa_type=Word)]
OptionalName = Annotated[str | None, Field(sa_type=Word, nullable=True)]
LongText = Annotated[str, Field(sa_type=Text)]
OptionalLongText = Annotated[str | None, Field(sa_type=Text, nullable=True)]
Texts = Annotated[tuple[str, ...], Field(sa_type=TextTuple)]
OptionalTexts = Annotated[tuple[str, ...] | None, Field(sa_type=TextTuple, nullable=True)]
