"""Reading views and events: single rows, rows by a field, and keyset pages.

A page ends with the key of its last row, and the next one begins after it: pages never shift when
the log grows, and the thousandth costs what the first one does. Every answer says at which size of
the log it was read, in the same snapshot.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from sqlalchemy import ColumnElement, Connection, Select, Table, and_, func, select, tuple_
from sqlmodel import col

from ledger.errors import InvalidInput
from ledger.store.codec import CODECS
from ledger.store.columns import ColumnValue, blob
from ledger.store.engine import Database
from ledger.store.search import SEARCHED, finds
from ledger.store.statements import Row, rows_by_key
from ledger.store.tables.log import HeadRow, LeafRow
from ledger.views.records import AuthorizedKey, Record
from ledger.views.state import Key

R = TypeVar("R", bound=Record)
T = TypeVar("T")

MAX_PAGE: Final = 1_000
"""Rows on one page, at most."""


class InvalidPage(InvalidInput):
    """A page that cannot be: too long, or after a key of another form."""

    code = "invalid-page"
    remedy = "Take `next` of the page before as it is, and a limit of 1 to 1,000 items."


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some rows of a list.

    Attributes:
        rows: in the order of their keys.
        next: key to continue after; None on the last page.
        size: of the log when it was read.
    """

    rows: tuple[T, ...]
    next: Key | None
    size: int


@dataclass(frozen=True, slots=True)
class StoredLeaf:
    """One leaf as the list of events needs it.

    Attributes:
        event_id: 32 bytes.
        recorded_at: milliseconds since the epoch.
        leaf: its bytes.
        principal: the member on whose behalf the actor signed; None if it was its own act.
    """

    index: int
    event_id: bytes
    recorded_at: int
    leaf: bytes
    principal: str | None


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Which events are wanted; what is None does not matter.

    Attributes:
        kind: of the event.
        actor: who signed.
        subject: what it is about.
        start: smallest index.
        end: index before which to stop.
    """

    kind: str | None = None
    actor: str | None = None
    subject: str | None = None
    start: int = 0
    end: int | None = None


class Snapshot:
    """All views at one moment: what they hold while this transaction lasts.

    The same questions as `MemoryState` answers, from the database.

    Args:
        connection: of a read transaction.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @property
    def size(self) -> int:
        """Of the log; 0 where there is none."""
        return self._connection.execute(select(col(HeadRow.size))).scalar_one_or_none() or 0

    def get(self, record: type[R], *key: str | int) -> R | None:
        """The row with this key, or None."""
        codec = CODECS[record]
        for row in rows_by_key(self._connection, codec.table, codec.key_columns, [key]):
            found = codec.decode(row)
            return found if isinstance(found, record) else None
        return None

    def where(self, record: type[R], field: str, value: ColumnValue) -> list[R]:
        """Rows whose `field` equals `value`, in the order of their keys."""
        return self.where_in(record, field, [value])

    def where_in(self, record: type[R], field: str, values: Sequence[ColumnValue]) -> list[R]:
        """Rows whose `field` equals one of `values`, in the order of their keys."""
        codec = CODECS[record]
        keys: list[Row] = [(value,) for value in values]
        rows = [codec.decode(r) for r in rows_by_key(self._connection, codec.table, (field,), keys)]
        rows.sort(key=codec.key_of)
        return [row for row in rows if isinstance(row, record)]

    def newest_of(
        self, record: type[R], field: str, values: Sequence[ColumnValue]
    ) -> dict[ColumnValue, tuple[R, int]]:
        """Of each of `values` the row that came last, and how many rows it has; however many."""
        codec = CODECS[record]
        by, index = codec.table.columns[field], codec.table.columns["index"]
        groups = (
            select(by.label("by"), func.max(index).label("last"), func.count().label("rows"))
            .where(by.in_(values))
            .group_by(by)
            .subquery()
        )
        newest = and_(by == groups.c.by, index == groups.c.last)
        found: dict[ColumnValue, tuple[R, int]] = {}
        for *row, rows in self._connection.execute(
            select(codec.table, groups.c.rows).join(groups, newest)
        ):
            one = codec.make(*row)
            if isinstance(one, record):
                found[getattr(one, field)] = (one, rows)
        return found

    def all(self, record: type[R]) -> Iterator[R]:
        """Every row of a view, in the order of its key; streamed, however many there are."""
        codec = CODECS[record]
        ordered = select(codec.table).order_by(*codec.table.primary_key.columns)
        streamed = self._connection.execution_options(yield_per=MAX_PAGE)
        for row in streamed.execute(ordered):
            found = codec.make(*row)
            if isinstance(found, record):
                yield found

    def page(
        self,
        record: type[R],
        filters: Mapping[str, ColumnValue],
        *,
        search: str = "",
        after: Key | None = None,
        limit: int = 100,
    ) -> Page[R]:
        """Rows that match all filters.

        Args:
            record: which view.
            filters: columns with the value they must have.
            search: words that must all occur, see `ledger.store.search`; empty for every row.
            after: key of the last row of the page before.
            limit: rows at most.

        Raises:
            InvalidPage: the limit or the key cannot be.
            InvalidSearch: the search is too long.
        """
        codec = CODECS[record]
        key = list(codec.table.primary_key.columns)
        wanted = _matching(select(codec.table), codec.table, filters)
        if search:
            dialect = self._connection.dialect.name
            wanted = wanted.where(*finds(codec.table, SEARCHED[record], search, dialect))
        if after is not None:
            _check_key(codec.key_columns, key, after)
            wanted = wanted.where(tuple_(*key) > tuple_(*after))
        found = self._connection.execute(wanted.order_by(*key).limit(_checked(limit) + 1)).all()
        rows = [codec.make(*row) for row in found[:limit]]
        last = codec.key_of(rows[-1]) if len(found) > limit else None
        return Page(tuple(row for row in rows if isinstance(row, record)), last, self.size)

    def events(
        self,
        wanted: EventFilter,
        *,
        after: int | None = None,
        limit: int = 100,
        newest_first: bool = False,
    ) -> Page[StoredLeaf]:
        """Leaves of events that match, by index.

        Args:
            wanted: which.
            after: index of the last one of the page before.
            limit: leaves at most.
            newest_first: from the largest index down.

        Raises:
            InvalidPage: the limit cannot be.
        """
        index = col(LeafRow.index)
        query = select(
            index,
            col(LeafRow.event_id),
            col(LeafRow.recorded_at),
            col(LeafRow.leaf),
            col(LeafRow.actor),
        ).where(*_conditions(wanted))
        if after is not None:
            query = query.where(index < after if newest_first else index > after)
        query = query.order_by(index.desc() if newest_first else index).limit(_checked(limit) + 1)
        found = self._connection.execute(query).all()
        members = self._members_behind({row[4] for row in found})
        leaves = tuple(
            StoredLeaf(row[0], blob(row[1]), row[2], blob(row[3]), members.get(row[4]))
            for row in found[:limit]
        )
        last = (leaves[-1].index,) if len(found) > limit else None
        return Page(leaves, last, self.size)

    def _members_behind(self, actors: set[str]) -> dict[str, str]:
        keys = self.where_in(AuthorizedKey, "key", sorted(actors)) if actors else []
        return {row.key: row.member for row in keys}


@contextmanager
def snapshot(database: Database) -> Iterator[Snapshot]:
    """All views as of now, for as long as the context lasts; keep it short.

    Raises:
        Unavailable: if the database does not answer.
    """
    with database.read() as connection:
        yield Snapshot(connection)


def _matching(
    query: Select[tuple[object, ...]], table: Table, filters: Mapping[str, ColumnValue]
) -> Select[tuple[object, ...]]:
    for name, value in filters.items():
        query = query.where(table.columns[name] == value)
    return query


def _conditions(wanted: EventFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    for column, value in (
        (col(LeafRow.kind), wanted.kind),
        (col(LeafRow.actor), wanted.actor),
        (col(LeafRow.subject), wanted.subject),
    ):
        if value is not None:
            conditions.append(column == value)
    if wanted.start:
        conditions.append(col(LeafRow.index) >= wanted.start)
    if wanted.end is not None:
        conditions.append(col(LeafRow.index) < wanted.end)
    return conditions


def _checked(limit: int) -> int:
    if not 1 <= limit <= MAX_PAGE:
        raise InvalidPage(f"A page has 1 to {MAX_PAGE} rows, not {limit}.")
    return limit


def _check_key(names: tuple[str, ...], key: Sequence[ColumnElement[object]], after: Key) -> None:
    fits = len(after) == len(key) and all(
        isinstance(value, column.type.python_type)
        for value, column in zip(after, key, strict=False)
    )
    if not fits:
        raise InvalidPage(
            f"This list continues after a key of {', '.join(names)}; take `next` of the last page."
        )
