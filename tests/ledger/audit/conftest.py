"""A ledger with one dataset and one grant on it, a day old."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.histories import DAY, History
from tests.support.roads import check_roads


@pytest.fixture
def history() -> Iterator[History]:
    """A ledger with its first leaf only; after the test, all roads lead to the same answers."""
    history = History()
    history.begin()
    yield history
    if history.size < 500:
        check_roads(history)


@pytest.fixture
def granted(history: History) -> History:
    """Dataset `d` with version 1, and grant `g` on it for 90 days, both a day old."""
    history.dataset("d")
    history.grant("g", "d")
    history.pass_time(DAY)
    return history
