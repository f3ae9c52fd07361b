"""What garbage collection takes, and what it must never take."""

import contextlib
import io
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from ledger.content.cid import Cid, Codec
from ledger.content.embedded import EmbeddedContentStore
from ledger.content.errors import ContentCollected, ContentNotFound, CorruptBlock, MissingBlock
from ledger.content.layout import CHUNK_BYTES
from ledger.content.store import ContentLimits, GcReport
from ledger.content.unixfs import decode_file_node

GRACE = ContentLimits().gc_grace_seconds
SEVERAL = 3 * CHUNK_BYTES + 5


def _read(store: EmbeddedContentStore, cid: Cid) -> bytes:
    return b"".join(store.stream(cid))


def test_what_nothing_names_is_taken_after_the_grace_period_and_not_before(
    store: EmbeddedContentStore, clock: Any, bytes_of: Callable[[int], bytes]
) -> None:
    cid = store.add(bytes_of(SEVERAL))
    clock.now += GRACE
    assert store.gc([]) == GcReport(0, 0)
    assert store.has(cid)
    clock.now += 1
    report = store.gc([])
    assert report.removed_blocks == 5
    assert report.freed_bytes > SEVERAL
    assert not store.has(cid)


def test_what_is_kept_or_pinned_stays_with_every_block(
    store: EmbeddedContentStore, clock: Any, bytes_of: Callable[[int], bytes]
) -> None:
    kept, pinned = store.add(bytes_of(SEVERAL)), store.add(bytes_of(SEVERAL)[1:])
    gone = store.add(bytes_of(SEVERAL)[2:])
    store.pin(pinned)
    store.pin(pinned)
    clock.now += GRACE + 1
    store.gc([kept])
    assert _read(store, kept) == bytes_of(SEVERAL)
    assert _read(store, pinned) == bytes_of(SEVERAL)[1:]
    assert store.stat(pinned).pinned
    assert not store.stat(kept).pinned
    assert store.pins() == {pinned}
    assert not store.has(gone)
    store.unpin(pinned)
    store.unpin(pinned)
    store.gc([kept])
    assert not store.has(pinned)


def test_blocks_that_are_shared_with_kept_content_stay(
    store: EmbeddedContentStore, clock: Any, bytes_of: Callable[[int], bytes]
) -> None:
    kept = store.add(bytes_of(3 * CHUNK_BYTES))
    store.add(bytes_of(4 * CHUNK_BYTES))
    clock.now += GRACE + 1
    assert store.gc([kept]).removed_blocks == 2
    assert _read(store, kept) == bytes_of(3 * CHUNK_BYTES)


@pytest.mark.parametrize("renew", ["add", "hold"])
def test_adding_or_holding_again_begins_a_new_grace_period(
    store: EmbeddedContentStore, clock: Any, bytes_of: Callable[[int], bytes], renew: str
) -> None:
    cid = store.add(bytes_of(SEVERAL))
    clock.now += GRACE
    if renew == "add":
        store.add(bytes_of(SEVERAL))
    else:
        store.hold(cid)
    clock.now += GRACE
    store.gc([])
    assert _read(store, cid) == bytes_of(SEVERAL)


def test_what_was_collected_cannot_be_held(store: EmbeddedContentStore, clock: Any) -> None:
    cid = store.add(b"gone")
    clock.now += GRACE + 1
    store.gc([])
    with pytest.raises(ContentNotFound):
        store.hold(cid)


def test_a_collection_during_an_add_takes_nothing_of_it(
    store: EmbeddedContentStore, root: Path, clock: Any, bytes_of: Callable[[int], bytes]
) -> None:
    """The add finds half of its blocks there already, old and unnamed: the collector's prey."""
    store.add(bytes_of(2 * CHUNK_BYTES))
    clock.now += GRACE + 1
    collector = EmbeddedContentStore(root, clock=clock)

    class Collects(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            chunk = super().read(size)
            if self.tell() > 2 * CHUNK_BYTES:
                collector.gc([])
            return chunk

    content = bytes_of(40 * CHUNK_BYTES)
    cid = store.add(Collects(content))
    assert _read(store, cid) == content
    collector.close()


def test_an_add_that_outlasts_the_grace_period_is_refused_rather_than_left_with_holes(
    store: EmbeddedContentStore, root: Path, clock: Any, bytes_of: Callable[[int], bytes]
) -> None:
    store.add(bytes_of(2 * CHUNK_BYTES))
    collector = EmbeddedContentStore(root, clock=clock)

    class TakesDays(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            chunk = super().read(size)
            if not chunk:
                clock.now += GRACE + 1
                collector.gc([])
            return chunk

    # Enough blocks in flight that the first ones have been looked at when the collector comes.
    with pytest.raises(ContentCollected):
        store.add(TakesDays(bytes_of(100 * CHUNK_BYTES)))
    collector.close()


@pytest.mark.slow
def test_what_an_add_acknowledged_is_there_while_a_collector_races_it(root: Path) -> None:
    """The add finds old unnamed blocks that the collector, never pausing, is about to remove."""
    store = EmbeddedContentStore(root)
    racing = EmbeddedContentStore(root)
    content = [bytes([n]) * CHUNK_BYTES for n in range(4)]
    stop = threading.Event()

    def collect() -> None:
        while not stop.is_set():
            racing.gc([])

    collector = threading.Thread(target=collect)
    collector.start()
    found = 0
    try:
        for _ in range(60):
            cid = store.add(b"".join(content))
            assert store.has(cid)
            for block in (root / "blocks").glob("*/*"):
                with contextlib.suppress(FileNotFoundError):
                    os.utime(block, (0, 0))
            found += store.has(cid)
    finally:
        stop.set()
        collector.join()
        racing.close()
        store.close()
    assert found < 60  # the collector did get some of them


@pytest.mark.parametrize("damage", ["corrupt", "missing"])
def test_nothing_is_taken_while_a_kept_tree_is_damaged(
    store: EmbeddedContentStore,
    clock: Any,
    bytes_of: Callable[[int], bytes],
    block_file: Callable[[object], Path],
    damage: str,
) -> None:
    """What belongs to a damaged node is unknown; its leaves may yet be saved."""
    kept, other = store.add(bytes_of(200 * CHUNK_BYTES)), store.add(b"other")
    inner = block_file(decode_file_node(block_file(kept).read_bytes()).children[0].cid)
    if damage == "corrupt":
        inner.write_bytes(b"damaged")
    else:
        inner.unlink()
    clock.now += GRACE + 1
    with pytest.raises(CorruptBlock if damage == "corrupt" else MissingBlock, match=inner.name):
        store.gc([kept])
    assert store.has(other)


def test_keeping_what_is_not_here_is_no_error(store: EmbeddedContentStore, clock: Any) -> None:
    gone = store.add(b"gone")
    clock.now += GRACE + 1
    elsewhere = [Cid.of(codec, b"in another store") for codec in Codec]
    assert store.gc(elsewhere).removed_blocks == 1
    assert store.gc([gone, *elsewhere]).removed_blocks == 0


def test_files_that_are_no_blocks_are_left_alone(
    store: EmbeddedContentStore, root: Path, clock: Any
) -> None:
    note = root / "blocks" / "aa" / "README"
    note.write_text("somebody's")
    clock.now += 1e9
    store.gc([])
    assert note.exists()


def test_whatever_is_done_in_whatever_order_nothing_named_is_ever_lost(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    contents = st.integers(0, 6).map(lambda n: bytes([n]) * (n % 4 * CHUNK_BYTES + n))

    class Life(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            self.now = 1_800_000_000.0
            self.store = EmbeddedContentStore(
                tmp_path_factory.mktemp("life"), clock=lambda: self.now
            )
            self.contents: dict[Cid, bytes] = {}
            self.named: set[Cid] = set()
            self.pinned: set[Cid] = set()
            self.fresh: dict[Cid, float] = {}

        @rule(content=contents)
        def add(self, content: bytes) -> None:
            cid = self.store.add(content)
            self.contents[cid] = content
            self.fresh[cid] = self.now

        @rule(content=contents)
        def add_and_name(self, content: bytes) -> None:
            self.add(content)
            self.named.add(self.store.add(content))

        @rule(content=contents)
        def pin(self, content: bytes) -> None:
            cid = self.store.add(content)
            self.add(content)
            self.store.pin(cid)
            self.pinned.add(cid)

        @rule(content=contents)
        def unpin(self, content: bytes) -> None:
            cid = self.store.add(content)
            self.add(content)
            self.store.unpin(cid)
            self.pinned.discard(cid)

        @rule(seconds=st.sampled_from([1, GRACE / 2, GRACE + 1]))
        def wait(self, seconds: float) -> None:
            self.now += seconds

        @rule()
        def collect(self) -> None:
            self.store.gc(self.named)
            for cid in self.contents:
                safe = cid in self.named | self.pinned or self.fresh[cid] >= self.now - GRACE
                assert self.store.has(cid) or not safe
            self.contents = {c: b for c, b in self.contents.items() if self.store.has(c)}

        @invariant()
        def everything_named_is_whole(self) -> None:
            for cid in self.named | self.pinned:
                assert _read(self.store, cid) == self.contents[cid]

        def teardown(self) -> None:
            self.store.close()

    run_state_machine_as_test(
        Life,
        settings=settings(
            max_examples=12,
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
