"""Blocks on disk: a directory of files, one a block, named by CID.

`<root>/<xx>/<cid>`, where `xx` are the two characters before the CID's last, as in Kubo's flatfs:
they are spread evenly.

Rules:
- A block's file is complete and durable before it gets its name, so a name is never seen with less
  behind it.
- A file's modification time is when the block was last added or held. Nothing else sets it.
- Each shard's directory is its own lock (flock, so other processes are held to it too): shared for
  whoever names or renews blocks, exclusive for whoever removes them. A block that was renewed is
  therefore not removed by a collector that looked at it before.
- Bytes are never returned before they have been checked.

NOTE: locks and directory syncs need a POSIX file system on this machine; a network file system may
grant neither.
"""

from __future__ import annotations

import fcntl
import itertools
import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from ledger.content.cid import Cid
from ledger.content.errors import (
    ContentCollected,
    CorruptBlock,
    InvalidCid,
    MissingBlock,
    storage_errors,
)
from ledger.content.store import GcReport

_REMEDY = "add its content again, or restore it from a backup"
_BASE32 = "abcdefghijklmnopqrstuvwxyz234567"

Spread = Callable[[Callable[[Path], None], Iterable[Path]], Iterable[None]]
"""Runs a function over directories, possibly in parallel; `map` is one."""


class BlockDirectory:
    """The blocks under one directory."""

    def __init__(self, root: Path, *, block_bytes: int) -> None:
        """Opens the directory and makes its shards, once.

        Args:
            root: where the blocks are.
            block_bytes: largest block that is read back.

        Raises:
            StorageFailed: it cannot be made.
        """
        self._root = root
        self._block_bytes = block_bytes
        with storage_errors(f"open the content store at {root}"):
            root.mkdir(parents=True, exist_ok=True)
            missing = {"".join(pair) for pair in itertools.product(_BASE32, repeat=2)}
            missing -= {entry.name for entry in os.scandir(root)}
            for name in missing:
                (root / name).mkdir(exist_ok=True)
            if missing:
                sync_directory(root)
                sync_directory(root.parent)

    def read(self, cid: Cid) -> bytes:
        """Reads a block and checks it.

        Raises:
            MissingBlock: it is not there.
            CorruptBlock: its bytes are not those that the CID names.
            StorageFailed: the disk does not deliver it.
        """
        with storage_errors(f"read block {cid}"):
            try:
                with self._path(cid).open("rb") as file:
                    size = os.fstat(file.fileno()).st_size
                    block = file.read(min(size, self._block_bytes + 1))
            except FileNotFoundError as error:
                raise MissingBlock(f"block {cid} is not in the store; {_REMEDY}") from error
        if not cid.names(block):
            raise CorruptBlock(
                f"block {cid} at {self._path(cid)} is damaged, its {len(block)} bytes have "
                f"another hash; {_REMEDY}"
            )
        return block

    def holds(self, cid: Cid) -> bool:
        """Whether a block by that name is there; its bytes are not looked at."""
        return self._path(cid).exists()

    def renew(self, cid: Cid, now: float, *, block: bytes | None = None) -> bool:
        """Sets a block's time to `now` and says whether it is there.

        Args:
            cid: the block's name.
            now: seconds since the epoch.
            block: its bytes, where they are at hand: a file with others counts as not there.
        """
        path = self._path(cid)
        if not path.exists():
            return False
        with storage_errors(f"renew block {cid}"), _locked(path.parent, fcntl.LOCK_SH):
            try:
                if block is not None and path.read_bytes() != block:
                    return False
                os.utime(path, (now, now))
            except FileNotFoundError:
                return False
        return True

    def publish(
        self, staged: Mapping[Cid, Path], present: Iterable[Cid], now: float, spread: Spread
    ) -> None:
        """Gives durable files their names and makes the names durable.

        Args:
            staged: files to move, on the same file system, already synced.
            present: blocks that are to be there already; their names are made durable too, since
                whoever published them may not have come to it.
            now: the time of all of these blocks from here on.
            spread: how the work over shards is run.

        Raises:
            ContentCollected: one of `present` is gone.
            StorageFull: no room for a name.
            StorageFailed: anything else the file system reports.
        """
        by_shard: dict[Path, list[Cid]] = defaultdict(list)
        for cid in itertools.chain(staged, present):
            by_shard[self._path(cid).parent].append(cid)

        def publish_shard(shard: Path) -> None:
            with (
                storage_errors("store blocks"),
                _locked(shard, fcntl.LOCK_SH) as directory,
            ):
                for cid in by_shard[shard]:
                    self._name(cid, staged.get(cid), now)
                os.fsync(directory)

        for _ in spread(publish_shard, by_shard):
            pass

    def sweep(self, keep: frozenset[Cid], added_before: float) -> GcReport:
        """Removes every block that is not in `keep` and whose time is before `added_before`."""
        removed = freed = 0
        for shard in self._shards():
            with storage_errors(f"collect garbage in {shard}"), _locked(shard, fcntl.LOCK_EX):
                for entry in list(os.scandir(shard)):
                    status = entry.stat(follow_symlinks=False)
                    if status.st_mtime < added_before and _is_garbage(entry.name, keep):
                        Path(entry.path).unlink()
                        removed += 1
                        freed += status.st_size
        return GcReport(removed, freed)

    def _name(self, cid: Cid, staged: Path | None, now: float) -> None:
        target = self._path(cid)
        if staged is not None:
            os.utime(staged, (now, now))
            staged.replace(target)
            return
        try:
            os.utime(target, (now, now))
        except FileNotFoundError as error:
            raise ContentCollected(
                f"block {cid} was collected while its content was being added; add it again"
            ) from error

    def _path(self, cid: Cid) -> Path:
        name = str(cid)
        return Path(f"{self._root}/{name[-3:-1]}/{name}")

    def _shards(self) -> Iterator[Path]:
        return (self._root / "".join(pair) for pair in itertools.product(_BASE32, repeat=2))


def sync_directory(path: Path) -> None:
    """Makes the names in a directory durable."""
    directory = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


@contextmanager
def _locked(directory: Path, operation: int) -> Iterator[int]:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, operation)
        yield descriptor
    finally:
        os.close(descriptor)


def _is_garbage(name: str, keep: frozenset[Cid]) -> bool:
    with suppress(InvalidCid):
        return Cid.parse(name) not in keep
    return False  # no block: whoever put it there may want it
