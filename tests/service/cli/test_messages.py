"""What the command line says when something is wrong: what, which value, and what to do next."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.service.cli.conftest import KEYS
from tests.support.commands import Commands

NOWHERE = "http://127.0.0.1:1"
ALTERED = "ledger.test/log+00000000+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
"""Its id is not that of its key."""


@pytest.fixture
def member(user: Commands) -> Commands:
    """Somebody with a key, and no server to ask."""
    user.keep("hospital", KEYS["hospital"])
    user.environment["CONCORD_SERVER"] = NOWHERE
    return user


def says(user: Commands, *arguments: object, code: int) -> str:
    """What it says on standard error, on one line."""
    return " ".join(user(*arguments).check(code).err.split())


def test_a_wrong_passphrase_names_the_key_and_where_the_passphrase_came_from(
    member: Commands,
) -> None:
    member.environment["CONCORD_PASSPHRASE"] = "wrong"
    said = says(member, "revoke", "g", "--key", "hospital", code=4)
    assert "does not open the key hospital" in said
    assert str(member.home / "keys" / "hospital.json") in said
    assert "CONCORD_PASSPHRASE" in said
    file = member.folder / "words"
    file.write_text("wrong too\n")
    said = says(member, "revoke", "g", "--key", "hospital", "--passphrase-file", file, code=4)
    assert f"the first line of {file}" in said


def test_a_key_that_is_not_there_is_answered_with_those_that_are(member: Commands) -> None:
    said = says(member, "revoke", "g", "--key", "clinic", code=3)
    assert "No key clinic" in said
    assert "Keys there: hospital." in said


def test_a_key_is_never_made_twice(member: Commands) -> None:
    said = says(member, "keys", "new", "hospital", code=3)
    assert "never overwritten" in said
    assert "choose another name" in said


@pytest.mark.parametrize("key", ["", "abc", "a+b", ALTERED])
def test_a_verifier_key_that_is_none_is_named_before_anybody_is_asked(
    member: Commands, key: str
) -> None:
    said = says(member, "members", "list", "--verifier-key", key, code=4)
    assert f"--verifier-key {key!r} is no verifier key" in said
    assert "publishes it" in said
    member.environment["CONCORD_VERIFIER_KEY"] = "abc"
    assert "'abc'" in says(member, "keys", "list", code=4)


def test_a_signing_key_in_the_environment_is_no_verifier_key(member: Commands) -> None:
    member.environment["CONCORD_KEY"] = "hospital"
    (member.folder / "receipt.json").write_text("{}")
    assert "unknown-document" in says(member, "verify", "receipt.json", code=4)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("verify", "nowhere.json"), "There is no nowhere.json; check the path."),
        (("verify", "."), "is a folder; name a file."),
        (("members", "list", "--server", "foo"), "write one like http://127.0.0.1:8080"),
        (("members", "list"), "Is the server running?"),
        (("verify", "--log", "."), "`concord export-tiles` wrote"),
        (("keys", "import", "x", "secret"), "secret is neither a keystore V3 file"),
        (("vote", "1234", "maybe"), "not 'maybe'"),
    ],
)
def test_each_message_says_what_to_do(
    member: Commands, arguments: tuple[str, ...], words: str
) -> None:
    (member.folder / "secret").write_text("xyz")
    result = member(*arguments)
    assert result.code
    assert words in " ".join(result.err.split())


@pytest.mark.parametrize(
    "command",
    [
        ("propose", "mint", "0x12", "1"),
        ("propose", "admit", "0x12"),
        ("propose", "call", "0x12"),
        ("delegate", "0x12"),
        ("members", "admit", "0x12"),
        ("key", "revoke", "0x12"),
        ("grant", "d", "0x12", "--action", "train", "--duo", "GRU", "--until", "30d"),
    ],
)
def test_what_is_no_address_is_named_before_anybody_is_asked(
    member: Commands, command: tuple[str, ...]
) -> None:
    said = says(member, *command, "--key", "hospital", code=4)
    assert "'0x12' is no address: an address is 0x and 40 hex digits" in said


def test_a_slip_in_an_address_is_answered_with_its_right_spelling(member: Commands) -> None:
    address = KEYS["lab"].address
    said = says(member, "delegate", address.swapcase().replace("0X", "0x"), code=4)
    assert f"if it is yours: {address}" in said


def test_a_file_that_may_not_be_read_is_named(member: Commands, tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    folder.parent.write_text("no folder")
    said = says(member, "verify", folder, code=1)
    assert f"{folder} is not in a folder" in said


def test_a_croissant_file_that_is_none_is_named(member: Commands) -> None:
    (member.folder / "c.json").write_text("{}")
    terms = ("--duo", "HMB", "--key", "hospital")
    said = says(member, "dataset", "register", "d", "--croissant", "c.json", *terms, code=4)
    assert said.startswith("Error: --croissant c.json: ")
    (member.folder / "c.json").write_text("<rdf>")
    said = says(member, "dataset", "register", "d", "--croissant", "c.json", *terms, code=4)
    assert said.startswith("Error: --croissant c.json: ")
    assert "JSON" in said
