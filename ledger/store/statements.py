"""The few statements of the hot path as text, made once a table from its SQLModel definition.

SQLAlchemy's own inserts take each row apart and put it together again; these go to the driver as
they are, which makes a row in half the time. Columns come in the order of the table.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TypeAlias

from sqlalchemy import Connection, Table

from ledger.store.columns import ColumnValue

Row: TypeAlias = tuple[ColumnValue, ...]

ROWS_PER_QUERY = 500
"""Keys looked up in one statement; SQLite takes 32,766 variables in one."""


@cache
def insert_into(table: Table, dialect: str) -> str:
    """`INSERT` of one whole row."""
    names = ", ".join(_quoted(column.name) for column in table.columns)
    marks = ", ".join([_mark(dialect)] * len(table.columns))
    return f"INSERT INTO {_quoted(table.name)} ({names}) VALUES ({marks})"  # noqa: S608 - our names


@cache
def upsert_into(table: Table, dialect: str) -> str:
    """`INSERT` of one whole row, in place of the one with the same key."""
    key = [column.name for column in table.primary_key.columns]
    rest = [column.name for column in table.columns if not column.primary_key]
    changes = ", ".join(f"{_quoted(name)} = excluded.{_quoted(name)}" for name in rest)
    conflict = ", ".join(_quoted(name) for name in key)
    return f"{insert_into(table, dialect)} ON CONFLICT ({conflict}) DO UPDATE SET {changes}"


def select_by(
    table: Table, columns: Sequence[str], rows: int, dialect: str, wanted: Sequence[str]
) -> str:
    """`SELECT wanted` of rows whose `columns` have one of so many values, each row once.

    SQLite looks at every row for `(a, b) IN (VALUES …)`, whatever indexes there are. Joined to the
    values, of which `CROSS JOIN` makes the outer loop, it looks each of them up.
    """
    names = ", ".join(_quoted(name) for name in wanted)
    given = ", ".join(_quoted(name) for name in columns)
    one = ", ".join([_mark(dialect)] * len(columns))
    source = f"SELECT {names} FROM"
    if len(columns) == 1:
        return f"{source} {_quoted(table.name)} WHERE {given} IN ({', '.join([one] * rows)})"
    values = f"VALUES {', '.join([f'({one})'] * rows)}"
    if dialect != "sqlite":
        return f"{source} {_quoted(table.name)} WHERE ({given}) IN ({values})"
    # SQLite calls the columns of VALUES column1, column2, …
    equal = " AND ".join(f"{_quoted(c)} = column{n}" for n, c in enumerate(columns, 1))
    keys = f"(SELECT DISTINCT * FROM ({values}))"  # noqa: S608 - our names
    return f"{source} {keys} CROSS JOIN {_quoted(table.name)} ON {equal}"


def rows_by_key(
    connection: Connection,
    table: Table,
    columns: Sequence[str],
    keys: Sequence[Row],
    *,
    wanted: Sequence[str] | None = None,
) -> list[Row]:
    """Rows whose `columns` have one of these values, 500 values a statement.

    Args:
        connection: of the transaction.
        table: where to look.
        columns: what is compared; an index over them should exist.
        keys: values of these columns.
        wanted: columns of the answer; all where None.
    """
    dialect = connection.dialect.name
    names = wanted or [column.name for column in table.columns]
    found: list[Row] = []
    for start in range(0, len(keys), ROWS_PER_QUERY):
        some = keys[start : start + ROWS_PER_QUERY]
        statement = select_by(table, columns, len(some), dialect, names)
        values = tuple(value for key in some for value in key)
        found += (tuple(row) for row in connection.exec_driver_sql(statement, values))
    return found


def _quoted(name: str) -> str:
    return f'"{name}"'


def _mark(dialect: str) -> str:
    return "?" if dialect == "sqlite" else "%s"
