"""The views in the database as the `State` that rules read and projections write.

A working set over one transaction at a time, in two layers, looked through in this order:
1. what this transaction has written: goes to the database in `flush`, one statement a table. What
   the event at hand has written is kept by `accept` and taken back by `discard`;
2. what is committed: a cache of entities, absent ones included, then the database.

Owned by one thread. The cache is right only while nobody else writes: `forget` it when another
process has moved the head, or when a transaction has failed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Final, TypeAlias, TypeVar

from sqlalchemy import Connection

from ledger.errors import IntegrityError
from ledger.store.codec import CODECS
from ledger.store.statements import Row, insert_into, rows_by_key, upsert_into
from ledger.views.records import Record
from ledger.views.state import Key

R = TypeVar("R", bound=Record)
Slot: TypeAlias = tuple[type[Record], Key]

CACHED_ENTITIES: Final = 100_000
"""Entities that stay in memory, some 500 bytes each."""


def is_fact(record: type[Record]) -> bool:
    """Whether rows of this view are appended once and never changed or asked for by a rule."""
    return record.KEY[0] == "index"


class FactTaken(IntegrityError):
    """An event would write two facts under one key."""

    code = "fact-taken"


class SqlState:
    """A `State` over the database.

    Args:
        capacity: entities that stay in memory between transactions.
    """

    def __init__(self, capacity: int = CACHED_ENTITIES) -> None:
        self._capacity = capacity
        self._connection: Connection | None = None
        self._cache: dict[Slot, Record | None] = {}
        self._written: dict[Slot, Record] = {}
        # What stood in `_written` before the event at hand, newest last.
        self._journal: list[tuple[Slot, Record | None]] = []

    def begin(self, connection: Connection) -> None:
        """Starts a transaction; nothing of an earlier one is left."""
        self._connection = connection
        self._written.clear()
        self._journal.clear()

    def get(self, record: type[R], *key: str | int) -> R | None:
        """The row with this key, or None."""
        slot: Slot = (record, key)
        row = self._written.get(slot)
        if row is None:
            row = self._cache[slot] if slot in self._cache else self._load(record, [key])
        return row if isinstance(row, record) else None

    def put(self, row: Record) -> None:
        """Inserts an entity or replaces the one with the same key."""
        record = type(row)
        self._write((record, CODECS[record].key_of(row)), row)

    def add(self, row: Record) -> None:
        """Appends a fact.

        Raises:
            FactTaken: if this transaction has written one with the same key.
        """
        record = type(row)
        slot = (record, CODECS[record].key_of(row))
        if slot in self._written:
            raise FactTaken(f"The event writes {record.TABLE} {slot[1]} twice; it is not recorded.")
        self._write(slot, row)

    def accept(self) -> None:
        """Keeps what the event at hand has written."""
        self._journal.clear()

    def discard(self) -> None:
        """Takes back what the event at hand has written."""
        for slot, previous in reversed(self._journal):
            if previous is None:
                del self._written[slot]
            else:
                self._written[slot] = previous
        self._journal.clear()

    def prefetch(self, slots: Iterable[Slot]) -> None:
        """Reads what will be asked for, with one statement a table; absent rows are known then."""
        missing: dict[type[Record], set[Key]] = defaultdict(set)
        for record, key in slots:
            if (record, key) not in self._cache:
                missing[record].add(key)
        for record, keys in missing.items():
            self._load(record, list(keys))

    def flush(self) -> None:
        """Writes what was accepted; the caller commits.

        Raises:
            sqlalchemy.exc.DBAPIError: the transaction is lost.
        """
        connection = self._connected()
        dialect = connection.dialect.name
        rows: dict[type[Record], list[Row]] = defaultdict(list)
        for (record, _), row in self._written.items():
            rows[record].append(CODECS[record].encode(row))
        for record, values in rows.items():
            # A fact is new; that it is not in the table yet is worth checking.
            statement = insert_into if is_fact(record) else upsert_into
            text = statement(CODECS[record].table, dialect)
            connection.exec_driver_sql(text, values)

    def commit(self) -> None:
        """Takes over what was flushed, once the transaction is durable."""
        self._cache.update(
            (slot, row) for slot, row in self._written.items() if not is_fact(slot[0])
        )
        excess = len(self._cache) - self._capacity
        if excess > 0:
            # The oldest quarter; what is still in use comes back with the next look-up.
            for slot in list(self._cache)[: excess + self._capacity // 4]:
                del self._cache[slot]
        self._connection = None

    def forget(self) -> None:
        """Drops everything: the database may hold something else by now."""
        self._cache.clear()
        self._connection = None

    def _write(self, slot: Slot, row: Record) -> None:
        self._journal.append((slot, self._written.get(slot)))
        self._written[slot] = row

    def _load(self, record: type[Record], keys: list[Key]) -> Record | None:
        """Reads rows into the cache, absent ones as such; returns that of the last key."""
        codec = CODECS[record]
        for key in keys:
            self._cache[record, key] = None
        for values in rows_by_key(self._connected(), codec.table, codec.key_columns, keys):
            row = codec.decode(values)
            self._cache[record, codec.key_of(row)] = row
        return self._cache[record, keys[-1]]

    def _connected(self) -> Connection:
        if self._connection is None:
            raise RuntimeError("the state is read outside a transaction")
        return self._connection
