"""The store on disk: what it keeps, what it notices, what a crash or a full disk leaves behind."""

import hashlib
import io
import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.content.cid import Cid, Codec
from ledger.content.embedded import EmbeddedContentStore
from ledger.content.errors import (
    ContentNotFound,
    ContentTooLarge,
    CorruptBlock,
    InvalidContent,
    MissingBlock,
    StorageFailed,
    StorageFull,
)
from ledger.content.layout import CHUNK_BYTES
from ledger.content.reader import open_content, read_content
from ledger.content.store import ContentLimits
from ledger.content.unixfs import decode_file_node

KIB = 1024
SEVERAL = 5 * CHUNK_BYTES + 12_345
BlockFile = Callable[[object], Path]
BytesOf = Callable[[int], bytes]


def _read(store: EmbeddedContentStore, cid: Cid, start: int = 0) -> bytes:
    return b"".join(store.stream(cid, start=start))


def _leaves(store: EmbeddedContentStore, block_file: BlockFile, cid: Cid) -> list[Cid]:
    return [child.cid for child in decode_file_node(block_file(cid).read_bytes()).children]


def check_store(root: Path) -> None:
    """Every block is whole and under its own name; nothing else is lying about."""
    for path in (root / "blocks").glob("*/*"):
        assert Cid.parse(path.name).names(path.read_bytes()), path
        assert path.parent.name == path.name[-3:-1]
    assert not list((root / "staging").iterdir())


# --- keeping ---------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [0, 1, CHUNK_BYTES, CHUNK_BYTES + 1, SEVERAL])
def test_content_comes_back_from_bytes_a_file_and_a_stream(
    store: EmbeddedContentStore, root: Path, tmp_path: Path, bytes_of: BytesOf, size: int
) -> None:
    content = bytes_of(size)
    path = tmp_path / "file"
    path.write_bytes(content)
    stream = io.BytesIO(content)
    cid = store.add(content)
    assert store.add(path) == store.add(stream) == cid
    assert not stream.closed
    assert _read(store, cid) == content
    assert store.stat(cid).size == size
    assert store.has(cid)
    check_store(root)


def test_content_survives_the_process(
    store: EmbeddedContentStore, root: Path, bytes_of: BytesOf
) -> None:
    cid = store.add(bytes_of(SEVERAL))
    store.close()
    assert _read(EmbeddedContentStore(root), cid) == bytes_of(SEVERAL)


def test_a_stream_that_trickles_gets_the_same_cid(
    store: EmbeddedContentStore, bytes_of: BytesOf
) -> None:
    class Trickle(io.RawIOBase):
        def __init__(self, content: bytes) -> None:
            self._rest = io.BytesIO(content)
            self._random = random.Random(7)

        def read(self, size: int = -1) -> bytes:
            return self._rest.read(min(size, self._random.randrange(1, 70_000)))

    content = bytes_of(SEVERAL)
    assert store.add(Trickle(content)) == store.add(content)  # type: ignore[arg-type]


def test_any_content_comes_back_whole_and_from_any_byte(
    store: EmbeddedContentStore, root: Path
) -> None:
    pieces = st.lists(st.tuples(st.binary(max_size=8), st.integers(0, 90_000)), max_size=5)

    @settings(max_examples=40, deadline=None)
    @given(pieces, st.integers(0, 1_000_000))
    def check(parts: list[tuple[bytes, int]], start: int) -> None:
        content = b"".join(part * repeats for part, repeats in parts)
        cid = store.add(content)
        assert _read(store, cid) == content
        assert _read(store, cid, start) == content[start:]
        assert store.add(content) == cid

    check()
    check_store(root)


def test_equal_blocks_are_stored_once(store: EmbeddedContentStore, root: Path) -> None:
    store.add(bytes(100 * CHUNK_BYTES))
    assert len(list((root / "blocks").glob("*/*"))) == 2


def test_an_opened_content_reads_like_a_file(
    store: EmbeddedContentStore, bytes_of: BytesOf
) -> None:
    cid = store.add(bytes_of(SEVERAL))
    with open_content(store, cid) as file:
        assert file.read(10) == bytes_of(10)
        assert file.read() == bytes_of(SEVERAL)[10:]
        assert file.read(1) == b""


def test_content_over_a_readers_limit_is_refused_unread(
    store: EmbeddedContentStore, bytes_of: BytesOf
) -> None:
    cid = store.add(bytes_of(1000))
    assert read_content(store, cid, limit_bytes=1000) == bytes_of(1000)
    with pytest.raises(ContentTooLarge):
        read_content(store, cid, limit_bytes=999)


def test_content_over_the_limit_is_refused_and_leaves_nothing(root: Path) -> None:
    store = EmbeddedContentStore(root, limits=ContentLimits(content_bytes=CHUNK_BYTES))
    store.add(bytes(CHUNK_BYTES))
    with pytest.raises(ContentTooLarge):
        store.add(bytes(CHUNK_BYTES) + b"1")
    assert len(list((root / "blocks").glob("*/*"))) == 1
    check_store(root)


def test_a_text_stream_is_refused(store: EmbeddedContentStore) -> None:
    with pytest.raises(InvalidContent):
        store.add(io.StringIO("text"))  # type: ignore[arg-type]


def test_a_stream_that_fails_leaves_nothing_and_its_own_error(
    store: EmbeddedContentStore, root: Path
) -> None:
    class Broken(io.RawIOBase):
        def read(self, size: int = -1) -> bytes:
            if self.tell_count:
                raise ConnectionResetError("the uploader hung up")
            self.tell_count = 1
            return bytes(size)

        tell_count = 0

    with pytest.raises(ConnectionResetError):
        store.add(Broken())  # type: ignore[arg-type]
    assert not list((root / "blocks").glob("*/*"))
    check_store(root)


def test_what_is_not_held_is_not_found(store: EmbeddedContentStore) -> None:
    cid = Cid.of(Codec.RAW, b"never added")
    assert not store.has(cid)
    for ask in (store.stream, store.stat, store.hold, store.pin):
        with pytest.raises(ContentNotFound):
            ask(cid)
    assert store.pins() == frozenset()


# --- noticing --------------------------------------------------------------------------------


def _flip(path: Path, at: int) -> None:
    content = bytearray(path.read_bytes())
    content[at % len(content)] ^= 1
    path.write_bytes(content)


def _cut(path: Path, at: int) -> None:
    os.truncate(path, at % path.stat().st_size)


def _grow(path: Path, at: int) -> None:
    with path.open("ab") as file:
        file.write(bytes(at + 1))


@pytest.mark.parametrize("damage", [_flip, _cut, _grow])
@pytest.mark.parametrize("at", [0, 1000, CHUNK_BYTES - 1, 3 * 1024**2])
def test_a_damaged_leaf_is_named_and_none_of_it_is_handed_out(
    store: EmbeddedContentStore,
    block_file: BlockFile,
    bytes_of: BytesOf,
    damage: Callable[[Path, int], None],
    at: int,
) -> None:
    cid = store.add(bytes_of(SEVERAL))
    leaf = _leaves(store, block_file, cid)[2]
    damage(block_file(leaf), at)
    chunks = store.stream(cid)
    assert next(chunks) + next(chunks) == bytes_of(2 * CHUNK_BYTES)
    with pytest.raises(CorruptBlock, match=str(leaf)):
        next(chunks)


@pytest.mark.parametrize("damage", [_flip, _cut, _grow])
def test_a_damaged_root_is_named(
    store: EmbeddedContentStore,
    block_file: BlockFile,
    bytes_of: BytesOf,
    damage: Callable[[Path, int], None],
) -> None:
    cid = store.add(bytes_of(SEVERAL))
    damage(block_file(cid), 5)
    for ask in (store.stream, store.stat, store.has, store.hold):
        with pytest.raises(CorruptBlock, match=str(cid)):
            ask(cid)


def test_a_missing_leaf_is_named_and_the_content_no_longer_counts_as_held(
    store: EmbeddedContentStore, block_file: BlockFile, bytes_of: BytesOf
) -> None:
    cid = store.add(bytes_of(SEVERAL))
    leaf = _leaves(store, block_file, cid)[3]
    block_file(leaf).unlink()
    assert not store.has(cid)
    with pytest.raises(MissingBlock, match=str(leaf)):
        _read(store, cid)
    with pytest.raises(ContentNotFound):
        store.hold(cid)


def test_adding_again_repairs_what_was_damaged(
    store: EmbeddedContentStore, root: Path, block_file: BlockFile, bytes_of: BytesOf
) -> None:
    cid = store.add(bytes_of(SEVERAL))
    leaves = _leaves(store, block_file, cid)
    _flip(block_file(leaves[0]), 9)
    _cut(block_file(leaves[1]), 9)
    block_file(leaves[2]).unlink()
    _flip(block_file(cid), 9)
    assert store.add(bytes_of(SEVERAL)) == cid
    assert _read(store, cid) == bytes_of(SEVERAL)
    check_store(root)


# --- several at once -------------------------------------------------------------------------


def test_many_threads_adding_the_same_content_agree(
    store: EmbeddedContentStore, root: Path, bytes_of: BytesOf
) -> None:
    contents = [bytes_of(SEVERAL), bytes_of(SEVERAL)[7:], bytes_of(10)]
    with ThreadPoolExecutor(12) as pool:
        cids = list(pool.map(store.add, contents * 8))
    assert len(set(cids)) == 3
    for cid, content in zip(cids, contents, strict=False):
        assert _read(store, cid) == content
    check_store(root)


def test_two_processes_share_one_directory(
    store: EmbeddedContentStore, root: Path, bytes_of: BytesOf
) -> None:
    other = EmbeddedContentStore(root)
    cid = store.add(bytes_of(SEVERAL))
    assert other.add(bytes_of(SEVERAL)) == cid
    assert _read(other, cid) == bytes_of(SEVERAL)
    other.close()


def test_opening_a_store_does_not_disturb_an_add_in_another(
    store: EmbeddedContentStore, root: Path, bytes_of: BytesOf
) -> None:
    class OpensAnother(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            EmbeddedContentStore(root).close()
            return super().read(size)

    cid = store.add(OpensAnother(bytes_of(SEVERAL)))
    assert _read(store, cid) == bytes_of(SEVERAL)


# --- crashes and full disks ------------------------------------------------------------------

ADD_FOR_EVER = """
import hashlib, sys
from pathlib import Path
from ledger.content.embedded import EmbeddedContentStore
store = EmbeddedContentStore(Path(sys.argv[1]))
for n in range(10**9):
    content = hashlib.shake_128(b"%d" % n).digest(100 + n % 4 * 400_000)
    print(n, store.add(content), flush=True)
"""


@pytest.mark.slow
def test_what_was_acknowledged_survives_kill_9_and_nothing_half_is_seen(
    root: Path, store: EmbeddedContentStore
) -> None:
    """The page cache survives a kill: this tests naming; the order of syncs is tested below."""
    seed = random.randrange(1 << 32)
    print("seed", seed)
    moments = random.Random(seed)
    for _ in range(12):
        process = subprocess.Popen(
            [sys.executable, "-c", ADD_FOR_EVER, str(root)], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        acknowledged = [process.stdout.readline() for _ in range(moments.randrange(1, 9))]
        killer = threading.Timer(moments.random() * 0.02, process.send_signal, [signal.SIGKILL])
        killer.start()
        rest = process.communicate()[0]
        killer.join()
        acknowledged += [line for line in rest.splitlines(keepends=True) if line.endswith("\n")]
        for line in acknowledged:
            n, text = line.split()
            expected = hashlib.shake_128(n.encode()).digest(100 + int(n) % 4 * 400_000)
            assert _read(store, Cid.parse(text)) == expected
        for path in (root / "blocks").glob("*/*"):
            cid = Cid.parse(path.name)
            assert cid.names(path.read_bytes())
            # A root that can be seen is the root of a whole content.
            assert store.has(cid)
    EmbeddedContentStore(root).close()
    check_store(root)


def test_blocks_are_durable_before_they_are_named_and_names_before_the_add_returns(
    store: EmbeddedContentStore,
    root: Path,
    bytes_of: BytesOf,
    block_file: BlockFile,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What a power cut would show, told from the order of the system calls."""
    journal: list[tuple[str, Path]] = []
    fsync, replace = os.fsync, Path.replace

    def noted_fsync(descriptor: int) -> None:
        fsync(descriptor)
        journal.append(("synced", Path(f"/proc/self/fd/{descriptor}").readlink()))

    def noted_replace(source: Path, target: Path) -> Path:
        assert ("synced", source) in journal
        journal.append(("named", target))
        return replace(source, target)

    monkeypatch.setattr(os, "fsync", noted_fsync)
    monkeypatch.setattr(Path, "replace", noted_replace)
    cid = store.add(bytes_of(SEVERAL))
    monkeypatch.undo()
    named = [path for what, path in journal if what == "named"]
    assert set(named) == {block_file(cid), *map(block_file, _leaves(store, block_file, cid))}
    assert named[-1] == block_file(cid)
    for path in named:
        assert ("synced", path.parent) in journal[journal.index(("named", path)) :]
    # The root is named once the names of its leaves are durable.
    before_root = journal[: journal.index(("named", block_file(cid)))]
    for path in named[:-1]:
        assert ("synced", path.parent) in before_root[before_root.index(("named", path)) :]


def test_content_that_another_add_named_is_acknowledged_only_when_its_name_is_durable(
    store: EmbeddedContentStore, bytes_of: BytesOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    cid = store.add(b"x")
    synced: list[Path] = []
    fsync = os.fsync

    def noted_fsync(descriptor: int) -> None:
        fsync(descriptor)
        synced.append(Path(f"/proc/self/fd/{descriptor}").readlink())

    monkeypatch.setattr(os, "fsync", noted_fsync)
    store.add(b"x")
    assert [path.name for path in synced] == [str(cid)[-3:-1]]


ADD_WITH_SMALL_FILES_ONLY = """
import resource, signal, sys
from pathlib import Path
from ledger.content.embedded import EmbeddedContentStore
from ledger.content.errors import StorageFull
store = EmbeddedContentStore(Path(sys.argv[1]))
small = store.add(b"small")
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY))
try:
    store.add(Path(sys.argv[2]))
except StorageFull as error:
    print(error.code, error)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
assert b"".join(store.stream(small)) == b"small"
print(store.add(Path(sys.argv[2])))
"""


def test_an_add_that_meets_a_size_limit_is_refused_and_works_once_there_is_room(
    root: Path, tmp_path: Path, bytes_of: BytesOf
) -> None:
    path = tmp_path / "file"
    path.write_bytes(bytes_of(SEVERAL))
    done = subprocess.run(
        [sys.executable, "-c", ADD_WITH_SMALL_FILES_ONLY, str(root), str(path)],
        capture_output=True,
        text=True,
        check=True,
    )
    refusal, cid = done.stdout.splitlines()
    assert refusal.startswith("storage-full No room left")
    store = EmbeddedContentStore(root)
    assert _read(store, Cid.parse(cid)) == bytes_of(SEVERAL)
    check_store(root)


def test_a_full_disk_is_named_and_leaves_what_was_there_readable(
    small_disk: Path, bytes_of: BytesOf
) -> None:
    store = EmbeddedContentStore(small_disk / "content")
    cid = store.add(bytes_of(2 * 1024**2))
    with pytest.raises(StorageFull, match="No room left"):
        store.add(bytes_of(40 * 1024**2)[1:])
    assert _read(store, cid) == bytes_of(2 * 1024**2)
    check_store(small_disk / "content")
    other = store.add(bytes_of(1024**2)[1:])
    assert _read(store, other) == bytes_of(1024**2)[1:]
    store.close()


def test_a_store_that_cannot_be_made_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StorageFailed):
        EmbeddedContentStore(tmp_path / "file" / "content")


def test_a_shard_that_is_gone_is_a_named_failure_and_nothing_is_acknowledged(
    store: EmbeddedContentStore, root: Path
) -> None:
    cid = Cid.of(Codec.RAW, b"x")
    (root / "blocks" / str(cid)[-3:-1]).rmdir()
    with pytest.raises(StorageFailed):
        store.add(b"x")
    check_store(root)


MEMORY = """
import sys
from pathlib import Path
from ledger.content.embedded import EmbeddedContentStore
store = EmbeddedContentStore(Path(sys.argv[1]))
cid = store.add(Path(sys.argv[2]))
size = sum(map(len, store.stream(cid)))
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(size, peak.split()[1])
"""


@pytest.mark.slow
def test_memory_does_not_grow_with_the_content(root: Path, tmp_path: Path, bytes_of: Any) -> None:
    peaks = []
    for mebibytes in (1, 300):
        path = tmp_path / f"{mebibytes}"
        with path.open("wb") as file:
            for n in range(mebibytes):
                file.write(n.to_bytes(4, "big") * (1024**2 // 4))
        done = subprocess.run(
            [sys.executable, "-c", MEMORY, str(root), str(path)],
            capture_output=True,
            text=True,
            check=True,
        )
        size, peak = map(int, done.stdout.split())
        assert size == mebibytes * 1024**2
        peaks.append(peak * KIB)
    assert peaks[1] - peaks[0] < 60 * 1024**2
    assert peaks[1] < 200 * 1024**2
