"""A ledger with one dataset and one grant on it, a day old."""

from __future__ import annotations

import pytest

from tests.support.histories import DAY, History


@pytest.fixture
def history() -> History:
    """A ledger with its first leaf only."""
    history = History()
    history.begin()
    return history


@pytest.fixture
def granted(history: History) -> History:
    """Dataset `d` with version 1, and grant `g` on it for 90 days, both a day old."""
    history.dataset("d")
    history.grant("g", "d")
    history.pass_time(DAY)
    return history
