"""Chains for the tests of this room."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from web3 import Web3

from ledger.chain.node import EmbeddedNode
from ledger.chain.provider import EmbeddedProvider
from tests.ledger.chain.probe import Probe, deploy_probe
from tests.support.chains import BACKENDS, Backend, embedded_node, open_backend


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Backend]:
    """A fresh chain, embedded and on anvil."""
    with open_backend(request.param, tmp_path) as opened:
        yield opened


@pytest.fixture
def probe(backend: Backend) -> Probe:
    """A Probe on each backend."""
    return deploy_probe(backend.chain, backend.operator)


@pytest.fixture
def node(tmp_path: Path) -> Iterator[EmbeddedNode]:
    """A fresh embedded node in development mode, open to every sender."""
    opened = embedded_node(tmp_path / "chain")
    yield opened
    opened.close()


@pytest.fixture
def web3(node: EmbeddedNode) -> Web3:
    """web3.py on the embedded node."""
    return Web3(EmbeddedProvider(node))
