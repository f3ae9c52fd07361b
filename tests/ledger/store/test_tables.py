"""The tables hold exactly what records, migrations and models say."""

from __future__ import annotations

import dataclasses
import typing

import pytest
from sqlalchemy import inspect
from sqlmodel import SQLModel

from ledger.store.codec import CODECS
from ledger.store.columns import Int64, TextTuple, Word
from ledger.store.engine import Database, open_database
from ledger.store.errors import SchemaOutdated, UnsupportedDatabase
from ledger.store.migrate import check_schema, downgrade, migrate, require_schema
from ledger.store.tables import VIEW_TABLES
from ledger.views.records import RECORDS, Record


def test_every_record_has_a_table() -> None:
    assert set(VIEW_TABLES) == set(RECORDS)


@pytest.mark.parametrize("record", RECORDS, ids=lambda r: r.TABLE)
def test_columns_are_the_fields_of_the_record(record: type[Record]) -> None:
    table = VIEW_TABLES[record]
    hints = typing.get_type_hints(record)
    fields = [field.name for field in dataclasses.fields(record)]  # type: ignore[arg-type]
    assert table.name == record.TABLE
    assert list(table.columns.keys()) == fields
    assert tuple(column.name for column in table.primary_key) == record.KEY
    for name in fields:
        column, hint = table.columns[name], hints[name]
        options = typing.get_args(hint)
        assert column.nullable == (type(None) in options), name
        kind = next((o for o in options if o is not type(None)), hint) if options else hint
        if "tuple" in str(hint):
            assert isinstance(column.type, TextTuple), name
        elif kind is int:
            assert isinstance(column.type, Int64), name
        else:
            assert column.type.python_type is kind, name


@pytest.mark.parametrize("table", SQLModel.metadata.tables.values(), ids=lambda t: t.name)
def test_no_integer_column_is_narrower_than_64_bits(table: typing.Any) -> None:
    for column in table.columns:
        if column.type.python_type is int:
            assert isinstance(column.type, Int64), column.name


def test_identifiers_sort_by_code_point_on_both_databases() -> None:
    for table in SQLModel.metadata.tables.values():
        for column in table.primary_key:
            if column.type.python_type is str:
                assert isinstance(column.type, Word), f"{table.name}.{column.name}"


def test_the_schema_goes_up_down_and_up_again(empty_database: Database) -> None:
    with pytest.raises(SchemaOutdated):
        require_schema(empty_database)
    migrate(empty_database)
    require_schema(empty_database)
    tables = set(inspect(empty_database.readers).get_table_names())
    assert tables == {*SQLModel.metadata.tables, "alembic_version"}
    downgrade(empty_database, "base")
    empty_database.dispose()
    assert set(inspect(empty_database.readers).get_table_names()) == {"alembic_version"}
    migrate(empty_database)
    migrate(empty_database)
    require_schema(empty_database)


def test_migrations_leave_nothing_to_be_generated(database: Database) -> None:
    check_schema(database)


def test_every_row_comes_back_as_it_was_written(database: Database) -> None:
    """Each record with its extremes: long, empty, absent, not ASCII."""
    from ledger.store.sql_state import SqlState

    rows = [_extreme(record, variant) for record in RECORDS for variant in range(3)]
    state = SqlState()
    with database.write() as connection:
        state.begin(connection)
        for row in rows:
            state.put(row)
        state.accept()
        state.flush()
    with database.read() as connection:
        from ledger.store.reads import Snapshot

        snapshot = Snapshot(connection)
        for row in rows:
            key = CODECS[type(row)].key_of(row)
            assert snapshot.get(type(row), *key) == row
            assert row in snapshot.page(type(row), {}).rows
            assert row in list(snapshot.all(type(row)))


def _extreme(record: type[Record], variant: int) -> Record:
    values: dict[str, object] = {}
    for name, hint in typing.get_type_hints(record).items():
        if name in {"TABLE", "KEY"}:
            continue
        options = typing.get_args(hint)
        if variant == 2 and type(None) in options:
            values[name] = None
        elif "tuple" in str(hint):
            values[name] = [("a", 'é,"[]'), (), ("x",)][variant]
        elif hint is bool:
            values[name] = variant == 0
        elif hint is int or int in options:
            values[name] = [0, 2**53 - 1, 7][variant]
        else:
            values[name] = [f"{name}", "Ünï\u2028cöde 𝄞 'quoted' \"\\", ""][variant]
    make: typing.Callable[..., Record] = record
    return make(**values)


@pytest.mark.parametrize(
    "url", ["mysql://host/db", "sqlite://", "sqlite:///:memory:", "nonsense", "oracle://x/y"]
)
def test_databases_that_cannot_hold_a_ledger_are_refused(url: str) -> None:
    with pytest.raises(UnsupportedDatabase):
        open_database(url)
