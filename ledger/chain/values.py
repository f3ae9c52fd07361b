"""Blocks, logs and receipts as a user of a chain holds them, read strictly from what a node
answered.

A node may be anyone's. Whatever it answers is checked for form here, and against the question in
`ledger.chain.chain`; what does not fit is ChainAnswerInvalid, never a guess.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from eth_typing import Address

from ledger.chain import params
from ledger.chain.encoding import Json, JsonObject
from ledger.chain.errors import ChainAnswerInvalid, RpcInvalidParams


@dataclass(frozen=True, slots=True)
class BlockRef:
    """A block, named so that a reorganisation shows.

    Attributes:
        number: its height; genesis is 0.
        block_hash: 32 bytes.
        parent_hash: 32 bytes.
        timestamp: seconds since 1970.
    """

    number: int
    block_hash: bytes
    parent_hash: bytes
    timestamp: int


@dataclass(frozen=True, slots=True)
class ChainLog:
    """A log that a contract wrote.

    Attributes:
        address: of the contract.
        topics: 32 bytes each; the first is the event's signature hash.
        data: ABI-encoded fields that are not indexed.
        log_index: its place among the logs of the block.
    """

    address: Address
    topics: tuple[bytes, ...]
    data: bytes
    block_number: int
    block_hash: bytes
    transaction_hash: bytes
    transaction_index: int
    log_index: int


@dataclass(frozen=True, slots=True)
class TransactionReceipt:
    """What became of a transaction.

    Attributes:
        succeeded: False where it was included and failed.
        contract_address: of what it created, if it created something.
        logs: what it wrote, in order; empty where it failed.
    """

    transaction_hash: bytes
    transaction_index: int
    block_number: int
    block_hash: bytes
    sender: Address
    to: Address | None
    contract_address: Address | None
    gas_used: int
    succeeded: bool
    logs: tuple[ChainLog, ...]


def read_block(value: Json) -> BlockRef:
    """A block object of JSON-RPC.

    Raises:
        ChainAnswerInvalid: it is none.
    """
    fields = _fields(value, "block")
    try:
        return BlockRef(
            params.quantity(fields.get("number"), "number"),
            params.hash32(fields.get("hash"), "hash"),
            params.hash32(fields.get("parentHash"), "parentHash"),
            params.quantity(fields.get("timestamp"), "timestamp"),
        )
    except RpcInvalidParams as error:
        raise ChainAnswerInvalid(f"the node answered a malformed block: {error}") from error


def read_log(value: Json) -> ChainLog:
    """A log object of JSON-RPC.

    Raises:
        ChainAnswerInvalid: it is none, or one that a reorganisation removed.
    """
    fields = _fields(value, "log")
    if fields.get("removed"):
        raise ChainAnswerInvalid("the node answered a log of a block that is not on its chain")
    try:
        return ChainLog(
            params.address(fields.get("address"), "address"),
            tuple(params.hash32(topic, "topics") for topic in _list(fields.get("topics"))),
            params.data(fields.get("data"), "data"),
            params.quantity(fields.get("blockNumber"), "blockNumber"),
            params.hash32(fields.get("blockHash"), "blockHash"),
            params.hash32(fields.get("transactionHash"), "transactionHash"),
            params.quantity(fields.get("transactionIndex"), "transactionIndex"),
            params.quantity(fields.get("logIndex"), "logIndex"),
        )
    except RpcInvalidParams as error:
        raise ChainAnswerInvalid(f"the node answered a malformed log: {error}") from error


def read_receipt(value: Json) -> TransactionReceipt:
    """A receipt object of JSON-RPC.

    Raises:
        ChainAnswerInvalid: it is none.
    """
    fields = _fields(value, "receipt")
    try:
        return TransactionReceipt(
            params.hash32(fields.get("transactionHash"), "transactionHash"),
            params.quantity(fields.get("transactionIndex"), "transactionIndex"),
            params.quantity(fields.get("blockNumber"), "blockNumber"),
            params.hash32(fields.get("blockHash"), "blockHash"),
            params.address(fields.get("from"), "from"),
            _address_or_none(fields, "to"),
            _address_or_none(fields, "contractAddress"),
            params.quantity(fields.get("gasUsed"), "gasUsed"),
            params.quantity(fields.get("status"), "status") == 1,
            tuple(read_log(each) for each in _list(fields.get("logs"))),
        )
    except RpcInvalidParams as error:
        raise ChainAnswerInvalid(f"the node answered a malformed receipt: {error}") from error


def read_quantity(value: Json) -> int:
    """A quantity of JSON-RPC.

    Raises:
        ChainAnswerInvalid: it is none.
    """
    try:
        return params.quantity(value, "result")
    except RpcInvalidParams as error:
        raise ChainAnswerInvalid(f"the node answered no number: {value!r:.80}") from error


def read_data(value: Json) -> bytes:
    """Bytes of JSON-RPC.

    Raises:
        ChainAnswerInvalid: they are none.
    """
    try:
        return params.data(value, "result")
    except RpcInvalidParams as error:
        raise ChainAnswerInvalid(f"the node answered no bytes: {value!r:.80}") from error


def _fields(value: Json, name: str) -> JsonObject:
    if not isinstance(value, dict):
        raise ChainAnswerInvalid(f"the node answered no {name}: {value!r:.80}")
    return value


def _list(value: Json) -> Sequence[Json]:
    if not isinstance(value, list):
        raise RpcInvalidParams("want a list")
    return value


def _address_or_none(fields: JsonObject, key: str) -> Address | None:
    value = fields.get(key)
    return None if value is None else params.address(value, key)
