"""What the embedded chain keeps beside py-evm's own records, written in the same LMDB transaction
as the block.

* One record per transaction: where it is, who sent it, what it used. A receipt can then be answered
  without decoding the whole block.
* One record per log, in chain order, and an index of them by address. `eth_getLogs` reads only what
  an address wrote.

Keys (none has 32 bytes, which `ledger.chain.store` reserves for hashes; integers are big-endian):

    concord/tx/         hash(32)                                   -> TransactionRecord
    concord/log/        block(8) log index(4)                      -> LogRecord
    concord/log-of/     address(20) block(8) log index(4)          -> empty
    concord/time-offset                                            -> seconds, decimal
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Self

import rlp
from eth.abc import DatabaseAPI, ReceiptAPI
from rlp.sedes import big_endian_int, binary

from ledger.chain.errors import ChainStoreCorrupt
from ledger.chain.store import ChainStore

_TRANSACTION = b"concord/tx/"
_LOG = b"concord/log/"
_LOG_OF = b"concord/log-of/"
_TIME_OFFSET = b"concord/time-offset"
_POSITION_SIZE = 12


class TransactionRecord(rlp.Serializable):  # type: ignore[misc]
    """Where a transaction is and what cannot be read off it alone."""

    fields = (
        ("block_number", big_endian_int),
        ("index", big_endian_int),
        ("first_log_index", big_endian_int),
        ("gas_used", big_endian_int),
        ("sender", binary),
    )


@dataclass(frozen=True, slots=True)
class LogRecord:
    """A log with the transaction that wrote it; in the store, the RLP list of its fields.

    Read by the thousand, so it is no `rlp.Serializable`: that takes three times as long.
    """

    address: bytes
    topics: tuple[bytes, ...]
    data: bytes
    transaction_hash: bytes
    transaction_index: int

    def encode(self) -> bytes:
        """The record's bytes."""
        index = big_endian_int.serialize(self.transaction_index)
        fields = [self.address, self.topics, self.data, self.transaction_hash, index]
        return bytes(rlp.encode(fields))

    @classmethod
    def decode(cls, value: bytes) -> Self:
        """The record of these bytes.

        Raises:
            ChainStoreCorrupt: they are none.
        """
        try:
            address, topics, data, transaction_hash, index = rlp.decode(value)
            items = (address, *topics, data, transaction_hash)
            if isinstance(topics, bytes) or not all(isinstance(item, bytes) for item in items):
                raise ChainStoreCorrupt("a log's record has another form, restore a backup")
            place = big_endian_int.deserialize(index)
        except (rlp.RLPException, TypeError, ValueError) as error:
            raise ChainStoreCorrupt(f"a record is damaged, restore a backup: {error}") from error
        return cls(address, tuple(topics), data, transaction_hash, place)


@dataclass(frozen=True, slots=True)
class PlacedLog:
    """A log record and its place on the chain."""

    block_number: int
    log_index: int
    record: LogRecord


def write_transaction(
    batch: DatabaseAPI, transaction_hash: bytes, record: TransactionRecord, receipt: ReceiptAPI
) -> None:
    """Put the records of one included transaction and of its logs into the block's batch."""
    batch[_TRANSACTION + transaction_hash] = rlp.encode(record)
    for offset, log in enumerate(receipt.logs):
        position = _position(record.block_number, record.first_log_index + offset)
        topics = tuple(topic.to_bytes(32, "big") for topic in log.topics)
        kept = LogRecord(log.address, topics, log.data, transaction_hash, record.index)
        batch[_LOG + position] = kept.encode()
        batch[_LOG_OF + log.address + position] = b""


def read_transaction(store: ChainStore, transaction_hash: bytes) -> TransactionRecord | None:
    """The record of a transaction, or None if it is in no block.

    Raises:
        ChainStoreCorrupt: it is damaged.
    """
    value = store.get(_TRANSACTION + transaction_hash)
    if value is None:
        return None
    try:
        record: TransactionRecord = rlp.decode(value, TransactionRecord)
    except rlp.RLPException as error:
        raise ChainStoreCorrupt(f"a record is damaged, restore a backup: {error}") from error
    return record


def read_logs(
    store: ChainStore, first_block: int, last_block: int, addresses: Sequence[bytes]
) -> Iterator[PlacedLog]:
    """Logs of the blocks first..last, both included, in chain order.

    Args:
        store: the chain's store.
        first_block: of the range.
        last_block: of the range.
        addresses: of the contracts that wrote them; empty means any.
    """
    first, last = _position(first_block, 0), _position(last_block, 2**32 - 1)
    if not addresses:
        for key, value in store.scan(_LOG + first, _LOG + last):
            yield _place(key[-_POSITION_SIZE:], value)
        return
    keys = [
        _positions_of(store, _LOG_OF + address, first, last) for address in sorted(set(addresses))
    ]
    for position in heapq.merge(*keys):
        yield _place(position, store[_LOG + position])


def read_time_offset(store: ChainStore) -> int:
    """Seconds by which the chain's clock was moved ahead of the machine's; 0 but in development."""
    return int(store.get(_TIME_OFFSET, b"0"))


def write_time_offset(store: ChainStore, seconds: int) -> None:
    """Remember how far the chain's clock was moved, so that it keeps running after a restart."""
    store[_TIME_OFFSET] = b"%d" % seconds


def _position(block_number: int, log_index: int) -> bytes:
    return block_number.to_bytes(8, "big") + log_index.to_bytes(4, "big")


def _positions_of(store: ChainStore, prefix: bytes, first: bytes, last: bytes) -> Iterator[bytes]:
    return (key[-_POSITION_SIZE:] for key, _ in store.scan(prefix + first, prefix + last))


def _place(position: bytes, value: bytes) -> PlacedLog:
    return PlacedLog(
        int.from_bytes(position[:8], "big"),
        int.from_bytes(position[8:], "big"),
        LogRecord.decode(value),
    )
