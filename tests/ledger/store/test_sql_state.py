"""The state in the database answers as one in memory, whatever is written or taken back."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from ledger.store.codec import CODECS
from ledger.store.engine import Database
from ledger.store.reads import Snapshot
from ledger.store.sql_state import FactTaken, SqlState
from ledger.store.tables import VIEW_TABLES
from ledger.views.records import ChainEvent, Edge, Member, Stewardship
from ledger.views.state import MemoryState

NAMES = ["a", "b", "c", "d", "e"]


class LostTransactionError(Exception):
    """Leaves a transaction as an error of the database does."""


def fail() -> None:
    raise LostTransactionError


def member(name: str, roles: tuple[str, ...] = ()) -> Member:
    return Member(name, None, roles, None, active=True, index=0)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    transactions=st.lists(
        st.tuples(
            st.lists(
                st.tuples(
                    st.lists(st.tuples(st.sampled_from(NAMES), st.integers(0, 9)), max_size=3),
                    st.booleans(),
                ),
                max_size=5,
            ),
            st.sampled_from(["commit", "roll back", "commit and forget"]),
        ),
        max_size=6,
    ),
    capacity=st.integers(1, 8),
)
def test_it_agrees_with_a_state_in_memory(
    sqlite_database: Database, transactions: list[object], capacity: int
) -> None:
    state, model = SqlState(capacity), {}
    with sqlite_database.write() as connection:
        connection.execute(delete(VIEW_TABLES[Member]))
    for events, end in transactions:  # type: ignore[misc]
        trial = dict(model)
        try:
            with sqlite_database.write() as connection:
                state.begin(connection)
                for writes, accepted in events:
                    during = dict(trial)
                    for name, value in writes:
                        row = member(name, (str(value),))
                        state.put(row)
                        during[name] = row
                        assert [state.get(Member, n) for n in NAMES] == [
                            during.get(n) for n in NAMES
                        ]
                    if accepted:
                        state.accept()
                        trial = during
                    else:
                        state.discard()
                    assert [state.get(Member, n) for n in NAMES] == [trial.get(n) for n in NAMES]
                state.flush()
                if end == "roll back":
                    fail()
        except LostTransactionError:
            state.forget()
            continue
        state.commit()
        model = trial
        if end == "commit and forget":
            state.forget()
        with sqlite_database.read() as connection:
            assert list(Snapshot(connection).all(Member)) == [model[n] for n in sorted(model)]


def test_prefetched_rows_are_known_absent_ones_too(database: Database) -> None:
    state = SqlState()
    with database.write() as connection:
        state.begin(connection)
        state.put(member("a"))
        state.accept()
        state.flush()
    state.forget()
    with database.write() as connection:
        state.begin(connection)
        state.prefetch([(Member, ("a",)), (Member, ("b",))])
        connection.execute(delete(VIEW_TABLES[Member]))
        assert state.get(Member, "a") == member("a")
        assert state.get(Member, "b") is None


def test_a_fact_written_twice_in_one_transaction_is_refused(database: Database) -> None:
    state = SqlState()
    with database.write() as connection:
        state.begin(connection)
        state.add(Stewardship(5, "d", "a"))
        with pytest.raises(FactTaken):
            state.add(Stewardship(5, "d", "b"))
        state.discard()
        state.add(Stewardship(5, "d", "b"))


def test_a_chain_event_is_found_by_the_batch_that_writes_it(database: Database) -> None:
    state = SqlState()
    row = ChainEvent(1, "0xb", 2, 3, "0xt", "0xc", "vote.cast", "9", 4)
    with database.write() as connection:
        state.begin(connection)
        assert state.get(ChainEvent, 1, "0xb", 2) is None
        state.add(row)
        assert state.get(ChainEvent, 1, "0xb", 2) == row
        state.accept()
        state.flush()
    state.commit()
    with database.write() as connection:
        state.begin(connection)
        assert state.get(ChainEvent, 1, "0xb", 2) == row


def test_the_cache_never_outgrows_its_capacity_for_long(sqlite_database: Database) -> None:
    state = SqlState(capacity=20)
    for start in range(0, 200, 10):
        with sqlite_database.write() as connection:
            state.begin(connection)
            for n in range(start, start + 10):
                state.put(member(f"m{n:03}"))
            state.accept()
            state.flush()
        state.commit()
        assert len(state._cache) <= 20
    with sqlite_database.write() as connection:
        state.begin(connection)
        assert all(state.get(Member, f"m{n:03}") is not None for n in range(200))


def test_outside_a_transaction_nothing_is_read(database: Database) -> None:
    with pytest.raises(RuntimeError):
        SqlState().get(Member, "a")


def test_memory_and_database_name_rows_by_the_same_keys() -> None:
    edge = Edge(3, 1, "used", "run:r", "dataset:d@1")
    memory = MemoryState()
    memory.put(edge)
    assert memory.get(Edge, *CODECS[Edge].key_of(edge)) == edge
    assert dataclasses.astuple(edge) == CODECS[Edge].encode(edge)
