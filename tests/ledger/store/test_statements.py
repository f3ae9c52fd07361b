"""The statements of the hot path find what they should, and look at nothing else."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Table
from sqlmodel import SQLModel

from ledger.store.engine import Database
from ledger.store.statements import insert_into, rows_by_key, select_by
from ledger.store.tables.log import TileRow

TILE = SQLModel.metadata.tables[str(TileRow.__tablename__)]
COMPOSITE = [t for t in SQLModel.metadata.tables.values() if len(t.primary_key.columns) > 1]


@pytest.mark.parametrize("table", COMPOSITE, ids=lambda t: t.name)
@pytest.mark.parametrize("rows", [1, 3, 500])
def test_sqlite_looks_up_each_key_of_several_columns(
    sqlite_database: Database, table: Table, rows: int
) -> None:
    key = [column.name for column in table.primary_key.columns]
    statement = select_by(table, key, rows, "sqlite", key)
    with sqlite_database.read() as connection:
        plan = connection.exec_driver_sql(
            f"EXPLAIN QUERY PLAN {statement}", tuple(range(rows * len(key)))
        )
        steps = [row[3] for row in plan]
    assert any(step.startswith(f"SEARCH {table.name} USING ") for step in steps), steps
    assert not any(step.startswith(f"SCAN {table.name}") for step in steps), steps


coordinates = st.tuples(st.integers(0, 3), st.integers(0, 5))


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(stored=st.sets(coordinates), wanted=st.lists(coordinates, max_size=12))
def test_each_row_is_found_once_however_often_its_key_is_asked_for(
    database: Database, stored: set[tuple[int, int]], wanted: list[tuple[int, int]]
) -> None:
    with database.write() as connection:
        connection.exec_driver_sql("DELETE FROM tile")
        if stored:
            connection.exec_driver_sql(
                insert_into(TILE, connection.dialect.name),
                [(level, n, bytes([level, n])) for level, n in stored],
            )
        found = rows_by_key(connection, TILE, ("level", "n"), wanted)
    expected = stored & set(wanted)
    assert sorted((level, n, bytes(h)) for level, n, h in found) == sorted(  # type: ignore[arg-type]
        (level, n, bytes([level, n])) for level, n in expected
    )
