"""Third pass, together with the second: the views, made again and compared row by row.

Facts come in the order of their keys and are compared a chunk at a time, then forgotten. Entities
are kept until the end, in memory, because rules ask for them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import zip_longest
from typing import TypeVar

from sqlalchemy import Connection, func, select

from ledger.fsck.report import Differs, differs
from ledger.store.codec import CODECS
from ledger.store.reads import Snapshot
from ledger.store.sql_state import is_fact
from ledger.views.records import RECORDS, Record
from ledger.views.state import MemoryState

R = TypeVar("R", bound=Record)


class ReplayedViews:
    """A `State` that compares what is written into it with what the database holds.

    Args:
        connection: of the read transaction.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._entities = MemoryState()
        self._facts: dict[type[Record], list[Record]] = defaultdict(list)

    def get(self, record: type[R], *key: str | int) -> R | None:
        """The entity with this key, or None; no rule asks for facts."""
        return self._entities.get(record, *key)

    def put(self, row: Record) -> None:
        """Keeps an entity."""
        self._entities.put(row)

    def add(self, row: Record) -> None:
        """Keeps a fact until the next `check_facts`."""
        if is_fact(type(row)):
            self._facts[type(row)].append(row)
        else:
            self._entities.put(row)

    def check_facts(self, start: int, end: int) -> None:
        """Compares the facts of the events from `start` up to, not including, `end`.

        Raises:
            Differs: at the first difference, in the order of the views.
        """
        for record in RECORDS:
            if not is_fact(record):
                continue
            table = CODECS[record].table
            index = table.columns["index"]
            query = select(table).where(index >= start, index < end).order_by(*table.primary_key)
            found = [CODECS[record].make(*row) for row in self._connection.execute(query)]
            _compare(record, self._facts.pop(record, []), found)

    def check_entities(self, size: int) -> None:
        """Compares all entities, and makes sure that no fact lies beyond the log.

        Raises:
            Differs: at the first difference, in the order of the views.
        """
        snapshot = Snapshot(self._connection)
        for record in RECORDS:
            if is_fact(record):
                self._refuse_beyond(record, size)
                continue
            key_of = CODECS[record].key_of
            expected = sorted(self._entities.all(record), key=key_of)
            for made, found in zip_longest(expected, snapshot.all(record)):
                if made != found:
                    raise _difference(record, made, found)

    def _refuse_beyond(self, record: type[Record], size: int) -> None:
        table = CODECS[record].table
        index = table.columns["index"]
        beyond = select(func.min(index)).where((index >= size) | (index < 0))
        found = self._connection.execute(beyond).scalar_one()
        if found is not None:
            detail = "no event makes this row"
            raise differs("view", f"view {record.TABLE} ({found}, …)", found, detail)


def _compare(record: type[Record], made: Sequence[Record], found: Sequence[Record]) -> None:
    # Facts of one event may be written in another order than that of their keys.
    expected = sorted(made, key=CODECS[record].key_of)
    for one, other in zip_longest(expected, found):
        if one != other:
            raise _difference(record, one, other)


def _difference(record: type[Record], made: Record | None, found: Record | None) -> Differs:
    key_of = CODECS[record].key_of
    keys = [key_of(row) for row in (made, found) if row is not None]
    key = min(keys)
    name = f"view {record.TABLE} {key}"
    row = made if made is not None and key_of(made) == key else None
    other = found if found is not None and key_of(found) == key else None
    index = getattr(row or other, "index", None)
    if row is None:
        return differs("view", name, index, "no event makes this row")
    if other is None:
        return differs("view", name, index, "missing")
    names: tuple[str, ...] = tuple(record.__slots__)
    wrong = ", ".join(field for field in names if getattr(row, field) != getattr(other, field))
    return differs("view", name, index, f"{wrong}: not what the events give")
