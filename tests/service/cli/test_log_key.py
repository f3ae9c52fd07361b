"""`concord log new-key`: the key beneath an origin is exchanged, and people tell each other."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from ledger.merkle import SigningKey, open_checkpoint
from service.log_key import LogKeyMissing, exchange_log_key, read_log_key
from tests.service.cli.conftest import KEYS, found, served
from tests.support.commands import Commands

REGISTER = ("dataset", "register", "d", "--title", "T", "--license", "MIT", "--duo", "HMB")


@pytest.fixture
def data(tmp_path: Path, user: Commands) -> Path:
    """A ledger that the user has visited and recorded an event in; nobody serves it any more."""
    found(tmp_path / "ledger")
    for name, key in KEYS.items():
        user.keep(name, key)
    with served(tmp_path / "ledger") as url:
        user.environment["CONCORD_SERVER"] = url
        user(*REGISTER, "--key", "hospital", "--receipt", "before.json").check()
    return tmp_path / "ledger"


def test_a_new_key_signs_on_and_what_was_handed_out_verifies_with_the_old_one(
    data: Path, user: Commands
) -> None:
    done = user("log", "new-key", "--data", data, "--json").check().json
    old, new = done["old"], done["new"]
    assert done["oldSignedUpTo"] == 2
    assert old.split("+")[0] == new.split("+")[0]
    assert str(read_log_key(data / "log.key").verifier) == new
    assert str(SigningKey.parse(Path(done["oldKey"]).read_text().strip()).verifier) == old
    for file in (data / "log.key", Path(done["oldKey"])):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600

    user("fsck", "--data", data).check()
    user("log", "forget").check()
    with served(data) as url:
        user.environment["CONCORD_SERVER"] = url
        user("log", "show", "--verifier-key", new).check()
        user("receipt", "1", "--out", "after.json", "--verifier-key", new).check()
        said = user("model", "register", "m", "--title", "M", "--license", "MIT", "--key", "lab")
        said.check()
    user("verify", "before.json", "--verifier-key", old).check()
    user("verify", "after.json", "--verifier-key", new).check()
    user("verify", "before.json", "--verifier-key", new).check(6)
    user("verify", "after.json", "--verifier-key", old).check(6)


def test_whoever_trusts_the_old_key_refuses_the_new_one_until_told(
    data: Path, user: Commands
) -> None:
    visited = user.environment["CONCORD_SERVER"]
    done = user("log", "new-key", "--data", data).check().out
    new = str(read_log_key(data / "log.key").verifier)
    assert new in done.replace("\n", "")
    assert "size 2" in done
    with served(data) as url:
        user.environment["CONCORD_SERVER"] = url
        assert "wrong-log" in user("log", "show").check(6).err
        assert "wrong-log" in user("log", "show", "--verifier-key", new).check(6).err
        user("log", "forget", "--server", visited).check()
        assert new in user("log", "show", "--verifier-key", new).check().out.replace("\n", "")


def test_an_exchange_leaves_a_whole_key_at_every_moment(data: Path) -> None:
    path = data / "log.key"
    old = read_log_key(path)

    class PowerFailure(BaseException):
        pass

    def fail(_: int) -> bytes:
        raise PowerFailure

    with pytest.raises(PowerFailure):
        exchange_log_key(path, fail)
    assert str(read_log_key(path).verifier) == str(old.verifier)
    first, second = (exchange_log_key(path, os.urandom) for _ in range(2))
    assert second.old == first.new
    assert first.kept != second.kept
    assert first.kept.exists()
    with pytest.raises(LogKeyMissing):
        exchange_log_key(data / "nowhere", os.urandom)


def test_a_checkpoint_that_the_old_key_signed_still_guards_the_log(data: Path) -> None:
    note = (data / "checkpoint.last").read_bytes()
    done = exchange_log_key(data / "log.key", os.urandom)
    assert open_checkpoint(note, [done.old]).size == 2
    with served(data):
        pass
    assert (data / "checkpoint.last").read_bytes() == note
