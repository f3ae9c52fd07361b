"""One rich history and its bundle, for everyone to look at and nobody to change."""

from __future__ import annotations

import pytest

from tests.support.bundles import rich_history
from tests.support.histories import History


@pytest.fixture(scope="session")
def rich() -> tuple[History, bytes]:
    """A history with everything that a bundle can hold, and the bundle."""
    return rich_history()
