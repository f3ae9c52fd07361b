"""Pages and look-ups give what a plain search over all rows gives."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.events import decode_leaf
from ledger.store.codec import CODECS
from ledger.store.reads import EventFilter, InvalidPage, Snapshot, snapshot
from ledger.views.records import RECORDS, Edge, Grant, Record, RunInput
from tests.support.ledgers import Consortium
from tests.support.logs import LogUnderTest, record


@pytest.fixture
def filled(ledger: LogUnderTest) -> LogUnderTest:
    log = ledger.create()
    record(log, list(ledger.consortium.history(420))[1:])
    return ledger


@pytest.mark.parametrize("limit", [4, 100])
def test_pages_put_together_are_the_whole_view_in_order(filled: LogUnderTest, limit: int) -> None:
    with snapshot(filled.database) as views:
        for view in RECORDS:
            rows = _all_pages(views, view, {}, limit)
            assert rows == list(views.all(view))
            assert rows == sorted(rows, key=CODECS[view].key_of)


def _all_pages(
    views: Snapshot, view: type[Record], filters: dict[str, str], limit: int
) -> list[Record]:
    rows: list[Record] = []
    after = None
    while True:
        page = views.page(view, filters, after=after, limit=limit)
        assert len(page.rows) <= limit
        assert page.size == views.size
        rows += page.rows
        if page.next is None:
            return rows
        after = page.next


def test_filters_pick_the_rows_that_have_all_the_values(filled: LogUnderTest) -> None:
    lab = filled.consortium.labs[0].address
    with snapshot(filled.database) as views:
        every = list(views.all(Grant))
        for filters in (
            {"assignee": lab},
            {"dataset": "records-1"},
            {"assignee": lab, "status": "revoked"},
            {"status": "no such"},
        ):
            expected = [
                g for g in every if all(getattr(g, name) == v for name, v in filters.items())
            ]
            assert _all_pages(views, Grant, filters, 2) == expected


def test_rows_by_a_field_are_those_of_a_search(filled: LogUnderTest) -> None:
    with snapshot(filled.database) as views:
        every = list(views.all(Edge))
        for node in {edge.source for edge in every} | {"none"}:
            assert views.where(Edge, "source", node) == [e for e in every if e.source == node]
        nodes = sorted({row.node for row in views.all(RunInput)})
        assert views.where_in(RunInput, "node", nodes) == list(views.all(RunInput))
        assert views.where_in(RunInput, "node", []) == []


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    wanted=st.builds(
        EventFilter,
        kind=st.sampled_from([None, "access.used", "access.granted", "none.such"]),
        actor=st.sampled_from(
            [None, Consortium().labs[0].address, Consortium().stewards[1].address]
        ),
        subject=st.sampled_from([None, "grant-0", "records-2"]),
        start=st.integers(0, 430),
        end=st.none() | st.integers(0, 430),
    ),
    newest_first=st.booleans(),
    limit=st.integers(1, 90),
)
def test_pages_of_events_are_those_of_a_search(
    sqlite_ledger: LogUnderTest, wanted: EventFilter, newest_first: bool, limit: int
) -> None:
    if not sqlite_ledger.opened:
        record(sqlite_ledger.create(), list(sqlite_ledger.consortium.history(420))[1:])
    log = sqlite_ledger.opened[0]
    leaves = log.leaves(0, log.size)
    expected = [
        index
        for index, event in enumerate(decode_leaf(leaf, n).event for n, leaf in enumerate(leaves))
        if wanted.kind in {None, event.kind}
        and wanted.actor in {None, event.actor}
        and wanted.subject in {None, event.subject}
        and wanted.start <= index < (log.size if wanted.end is None else wanted.end)
    ]
    found: list[int] = []
    after: int | None = None
    with snapshot(sqlite_ledger.database) as views:
        while True:
            page = views.events(wanted, after=after, limit=limit, newest_first=newest_first)
            found += [row.index for row in page.rows]
            assert all(row.leaf == leaves[row.index] for row in page.rows)
            if page.next is None:
                break
            after = int(page.next[0])
    assert found == (expected[::-1] if newest_first else expected)


def test_events_signed_on_behalf_of_a_member_say_so(ledger: LogUnderTest) -> None:
    from ledger.log import Submission

    log = ledger.create()
    events = list(ledger.consortium._keys_and_transfers())[:3]
    log.append([Submission(event) for event in events])
    with snapshot(ledger.database) as views:
        rows = views.events(EventFilter(kind="run.started")).rows
        assert [row.principal for row in rows] == [ledger.consortium.labs[0].address]
        rows = views.events(EventFilter(kind="key.authorized")).rows
        assert [row.principal for row in rows] == [None]


@pytest.mark.parametrize("limit", [0, -1, 1_001])
def test_a_page_of_an_impossible_length_is_refused(filled: LogUnderTest, limit: int) -> None:
    with snapshot(filled.database) as views:
        with pytest.raises(InvalidPage):
            views.page(Grant, {}, limit=limit)
        with pytest.raises(InvalidPage):
            views.events(EventFilter(), limit=limit)


@pytest.mark.parametrize("after", [(), ("a", "b"), (1,)])
def test_a_page_after_a_key_of_another_form_is_refused(
    filled: LogUnderTest, after: tuple[str, ...]
) -> None:
    with snapshot(filled.database) as views, pytest.raises(InvalidPage):
        views.page(Grant, {}, after=after)


def test_every_list_that_is_filtered_has_an_index(sqlite_ledger: LogUnderTest) -> None:
    """SQLite says how it would search; a scan of a whole table would not scale."""
    sqlite_ledger.create()
    searches = [
        ('SELECT * FROM access_grant WHERE dataset = ? ORDER BY "grant"', 1),
        ('SELECT * FROM access_grant WHERE assignee = ? ORDER BY "grant"', 1),
        ("SELECT * FROM access_request WHERE dataset = ? ORDER BY request", 1),
        ("SELECT * FROM access_request WHERE requester = ? ORDER BY request", 1),
        ('SELECT * FROM access_use WHERE "grant" = ? ORDER BY "index"', 1),
        ('SELECT * FROM grant_change WHERE "grant" = ? ORDER BY "index"', 1),
        ("SELECT * FROM dataset WHERE steward = ? ORDER BY dataset", 1),
        ("SELECT * FROM model WHERE owner = ? ORDER BY model", 1),
        ("SELECT * FROM run WHERE developer = ? ORDER BY run", 1),
        ("SELECT * FROM run_input WHERE node = ?", 1),
        ("SELECT * FROM run_output WHERE node = ?", 1),
        ("SELECT * FROM edge WHERE source = ?", 1),
        ("SELECT * FROM edge WHERE target = ?", 1),
        ('SELECT * FROM leaf WHERE kind = ? ORDER BY "index"', 1),
        ('SELECT * FROM leaf WHERE actor = ? ORDER BY "index"', 1),
        ('SELECT * FROM leaf WHERE subject = ? ORDER BY "index"', 1),
        ("SELECT * FROM leaf WHERE nonce = ? AND actor = ?", 2),
        ('SELECT * FROM access_grant WHERE ("grant") > (?) ORDER BY "grant"', 1),
        ('SELECT * FROM edge WHERE ("index", position) > (?, ?) ORDER BY "index", position', 2),
    ]
    with sqlite_ledger.database.read() as connection:
        for search, count in searches:
            explain = f"EXPLAIN QUERY PLAN {search}"
            plan = [row[3] for row in connection.exec_driver_sql(explain, ("x",) * count)]
            assert all(step.startswith("SEARCH") for step in plan), (search, plan)
