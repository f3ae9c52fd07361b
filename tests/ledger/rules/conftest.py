"""A ledger in memory; nothing asks for signatures here."""

from __future__ import annotations

import pytest

from tests.support.histories import History
from tests.support.ledgers import Consortium


@pytest.fixture
def ledger() -> History:
    """With its first leaf; the operator gives roles."""
    history = History()
    history.begin()
    return history


@pytest.fixture
def mirrored() -> History:
    """With its first leaf, which names a contract."""
    consortium = Consortium()
    consortium.contracts = {"registry": consortium.random_contract}
    history = History(consortium)
    history.begin()
    return history
