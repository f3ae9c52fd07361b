"""Dropped and replayed, the views are the same, row by row."""

from __future__ import annotations

import pytest
from sqlalchemy import delete

from ledger.errors import ConcordError
from ledger.events.bodies import BODIES
from ledger.log import Submission
from ledger.store.engine import Database
from ledger.store.reads import snapshot
from ledger.store.rebuild import rebuild
from ledger.store.tables import VIEW_TABLES
from ledger.views.records import RECORDS, Record, Stewardship
from tests.support.logs import LogUnderTest, record


def all_rows(database: Database) -> dict[str, list[Record]]:
    with snapshot(database) as views:
        return {view.TABLE: list(views.all(view)) for view in RECORDS}


@pytest.fixture
def rich(ledger: LogUnderTest) -> LogUnderTest:
    """A ledger with every sort of event."""
    history = list(ledger.consortium.rich_history())
    kinds = {event.kind for event, _ in history}
    assert kinds == set(BODIES)
    log = ledger.create()
    answers = log.append([Submission(event, openings) for event, openings in history[1:]])
    refused = [answer for answer in answers if isinstance(answer, ConcordError)]
    assert not refused, refused[:3]
    return ledger


def test_every_view_holds_something_after_every_sort_of_event(rich: LogUnderTest) -> None:
    assert [name for name, rows in all_rows(rich.database).items() if not rows] == []


def test_rebuilding_gives_identical_rows(rich: LogUnderTest) -> None:
    before = all_rows(rich.database)
    done: list[tuple[int, int]] = []
    size = rich.opened[0].size
    assert rebuild(rich.database, lambda n, total: done.append((n, total))) == size
    assert done[-1] == (size, size)
    assert all_rows(rich.database) == before


def test_rebuilding_mends_altered_views(rich: LogUnderTest) -> None:
    before = all_rows(rich.database)
    with rich.database.write() as connection:
        connection.exec_driver_sql("UPDATE access_grant SET status = 'active'")
        connection.exec_driver_sql("DELETE FROM edge")
        connection.execute(
            VIEW_TABLES[Stewardship].insert(), {"index": 999, "dataset": "x", "steward": "y"}
        )
    assert all_rows(rich.database) != before
    rebuild(rich.database)
    assert all_rows(rich.database) == before


def test_a_log_goes_on_after_a_rebuild(rich: LogUnderTest) -> None:
    rebuild(rich.database)
    record(rich.opened[0], [rich.consortium.dataset("after")])


def test_a_leaf_that_cannot_be_read_leaves_the_views_as_they_were(
    broken_ledger: LogUnderTest,
) -> None:
    log = broken_ledger.create()
    record(log, list(broken_ledger.consortium.history(50))[1:])
    before = all_rows(broken_ledger.database)
    with broken_ledger.database.write() as connection:
        connection.exec_driver_sql("UPDATE leaf SET leaf = '{}' WHERE \"index\" = 40")
    with pytest.raises(ConcordError):
        rebuild(broken_ledger.database)
    assert all_rows(broken_ledger.database) == before


def test_rebuilding_an_empty_database_does_nothing(database: Database) -> None:
    with database.write() as connection:
        connection.execute(delete(VIEW_TABLES[Stewardship]))
    assert rebuild(database) == 0
