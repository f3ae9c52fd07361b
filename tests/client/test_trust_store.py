"""What is believed of a log stays believed: across restarts, processes, crashes and damage."""

from __future__ import annotations

import multiprocessing
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from client.errors import DamagedTrust, WrongLog
from client.trust import Trust
from client.trust_store import TrustStore
from ledger.merkle import Checkpoint, open_checkpoint, sign_checkpoint
from tests.support.adversary import SERVER, LogServer, log_key

Connect = Callable[..., Any]
ORIGIN = "ledger.test/log"
KEY = log_key(ORIGIN)
FOUND = Trust(ORIGIN, str(KEY.verifier), 4_201_337)


def note_of(size: int, name: str = "") -> str:
    root = (name + str(size)).encode().ljust(32, b"\0")
    return sign_checkpoint(Checkpoint(ORIGIN, size, root), KEY)


def test_what_was_remembered_is_loaded_again(tmp_path: Path) -> None:
    assert TrustStore(tmp_path).load(SERVER) is None
    TrustStore(tmp_path).remember(SERVER, FOUND)
    assert TrustStore(tmp_path).load(SERVER) == FOUND
    assert TrustStore(tmp_path).load("http://another.test") is None


def test_a_checkpoint_replaces_the_one_that_it_was_tied_to_only(tmp_path: Path) -> None:
    store = TrustStore(tmp_path)
    first = store.remember(SERVER, FOUND)
    assert store.advance(first, note_of(5))
    assert not store.advance(first, note_of(9))
    believed = store.load(SERVER)
    assert believed is not None
    assert believed.note == note_of(5)
    assert store.advance(believed, note_of(9))


def test_folder_and_files_are_readable_to_their_owner_only(tmp_path: Path) -> None:
    folder = tmp_path / "home" / "trust"
    store = TrustStore(folder)
    believed = store.remember(SERVER, FOUND)
    store.advance(believed, note_of(5))
    store.keep_evidence(believed, note_of(5, "other"))
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    assert len(modes) == 4
    assert set(modes.values()) == {0o600}


def test_origins_that_would_share_a_readable_name_have_files_of_their_own(tmp_path: Path) -> None:
    store = TrustStore(tmp_path)
    paths = {store.path(origin) for origin in ("a/b", "a_b", "a//b", "../a/b", "x" * 200)}
    assert len(paths) == 5
    assert all(path.parent == tmp_path for path in paths)


def damage(content: str) -> Callable[[Path], None]:
    def apply(path: Path) -> None:
        path.write_text(content)

    return apply


def change(old: str, new: str) -> Callable[[Path], None]:
    def apply(path: Path) -> None:
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))

    return apply


def halve(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


DAMAGES = [
    damage(""),
    damage("\0\0\0\0"),
    damage("[]"),
    damage("null"),
    damage("{}"),
    halve,
    change('"chainId": 4201337', '"chainId": "4201337"'),
    change("ledger.test/log\\n7\\n", "ledger.test/log\\n8\\n"),
    change(KEY.verifier.key_id.hex(), "00000000"),
    change(f'"origin": "{ORIGIN}"', '"origin": "ledger.test/other"'),
]


@pytest.mark.parametrize("spoil", DAMAGES)
def test_a_damaged_trust_file_is_named_and_never_taken_for_a_first_contact(
    server: LogServer, connect: Connect, tmp_path: Path, spoil: Callable[[Path], None]
) -> None:
    server.grow(7)
    connect().checkpoint()
    path = TrustStore(tmp_path / "trust").path(ORIGIN)
    spoil(path)
    damaged = path.read_bytes()
    server.become(key=1)
    with pytest.raises(DamagedTrust, match="is damaged") as caught:
        connect().checkpoint()
    assert str(path) in str(caught.value)
    assert path.read_bytes() == damaged


@pytest.mark.parametrize("content", ["", "[]", '{"http://ledger.test": 7}', '{"http://led'])
def test_a_damaged_index_of_servers_is_named(
    connect: Connect, tmp_path: Path, content: str
) -> None:
    connect().connect()
    index = tmp_path / "trust" / "servers.json"
    index.write_text(content)
    with pytest.raises(DamagedTrust, match=r"servers\.json is damaged"):
        connect().connect()


def test_a_lost_index_does_not_lose_what_is_believed_of_a_log(
    server: LogServer, connect: Connect, tmp_path: Path
) -> None:
    connect().connect()
    (tmp_path / "trust" / "servers.json").unlink()
    server.become(key=1)
    with pytest.raises(WrongLog):
        connect().connect()


def _advance(folder: str, sizes: list[int]) -> None:
    store = TrustStore(Path(folder))
    for size in sizes:
        while True:
            believed = store.remember(SERVER, FOUND)
            checkpoint = believed.checkpoint
            if checkpoint is not None and checkpoint.size >= size:
                break
            if store.advance(believed, note_of(size)):
                break


@pytest.mark.slow
def test_processes_that_advance_at_once_leave_the_largest_and_whole_files(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    workers = [
        context.Process(target=_advance, args=(str(tmp_path), list(range(1 + n, 121, 4))))
        for n in range(4)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert [worker.exitcode for worker in workers] == [0, 0, 0, 0]
    believed = TrustStore(tmp_path).load(SERVER)
    assert believed is not None
    assert believed.note is not None
    assert open_checkpoint(believed.note, (KEY.verifier,)).size == 120
    assert {path.name for path in tmp_path.iterdir()} == {
        ".lock",
        "servers.json",
        TrustStore(tmp_path).path(ORIGIN).name,
    }
