"""The chain's objects as the Ethereum JSON-RPC specification writes them.

Quantities are minimal hex, data is hex of full length, hashes and addresses are lower case. Field
names and their order follow execution-apis (https://ethereum.github.io/execution-apis).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import rlp
from eth._utils.address import generate_contract_address
from eth.abc import BlockAPI, BlockHeaderAPI, ReceiptAPI, SignedTransactionAPI
from eth.constants import CREATE_CONTRACT_ADDRESS

from ledger.chain.records import PlacedLog, TransactionRecord

Json: TypeAlias = "str | int | float | bool | Sequence[Json] | dict[str, Json] | None"
JsonObject: TypeAlias = dict[str, Json]


def quantity(value: int) -> str:
    """A number: 0x-prefixed hex without leading zeros."""
    return hex(value)


def data(value: bytes) -> str:
    """Bytes: 0x-prefixed hex of full length."""
    return "0x" + bytes(value).hex()


def full_block_object(block: BlockAPI, senders: Sequence[bytes]) -> JsonObject:
    """A block with its transactions.

    Args:
        block: the block.
        senders: of its transactions, in order.
    """
    transactions: list[Json] = [
        transaction_object(transaction, block.header, index, sender)
        for index, (transaction, sender) in enumerate(zip(block.transactions, senders, strict=True))
    ]
    return block_object(block.header, transactions, len(rlp.encode(block)))


def block_object(block_header: BlockHeaderAPI, transactions: list[Json], size: int) -> JsonObject:
    """A block.

    Args:
        block_header: its header.
        transactions: their hashes, or whole ones.
        size: of the block in RLP, bytes.
    """
    # Any: py-evm declares optional what Prague's headers always have.
    header: Any = block_header
    return {
        "number": quantity(header.block_number),
        "hash": data(header.hash),
        "parentHash": data(header.parent_hash),
        "sha3Uncles": data(header.uncles_hash),
        "miner": data(header.coinbase),
        "stateRoot": data(header.state_root),
        "transactionsRoot": data(header.transaction_root),
        "receiptsRoot": data(header.receipt_root),
        "logsBloom": data(header.bloom.to_bytes(256, "big")),
        "difficulty": quantity(header.difficulty),
        "totalDifficulty": "0x0",
        "gasLimit": quantity(header.gas_limit),
        "gasUsed": quantity(header.gas_used),
        "timestamp": quantity(header.timestamp),
        "extraData": data(header.extra_data),
        "mixHash": data(header.mix_hash),
        "nonce": data(header.nonce),
        "baseFeePerGas": quantity(header.base_fee_per_gas),
        "withdrawalsRoot": data(header.withdrawals_root),
        "blobGasUsed": quantity(header.blob_gas_used),
        "excessBlobGas": quantity(header.excess_blob_gas),
        "parentBeaconBlockRoot": data(header.parent_beacon_block_root),
        "requestsHash": data(header.requests_hash),
        "size": quantity(size),
        "transactions": transactions,
        "withdrawals": [],
        "uncles": [],
    }


def transaction_object(
    transaction: SignedTransactionAPI, header: BlockHeaderAPI, index: int, sender: bytes
) -> JsonObject:
    """A transaction in a block."""
    creates = transaction.to == CREATE_CONTRACT_ADDRESS
    # The chain id is there: admission refuses transactions without.
    fields: JsonObject = {
        "blockHash": data(header.hash),
        "blockNumber": quantity(header.block_number),
        "blockTimestamp": quantity(header.timestamp),
        "transactionIndex": quantity(index),
        "hash": data(transaction.hash),
        "type": quantity(transaction.type_id or 0),
        "chainId": quantity(transaction.chain_id or 0),
        "nonce": quantity(transaction.nonce),
        "from": data(sender),
        "to": None if creates else data(transaction.to),
        "value": quantity(transaction.value),
        "gas": quantity(transaction.gas),
        "input": data(transaction.data),
        "r": quantity(transaction.r),
        "s": quantity(transaction.s),
    }
    if transaction.type_id is None:
        v = 35 + 2 * (transaction.chain_id or 0) + transaction.y_parity  # EIP-155
        fields |= {"gasPrice": quantity(transaction.gas_price), "v": quantity(v)}
        return fields
    fields |= {
        "accessList": [
            {
                "address": data(account),
                "storageKeys": [data(key.to_bytes(32, "big")) for key in keys],
            }
            for account, keys in transaction.access_list
        ],
        "yParity": quantity(transaction.y_parity),
        "v": quantity(transaction.y_parity),
    }
    if transaction.type_id == 1:
        fields["gasPrice"] = quantity(transaction.gas_price)
        return fields
    fields |= {
        # What was paid, once a transaction is in a block: nothing.
        "gasPrice": "0x0",
        "maxFeePerGas": quantity(transaction.max_fee_per_gas),
        "maxPriorityFeePerGas": quantity(transaction.max_priority_fee_per_gas),
    }
    return fields


def receipt_object(
    transaction: SignedTransactionAPI,
    receipt: ReceiptAPI,
    header: BlockHeaderAPI,
    record: TransactionRecord,
) -> JsonObject:
    """A transaction's receipt, with its logs."""
    creates = transaction.to == CREATE_CONTRACT_ADDRESS
    created = generate_contract_address(record.sender, transaction.nonce) if creates else None
    logs: list[Json] = [
        _log_fields(
            header=header,
            address=log.address,
            topics=[topic.to_bytes(32, "big") for topic in log.topics],
            log_data=log.data,
            transaction_hash=transaction.hash,
            transaction_index=record.index,
            log_index=record.first_log_index + offset,
        )
        for offset, log in enumerate(receipt.logs)
    ]
    return {
        "transactionHash": data(transaction.hash),
        "transactionIndex": quantity(record.index),
        "blockHash": data(header.hash),
        "blockNumber": quantity(header.block_number),
        "from": data(record.sender),
        "to": None if creates else data(transaction.to),
        "cumulativeGasUsed": quantity(receipt.gas_used),
        "gasUsed": quantity(record.gas_used),
        "effectiveGasPrice": "0x0",
        "contractAddress": None if created is None else data(created),
        "logs": logs,
        "logsBloom": data(receipt.bloom.to_bytes(256, "big")),
        "type": quantity(transaction.type_id or 0),
        "status": quantity(int.from_bytes(receipt.state_root, "big")),
    }


def log_object(log: PlacedLog, header: BlockHeaderAPI) -> JsonObject:
    """A log as `eth_getLogs` answers it."""
    return _log_fields(
        header=header,
        address=log.record.address,
        topics=log.record.topics,
        log_data=log.record.data,
        transaction_hash=log.record.transaction_hash,
        transaction_index=log.record.transaction_index,
        log_index=log.log_index,
    )


def _log_fields(
    *,
    header: BlockHeaderAPI,
    address: bytes,
    topics: Sequence[bytes],
    log_data: bytes,
    transaction_hash: bytes,
    transaction_index: int,
    log_index: int,
) -> JsonObject:
    return {
        "address": data(address),
        "topics": [data(topic) for topic in topics],
        "data": data(log_data),
        "blockHash": data(header.hash),
        "blockNumber": quantity(header.block_number),
        "blockTimestamp": quantity(header.timestamp),
        "transactionHash": data(transaction_hash),
        "transactionIndex": quantity(transaction_index),
        "logIndex": quantity(log_index),
        "removed": False,
    }
