"""The content store on this machine's disk.

    <root>/blocks/<xx>/<cid>    every block
    <root>/pins/<cid>           an empty file for each pinned content
    <root>/staging/<id>/        adds in progress

Several processes may use one root at the same time. CIDs are those of Kubo, so the content of an
embedded store can be moved to a daemon, and back, without a record changing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ledger.content.blocks import BlockDirectory, sync_directory
from ledger.content.cid import Cid
from ledger.content.errors import ContentNotFound, MissingBlock, storage_errors
from ledger.content.layout import CHUNK_BYTES, TreeBuilder
from ledger.content.source import read_chunks
from ledger.content.staging import remove_leftovers, staged_add
from ledger.content.store import Content, ContentLimits, ContentStat, GcReport
from ledger.content.tree import file_chunks, read_root, tree_blocks
from ledger.content.unixfs import FileNode

SYNC_THREADS = 8


class EmbeddedContentStore:
    """A `ContentStore` in a directory.

    Args:
        root: made if it does not exist.
        limits: the named limits.
        clock: seconds since the epoch; decides what the grace period protects.

    Raises:
        StorageFailed: the directory cannot be made or read.
    """

    def __init__(
        self,
        root: Path,
        *,
        limits: ContentLimits | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._limits = limits or ContentLimits()
        self._clock = clock
        self._pins = root / "pins"
        self._staging = root / "staging"
        self._blocks = BlockDirectory(root / "blocks", block_bytes=self._limits.block_bytes)
        with storage_errors(f"open the content store at {root}"):
            self._pins.mkdir(exist_ok=True)
            self._staging.mkdir(exist_ok=True)
            sync_directory(root)
        remove_leftovers(self._staging)
        self._pool = ThreadPoolExecutor(SYNC_THREADS, thread_name_prefix="content")

    def add(self, content: Content) -> Cid:
        """See `ContentStore.add`."""
        chunks = read_chunks(
            content, chunk_bytes=CHUNK_BYTES, limit_bytes=self._limits.content_bytes
        )
        with staged_add(self._staging, self._blocks, self._pool, self._clock) as add:
            tree = TreeBuilder(add.put)
            for chunk in chunks:
                tree.add(chunk)
            root = tree.finish()
            add.publish(root)
        return root

    def stream(self, cid: Cid, *, start: int = 0) -> Iterator[bytes]:
        """See `ContentStore.stream`."""
        return file_chunks(cid, self._root(cid), self._blocks.read, self._limits, start=start)

    def stat(self, cid: Cid) -> ContentStat:
        """See `ContentStore.stat`."""
        return ContentStat(cid, self._root(cid).size, (self._pins / str(cid)).exists())

    def has(self, cid: Cid) -> bool:
        """See `ContentStore.has`."""
        try:
            return all(
                self._blocks.holds(block)
                for block in tree_blocks(cid, self._blocks.read, self._limits)
            )
        except MissingBlock:
            return False

    def hold(self, cid: Cid) -> None:
        """See `ContentStore.hold`."""
        now = self._clock()
        missing = f"{cid} is not held here in full; add it first"
        try:
            for block in tree_blocks(cid, self._blocks.read, self._limits):
                if not self._blocks.renew(block, now):
                    raise ContentNotFound(missing)
        except MissingBlock as error:
            raise ContentNotFound(missing) from error

    def pin(self, cid: Cid) -> None:
        """See `ContentStore.pin`."""
        # A collection under way may have read the pins already; until the next one, it is the
        # renewed grace period that covers the content.
        self.hold(cid)
        with storage_errors(f"pin {cid}"):
            (self._pins / str(cid)).touch()
            sync_directory(self._pins)

    def unpin(self, cid: Cid) -> None:
        """See `ContentStore.unpin`."""
        with storage_errors(f"unpin {cid}"):
            (self._pins / str(cid)).unlink(missing_ok=True)
            sync_directory(self._pins)

    def pins(self) -> frozenset[Cid]:
        """See `ContentStore.pins`."""
        with storage_errors("list pins"):
            return frozenset(Cid.parse(entry.name) for entry in self._pins.iterdir())

    def gc(self, keep: Iterable[Cid]) -> GcReport:
        """See `ContentStore.gc`."""
        remove_leftovers(self._staging)
        # Before anything is looked at: what is added or held from here on is newer.
        added_before = self._clock() - self._limits.gc_grace_seconds
        kept = {
            block
            for root in {*keep, *self.pins()}
            if self._blocks.holds(root)
            for block in tree_blocks(root, self._blocks.read, self._limits)
        }
        return self._blocks.sweep(frozenset(kept), added_before)

    def close(self) -> None:
        """See `ContentStore.close`."""
        self._pool.shutdown()

    def _root(self, cid: Cid) -> FileNode:
        try:
            return read_root(cid, self._blocks.read, self._limits)
        except MissingBlock as error:
            raise ContentNotFound(f"{cid} is not held here") from error
