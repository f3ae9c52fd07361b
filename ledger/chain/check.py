"""Checking a whole embedded chain: does what is on disk still fit together?

Every value that is named by its hash is checked whenever it is read. What remains are the records
that are not: which hash a number has, where a transaction is, which logs an address wrote. They are
derived again from the blocks and compared, block by block.
"""

from __future__ import annotations

from collections.abc import Iterator

from eth.abc import BlockHeaderAPI
from eth.db.trie import make_trie_root_and_nodes
from eth.exceptions import PyEVMError

from ledger.chain import records
from ledger.chain.errors import ChainStoreCorrupt
from ledger.chain.node import EmbeddedNode
from ledger.chain.records import LogRecord, PlacedLog, TransactionRecord
from ledger.errors import ConcordError


def check_chain(node: EmbeddedNode) -> Iterator[int]:
    """Check all blocks from genesis to the head.

    Yields:
        The number of each block once it is checked, so that a caller can show progress.

    Raises:
        ChainStoreCorrupt: names the first block that does not fit and what is wrong with it.
    """
    node.store.forget()
    head = node.head()
    parent: BlockHeaderAPI | None = None
    for number in range(head.block_number + 1):
        try:
            header = node.header_by_number(number)
            _check_block(node, header, parent)
        except (ConcordError, PyEVMError, KeyError, ValueError) as error:
            raise ChainStoreCorrupt(f"block {number}: {error}") from error
        parent = header
        yield number
    if parent is None or parent.hash != head.hash:
        raise ChainStoreCorrupt(f"block {head.block_number}: it is not the head")


def _check_block(node: EmbeddedNode, header: BlockHeaderAPI, parent: BlockHeaderAPI | None) -> None:
    number = header.block_number
    if parent is not None:
        _demand(number == parent.block_number + 1, "its number does not follow")
        _demand(header.parent_hash == parent.hash, "it does not link to its parent")
        _demand(header.timestamp >= parent.timestamp, "its time is before its parent's")
    _demand(node.past(header).state.get_nonce(header.coinbase) == 0, "its state cannot be read")
    # From disk: the node may still hold the block in memory.
    block = node.chain.get_block_by_header(header)
    receipts = block.get_receipts(node.chain.chaindb)
    transaction_root, _ = make_trie_root_and_nodes(block.transactions)
    receipt_root, _ = make_trie_root_and_nodes(receipts)
    _demand(transaction_root == header.transaction_root, "its transactions are not its own")
    _demand(receipt_root == header.receipt_root, "its receipts are not its own")
    logs: list[PlacedLog] = []
    gas_before = 0
    for index, (transaction, receipt) in enumerate(zip(block.transactions, receipts, strict=True)):
        gas_used, gas_before = receipt.gas_used - gas_before, receipt.gas_used
        expected = TransactionRecord(number, index, len(logs), gas_used, transaction.sender)
        found = records.read_transaction(node.store, transaction.hash)
        _demand(found == expected, f"the record of transaction {index} differs")
        for log in receipt.logs:
            topics = tuple(topic.to_bytes(32, "big") for topic in log.topics)
            record = LogRecord(log.address, topics, log.data, transaction.hash, index)
            logs.append(PlacedLog(number, len(logs), record))
    _demand(list(records.read_logs(node.store, number, number, [])) == logs, "its logs differ")
    addresses = sorted({log.record.address for log in logs})
    indexed = list(records.read_logs(node.store, number, number, addresses)) if addresses else []
    _demand(indexed == logs, "the index of its logs differs")


def _demand(holds: bool, otherwise: str) -> None:  # noqa: FBT001
    if not holds:
        raise ChainStoreCorrupt(otherwise)
