"""A search finds what a plain look through all rows finds, on either database."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.store.reads import Snapshot, snapshot
from ledger.store.search import InvalidSearch
from ledger.views.records import Dataset
from tests.support.logs import LogUnderTest, record

TITLES = (
    "Chest CT of lung cancer",
    "Retinal images, 100% annotated",
    "ÄRZTE-Register Südwest",
    "under_score and back\\slash",
    "Brackets [a-z] ^ and *stars?*",
    "Ελληνικά δεδομένα",
    "Straße",
    "$1 (one) {two} | three + four.",
)

FOUND = {
    "LUNG chest": [TITLES[0]],
    "100%": [TITLES[1]],
    "ärzte": [TITLES[2]],
    "SÜDWEST": [TITLES[2]],
    "r_s": [TITLES[3]],
    "k\\s": [TITLES[3]],
    "[A-Z] ^": [TITLES[4]],
    "*STARS?*": [TITLES[4]],
    "ΔΕΔΟΜΈΝΑ": [TITLES[5]],
    "straße": [TITLES[6]],
    "(ONE) {two} | + four.": [TITLES[7]],
    "records-13": [TITLES[3]],
    "records-1 images": [TITLES[1]],
    "chest retinal": [],
}
"""What each search finds."""


@pytest.fixture
def filled(ledger: LogUnderTest) -> LogUnderTest:
    log, consortium = ledger.create(), ledger.consortium
    events = [
        consortium.dataset(f"records-{at}", title=title) for at, title in enumerate(TITLES, 10)
    ]
    record(log, events)
    return ledger


def _found(views: Snapshot, search: str) -> list[str]:
    page = views.page(Dataset, {}, search=search)
    assert page.next is None
    return [row.title for row in page.rows]


def test_words_are_found_in_any_case_and_as_they_stand(filled: LogUnderTest) -> None:
    with snapshot(filled.database) as views:
        assert {search: _found(views, search) for search in FOUND} == FOUND


def test_a_search_without_words_finds_everything(filled: LogUnderTest) -> None:
    with snapshot(filled.database) as views:
        assert _found(views, "") == _found(views, "  \t ") == list(TITLES)


_PIECES = st.sampled_from([*"aestäÜΓΔ_%*?[]^\\.|()0", "records", "images"])


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(_PIECES, min_size=1, max_size=3).map("".join))
def test_any_text_is_found_where_it_stands_and_nowhere_else(
    filled: LogUnderTest, search: str
) -> None:
    def folded(text: str) -> str:
        return "".join(c.lower() for c in text)

    with snapshot(filled.database) as views:
        expected = [
            row.title
            for row in views.all(Dataset)
            if any(
                folded(search) in folded(text)
                for text in (row.dataset, row.title, row.description or "")
            )
        ]
        assert _found(views, search) == expected


def test_pages_of_a_search_go_on_where_the_last_one_ended(filled: LogUnderTest) -> None:
    with snapshot(filled.database) as views:
        first = views.page(Dataset, {}, search="and", limit=1)
        second = views.page(Dataset, {}, search="and", after=first.next, limit=1)
    assert [row.title for row in (*first.rows, *second.rows)] == [TITLES[3], TITLES[4]]
    assert second.next is None


def test_a_sealed_text_and_its_commitment_are_not_found(ledger: LogUnderTest) -> None:
    log, consortium = ledger.create(), ledger.consortium
    sealed, _ = consortium.sealed("Rare diseases", "registry")
    record(log, [consortium.dataset("records-9", title=sealed)])
    with snapshot(ledger.database) as views:
        assert _found(views, "sealed") == []
        assert _found(views, str(sealed["$sealed"])[:8]) == []
        assert len(_found(views, "records-9")) == 1


def test_a_search_that_is_too_long_or_no_text_is_refused(ledger: LogUnderTest) -> None:
    with snapshot(ledger.database) as views:
        for search in ("a " * 9, "a" * 101, "a\0b"):
            with pytest.raises(InvalidSearch):
                views.page(Dataset, {}, search=search)
