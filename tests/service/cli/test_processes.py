"""Commands as processes: signals, pipes, and serving."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import httpx
import pytest

from tests.service.cli.conftest import World, found
from tests.support.commands import ROOT, Commands

pytestmark = pytest.mark.slow


def test_a_ledger_is_served_until_ctrl_c(user: Commands) -> None:
    found(user.folder / "d")
    with user.start("serve", "--data", "d", "--port", 0) as command:
        # Said once it listens, not before: nothing else need be waited for.
        command.wait_for("Verifier key")
        url = re.search(r"^API +(\S+)$", command.out, re.MULTILINE)
        assert url is not None
        assert httpx.get(f"{url[1]}/readyz").status_code == 200
        user("log", "show", "--server", url[1]).check()
        command.interrupt()
        result = command.end()
    assert result.code == 130
    assert "Traceback" not in result.out + result.err


def test_a_port_that_is_taken_is_named(world: World, user: Commands) -> None:
    port = world.url.rsplit(":", 1)[1]
    with user.start("serve", "--data", world.data, "--port", port) as command:
        result = command.end()
    assert "choose another with --port" in result.check(5).err


def test_a_key_of_another_ledger_is_named(user: Commands) -> None:
    found(user.folder / "a")
    found(user.folder / "b")
    (user.folder / "b" / "log.key").replace(user.folder / "a" / "log.key")
    result = user("serve", "--data", "a").check(6)
    assert "[wrong-ledger]" in result.err


def test_new_events_are_followed_until_ctrl_c(history: World, user: Commands) -> None:
    with user.start("log", "follow", "--from", 4) as command:
        command.wait_for("access.granted")
        command.wait_for("model.version_published")
        user("revoke", "g", "--key", "hospital").check()
        command.wait_for("access.revoked")
        command.interrupt()
        result = command.end()
    assert result.code == 130
    assert "Traceback" not in result.err
    assert [line.split()[0] for line in result.out.splitlines()] == ["4", "5", "6", "7", "8", "9"]


def test_followed_events_are_one_json_object_a_line(history: World, user: Commands) -> None:
    with user.start("log", "follow", "--from", 0, "--json") as command:
        command.wait_for("model.version_published")
        command.interrupt()
        result = command.end()
    assert len(result.out.splitlines()) == 9


def test_a_reader_that_leaves_early_is_no_error(history: World, user: Commands) -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)
    ended = subprocess.run(
        [sys.executable, "-m", "service.cli.main", "log", "list", "--json"],
        check=False,
        env=user.variables() | {"PYTHONPATH": str(ROOT)},
        stdout=write_end,
        stderr=subprocess.PIPE,
        timeout=60,
    )
    os.close(write_end)
    assert b"Traceback" not in ended.stderr
    assert b"Exception ignored" not in ended.stderr


def test_reading_commands_do_not_load_what_they_do_not_need() -> None:
    script = "import service.cli.main, sys; print(*sorted(sys.modules))"
    loaded = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True, cwd=ROOT
    ).stdout.split()
    assert not {"sklearn", "fastapi", "sqlalchemy", "web3", "eth_keyfile"} & set(loaded)
