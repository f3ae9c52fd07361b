"""A block's transactions are read off its trie as py-evm reads them, and damage is named."""

from __future__ import annotations

from pathlib import Path

import pytest
import rlp

from ledger.chain.bodies import block_size, encoded_transactions
from ledger.chain.errors import ChainStoreCorrupt
from ledger.chain.signing import TransactionDraft
from tests.support.chains import embedded_node, new_signer


# 17 fill a branch, 128 need an index of two bytes; a call with much data is a node of its own.
@pytest.mark.parametrize("count", [0, 1, 2, 17, 130])
def test_the_transactions_of_a_block_are_those_that_py_evm_finds(
    tmp_path: Path, count: int
) -> None:
    node = embedded_node(tmp_path / "chain")
    signer = new_signer()
    drafts = [TransactionDraft(signer.address, data=bytes(3 * n)) for n in range(count)]
    if drafts:
        outcomes = node.send_drafts(drafts, signer)
        assert all(isinstance(outcome, bytes) for outcome in outcomes)
    header = node.head()
    block = node.chain.get_block_by_header(header)
    assert len(block.transactions) == count
    found = encoded_transactions(node.store, header)
    assert found == [transaction.encode() for transaction in block.transactions]
    assert block_size(header, found) == len(rlp.encode(block))
    node.close()


def test_a_trie_that_lacks_a_node_is_named(tmp_path: Path) -> None:
    node = embedded_node(tmp_path / "chain")
    signer = new_signer()
    node.send_drafts([TransactionDraft(signer.address)] * 3, signer)
    header = node.head()
    del node.store[bytes(header.transaction_root)]
    with pytest.raises(ChainStoreCorrupt, match=f"block {header.block_number} are damaged"):
        encoded_transactions(node.store, header)
    node.close()
