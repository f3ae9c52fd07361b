"""`concord fsck, rebuild`: what operators see when all is well, and when it is not."""

from __future__ import annotations

import sqlite3

import pytest

from tests.service.cli.conftest import World
from tests.support.commands import Commands


@pytest.fixture
def stopped(history: World, user: Commands) -> World:
    """A ledger with a history; the user has a model's audit in mind."""
    user("audit", "m", "1").check()
    return history


def alter(world: World, statement: str, *values: object) -> None:
    """Changes the database behind the ledger's back."""
    with sqlite3.connect(world.data / "concord.db") as connection:
        assert connection.execute(statement, values).rowcount > 0
    connection.close()


def test_a_ledger_that_was_left_alone_is_clean(stopped: World, user: Commands) -> None:
    result = user("fsck", "--data", stopped.data).check()
    assert "Clean: 9 leaves" in result.out
    assert user("fsck", "--data", stopped.data, "--json").check().json["size"] == 9
    user("fsck", "--data", stopped.data, "--hashes-only").check()


@pytest.mark.parametrize("index", [0, 4])
def test_an_altered_leaf_is_named(stopped: World, user: Commands, index: int) -> None:
    alter(stopped, 'UPDATE leaf SET leaf = ? WHERE "index" = ?', b"{}", index)
    result = user("fsck", "--data", stopped.data).check(6)
    assert f"leaf {index}" in result.err
    answer = user("fsck", "--data", stopped.data, "--json").check(6).json
    assert (answer["clean"], answer["difference"]["part"]) == (False, "leaf")


def test_an_altered_view_is_named_and_rebuilt(stopped: World, user: Commands) -> None:
    alter(stopped, "UPDATE access_grant SET expires_at = expires_at + 1")
    result = user("fsck", "--data", stopped.data).check(6)
    assert "access_grant" in result.err
    assert "concord rebuild" in result.err
    assert "9 leaves" in user("rebuild", "--data", stopped.data).check().out
    user("fsck", "--data", stopped.data).check()


def test_a_rebuilt_ledger_answers_as_before(stopped: World, user: Commands) -> None:
    before = user("audit", "m", "1", "--json").json
    assert user("rebuild", "--data", stopped.data, "--json").check().json == {"replayed": 9}
    assert user("audit", "m", "1", "--json").json == before


def test_the_data_directory_may_come_from_the_environment(stopped: World, user: Commands) -> None:
    user.environment["CONCORD_DATA_DIR"] = str(stopped.data)
    user("fsck").check()
