"""Which rows a search finds: all words occur in them, in whatever case.

Rules:
- A word is found as it stands, wherever it stands, in any of the view's texts. Letters are compared
  without case, one by one, as Unicode pairs them, whatever the database's locale.
- A sealed text is not looked into: what is in it nobody knows, and its commitment is no word.
- Nothing is indexed: a search reads the rows in their order until its page is full. 100,000
  datasets without a hit take SQLite 0.1 s, PostgreSQL 0.5 s.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from sqlalchemy import ColumnElement, Table, and_, or_

from ledger.errors import InvalidInput
from ledger.views.projections import SEALED_PREFIX
from ledger.views.records import Dataset, Model, Record

MAX_SEARCH: Final = 100
"""Characters of a search, at most."""

MAX_WORDS: Final = 8

SEARCHED: Final[Mapping[type[Record], tuple[str, ...]]] = MappingProxyType(
    {Dataset: ("dataset", "title", "description"), Model: ("model", "title", "task")}
)
"""Which texts of a view are looked through."""


class InvalidSearch(InvalidInput):
    """A search that is too long, or holds what is no text."""

    code = "invalid-search"
    remedy = "Search for at most 8 words, and 100 characters."


def words_of(search: str) -> tuple[str, ...]:
    """The words of a search, none where there are only spaces.

    Raises:
        InvalidSearch: there are too many, or a character that no text holds.
    """
    words = tuple(search.split())
    if len(search) > MAX_SEARCH or len(words) > MAX_WORDS:
        raise InvalidSearch(
            f"{len(words)} words of {len(search)} characters in all are too many to search for."
        )
    if "\0" in search:
        raise InvalidSearch("A search cannot hold the character U+0000.")
    return words


def finds(
    table: Table, fields: tuple[str, ...], search: str, dialect: str
) -> list[ColumnElement[bool]]:
    """What must hold of a row that a search finds.

    Args:
        table: that is searched.
        fields: its columns that are looked through.
        search: words, all of which must occur; without any, every row is found.
        dialect: of the database, as SQLAlchemy calls it.

    Raises:
        InvalidSearch: see `words_of`.
    """
    holds = _holds_in_sqlite if dialect == "sqlite" else _holds_in_postgres
    columns = [table.columns[name] for name in fields]
    return [
        or_(
            *(
                and_(holds(column, word), ~column.startswith(SEALED_PREFIX, autoescape=True))
                for column in columns
            )
        )
        for word in words_of(search)
    ]


def _holds_in_sqlite(column: ColumnElement[str], word: str) -> ColumnElement[bool]:
    # LIKE pairs the letters of ASCII only, and is six times as fast as GLOB.
    rough = "".join(c if c.isascii() else "_" for c in word.translate(_LIKE_ESCAPES))
    like = column.like(f"%{rough}%", escape="\\")
    if word.isascii():
        return like
    exact = "".join(_either_case(c) or _GLOB_ESCAPES.get(c, c) for c in word)
    return and_(like, column.op("GLOB", is_comparison=True)(f"*{exact}*"))


def _holds_in_postgres(column: ColumnElement[str], word: str) -> ColumnElement[bool]:
    # ILIKE would ask the locale, which may know the letters of ASCII only.
    return column.regexp_match("".join(_either_case(c) or re.escape(c) for c in word))


_LIKE_ESCAPES = str.maketrans({c: f"\\{c}" for c in "%_\\"})
_GLOB_ESCAPES = {c: f"[{c}]" for c in "*?["}


def _either_case(letter: str) -> str:
    """A class of the letter in both cases; nothing where it has one, or is no single letter."""
    lower, upper = letter.lower(), letter.upper()
    return f"[{lower}{upper}]" if lower != upper and len(lower) == len(upper) == 1 else ""
