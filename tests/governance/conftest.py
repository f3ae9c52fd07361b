"""One chain of each kind for a whole run, and a DAO that has not voted yet for every test.

Deploying takes longer than most tests. So it is done once, and every test gets that state back: on
anvil by its snapshots, embedded as a copy of the chain's file.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from governance.plan import DeploymentPlan
from ledger.chain.connect import embedded
from tests.governance.dao import EVERYBODY, Dao, found, fund
from tests.governance.mirrored import MirroredLog, mirrored_log
from tests.support.chains import BACKENDS, Backend, anvil_chain, embedded_node, open_backend


@dataclass(frozen=True)
class Founded:
    """A chain on which a DAO was just deployed. Nobody sends anything to it."""

    backend: Backend
    plan: DeploymentPlan
    directory: Path


@pytest.fixture(scope="session", params=BACKENDS)
def backend(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Backend]:
    """A chain, embedded and on anvil. Its clock only ever moves forward."""
    with open_backend(request.param, tmp_path_factory.mktemp("governance")) as opened:
        fund(opened, *EVERYBODY)
        yield opened


@pytest.fixture(scope="session")
def founded(backend: Backend, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Founded]:
    """The same kind of chain as `backend`, another one."""
    directory = tmp_path_factory.mktemp("founded")
    with open_backend(backend.name, directory) as opened:
        fund(opened, *EVERYBODY)
        yield Founded(opened, found(opened).plan, directory / "chain")


@pytest.fixture
def dao(founded: Founded, tmp_path: Path) -> Iterator[Dao]:
    """A DAO that has not voted yet, on a chain of its own."""
    original = founded.backend
    if original.name == "anvil":
        # A chain object remembers nonces, so each test has a new one.
        url = original.chain.provider.endpoint_uri  # type: ignore[attr-defined]
        snapshot = original.request("evm_snapshot")
        yield _now(Backend(original.name, anvil_chain(url), original.operator), founded.plan)
        original.request("evm_revert", snapshot)
        return
    (tmp_path / "chain").mkdir()
    shutil.copy(founded.directory / "data.mdb", tmp_path / "chain")
    chain = embedded(embedded_node(tmp_path / "chain"))
    yield _now(Backend(original.name, chain, original.operator), founded.plan)
    chain.close()


@pytest.fixture
def mirrored(dao: Dao, tmp_path: Path) -> Iterator[MirroredLog]:
    """A log that names the DAO's contracts; nothing is mirrored yet."""
    (tmp_path / "log").mkdir()
    with mirrored_log(dao, tmp_path / "log") as opened:
        yield opened


def _now(backend: Backend, plan: DeploymentPlan) -> Dao:
    """The last block is of now, not of when the DAO was deployed."""
    backend.move_time(1)
    return Dao(backend, plan)
