"""One chain of each kind for a whole run, and a DAO of its own for every test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.governance.dao import EVERYBODY, Dao, found, fund
from tests.support.chains import BACKENDS, Backend, open_backend


@pytest.fixture(scope="session", params=BACKENDS)
def backend(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Backend]:
    """A chain, embedded and on anvil. Its clock only ever moves forward."""
    with open_backend(request.param, tmp_path_factory.mktemp("governance")) as opened:
        fund(opened, *EVERYBODY)
        yield opened


@pytest.fixture
def dao(backend: Backend) -> Dao:
    """A DAO that has not voted yet."""
    return found(backend)
