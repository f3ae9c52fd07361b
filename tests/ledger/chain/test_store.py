"""The store: atomic, durable, growing, locked, and suspicious of what it reads."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import lmdb
import pytest
from eth_hash.auto import keccak
from hypothesis import given
from hypothesis import strategies as st

from ledger.chain.errors import ChainInUse, ChainStoreCorrupt, ChainStoreFailed
from ledger.chain.store import ChainStore
from tests.support.disks import no_room

KEYS = st.binary(min_size=1, max_size=8)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ChainStore]:
    opened = ChainStore(tmp_path / "store")
    yield opened
    opened.close()


def test_it_behaves_like_a_dictionary(store: ChainStore) -> None:
    store[b"a"] = b"1"
    assert store[b"a"] == b"1"
    assert b"a" in store
    assert b"b" not in store
    del store[b"a"]
    assert b"a" not in store
    with pytest.raises(KeyError):
        store[b"a"]
    with pytest.raises(KeyError):
        del store[b"a"]


def test_a_batch_is_seen_by_itself_at_once_and_by_others_when_it_is_done(
    store: ChainStore,
) -> None:
    store[b"old"] = b"1"
    with store.atomic_batch() as batch:
        batch[b"new"] = b"2"
        del batch[b"old"]
        assert batch[b"new"] == b"2"
        assert b"old" not in batch
        with pytest.raises(KeyError):
            batch[b"old"]
        with pytest.raises(KeyError):
            del batch[b"old"]
        assert b"new" not in store
        assert store[b"old"] == b"1"
    assert store[b"new"] == b"2"
    assert b"old" not in store


def test_a_batch_that_raises_leaves_nothing(store: ChainStore) -> None:
    def write_and_fail() -> None:
        with store.atomic_batch() as batch:
            batch[b"a"] = b"1"
            _ = 1 / 0

    with pytest.raises(ZeroDivisionError):
        write_and_fail()
    assert b"a" not in store


@given(pairs=st.dictionaries(KEYS, st.binary(max_size=8), max_size=30), first=KEYS, last=KEYS)
def test_a_scan_is_the_sorted_range_with_both_ends(
    tmp_path_factory: pytest.TempPathFactory,
    pairs: dict[bytes, bytes],
    first: bytes,
    last: bytes,
) -> None:
    store = ChainStore(tmp_path_factory.mktemp("store"))
    try:
        store.commit(pairs)
        expected = sorted((key, value) for key, value in pairs.items() if first <= key <= last)
        assert list(store.scan(first, last)) == expected
    finally:
        store.close()


def test_a_scan_goes_on_over_chunks(store: ChainStore) -> None:
    pairs = {number.to_bytes(4, "big"): b"%d" % number for number in range(3_000)}
    store.commit(pairs)
    assert dict(store.scan(bytes(4), b"\xff" * 4)) == pairs


def test_the_map_grows_while_others_read(tmp_path: Path) -> None:
    store = ChainStore(tmp_path / "store", map_bytes=64 * 1024)
    store[b"first"] = b"here"
    done = threading.Event()
    failures: list[object] = []

    def read() -> None:
        while not done.is_set():
            if store[b"first"] != b"here":
                failures.append("wrong value")

    reader = threading.Thread(target=read)
    reader.start()
    try:
        for number in range(64):
            store[b"%d" % number] = bytes(100_000)
    finally:
        done.set()
        reader.join()
    assert not failures
    assert store.map_bytes > 64 * 100_000
    assert all(store[b"%d" % number] == bytes(100_000) for number in range(64))
    store.close()


def test_a_store_that_has_grown_opens_with_a_small_map(tmp_path: Path) -> None:
    store = ChainStore(tmp_path / "store", map_bytes=64 * 1024)
    store[b"big"] = bytes(10_000_000)
    store.close()
    store = ChainStore(tmp_path / "store", map_bytes=64 * 1024)
    assert len(store[b"big"]) == 10_000_000
    store[b"more"] = bytes(10_000_000)
    store.close()


def test_a_second_store_on_the_directory_is_refused_until_the_first_is_closed(
    tmp_path: Path,
) -> None:
    first = ChainStore(tmp_path / "store")
    with pytest.raises(ChainInUse, match="another process"):
        ChainStore(tmp_path / "store")
    program = (
        "import sys; from pathlib import Path; from ledger.chain.store import ChainStore; "
        "ChainStore(Path(sys.argv[1]))"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "store")]
    second = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "ChainInUse" in second.stderr
    first.close()
    ChainStore(tmp_path / "store").close()


def test_a_value_that_does_not_have_its_keys_hash_is_named(store: ChainStore) -> None:
    value = b"a trie node"
    store[keccak(value)] = value
    assert store[keccak(value)] == value
    store[keccak(value)] = b"a trie nodf"
    with pytest.raises(ChainStoreCorrupt, match=keccak(value).hex()):
        store[keccak(value)]


def test_a_directory_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ChainStoreFailed):
        ChainStore(tmp_path / "file")


def test_a_file_that_is_no_store_is_named_and_not_locked(tmp_path: Path) -> None:
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "data.mdb").write_bytes(b"no LMDB file" * 1000)
    for _ in range(2):
        with pytest.raises(ChainStoreFailed):
            ChainStore(tmp_path / "store")


def test_a_write_that_fails_is_named_and_leaves_the_store_as_it_was(
    store: ChainStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store[b"a"] = b"1"

    def full_disk(_: object) -> None:
        raise lmdb.Error("mdb_txn_commit: No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(store, "_write", full_disk)
        with pytest.raises(ChainStoreFailed, match="No space left"):
            store[b"a"] = b"2"
    assert store[b"a"] == b"1"
    store[b"a"] = b"3"
    assert store[b"a"] == b"3"


def test_a_write_to_a_full_disk_is_named_and_leaves_the_store_as_it_was(small_disk: Path) -> None:
    store = ChainStore(small_disk / "store")
    store[b"a"] = b"1"
    with no_room(small_disk):
        for _ in range(2):
            with pytest.raises(ChainStoreFailed, match="No space left"):
                store[b"a"] = bytes(64 * 1024)
        assert store[b"a"] == b"1"
    store[b"a"] = bytes(64 * 1024)
    assert len(store[b"a"]) == 64 * 1024
    store.close()
