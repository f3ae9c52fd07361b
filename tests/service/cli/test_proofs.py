"""`concord receipt, verify, export-tiles`: what holds with no server, and what does not."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlmodel import col

from ledger.events import Domain, decode_leaf
from ledger.log import Log, Submission
from ledger.merkle import SigningKey as LogKey
from ledger.store.engine import open_database
from ledger.store.migrate import migrate
from ledger.store.tables.log import LeafRow
from service.parts import system_clock
from tests.service.cli.conftest import World, found
from tests.support.commands import Commands
from tests.support.examples import body_of, signed_event

NOWHERE = "http://127.0.0.1:1"


@pytest.fixture
def auditor(history: World, user: Commands) -> Commands:
    """A user with a receipt and a bundle, who knows the log, and no server to ask any more."""
    user("receipt", 4, "--out", "receipt.json").check()
    user("audit", "m", "1", "--bundle", "bundle.json").check()
    user("export-tiles", "tiles").check()
    user.environment["CONCORD_SERVER"] = NOWHERE
    return user


def test_a_receipt_is_proven_with_no_server(auditor: Commands) -> None:
    result = auditor("verify", "receipt.json").check()
    assert "Proven: event 4 stands in the log concord.local/" in result.out
    assert "access.granted" in result.out
    assert auditor("verify", "receipt.json", "--json").check().json["signatureChecked"] is True


def test_a_bundle_is_proven_and_its_verdict_reached_again_with_no_server(
    auditor: Commands,
) -> None:
    result = auditor("verify", "bundle.json").check()
    assert "The verdict follows from them" in result.out
    assert "m 1 is clean" in result.out
    answer = auditor("verify", "bundle.json", "--json").check().json
    assert (answer["proven"], answer["nothingLeftOut"]) == (True, False)
    assert answer["answer"]["verdict"] == "clean"


@pytest.mark.parametrize("document", ["receipt.json", "bundle.json"])
def test_the_whole_log_confirms_a_document(auditor: Commands, document: str) -> None:
    result = auditor("verify", document, "--log", "tiles").check()
    assert "Confirmed by replaying the whole log" in result.out


@pytest.mark.parametrize("document", ["receipt.json", "bundle.json"])
def test_the_whole_log_of_a_server_confirms_a_document(
    auditor: Commands, history: World, document: str
) -> None:
    result = auditor("verify", document, "--log", history.url).check()
    assert f"Confirmed by replaying the whole log in {history.url}" in result.out
    auditor("verify", document, "--log", NOWHERE).check(5)


def test_the_whole_log_is_proven_from_a_folder_and_from_a_server(
    history: World, user: Commands
) -> None:
    user("log", "show").check()
    assert "all 9 events" in user("verify", "--log", history.url).check().out
    user("export-tiles", "tiles").check()
    assert user("verify", "--log", "tiles", "--json").check().json["size"] == 9


def test_an_export_from_the_data_directory_is_that_of_the_server(
    history: World, user: Commands
) -> None:
    user("export-tiles", "one").check()
    user("export-tiles", "other", "--data", history.data).check()

    def files(name: str) -> dict[str, bytes]:
        folder = user.folder / name
        return {
            str(path.relative_to(folder)): path.read_bytes()
            for path in folder.rglob("*")
            if path.is_file()
        }

    assert files("one") == files("other")
    assert sorted(files("one")) == ["checkpoint", "tile/0/000.p/9", "tile/entries/000.p/9"]


def test_an_export_goes_on_where_the_last_one_ended(history: World, user: Commands) -> None:
    user("export-tiles", "tiles").check()
    assert user("export-tiles", "tiles", "--json").check().json["written"] == 0
    user("revoke", "g", "--key", "hospital").check()
    assert user("export-tiles", "tiles", "--json").check().json["written"] == 2
    assert user("verify", "--log", "tiles", "--json").check().json["size"] == 10


Change = Callable[[dict[str, Any]], object]


def set_field(name: str, value: object) -> Change:
    return lambda document: document.__setitem__(name, value)


def set_verdict(document: dict[str, Any]) -> None:
    document["answer"]["verdict"] = "tainted"


def drop_event(document: dict[str, Any]) -> None:
    del document["events"][3]


def drop_ancestor(document: dict[str, Any]) -> None:
    del document["answer"]["ancestors"][-1]


def swap_leaves(document: dict[str, Any]) -> None:
    first, second = document["events"][:2]
    first["leaf"], second["leaf"] = second["leaf"], first["leaf"]


@pytest.mark.parametrize("change", [set_verdict, drop_event, drop_ancestor, swap_leaves])
def test_a_tampered_bundle_is_not_proven(auditor: Commands, change: Change) -> None:
    document = json.loads((auditor.folder / "bundle.json").read_text())
    change(document)
    (auditor.folder / "bundle.json").write_text(json.dumps(document))
    result = auditor("verify", "bundle.json").check(6)
    assert result.out == ""
    assert result.err.startswith("Error: ")
    assert auditor("verify", "bundle.json", "--json").check(6).json["error"]["code"]


def other_leaf(document: dict[str, Any]) -> None:
    document["leaf"] = "e30="


def other_root(document: dict[str, Any]) -> None:
    lines = document["proof"].split("\n")
    lines[2] = "A" * 43 + "="
    document["proof"] = "\n".join(lines)


@pytest.mark.parametrize("change", [other_leaf, other_root])
def test_a_tampered_receipt_is_not_proven(auditor: Commands, change: Change) -> None:
    document = json.loads((auditor.folder / "receipt.json").read_text())
    change(document)
    (auditor.folder / "receipt.json").write_text(json.dumps(document, ensure_ascii=False))
    assert auditor("verify", "receipt.json").check(6).out == ""


def test_tampered_files_of_a_log_are_not_proven(auditor: Commands) -> None:
    entries = auditor.folder / "tiles" / "tile" / "entries" / "000.p" / "9"
    content = entries.read_bytes()
    entries.write_bytes(content.replace(b'"CC-BY-4.0"', b'"CC-BY-3.0"'))
    assert entries.read_bytes() != content
    for arguments in ([], ["receipt.json"], ["bundle.json"]):
        auditor("verify", *arguments, "--log", "tiles").check(6)
    entries.write_bytes(content[:-1])
    assert "holds no 9 leaves" in auditor("verify", "--log", "tiles").check(6).err
    entries.unlink()
    assert "missing" in auditor("verify", "--log", "tiles").check(3).err
    shutil.rmtree(auditor.folder / "tiles")
    assert "no checkpoint" in auditor("verify", "--log", "tiles").check(3).err


def begin_again(world: World, data: Path) -> None:
    """Writes another history after the same first leaf, with the same keys, as an operator can."""
    key = LogKey.parse((world.data / "log.key").read_text().strip())
    domain = Domain(world.identity.chain_id, world.identity.origin)
    entries = entries_of_database(world.data)
    data.mkdir()
    shutil.copy(world.data / "log.key", data / "log.key")
    database = open_database(f"sqlite:///{data / 'concord.db'}")
    migrate(database)
    hospital = world.keys["hospital"]
    with Log.create(
        database,
        decode_leaf(entries[0], 0).event,
        signing_key=key,
        domain=domain,
        clock=system_clock,
    ) as log:
        for number in range(len(entries)):
            body = body_of(
                "dataset.registered", dataset=f"forged-{number}", steward=hospital.address
            )
            event = signed_event(
                "dataset.registered", body, key=hospital, domain=domain, number=number,
                issued_at=system_clock(),
            )  # fmt: skip
            log.append([Submission(event)])
        assert log.size == len(entries) + 1
    database.dispose()


def entries_of_database(data: Path) -> list[bytes]:
    """Every leaf."""
    database = open_database(f"sqlite:///{data / 'concord.db'}")
    with database.read() as connection:
        rows = connection.execute(select(col(LeafRow.leaf)).order_by(col(LeafRow.index)))
        leaves = [bytes(leaf) for (leaf,) in rows]
    database.dispose()
    return leaves


def test_a_receipt_of_a_history_that_was_replaced_is_a_fork(
    auditor: Commands, history: World, tmp_path: Path
) -> None:
    begin_again(history, tmp_path / "forged")
    auditor("export-tiles", "forged-tiles", "--data", tmp_path / "forged").check()
    result = auditor("verify", "receipt.json", "--log", "forged-tiles").check(6)
    assert "two histories were signed" in result.err
    assert "[forked-log]" in result.err


def test_a_log_that_is_shorter_than_a_receipt_is_named(history: World, user: Commands) -> None:
    user("export-tiles", "tiles").check()
    user("revoke", "g", "--key", "hospital", "--receipt", "later.json").check()
    result = user("verify", "later.json", "--log", "tiles").check(6)
    assert "the receipt was signed at 10" in result.err


def test_without_any_knowledge_of_the_log_its_key_must_be_named(
    auditor: Commands, history: World
) -> None:
    shutil.rmtree(auditor.home)
    assert "--verifier-key" in auditor("verify", "receipt.json").check(4).err
    key = history.identity.verifier_key
    for option in ("--verifier-key", "--key"):
        result = auditor("verify", "receipt.json", option, key).check()
        assert "(not checked)" in result.out
        auditor("verify", "bundle.json", option, key).check()


def test_a_document_of_another_log_is_not_proven(auditor: Commands, tmp_path: Path) -> None:
    other = found(tmp_path / "other")
    auditor("verify", "receipt.json", "--verifier-key", other.verifier_key).check(6)
    auditor("verify", "bundle.json", "--verifier-key", other.verifier_key).check(6)


@pytest.mark.parametrize(
    "content", ["", "text", "[]", "{}", '"leaf"', '{"leaf": 1}', '{"answer": 1}']
)
def test_what_is_neither_receipt_nor_bundle_is_refused(user: Commands, content: str) -> None:
    (user.folder / "file").write_text(content)
    user("verify", "file").check(4)
