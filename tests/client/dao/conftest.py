"""The same clients as everywhere, at a server that has a DAO."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.dao_adversary import DaoServer


@pytest.fixture
def server() -> Iterator[DaoServer]:
    """The adversary, honest so far; its log is checked after the test."""
    dao = DaoServer()
    yield dao
    dao.check_log()
