"""`concord restore`: an operator whose newest backup is older than the last signed checkpoint."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from client import Ledger, drafts
from service.cli.tiles import export, local_source
from service.settings import Settings
from tests.service.cli.conftest import KEYS, found, served
from tests.support.commands import Commands
from tests.support.static_files import published

EVENTS = 7
KEPT = 4


@dataclass(frozen=True)
class Loss:
    """A ledger of seven events whose database is back at four.

    Attributes:
        data: its data directory.
        export: a folder that somebody else exported the log to before.
        receipts: of the lost events, in their order.
        verifier_key: of the log.
    """

    data: Path
    export: Path
    receipts: list[Path]
    verifier_key: str


@pytest.fixture(scope="session")
def lost(tmp_path_factory: pytest.TempPathFactory) -> Loss:
    """A backup was restored; `checkpoint.last` is newer. Copy its data directory."""
    folder = tmp_path_factory.mktemp("lost")
    data, backup = folder / "ledger", folder / "backup.db"
    identity = found(data)
    receipts = [folder / f"{n}.json" for n in range(EVENTS)]
    register(data, receipts, 1, KEPT)
    shutil.copy(data / "concord.db", backup)
    register(data, receipts, KEPT, EVENTS)
    with local_source(Settings(data_dir=data)) as source:
        export(source, folder / "export", lambda _done, _total: None)
    for part in data.glob("concord.db*"):
        part.unlink()
    shutil.copy(backup, data / "concord.db")
    return Loss(data, folder / "export", receipts[KEPT:], identity.verifier_key)


def register(data: Path, receipts: list[Path], start: int, end: int) -> None:
    """Serves the ledger, and registers data sets until it has so many events."""
    steward = KEYS["hospital"]
    with served(data) as url, Ledger(url, key=steward, state=data.parent / "state") as ledger:
        for n in range(start, end):
            draft = drafts.register_dataset(
                f"d{n}", title=f"Data set {n}", steward=steward.address, usage={"duo": ["HMB"]},
                license="MIT", personal_data=False,
            )  # fmt: skip
            receipts[n].write_bytes(ledger.record(draft).receipt)


@pytest.fixture
def loss(lost: Loss, tmp_path: Path, user: Commands) -> Loss:
    """The same, for one test to mend."""
    shutil.copytree(lost.data, tmp_path / "ledger")
    shutil.copytree(lost.export, tmp_path / "export")
    for name, key in KEYS.items():
        user.keep(name, key)
    return Loss(tmp_path / "ledger", tmp_path / "export", lost.receipts, lost.verifier_key)


@pytest.fixture
def mirror(loss: Loss) -> Iterator[str]:
    """Address of a web server that has nothing but the exported files."""
    with published(loss.export) as address:
        yield address


def whole(loss: Loss, user: Commands) -> None:
    """All seven events are there and served, and the receipts of the lost ones hold."""
    assert f"Clean: {EVENTS} leaves" in user("fsck", "--data", loss.data).check().out
    with served(loss.data) as url:
        user.environment["CONCORD_SERVER"] = url
        listed = user("dataset", "list", "--json").check().json
        assert [each["dataset"] for each in listed] == [f"d{n}" for n in range(1, EVENTS)]
        for receipt in loss.receipts:
            key = ("--verifier-key", loss.verifier_key)
            user("verify", receipt, "--log", url, *key).check()
        # Nobody who had seen more than the backup is shown a fork.
        user("model", "register", "m", "--title", "M", "--license", "MIT", "--key", "lab").check()


def test_an_export_brings_back_what_a_backup_lacks(loss: Loss, user: Commands) -> None:
    refused = user("serve", "--data", loss.data, "--port", "0").check(6)
    assert "history-rewritten" in refused.err
    # Nobody is told an address at which nothing listens.
    assert refused.out == ""
    done = user("restore", "--log", loss.export, "--data", loss.data).check()
    assert "Put back 3 events, 4 to 6: the log is as it was signed at size 7." in done.out
    whole(loss, user)
    again = user("restore", "--log", loss.export, "--data", loss.data).check()
    assert "Nothing is missing" in again.out


def test_a_mirror_brings_it_back_over_http(loss: Loss, user: Commands, mirror: str) -> None:
    done = user("restore", "--log", mirror, "--data", loss.data, "--json").check().json
    assert (done["restored"], done["size"]) == (EVENTS - KEPT, EVENTS)
    whole(loss, user)


def test_a_mirror_that_does_not_answer_leaves_the_database_as_it_was(
    loss: Loss, user: Commands
) -> None:
    before = (loss.data / "concord.db").read_bytes()
    user("restore", "--log", "http://127.0.0.1:9", "--data", loss.data).check(5)
    assert (loss.data / "concord.db").read_bytes() == before


def test_receipts_of_members_bring_it_back_as_well(loss: Loss, user: Commands) -> None:
    short = user("restore", *loss.receipts[:2], "--data", loss.data).check(3)
    assert "Event 6 is missing: 7 were signed for" in short.err
    assert "leaves-missing" in short.err
    # The receipts' order is nobody's business.
    done = user("restore", *reversed(loss.receipts), "--data", loss.data, "--json").check().json
    assert (done["restored"], done["size"], done["unconfirmed"]) == (3, EVENTS, [])
    whole(loss, user)


def test_a_database_that_is_gone_comes_back_from_an_export(loss: Loss, user: Commands) -> None:
    (loss.data / "concord.db").unlink()
    missing = user("restore", *loss.receipts, "--data", loss.data).check(3)
    assert "holds the first event" in missing.err
    user("restore", "--log", loss.export, "--data", loss.data).check()
    whole(loss, user)


def test_an_export_that_ends_before_the_last_signed_checkpoint_is_not_enough(
    loss: Loss, user: Commands
) -> None:
    user("restore", "--log", loss.export, "--data", loss.data).check()
    with served(loss.data) as url:
        user.environment["CONCORD_SERVER"] = url
        register = ("dataset", "register", "last", "--title", "L", "--license", "MIT")
        user(*register, "--duo", "HMB", "--key", "hospital", "--receipt", "last.json").check()
    for part in loss.data.glob("concord.db*"):
        part.unlink()
    short = user("restore", "--log", loss.export, "--data", loss.data).check(3)
    assert "Event 7 is missing: 8 were signed for" in short.err
    both = ("restore", "last.json", "--log", loss.export, "--data", loss.data)
    assert user(*both, "--json").check().json["size"] == 8


def test_without_the_last_signed_checkpoint_the_operator_is_told_what_to_ask(
    loss: Loss, user: Commands
) -> None:
    (loss.data / "checkpoint.last").unlink()
    done = user("restore", "--log", loss.export, "--data", loss.data).check()
    assert "Ask members and monitors" in done.err
    whole(loss, user)


def test_what_another_key_has_signed_is_not_believed(loss: Loss, user: Commands) -> None:
    other = user("init", "--no-dao", "--data", "other", "--key", "operator", "--json").check().json
    user("export-tiles", "others", "--data", "other").check()
    user("restore", "--log", "others", "--data", loss.data).check(6)
    user("restore", "--log", "nowhere", "--data", loss.data).check(3)
    assert other["verifierKey"] != loss.verifier_key
    (loss.export / "checkpoint").write_text("not a checkpoint")
    user("restore", "--log", loss.export, "--data", loss.data).check(4)
    user("restore", "--log", "others", "--data", loss.data, "--verifier-key", "x").check(4)


def test_a_leaf_that_was_altered_on_the_way_is_refused(loss: Loss, user: Commands) -> None:
    bundle = loss.export / "tile" / "entries" / f"000.p/{EVENTS}"
    bundle.write_bytes(bundle.read_bytes().replace(b"Data set 6", b"Data set 9"))
    refused = user("restore", "--log", loss.export, "--data", loss.data).check(6)
    assert "event 6" in refused.err.lower()
    assert "history-rewritten" in user("serve", "--data", loss.data, "--port", "0").check(6).err
