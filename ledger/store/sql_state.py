"""The views in the database as the `State` that rules read and projections write.

A working set over one transaction at a time. Three layers, looked through in this order:
1. what the event at hand has written: kept by `accept`, dropped by `discard`;
2. what the accepted events of this transaction have written: goes to the database in `flush`,
   one statement a table;
3. what is committed: a cache of entities, absent ones included, then the database.

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
        self._puts: dict[Slot, Record] = {}
        self._adds: dict[Slot, Record] = {}
        self._event_puts: dict[Slot, Record] = {}
        self._event_adds: dict[Slot, Record] = {}

    def begin(self, connection: Connection) -> None:
        """Starts a transaction; nothing of an earlier one is left."""
        self._connection = connection
        for written in (self._puts, self._adds, self._event_puts, self._event_adds):
            written.clear()

    def get(self, record: type[R], *key: str | int) -> R | None:
        """The row with this key, or None."""
        slot: Slot = (record, key)
        row = (
            self._event_puts.get(slot)
            or self._puts.get(slot)
            or self._event_adds.get(slot)
            or self._adds.get(slot)
            or self._committed(slot)
        )
        return row if isinstance(row, record) else None

    def put(self, row: Record) -> None:
        """Inserts an entity or replaces the one with the same key."""
        record = type(row)
        self._event_puts[record, CODECS[record].key_of(row)] = row

    def add(self, row: Record) -> None:
        """Appends a fact.

        Raises:
            FactTaken: if this transaction has written one with the same key.
        """
        record = type(row)
        slot = (record, CODECS[record].key_of(row))
        if slot in self._event_adds or slot in self._adds:
            raise FactTaken(f"The event writes {record.TABLE} {slot[1]} twice; it is not recorded.")
        self._event_adds[slot] = row

    def accept(self) -> None:
        """Keeps what the event at hand has written."""
        self._puts.update(self._event_puts)
        self._adds.update(self._event_adds)
        self.discard()

    def discard(self) -> None:
        """Drops what the event at hand has written."""
        self._event_puts.clear()
        self._event_adds.clear()

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
        for written, statement in ((self._puts, upsert_into), (self._adds, insert_into)):
            rows: dict[type[Record], list[Row]] = defaultdict(list)
            for (record, _), row in written.items():
                rows[record].append(CODECS[record].encode(row))
            for record, values in rows.items():
                text = statement(CODECS[record].table, dialect)
                connection.exec_driver_sql(text, values)

    def commit(self) -> None:
        """Takes over what was flushed, once the transaction is durable."""
        self._cache.update(self._puts)
        for slot, row in self._adds.items():
            if slot in self._cache:
                self._cache[slot] = row
        excess = len(self._cache) - self._capacity
        if excess > 0:
            for slot in list(self._cache)[: excess + self._capacity // 4]:
                del self._cache[slot]
        self._connection = None

    def forget(self) -> None:
        """Drops everything: the database may hold something else by now."""
        self._cache.clear()
        self._connection = None

    def _committed(self, slot: Slot) -> Record | None:
        if slot not in self._cache:
            self._load(slot[0], [slot[1]])
        # Used last, dropped last.
        row = self._cache.pop(slot)
        self._cache[slot] = row
        return row

    def _load(self, record: type[Record], keys: list[Key]) -> None:
        codec = CODECS[record]
        for key in keys:
            self._cache[record, key] = None
        for values in rows_by_key(self._connected(), codec.table, codec.key_columns, keys):
            row = codec.decode(values)
            self._cache[record, codec.key_of(row)] = row

    def _connected(self) -> Connection:
        if self._connection is None:
            raise RuntimeError("the state is read outside a transaction")
        return self._connection
