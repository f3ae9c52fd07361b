"""`concord relayer new-key`: what the operator is told to do next."""

from __future__ import annotations

import shutil
from pathlib import Path

import orjson
import pytest

from service.dao import read_mirror, read_relayer
from service.settings import Settings
from tests.service.cli.conftest import found
from tests.support.commands import Commands


@pytest.fixture
def data(founded_assembly: Path, tmp_path: Path) -> Path:
    """A ledger with a DAO; nobody serves it."""
    shutil.copytree(founded_assembly, tmp_path / "ledger")
    return tmp_path / "ledger"


def test_the_operator_is_told_the_accounts_and_what_to_have_voted_on(
    data: Path, user: Commands
) -> None:
    settings = Settings(data_dir=data)
    old = read_relayer(settings).address
    said = user("relayer", "new-key", "--data", data).check().out
    new, actions = read_relayer(settings).address, data / "relayer.actions.json"
    assert old in said
    assert new in said
    assert f"concord propose actions {actions}" in said.replace("\n", "")
    assert read_mirror(settings).address == old
    assert orjson.loads(actions.read_bytes()) == [
        {"action": "admit", "member": new, "roles": ["operator"]},
        {"action": "remove-member", "member": old},
    ]
    told = user("relayer", "new-key", "--data", data, "--json").check().json
    assert (told["old"], told["mirror"]) == (new, old)


def test_a_ledger_without_a_dao_has_no_relayer(tmp_path: Path, user: Commands) -> None:
    found(tmp_path / "plain")
    refused = user("relayer", "new-key", "--data", tmp_path / "plain").check(3)
    assert "dao-file-missing" in refused.err
