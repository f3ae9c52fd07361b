"""One add in progress: its blocks are written aside, made durable, and only then named.

Rules:
- Nothing of an add is visible before all of it is durable, and its root is named last: whoever sees
  the root can read the whole content, also after a power cut.
- Every block is synced, several at a time: the file system then commits them together, which is
  what makes durable adds fast. Blocks in flight are bounded, so memory does not grow with the
  content.
- An add's directory is locked while its process lives. Whatever is unlocked was left by a crash and
  is removed.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import uuid
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, wait
from contextlib import contextmanager, suppress
from pathlib import Path

from ledger.content.blocks import BlockDirectory
from ledger.content.cid import Cid
from ledger.content.errors import storage_errors

BLOCKS_IN_FLIGHT = 32


class StagedAdd:
    """The blocks of one add. Belongs to the thread that adds.

    Args:
        directory: this add's own, on the same file system as the blocks.
        blocks: where they will be named.
        pool: writes and syncs.
        clock: seconds since the epoch.
    """

    def __init__(
        self, directory: Path, blocks: BlockDirectory, pool: Executor, clock: Callable[[], float]
    ) -> None:
        self._directory = directory
        self._blocks = blocks
        self._pool = pool
        self._clock = clock
        self._seen: set[Cid] = set()
        self._staged: dict[Cid, Path] = {}
        self._present: list[Cid] = []
        self._in_flight: deque[tuple[Cid, Future[Path | None]]] = deque()

    def put(self, cid: Cid, block: bytes) -> None:
        """Takes a block; raises what writing an earlier one raised."""
        if cid in self._seen:
            return
        self._seen.add(cid)
        if len(self._in_flight) >= BLOCKS_IN_FLIGHT:
            self._settle_oldest()
        self._in_flight.append((cid, self._pool.submit(self._write, cid, block)))

    def publish(self, root: Cid) -> None:
        """Names all blocks, `root` after the others; returns when that is durable."""
        while self._in_flight:
            self._settle_oldest()
        now = self._clock()
        root_staged = {root: self._staged.pop(root)} if root in self._staged else {}
        below = [cid for cid in self._present if cid != root]
        if self._staged or below:
            self._blocks.publish(self._staged, below, now, self._pool.map)
        self._blocks.publish(root_staged, [] if root_staged else [root], now, map)

    def abandon(self) -> None:
        """Waits until no thread writes any more."""
        for _, future in self._in_flight:
            future.cancel()
        wait([future for _, future in self._in_flight])

    def _settle_oldest(self) -> None:
        cid, future = self._in_flight.popleft()
        path = future.result()
        if path is None:
            self._present.append(cid)
        else:
            self._staged[cid] = path

    def _write(self, cid: Cid, block: bytes) -> Path | None:
        """Writes and syncs one block aside; None if the store has it already, undamaged."""
        if self._blocks.renew(cid, self._clock(), block=block):
            return None
        path = self._directory / str(cid)
        with storage_errors(f"write block {cid}"), path.open("xb", buffering=0) as file:
            rest = memoryview(block)
            while rest:
                rest = rest[file.write(rest) :]
            os.fsync(file.fileno())
        return path


@contextmanager
def staged_add(
    staging: Path, blocks: BlockDirectory, pool: Executor, clock: Callable[[], float]
) -> Iterator[StagedAdd]:
    """Runs one add in a directory of its own under `staging`, gone when the block ends."""
    with storage_errors("begin an add"):
        directory, lock = _new_directory(staging)
    add = StagedAdd(directory, blocks, pool, clock)
    try:
        yield add
    finally:
        add.abandon()
        shutil.rmtree(directory, ignore_errors=True)
        os.close(lock)


def remove_leftovers(staging: Path) -> None:
    """Removes what adds left that did not live to end."""
    with storage_errors(f"clean up {staging}"):
        for directory in list(staging.iterdir()):
            with suppress(FileNotFoundError, NotADirectoryError, BlockingIOError):
                lock = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    shutil.rmtree(directory)
                finally:
                    os.close(lock)


def _new_directory(staging: Path) -> tuple[Path, int]:
    """Makes and locks a directory; again if another process took it for a leftover in between."""
    while True:
        directory = staging / uuid.uuid4().hex
        directory.mkdir()
        lock = -1
        try:
            lock = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
            fcntl.flock(lock, fcntl.LOCK_SH)
            if directory.exists():
                return directory, lock
        except FileNotFoundError:
            pass
        if lock >= 0:
            os.close(lock)
