"""Accounts and their storage through whole blocks, beside py-evm's own."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from eth.constants import BLANK_ROOT_HASH
from eth.db.account import AccountDB
from eth.db.atomic import AtomicDB
from eth.typing import JournalDBCheckpoint
from eth.vm.interrupt import MissingBytecode, MissingStorageTrieNode
from eth_typing import Address, Hash32
from hypothesis import given
from hypothesis import strategies as st

from ledger.chain.storage import Accounts

ADDRESSES = [Address(bytes([number]) * 20) for number in (1, 2)]
SLOTS = [0, 1, 255, 2**256 - 1]
VALUES = [0, 1, 0x7F, 0x80, 2**160, 2**256 - 1]

Step = tuple[str, Address, int, int]
STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            ["set", "set", "set", "record", "commit", "discard", "delete", "lock", "persist"]
        ),
        st.sampled_from(ADDRESSES),
        st.sampled_from(SLOTS),
        st.sampled_from(VALUES),
    ),
    max_size=40,
)


@dataclass
class Run:
    """One database of accounts and what was recorded in it, the latest last."""

    accounts: AccountDB
    checkpoints: list[JournalDBCheckpoint] = field(default_factory=list)
    deleted: set[Address] = field(default_factory=set)

    def take(self, step: Step) -> None:
        name, address, slot, value = step
        accounts = self.accounts
        if name == "set":
            # Only contracts have storage, and none of them is empty.
            accounts.set_nonce(address, 1)
            accounts.set_storage(address, slot, value)
        elif name == "record":
            self.checkpoints.append(accounts.record())
        elif name == "commit" and self.checkpoints:
            accounts.commit(self.checkpoints.pop())
        elif name == "discard" and self.checkpoints:
            accounts.discard(self.checkpoints.pop())
        elif name == "delete" and address not in self.deleted:
            # py-evm undoes one deletion of an account at a time: a transaction deletes at its end.
            accounts.delete_account(address)
            self.deleted.add(address)
        elif name == "lock" and not self.checkpoints:
            accounts.lock_changes()
        elif name == "persist" and not self.checkpoints:
            accounts.persist()
        if not self.checkpoints:
            self.deleted.clear()

    def view(self) -> list[object]:
        return [
            (accounts_have, [self.accounts.get_storage(address, slot) for slot in SLOTS])
            for address in ADDRESSES
            for accounts_have in [self.accounts.account_exists(address)]
        ]


@given(STEPS)
def test_whatever_is_written_undone_and_deleted_it_is_as_in_py_evm(steps: list[Step]) -> None:
    ours, theirs = (Run(kind(AtomicDB(), BLANK_ROOT_HASH)) for kind in (Accounts, AccountDB))
    before = [("set", address, slot, 9) for address in ADDRESSES for slot in SLOTS[1:]]
    for step in [*before, ("persist", ADDRESSES[0], 0, 0), *steps]:
        ours.take(step)
        theirs.take(step)
        assert ours.view() == theirs.view()
    for run in (ours, theirs):
        while run.checkpoints:
            run.accounts.commit(run.checkpoints.pop())
        run.accounts.persist()
    assert ours.accounts.state_root == theirs.accounts.state_root
    assert ours.view() == theirs.view()


@pytest.mark.parametrize("kind", [Accounts, AccountDB])
def test_a_deletion_that_is_undone_brings_the_storage_back_as_often_as_it_is(
    kind: type[AccountDB],
) -> None:
    _, db, root = persisted()
    accounts, address = kind(db, root), ADDRESSES[0]
    for _ in range(2):
        outer = accounts.record()
        accounts.delete_account(address)
        assert accounts.get_storage(address, SLOTS[0]) == 0
        accounts.set_storage(address, SLOTS[0], 8)
        accounts.discard(outer)
        assert [accounts.get_storage(address, slot) for slot in SLOTS] == [7] * len(SLOTS)
    accounts.persist()
    assert accounts.state_root == root


def persisted() -> tuple[dict[bytes, bytes], AtomicDB, Hash32]:
    """What is on disk of one contract with code and three slots; its root."""
    db = AtomicDB()
    accounts = Accounts(db, BLANK_ROOT_HASH)
    accounts.set_code(ADDRESSES[0], b"\x00")
    for slot in SLOTS:
        accounts.set_storage(ADDRESSES[0], slot, 7)
    accounts.persist()
    return db.wrapped_db.kv_store, db, accounts.state_root


def test_another_reader_finds_what_was_persisted() -> None:
    _, db, root = persisted()
    theirs = AccountDB(db, root)
    assert [theirs.get_storage(ADDRESSES[0], slot) for slot in SLOTS] == [7] * len(SLOTS)
    assert theirs.get_code(ADDRESSES[0]) == b"\x00"


def test_a_part_of_the_storage_that_is_missing_is_told_and_is_no_zero() -> None:
    stored, db, root = persisted()
    storage_root = Accounts(db, root)._get_storage_root(ADDRESSES[0])
    del stored[storage_root]
    accounts = Accounts(db, root)
    with pytest.raises(MissingStorageTrieNode) as caught:
        accounts.get_storage(ADDRESSES[0], SLOTS[0])
    assert caught.value.missing_node_hash == storage_root
    assert caught.value.account_address == ADDRESSES[0]
    accounts.set_storage(ADDRESSES[0], SLOTS[0], 8)
    with pytest.raises(MissingStorageTrieNode):
        accounts.persist()


def test_code_that_is_missing_is_told() -> None:
    stored, db, root = persisted()
    code_hash = Accounts(db, root).get_code_hash(ADDRESSES[0])
    del stored[code_hash]
    with pytest.raises(MissingBytecode):
        Accounts(db, root).get_code(ADDRESSES[0])


def test_touching_an_account_leaves_none_behind() -> None:
    accounts = Accounts(AtomicDB(), BLANK_ROOT_HASH)
    accounts.touch_account(ADDRESSES[0])
    assert not accounts.account_exists(ADDRESSES[0])
    accounts.persist()
    assert accounts.state_root == BLANK_ROOT_HASH
