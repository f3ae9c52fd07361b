"""The embedded chain's key-value store, on LMDB: what is committed is whole and survives kill -9.

Rules:
    * A batch is one LMDB transaction: after a crash either all of it is there or none of it.
    * `commit` returns after fsync. Whoever is told of a block finds it again.
    * Keys of 32 bytes are Keccak-256 hashes of their values (trie nodes, code, headers); every read
      checks that, so a flipped bit on disk is named where it is met instead of turning into another
      state.
    * One process at a time: the directory is locked for as long as the store is open.
    * The map grows by doubling. LMDB forbids growth while a transaction of this process is open,
      hence the lock that every read takes.

It never interprets values, and never deletes on its own.
"""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

import lmdb
from eth.abc import AtomicWriteBatchAPI
from eth.db.backends.base import BaseAtomicDB, BaseDB

from ledger.chain.errors import ChainInUse, ChainStoreCorrupt, ChainStoreFailed
from ledger.keccak import keccak

_HASH_SIZE = 32
INITIAL_MAP_BYTES = 64 * 1024 * 1024
_SCAN_CHUNK = 1024
_REMEMBERED = 4_096


class WriteBatch(BaseDB, AtomicWriteBatchAPI):
    """Writes held in memory over a store: its own reads see them, others after the commit."""

    def __init__(self, store: ChainStore) -> None:
        self._store = store
        self.changes: dict[bytes, bytes | None] = {}

    def __getitem__(self, key: bytes) -> bytes:
        if key not in self.changes:
            return self._store[key]
        value = self.changes[key]
        if value is None:
            raise KeyError(key)
        return value

    def __setitem__(self, key: bytes, value: bytes) -> None:
        self.changes[key] = value

    def __delitem__(self, key: bytes) -> None:
        if key not in self:
            raise KeyError(key)
        self.changes[key] = None

    def _exists(self, key: bytes) -> bool:
        if key in self.changes:
            return self.changes[key] is not None
        return key in self._store


class ChainStore(BaseAtomicDB):
    """An LMDB environment in its own directory, as py-evm's atomic database.

    Args:
        directory: created if it is missing.
        map_bytes: the map's first size; it doubles as needed.

    Raises:
        ChainInUse: another process (or another store in this one) has it open.
        ChainStoreFailed: the directory cannot be used.
    """

    def __init__(self, directory: Path, *, map_bytes: int = INITIAL_MAP_BYTES) -> None:
        try:
            directory.mkdir(parents=True, exist_ok=True)
            self._lock_file = os.open(directory / "in-use", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise ChainStoreFailed(f"cannot open the chain in {directory}: {error}") from error
        try:
            fcntl.flock(self._lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._environment = lmdb.open(str(directory), map_size=map_bytes, max_dbs=0)
        except BlockingIOError as error:
            os.close(self._lock_file)
            raise ChainInUse(
                f"the chain in {directory} is open in another process: stop it, or use its /rpc"
            ) from error
        except lmdb.Error as error:
            os.close(self._lock_file)
            raise ChainStoreFailed(f"cannot open the chain in {directory}: {error}") from error
        # Held by every read and by growth, never during fsync: a block being written does not hold
        # up reads.
        self._map_lock = threading.Lock()
        # Held by every write, which includes its growth.
        self._write_lock = threading.Lock()
        self._read_checked = lru_cache(maxsize=_REMEMBERED)(self._checked)

    @property
    def map_bytes(self) -> int:
        """The present size of the map; the file is sparse and no larger than what it holds."""
        return int(self._environment.info()["map_size"])

    def close(self) -> None:
        """Release the directory. A closed store is not used again."""
        with self._write_lock, self._map_lock:
            self._environment.close()
            os.close(self._lock_file)

    def __getitem__(self, key: bytes) -> bytes:
        if len(key) == _HASH_SIZE:
            return self._read_checked(key)
        value = self._read(key)
        if value is None:
            raise KeyError(key)
        return value

    def __setitem__(self, key: bytes, value: bytes) -> None:
        self.commit({key: value})
        self.forget()

    def __delitem__(self, key: bytes) -> None:
        if key not in self:
            raise KeyError(key)
        self.commit({key: None})
        self.forget()

    def _exists(self, key: bytes) -> bool:
        return self._read(key) is not None

    def forget(self) -> None:
        """Read from disk, and check, what was read before."""
        self._read_checked.cache_clear()

    @contextmanager
    def atomic_batch(self) -> Iterator[WriteBatch]:
        """Collect writes and commit them together; an exception inside drops them all."""
        batch = WriteBatch(self)
        yield batch
        self.commit(batch.changes)

    def commit(self, changes: Mapping[bytes, bytes | None]) -> None:
        """Write all changes in one durable transaction; None deletes. Under a key that is a hash
        stands what it is the hash of, or nothing: whoever deletes such a key makes it forgotten.

        Raises:
            ChainStoreFailed: the disk is full, read-only or failing. The store is then as it was
                before, unless the failure was in the very last step of the commit, when it holds
                all of the changes.
        """
        if not changes:
            return
        with self._write_lock:
            while True:
                try:
                    self._write(changes)
                except lmdb.MapFullError:
                    self._grow()
                except lmdb.Error as error:
                    raise ChainStoreFailed(f"the chain could not be written: {error}") from error
                else:
                    return

    def scan(self, first: bytes, last: bytes) -> Iterator[tuple[bytes, bytes]]:
        """All pairs with first <= key <= last in the order of keys, read chunk by chunk."""
        while True:
            chunk = self._read_range(first, last)
            yield from chunk
            if len(chunk) < _SCAN_CHUNK:
                return
            # The next key in byte order after the last one seen.
            first = chunk[-1][0] + b"\0"

    def _read(self, key: bytes) -> bytes | None:
        try:
            with self._map_lock, self._environment.begin() as transaction:
                return transaction.get(key)
        except lmdb.Error as error:
            raise ChainStoreFailed(f"the chain could not be read: {error}") from error

    def _checked(self, key: bytes) -> bytes:
        value = self._read(key)
        if value is None:
            raise KeyError(key)
        if keccak(value) != key:
            raise ChainStoreCorrupt(
                f"the value under {key.hex()} does not have that hash: restore a backup"
            )
        return value

    def _read_range(self, first: bytes, last: bytes) -> list[tuple[bytes, bytes]]:
        chunk: list[tuple[bytes, bytes]] = []
        try:
            with self._map_lock, self._environment.begin() as transaction:
                cursor = transaction.cursor()
                if not cursor.set_range(first):
                    return chunk
                for key, value in cursor:
                    if key > last or len(chunk) == _SCAN_CHUNK:
                        break
                    chunk.append((key, value))
        except lmdb.Error as error:
            raise ChainStoreFailed(f"the chain could not be read: {error}") from error
        return chunk

    def _write(self, changes: Mapping[bytes, bytes | None]) -> None:
        with self._environment.begin(write=True) as transaction:
            for key, value in changes.items():
                if value is None:
                    transaction.delete(key)
                else:
                    transaction.put(key, value)

    def _grow(self) -> None:
        with self._map_lock:
            self._environment.set_mapsize(2 * self.map_bytes)
