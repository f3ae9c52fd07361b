"""`concord log new-key`: the key beneath an origin is exchanged, and people tell each other."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from ledger.merkle import Checkpoint, SigningKey, open_checkpoint, sign_handover
from service.cli.datadir import last_checkpoint
from service.log_key import (
    HandoversUnreadable,
    LogKeyMissing,
    exchange_log_key,
    log_keys,
    read_log_key,
)
from service.settings import Settings
from tests.service.cli.conftest import KEYS, found, served
from tests.support.commands import Commands

AT = 1_700_000_000_000
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

    signed = last_checkpoint(Settings(data_dir=data))
    with pytest.raises(PowerFailure):
        exchange_log_key(path, signed, AT, fail)
    assert str(read_log_key(path).verifier) == str(old.verifier)
    first, second = (exchange_log_key(path, signed, AT, os.urandom) for _ in range(2))
    assert second.old == first.new
    assert first.kept != second.kept
    assert first.kept.exists()
    with pytest.raises(LogKeyMissing):
        exchange_log_key(data / "nowhere", signed, AT, os.urandom)


def open_signed(data: Path) -> Checkpoint:
    return last_checkpoint(Settings(data_dir=data))


def listed(url: str) -> list[dict[str, Any]]:
    """What `GET /v1/log` says of the log's keys."""
    keys: list[dict[str, Any]] = httpx.get(f"{url}/v1/log").raise_for_status().json()["keys"]
    return keys


def test_an_auditor_finds_which_key_was_valid_until_which_size(data: Path, user: Commands) -> None:
    keys = [user("log", "new-key", "--data", data, "--json").check().json["old"] for _ in range(2)]
    keys.append(str(read_log_key(data / "log.key").verifier))
    user("log", "forget").check()
    with served(data) as url:
        user.environment["CONCORD_SERVER"] = url
        items = listed(url)
        proven = user("log", "keys", "--verifier-key", keys[-1], "--json").check().json
        shown = user("log", "keys").check().out
    assert [item["verifierKey"] for item in items] == keys
    assert [item["fromSize"] for item in items] == [0, 2, 2]
    assert [item["untilSize"] for item in items] == [2, 2, None]
    assert [item["untilTime"] for item in items[:2]] == [item["fromTime"] for item in items[1:]]
    assert [item["verifierKey"] for item in proven] == keys
    assert [item["untilSize"] for item in proven] == [2, 2, None]
    assert "Proven" in shown
    # Found so, it checks what was handed out with it.
    user("verify", "before.json", "--verifier-key", proven[0]["verifierKey"]).check()


def test_a_log_that_never_had_another_key_lists_the_one(data: Path, user: Commands) -> None:
    with served(data) as url:
        user.environment["CONCORD_SERVER"] = url
        (only,) = listed(url)
        assert only["verifierKey"] == str(read_log_key(data / "log.key").verifier)
        assert (only["fromSize"], only["untilSize"], only["handover"]) == (0, None, None)
        user("log", "forget").check()
        assert only["verifierKey"] in user("log", "keys").check().out


def test_a_key_that_was_slipped_into_the_history_is_refused(data: Path, user: Commands) -> None:
    old, signed = read_log_key(data / "log.key"), open_signed(data)
    done = exchange_log_key(data / "log.key", signed, AT, os.urandom)
    new = read_log_key(data / "log.key")
    honest = done.handovers.read_bytes()
    slipped = SigningKey(old.name, bytes(32))
    other_tree = Checkpoint(signed.origin, signed.size, bytes(32))
    lies = {
        "unproven-keys": [
            [],
            [sign_handover(signed, AT, slipped, new)],
            [sign_handover(signed, AT, old, slipped), sign_handover(signed, AT, old, new)],
        ],
        "forked-log": [[sign_handover(other_tree, AT, old, new)]],
    }
    user("log", "forget").check()
    for code, histories in lies.items():
        for notes in histories:
            done.handovers.write_bytes(orjson.dumps(notes))
            with served(data) as url:
                user.environment["CONCORD_SERVER"] = url
                refused = user("log", "keys", "--verifier-key", str(new.verifier)).check(6)
                user("log", "forget").check()
            assert f"[{code}]" in refused.err
    for damaged in (b"", b"{}", b"[1]", b'["a note"]', honest[:-9], b"\xff"):
        done.handovers.write_bytes(damaged)
        with pytest.raises(HandoversUnreadable, match=str(done.handovers)):
            log_keys(data / "log.key", str(old.verifier), new.verifier)


def test_an_exchange_that_was_interrupted_leaves_no_key_in_the_list(data: Path) -> None:
    path, signed = data / "log.key", open_signed(data)
    first = read_log_key(path)
    never = exchange_log_key(path, signed, AT, os.urandom)
    # The power failed just before the new key took its place.
    path.write_text(first.expose() + "\n")
    assert [key.verifier_key for key in log_keys(path, str(first.verifier), first.verifier)] == [
        str(first.verifier)
    ]
    second = exchange_log_key(path, signed, AT, os.urandom)
    third = exchange_log_key(path, signed, AT, os.urandom)
    keys = [key.verifier_key for key in log_keys(path, str(first.verifier), third.new)]
    assert keys == [str(first.verifier), str(second.new), str(third.new)]
    assert str(never.new) not in keys


def test_a_key_whose_handover_is_not_kept_here_is_listed_without_its_end(data: Path) -> None:
    path, signed = data / "log.key", open_signed(data)
    first = read_log_key(path)
    exchange_log_key(path, signed, AT, os.urandom).handovers.unlink()
    second = exchange_log_key(path, signed, AT, os.urandom)
    keys = log_keys(path, str(first.verifier), second.new)
    assert [key.verifier_key for key in keys] == [
        str(first.verifier), str(second.old), str(second.new),
    ]  # fmt: skip
    assert [key.handover is None for key in keys] == [True, False, True]


def test_a_key_that_is_lost_is_replaced_and_nothing_vouches_for_the_new_one(
    data: Path, user: Commands
) -> None:
    assert "[log-key-not-lost]" in user("log", "new-key", "--lost", "--data", data).check(3).err
    old = str(read_log_key(data / "log.key").verifier)
    (data / "log.key").unlink()
    missing = user("log", "new-key", "--data", data).check(3)
    assert "[log-key-missing]" in missing.err
    done = user("log", "new-key", "--lost", "--data", data, "--json").check().json
    assert done == {"new": str(read_log_key(data / "log.key").verifier), "oldSignedUpTo": 2}
    user("fsck", "--data", data).check()
    user("log", "forget").check()
    with served(data) as url:
        user.environment["CONCORD_SERVER"] = url
        ends = [(item["verifierKey"], item["untilSize"]) for item in listed(url)]
        assert ends == [(old, None), (done["new"], None)]
        user("log", "show", "--verifier-key", done["new"]).check()
        assert "[unproven-keys]" in user("log", "keys").check(6).err


def test_without_the_last_checkpoints_file_the_database_says_how_far_the_key_has_signed(
    data: Path, user: Commands
) -> None:
    (data / "checkpoint.last").unlink()
    done = user("log", "new-key", "--data", data, "--json").check().json
    assert done["oldSignedUpTo"] == 2


def test_a_checkpoint_that_the_old_key_signed_still_guards_the_log(data: Path) -> None:
    note = (data / "checkpoint.last").read_bytes()
    done = exchange_log_key(data / "log.key", open_signed(data), AT, os.urandom)
    assert open_checkpoint(note, [done.old]).size == 2
    with served(data):
        pass
    assert (data / "checkpoint.last").read_bytes() == note
