"""Accounts and the storage of contracts in the middle of a block, as py-evm keeps them, over tries
that are changed once a block (`ledger.chain.trie`).

Journals, checkpoints and what they undo are py-evm's. Here is only where its pipes end: a contract
looks its slots up in a trie and leaves what it wrote aside until the block asks for the root.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from eth.abc import AccountStorageDatabaseAPI, AtomicDatabaseAPI, DatabaseAPI
from eth.constants import BLANK_ROOT_HASH, EMPTY_SHA3
from eth.db.account import AccountDB
from eth.db.backends.base import BaseDB
from eth.db.cache import CacheDB
from eth.db.journal import JournalDB
from eth.db.storage import AccountStorageDB
from eth.vm.interrupt import MissingBytecode, MissingStorageTrieNode
from eth_typing import Address, Hash32

from ledger.chain import trie
from ledger.chain.rlp_items import decode_string, encode_number
from ledger.keccak import keccak

_SLOT_SIZE = 32


@dataclass(slots=True)
class _Version:
    """A trie as the store has it, with what was written since, by hashed slot."""

    root: Hash32
    changes: dict[bytes, bytes] = field(default_factory=dict)
    # Root and nodes with the changes, once they were asked for.
    made: tuple[Hash32, dict[Hash32, bytes]] | None = None


class StorageTrie(BaseDB):
    """One contract's trie; in the place of py-evm's `StorageLookup`.

    Args:
        db: holds the nodes.
        root: of the trie.
        address: the contract's, to name where a node is missing.
    """

    def __init__(self, db: DatabaseAPI, root: Hash32, address: Address) -> None:
        self._db = db
        self._address = address
        self._present = _Version(root)
        # What a deletion of the account has replaced, in case that is undone.
        self._replaced: list[_Version] = []

    def __getitem__(self, key: bytes) -> bytes:
        hashed = _hashed(key)
        value = self._present.changes.get(hashed)
        if value is not None:
            return value
        try:
            return trie.get(self._db.__getitem__, self._present.root, hashed)
        except trie.MissingNode as error:
            raise self._missing(error, hashed) from error

    def __setitem__(self, key: bytes, value: bytes) -> None:
        self._present.changes[_hashed(key)] = value
        self._present.made = None

    def __delitem__(self, key: bytes) -> None:
        self[key] = b""

    def _exists(self, key: bytes) -> bool:
        return self[key] != b""

    @property
    def has_changed_root(self) -> bool:
        """Whether anything was written."""
        return bool(self._present.changes)

    def get_changed_root(self) -> Hash32:
        """The root with what was written.

        Raises:
            MissingStorageTrieNode: the store lacks a part of the trie.
        """
        return self._make()[0]

    def commit_to(self, db: DatabaseAPI) -> None:
        """Write the new nodes, and go on from there."""
        root, created = self._make()
        for node_hash, node in created.items():
            db[node_hash] = node
        self._present = _Version(root)
        self._replaced = []

    def new_trie(self) -> int:
        """Go on with an empty trie.

        Returns:
            How many were replaced; one less is what `rollback_trie` takes to undo it.
        """
        self._replaced.append(self._present)
        self._present = _Version(BLANK_ROOT_HASH)
        return len(self._replaced)

    def rollback_trie(self, trie_index: int) -> None:
        """Go back to the trie that was replaced at that place."""
        self._present = self._replaced[trie_index]
        del self._replaced[trie_index:]

    def _make(self) -> tuple[Hash32, dict[Hash32, bytes]]:
        present = self._present
        if present.made is None:
            try:
                present.made = trie.update(self._db.__getitem__, present.root, present.changes)
            except trie.MissingNode as error:
                raise self._missing(error, next(iter(present.changes))) from error
        return present.made

    def _missing(self, error: trie.MissingNode, hashed: bytes) -> MissingStorageTrieNode:
        (node_hash,) = error.args
        return MissingStorageTrieNode(
            node_hash, self._present.root, Hash32(hashed), None, self._address
        )


class ContractStorage(AccountStorageDB):
    """py-evm's journals of one contract's slots, over a `StorageTrie`."""

    def __init__(self, db: AtomicDatabaseAPI, storage_root: Hash32, address: Address) -> None:
        super().__init__(db, storage_root, address)
        lookup = StorageTrie(db, storage_root, address)
        self._storage_lookup = lookup  # type: ignore[assignment]
        self._storage_cache = CacheDB(lookup)
        self._locked_changes = JournalDB(self._storage_cache)
        self._journal_storage = JournalDB(self._locked_changes)

    def get(self, slot: int, from_journal: bool = True) -> int:  # noqa: FBT001, FBT002
        """What a slot holds; as py-evm's, which decodes by sedes."""
        self._accessed_slots.add(slot)
        values = self._journal_storage if from_journal else self._locked_changes
        try:
            encoded = values[_key(slot)]
        except KeyError:
            return 0
        return int.from_bytes(decode_string(encoded)) if encoded else 0

    def set(self, slot: int, value: int) -> None:
        """Write a slot; as py-evm's, which encodes by sedes."""
        if value:
            self._journal_storage[_key(slot)] = encode_number(value)
        else:
            super().set(slot, value)


class Accounts(AccountDB):
    """py-evm's accounts, whose contracts have a `ContractStorage`.

    No account is empty (EIP-161): what a transaction leaves empty is removed at its end, and in
    between nothing tells an empty account from none.
    """

    def touch_account(self, address: Address) -> None:
        """Nothing: py-evm writes the account as it is, or an empty one to be removed again."""

    def get_code(self, address: Address) -> bytes:
        """The code of an account; as py-evm's, which copies all hashes of the block for a witness.

        Raises:
            MissingBytecode: the store lacks it.
        """
        code_hash = self.get_code_hash(address)
        if code_hash == EMPTY_SHA3:
            return b""
        try:
            return self._journaldb[code_hash]
        except KeyError as error:
            raise MissingBytecode(code_hash) from error

    def _get_address_store(self, address: Address) -> AccountStorageDatabaseAPI:
        store = self._account_stores.get(address)
        if store is None:
            root = self._get_storage_root(address)
            store = ContractStorage(self._raw_store_db, root, address)
            self._account_stores[address] = store
        return store


def _hashed(key: bytes) -> bytes:
    return keccak(key.rjust(_SLOT_SIZE, b"\0"))


def _key(number: int) -> bytes:
    return number.to_bytes((number.bit_length() + 7) // 8 or 1)
