"""What goes wrong is told in one line with what to do next, and with its own exit code."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from client.errors import (
    DamagedTrust,
    ForkedLog,
    RolledBackLog,
    ServerProblem,
    UnexpectedAnswer,
    Unreachable,
    WrongLog,
    WrongPassphrase,
    WrongReceipt,
)
from ledger.errors import ConcordError, Conflict, InvalidInput, NotFound, Refused
from ledger.merkle import SigningKey
from service.cli.main import exit_code_of, hoist_global_options
from service.cli.tiles import TileMissing
from tests.service.cli.conftest import World
from tests.support.commands import Commands, Result
from tests.support.examples import GATEWAY, LAB

DOWN = "http://127.0.0.1:1"
NORTH = "0x52908400098527886E0F7030069857D2E4169EE7"


def one_line(result: Result, code: int, *words: str) -> None:
    """The command ended with this code and said so in one line."""
    result.check(code)
    assert result.out == ""
    assert result.err.startswith("Error: ")
    assert result.err.count("\n") == 1
    for word in words:
        assert word in result.err


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (Refused("x"), 3),
        (Conflict("x"), 3),
        (NotFound("x"), 3),
        (TileMissing("x"), 3),
        (InvalidInput("x"), 4),
        (WrongPassphrase("x"), 4),
        (Unreachable("x"), 5),
        (ForkedLog("x"), 6),
        (RolledBackLog("x"), 6),
        (WrongLog("x"), 6),
        (WrongReceipt("x"), 6),
        (DamagedTrust("x"), 6),
        (UnexpectedAnswer("x"), 6),
        (ConcordError("x"), 1),
        *((ServerProblem(status, "p", "d"), 4) for status in (400, 413, 415, 422)),
        *((ServerProblem(status, "p", "d"), 3) for status in (401, 403, 404, 405, 409, 418)),
        *((ServerProblem(status, "p", "d"), 5) for status in (408, 429, 502, 503, 504)),
        *((ServerProblem(status, "p", "d"), 1) for status in (302, 500, 501)),
    ],
)
def test_every_error_has_its_exit_code(error: ConcordError, code: int) -> None:
    assert exit_code_of(error) == code


@pytest.mark.parametrize(
    ("arguments", "hoisted"),
    [
        ("audit m 1 --json", "--json audit m 1"),
        ("audit --server u m 1", "--server u audit m 1"),
        ("audit m 1 --key=k --at 3", "--key=k audit m 1 --at 3"),
        ("use g -- --json", "use g -- --json"),
        ("audit m 1 --key", "audit m 1 --key"),
        ("", ""),
    ],
)
def test_global_options_are_hoisted(arguments: str, hoisted: str) -> None:
    assert hoist_global_options(arguments.split()) == hoisted.split()


@pytest.mark.parametrize(
    "line",
    ["dataset list", "log show", "audit m 1", "impact d", "receipt 1", "log follow", "grants"],
)
def test_a_server_that_is_down_is_named(user: Commands, line: str) -> None:
    one_line(user(*line.split(), "--server", DOWN), 5, DOWN, "Is the server running?")


@pytest.mark.parametrize("url", ["nonsense", "ftp://a", "", "http://"])
def test_an_address_that_is_none_is_named(user: Commands, url: str) -> None:
    one_line(user("dataset", "list", "--server", url), 4, "not a server's address")


def test_what_is_no_ledger_is_named(user: Commands, world: World) -> None:
    one_line(user("dataset", "list", "--server", f"{world.url}/docs"), 3, "no-such-path")


def test_a_refusal_is_told_once(history: World, user: Commands) -> None:
    result = user("revoke", "nope", "--key", "hospital").check(3)
    assert result.err.count("[unknown-id]") == 1
    one_line(user("audit", "nope", "1"), 3, "nope", "[unknown-version]")
    one_line(user("audit", "a/b?c=d", "1"), 3)
    one_line(user("log", "event", 99), 3, "99")
    one_line(user("receipt", 99), 3)


def test_a_stranger_is_refused(history: World, user: Commands) -> None:
    user.keep("stranger", GATEWAY)
    user("use", "g", "--action", "train", "--duo", "HMB", "--key", "stranger").check(3)


def test_without_a_named_key_the_known_ones_are_listed(world: World, user: Commands) -> None:
    one_line(user("key", "revoke", LAB.address), 4, "hospital, lab, operator", "--key")
    one_line(user("key", "revoke", LAB.address, "--key", "x"), 3, "hospital, lab, operator")


def test_without_any_key_it_is_told_how_to_make_one(user: Commands) -> None:
    one_line(user("key", "revoke", LAB.address), 4, "concord keys new NAME")


def test_a_wrong_passphrase_is_named(world: World, user: Commands) -> None:
    user.environment["CONCORD_PASSPHRASE"] = "wrong"
    one_line(user("key", "revoke", LAB.address, "--key", "lab"), 4, "[wrong-passphrase]")


def test_without_anybody_to_ask_the_passphrase_is_asked_for_in_words(
    world: World, user: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Path(os.devnull).open() as nobody:
        monkeypatch.setattr("sys.stdin", nobody)
        variables = user.variables()
        del variables["CONCORD_PASSPHRASE"]
        monkeypatch.setattr(user, "variables", lambda: variables)
        result = user("key", "revoke", LAB.address, "--key", "lab")
    one_line(result, 4, "--passphrase-file", "CONCORD_PASSPHRASE")


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00"])
def test_a_passphrase_file_that_cannot_be_read_is_named(
    world: World, user: Commands, content: bytes | None
) -> None:
    if content is not None:
        (user.folder / "secret").write_bytes(content)
    result = user("key", "revoke", LAB.address, "--key", "lab", "--passphrase-file", "secret")
    one_line(result, 1 if content is None else 4, "secret")


@pytest.mark.parametrize(
    ("line", "code", "word"),
    [
        ("dataset publish d 1 nothere.csv --key hospital", 2, ""),
        ("dataset register e --croissant nothere.json --duo HMB --key hospital", 1, "nothere.json"),
        ("dataset register e --croissant text --duo HMB --key hospital", 4, "JSON"),
        ("dataset register e --croissant empty.json --duo HMB --key hospital", 4, "@type"),
        ("dataset register e --title T --duo HMB --key hospital", 4, "--license"),
        ("dataset register e --title T --license MIT --key hospital", 4, "--duo"),
        ("dataset register E! --title T --license MIT --duo HMB --key hospital", 4, "dataset"),
        ("dataset register e --title T --license MIT --duo XXX --key hospital", 4, "duo"),
        (
            "dataset register e --title T --license MIT --duo HMB --odrl text --key hospital",
            4,
            "text",
        ),
        ("run j --used d@1@g@h --key lab", 4, "id@version@grant"),
        ("run j --used d --key lab", 4, "id@version@grant"),
        ("run j --produced m --artifact text --key lab", 4, "id@version"),
        ("run j --produced m@1 --key lab", 4, "--artifact"),
        ("run j --parameters text --key lab", 4, "text"),
        ("run j --metrics words.json --key lab", 4, "not a number"),
        ("grant d 0x12 --action read --duo HMB --until 1d --key hospital", 4, "address"),
        (f"grant d {NORTH} --action read --duo HMB --until soon", 4, "'soon' is no time"),
        ("renew g --until 2027-02-30 --key hospital", 4, "is no time"),
        (f"grant d {NORTH} --action read --duo HMB --until 1d --constraint {{x", 4, "JSON"),
        ("verify nothere.json", 1, "nothere.json"),
        ("keys import x nothere", 1, "nothere"),
        ("keys import x text", 4, "64 hex digits"),
        ("keys new ../x", 4, "key's name"),
        ("receipt 0 --out no/such/folder/r.json", 1, "no/such/folder"),
        ("fsck --data nowhere", 3, "concord init --data nowhere"),
        ("rebuild --data nowhere", 3, "concord init"),
        ("serve --data nowhere", 3, "concord init"),
        ("export-tiles t --data nowhere", 3, "init"),
    ],
)
def test_a_bad_word_or_file_is_named(
    history: World, user: Commands, line: str, code: int, word: str
) -> None:
    (user.folder / "text").write_text("plain text")
    (user.folder / "empty.json").write_text("{}")
    (user.folder / "words.json").write_text('{"accuracy": "good"}')
    result = user(*line.split()).check(code)
    assert word in result.err


def test_a_run_that_is_described_wrongly_is_not_recorded(history: World, user: Commands) -> None:
    before = len(user("log", "list", "--json").json)
    (user.folder / "words.json").write_text('{"accuracy": "good"}')
    user("run", "j", "--metrics", "words.json", "--key", "lab").check(4)
    user("run", "j", "--used", "d", "--key", "lab").check(4)
    assert len(user("log", "list", "--json").json) == before


def test_a_changed_log_behind_an_address_is_named_with_what_to_do(
    world: World, user: Commands
) -> None:
    user("log", "show").check()
    (path,) = (user.home / "trust").glob("concord.local*.json")
    path.write_text(re.sub(r'"chainId": \d+', '"chainId": 7', path.read_text()))
    one_line(user("log", "show"), 6, "concord log forget")
    user("log", "forget").check()
    user("log", "show").check()
    assert "Nothing was known" in user("log", "forget", "--server", DOWN).check().out


def test_a_damaged_trust_file_is_named(world: World, user: Commands) -> None:
    user("log", "show").check()
    (path,) = (user.home / "trust").glob("concord.local*.json")
    path.write_text("{")
    one_line(user("log", "show"), 6, str(path), "damaged")


def test_a_pinned_key_must_be_the_logs(world: World, user: Commands) -> None:
    key = world.identity.verifier_key
    user("log", "show", "--verifier-key", key).check()
    other = str(SigningKey(world.identity.origin, bytes(32)).verifier)
    for question in (("log", "show"), ("dataset", "list")):
        one_line(user(*question, "--verifier-key", other), 6, "not ")


def test_settings_that_cannot_be_are_named(user: Commands) -> None:
    user.environment["CONCORD_MAX_EVENT_BYTES"] = "many"
    one_line(user("fsck"), 4, "CONCORD_", "max_event_bytes")


def test_with_json_an_error_is_a_document(user: Commands) -> None:
    result = user("dataset", "list", "--json", "--server", DOWN).check(5)
    assert result.json["error"]["code"] == "unreachable"
    assert result.err == ""


def test_a_file_error_says_which_file(user: Commands) -> None:
    one_line(user("verify", "."), 1, ". is a folder", "name a file")


@pytest.mark.parametrize("line", ["nosuch", "audit", "audit m", "log event x", "use g --duo HMB"])
def test_a_wrong_command_line_ends_with_2(user: Commands, line: str) -> None:
    result = user(*line.split()).check(2)
    assert "Usage: concord" in result.err
