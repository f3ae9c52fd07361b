"""A chain, embedded and on anvil, with a registry that anchors are sent to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.anchoring import Registry, deploy_registry
from tests.support.chains import BACKENDS, Backend, open_backend


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Backend]:
    with open_backend(request.param, tmp_path) as opened:
        yield opened


@pytest.fixture
def deployed(backend: Backend) -> Registry:
    return deploy_registry(backend)
