"""A user at the command line, and a consortium's ledger that is served for them."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest

from client import Ledger, SigningKey, drafts
from client.files import describe_file
from ledger.events.canonical import JsonObject
from service.founding import Identity, found_ledger
from service.parts import system_clock
from service.settings import Settings
from tests.support.commands import Commands
from tests.support.examples import signing_key
from tests.support.servers import ServerThread

KEYS = {name: signing_key(name) for name in ("operator", "hospital", "lab")}
DAY = 86_400_000
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


@contextmanager
def served(data: Path, *, reads: Literal["public", "members"] = "public") -> Iterator[str]:
    """Serves a ledger; yields the address."""
    with ServerThread(Settings(data_dir=data, reads=reads)) as server:
        # It would write to a standard error that is captured, and closed before it stops.
        logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
        yield server.url


@contextmanager
def world_of(data: Path, identity: Identity, user: Commands) -> Iterator[World]:
    """Serves a ledger to a user who has its members' keys and its address."""
    for name, key in KEYS.items():
        user.keep(name, key)
    with served(data) as url:
        user.environment["CONCORD_SERVER"] = url
        yield World(url, data, identity, KEYS)


@pytest.fixture
def world(tmp_path: Path, user: Commands) -> Iterator[World]:
    """A new ledger."""
    data = tmp_path / "ledger"
    with world_of(data, found(data), user) as world:
        yield world


def write_files(folder: Path) -> None:
    """What members talk about."""
    (folder / "records.csv").write_text("a,b\n1,2\n")
    (folder / "model.bin").write_bytes(b"weights")
    (folder / "parameters.json").write_text('{"lr": 0.01}')
    (folder / "metrics.json").write_text('{"accuracy": 0.93}')


@pytest.fixture(scope="session")
def past(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Identity]:
    """A ledger's folder with a dataset, a grant, a run and a model version; copy it."""
    folder = tmp_path_factory.mktemp("past")
    write_files(folder)
    identity = found(folder / "ledger")
    with served(folder / "ledger") as url:
        tell_history(url, folder)
    return folder / "ledger", identity


def tell_history(url: str, folder: Path) -> None:
    """Records it, nine events in all."""
    steward, lab = (
        Ledger(url, key=KEYS[name], state=folder / name) for name in ("hospital", "lab")
    )
    now = system_clock()
    usage: JsonObject = {"duo": ["HMB"]}
    with steward, lab:
        steward.record(
            drafts.register_dataset(
                "d", title="Records", steward=KEYS["hospital"].address, usage=usage,
                license="CC-BY-4.0", personal_data=True,
            )
        )  # fmt: skip
        files = [describe_file(folder / "records.csv")]
        steward.record(drafts.publish_dataset_version("d", "1", distribution=files))
        lab.record(
            drafts.request_access(
                "r", dataset="d", actions=["train"], purpose=usage, until=now + DAY,
                justification="secret",
            )
        )  # fmt: skip
        steward.record(
            drafts.grant_access(
                "g", dataset="d", assignee=KEYS["lab"].address, actions=["train"], purpose=usage,
                not_before=now - DAY, expires_at=now + DAY, request="r",
            )
        )  # fmt: skip
        lab.record(
            drafts.register_model("m", title="Model", owner=KEYS["lab"].address, license="MIT")
        )
        with lab.run("train", run="run-1", parameters={"lr": 0.01}) as run:
            run.used("d", "1", grant="g")
            run.measured(accuracy=0.93)
            run.produced("m", "1", file=folder / "model.bin")


@pytest.fixture
def history(past: tuple[Path, Identity], tmp_path: Path, user: Commands) -> Iterator[World]:
    """A dataset, a grant, a run and a model version."""
    write_files(user.folder)
    shutil.copytree(past[0], tmp_path / "ledger")
    with world_of(tmp_path / "ledger", past[1], user) as world:
        yield world
