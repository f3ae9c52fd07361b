"""The command line against a ledger that shows its contents to members only."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.founding import Identity
from tests.service.cli.conftest import KEYS, served, write_files
from tests.support.commands import PASSPHRASE, Commands
from tests.support.examples import signing_key


@pytest.fixture
def guarded(past: tuple[Path, Identity], tmp_path: Path, user: Commands) -> Iterator[str]:
    """A ledger for members, and a user who has two members' keys and a stranger's."""
    write_files(user.folder)
    shutil.copytree(past[0], tmp_path / "ledger")
    for name in ("hospital", "lab"):
        user.keep(name, KEYS[name])
    user.keep("stranger", signing_key("stranger"))
    with served(tmp_path / "ledger", reads="members") as url:
        user.environment["CONCORD_SERVER"] = url
        yield url


@pytest.mark.parametrize(
    "command",
    [
        ("members", "list"),
        ("dataset", "list"),
        ("grants",),
        ("model", "list"),
        ("lineage", "m", "1"),
        ("impact", "d"),
        ("audit", "m", "1"),
        ("log", "list"),
        ("log", "event", "4"),
        ("receipt", "4"),
        ("export-tiles", "tiles"),
    ],
)
def test_a_member_reads_with_the_key_that_was_named(
    guarded: str, user: Commands, command: tuple[str, ...]
) -> None:
    user(*command, "--key", "hospital").check()


def test_the_environment_names_the_key_too(guarded: str, user: Commands) -> None:
    user.environment["CONCORD_KEY"] = KEYS["lab"].address
    assert len(user("log", "list", "--json").check().json) == 9


def test_a_reader_without_a_key_is_told_to_name_one(guarded: str, user: Commands) -> None:
    refused = user("members", "list").check(4)
    assert "shows its contents to members only" in refused.err
    assert "--key" in refused.err
    assert "hospital, lab, stranger" in refused.err


def test_a_reader_who_has_no_key_at_all_is_told_how_to_make_one(
    guarded: str, user: Commands
) -> None:
    user.environment["CONCORD_HOME"] = str(user.folder / "elsewhere")
    assert "concord keys new NAME" in user("members", "list").check(4).err


def test_a_stranger_stays_outside(guarded: str, user: Commands) -> None:
    refused = user("members", "list", "--key", "stranger", "--json").check(3)
    assert refused.json["error"]["code"] == "not-a-member"


def test_what_is_open_to_all_asks_for_no_passphrase(guarded: str, user: Commands) -> None:
    user.environment["CONCORD_PASSPHRASE"] = "wrong"
    user("log", "show", "--key", "hospital").check()


def test_the_passphrase_is_asked_for_only_where_the_ledger_wants_a_sign_in(
    guarded: str, user: Commands
) -> None:
    user.environment["CONCORD_PASSPHRASE"] = "wrong"
    refused = user("members", "list", "--key", "hospital").check(4)
    assert "wrong-passphrase" in refused.err


def test_the_whole_log_of_a_members_server_is_replayed(guarded: str, user: Commands) -> None:
    user("log", "show").check()
    replayed = user("verify", "--log", guarded, "--key", "hospital").check()
    assert "all 9 events" in replayed.out


def test_a_member_follows_the_log(guarded: str, user: Commands) -> None:
    with user.start("log", "follow", "--from", "7", "--key", "lab") as command:
        command.wait_for("model.version_published")
        command.interrupt()
        assert command.end().code == 130


def test_a_member_writes_as_ever(guarded: str, user: Commands) -> None:
    assert user.variables()["CONCORD_PASSPHRASE"] == PASSPHRASE
    user("revoke", "g", "--key", "hospital").check()
    assert len(user("log", "list", "--json", "--key", "hospital").check().json) == 10
