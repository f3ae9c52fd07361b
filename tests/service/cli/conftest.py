"""A user at the command line, and a consortium's ledger that is served for them."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from client import SigningKey
from ledger.events.canonical import JsonObject
from service.founding import Identity, found_ledger
from service.settings import Settings
from tests.support.commands import Commands
from tests.support.examples import signing_key
from tests.support.servers import ServerThread

KEYS = {name: signing_key(name) for name in ("operator", "hospital", "lab")}
FIGURES = "--parameters parameters.json --metrics metrics.json --key lab"
ROLES = {"operator": ("operator",), "hospital": ("steward",), "lab": ("developer",)}


@dataclass(frozen=True)
class World:
    """A served ledger and its members.

    Attributes:
        url: of the server.
        data: the data directory.
        identity: of the ledger.
        keys: of its members by name.
    """

    url: str
    data: Path
    identity: Identity
    keys: dict[str, SigningKey]

    def address(self, name: str) -> str:
        """Of a member."""
        return self.keys[name].address


@pytest.fixture
def user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Commands:
    """Somebody with an empty home."""
    return Commands(tmp_path / "home", tmp_path, monkeypatch, capfd)


def found(data: Path) -> Identity:
    """A ledger with three members."""
    members: list[JsonObject] = [
        {"member": KEYS[name].address, "roles": [*roles], "name": name.title()}
        for name, roles in ROLES.items()
    ]
    return found_ledger(Settings(data_dir=data), operator=KEYS["operator"], members=members)


@pytest.fixture
def world(tmp_path: Path, user: Commands) -> Iterator[World]:
    """A served ledger; the user has its members' keys and its address."""
    data = tmp_path / "ledger"
    identity = found(data)
    for name, key in KEYS.items():
        user.keep(name, key)
    with ServerThread(Settings(data_dir=data)) as server:
        # It would write to a standard error that is captured, and closed before it stops.
        logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
        user.environment["CONCORD_SERVER"] = server.url
        yield World(server.url, data, identity, KEYS)


@pytest.fixture
def history(world: World, user: Commands) -> World:
    """A dataset, a grant, a run and a model version."""
    (user.folder / "records.csv").write_text("a,b\n1,2\n")
    (user.folder / "model.bin").write_bytes(b"weights")
    (user.folder / "parameters.json").write_text('{"lr": 0.01}')
    (user.folder / "metrics.json").write_text('{"accuracy": 0.93}')
    lab = world.address("lab")
    for line in (
        "dataset register d --title Records --license CC-BY-4.0 --duo HMB --key hospital",
        "dataset publish d 1 records.csv --records 1 --key hospital",
        "request d --action train --duo HMB --id r --justification secret --key lab",
        f"grant d {lab} --action train --duo HMB --until 30d --id g --request r --key hospital",
        "model register m --title Model --license MIT --key lab",
        f"run train --id run-1 --used d@1@g --produced m@1 --artifact model.bin {FIGURES}",
    ):
        user(*line.split()).check()
    return world
