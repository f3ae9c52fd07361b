"""Rows for questions, from the database: what `ledger.audit` reads, fetched in few large steps.

Reads inside the caller's transaction, so that all rows are of one size of the log. Lineage is
followed by the database itself, in one statement whatever its depth.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TypeVar

from sqlalchemy import Connection, func, select

from ledger.audit.sources import LINEAGE
from ledger.store.codec import CODECS
from ledger.store.statements import select_by
from ledger.views.records import Record, RunChange

R = TypeVar("R", bound=Record)

KEYS_A_STATEMENT = 2_000
"""Values that one statement looks up; SQLite takes 32,766 variables, PostgreSQL 65,535."""

NODES_A_STATEMENT = 500
"""Nodes that one walk starts from."""


class SqlRows:
    """A `RowSource` over one transaction.

    Args:
        connection: of that transaction.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def rows(
        self, record: type[R], fields: tuple[str, ...], keys: Collection[tuple[str, ...]]
    ) -> Sequence[R]:
        """Rows whose `fields` have one of these values, in any order."""
        codec = CODECS[record]
        names = [column.name for column in codec.table.columns]
        dialect = self._connection.dialect.name
        ordered = sorted(keys)
        found: list[R] = []
        for begin in range(0, len(ordered), KEYS_A_STATEMENT):
            some = ordered[begin : begin + KEYS_A_STATEMENT]
            statement = select_by(codec.table, fields, len(some), dialect, names)
            values = tuple(value for key in some for value in key)
            result = self._connection.exec_driver_sql(statement, values)
            rows = (codec.decode(tuple(row)) for row in result.all())
            found += (row for row in rows if isinstance(row, record))
        return found

    def upstream(self, nodes: Collection[str], limit: int) -> list[str]:
        """Nodes and all that went into them over `LINEAGE`, at most `limit`, nearest first."""
        return self._walk(nodes, limit, near="source", far="target")

    def downstream(self, nodes: Collection[str], limit: int) -> list[str]:
        """Nodes and all that they went into over `LINEAGE`, at most `limit`, nearest first."""
        return self._walk(nodes, limit, near="target", far="source")

    def count(self, record: type[Record], field: str, values: Collection[str], size: int) -> int:
        """How many rows of events below a size have one of these values."""
        table = CODECS[record].table
        total = 0
        ordered = sorted(values)
        for begin in range(0, len(ordered), NODES_A_STATEMENT):
            some = ordered[begin : begin + NODES_A_STATEMENT]
            chosen = table.c[field].in_(some) & (table.c["index"] < size)
            total += self._connection.scalar(select(func.count()).where(chosen)) or 0
        return total

    def runs_with_manifests(self, size: int, *, limit: int) -> list[str]:
        """Runs that list inputs in a manifest, as events below a size tell; at most so many."""
        table = CODECS[RunChange].table
        chosen = table.c["inputs_manifest"].is_not(None) & (table.c["index"] < size)
        run = table.c["run"]
        statement = select(run).where(chosen).distinct().order_by(run).limit(limit)
        return [str(found) for found in self._connection.scalars(statement)]

    def _walk(self, nodes: Collection[str], limit: int, *, near: str, far: str) -> list[str]:
        reached: dict[str, None] = {}
        starts = list(nodes)
        mark = "?" if self._connection.dialect.name == "sqlite" else "%s"
        relations = ", ".join([mark] * len(LINEAGE))
        for begin in range(0, len(starts), NODES_A_STATEMENT):
            some = starts[begin : begin + NODES_A_STATEMENT]
            values = ", ".join([f"({mark})"] * len(some))
            # Names are ours; all values go as parameters.
            statement = (
                f"WITH RECURSIVE reached(node) AS (VALUES {values} UNION "  # noqa: S608
                f'SELECT edge."{far}" FROM edge JOIN reached ON edge."{near}" = reached.node '
                f"WHERE edge.relation IN ({relations})) "
                f"SELECT node FROM reached LIMIT {mark}"
            )
            parameters = (*some, *LINEAGE, limit)
            result = self._connection.exec_driver_sql(statement, parameters)
            reached.update((str(row[0]), None) for row in result)
            if len(reached) >= limit:
                break
        return list(reached)
