"""The JSON-RPC methods of the embedded node, one function each.

`METHODS` is what anyone may call; `DEVELOPMENT_METHODS` only where the node was opened in
development mode. A function takes the node and the parameters as they came, and returns what goes
under `result`; it raises an RpcFault otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.metadata import version
from typing import TypeAlias

from eth.abc import BlockHeaderAPI, VirtualMachineAPI

from ledger.chain import bodies, encoding, execution, params, records
from ledger.chain.encoding import Json, JsonObject
from ledger.chain.errors import BlockUnknown, RpcFault, RpcInvalidParams, RpcLimitExceeded
from ledger.chain.node import EmbeddedNode
from ledger.chain.params import BlockAt
from ledger.keccak import keccak

Method: TypeAlias = Callable[[EmbeddedNode, Sequence[Json]], Json]

MAX_LOGS = 10_000
MAX_FEE_HISTORY_BLOCKS = 1_024
MAX_FEE_PERCENTILES = 100


def _argument(arguments: Sequence[Json], position: int) -> Json:
    return arguments[position] if position < len(arguments) else None


def _header(node: EmbeddedNode, at: BlockAt) -> BlockHeaderAPI:
    if at.number is not None:
        return node.header_by_number(at.number)
    if at.block_hash is not None:
        return node.header_by_hash(at.block_hash)
    return node.head()


def _machine(node: EmbeddedNode, value: Json) -> VirtualMachineAPI:
    """The state a read is about; "latest" sees the present time."""
    at = params.block_at(value)
    return node.present() if at.is_present else node.past(_header(node, at))


def _header_or_none(node: EmbeddedNode, at: BlockAt) -> BlockHeaderAPI | None:
    try:
        return _header(node, at)
    except BlockUnknown:
        return None


def _senders(node: EmbeddedNode, header: BlockHeaderAPI) -> list[bytes]:
    hashes = node.chain.chaindb.get_block_transaction_hashes(header)
    found = [records.read_transaction(node.store, each) for each in hashes]
    return [record.sender for record in found if record is not None]


def _block(node: EmbeddedNode, at: BlockAt, *, with_transactions: bool) -> JsonObject | None:
    header = _header_or_none(node, at)
    if header is None:
        return None
    if with_transactions:
        return encoding.full_block_object(node.block(header), _senders(node, header))
    sent = bodies.encoded_transactions(node.store, header)
    hashes: list[Json] = [encoding.data(keccak(each)) for each in sent]
    return encoding.block_object(header, hashes, bodies.block_size(header, sent))


# About the node


def _chain_id(node: EmbeddedNode, _: Sequence[Json]) -> Json:
    return encoding.quantity(node.chain_id)


def _net_version(node: EmbeddedNode, _: Sequence[Json]) -> Json:
    return str(node.chain_id)


def _client_version(_node: EmbeddedNode, _: Sequence[Json]) -> Json:
    return f"Concord/{version('concord')}/py-evm/{version('py-evm')}"


def _syncing(_node: EmbeddedNode, _: Sequence[Json]) -> Json:
    return False


def _accounts(_node: EmbeddedNode, _: Sequence[Json]) -> Json:
    return []


def _sha3(_node: EmbeddedNode, arguments: Sequence[Json]) -> Json:
    return encoding.data(keccak(params.data(_argument(arguments, 0), "data")))


# Fees, which nobody pays


def _no_fee(_node: EmbeddedNode, _: Sequence[Json]) -> Json:
    return "0x0"


def _fee_history(node: EmbeddedNode, arguments: Sequence[Json]) -> Json:
    count = min(params.quantity(_argument(arguments, 0), "blockCount"), MAX_FEE_HISTORY_BLOCKS)
    newest = _header(node, params.block_at(_argument(arguments, 1), "newestBlock")).block_number
    percentiles = _argument(arguments, 2) or []
    if not isinstance(percentiles, list) or len(percentiles) > MAX_FEE_PERCENTILES:
        raise RpcInvalidParams(f"rewardPercentiles: want up to {MAX_FEE_PERCENTILES} numbers")
    count = min(count, newest + 1)
    headers = [node.header_by_number(number) for number in range(newest + 1 - count, newest + 1)]
    history: JsonObject = {
        "oldestBlock": encoding.quantity(newest + 1 - count),
        # One more than asked for: the next block's is known too.
        "baseFeePerGas": ["0x0"] * (count + 1),
        "gasUsedRatio": [header.gas_used / header.gas_limit for header in headers],
        "baseFeePerBlobGas": ["0x1"] * (count + 1),
        "blobGasUsedRatio": [0.0] * count,
    }
    if percentiles:
        history["reward"] = [["0x0"] * len(percentiles) for _ in headers]
    return history


# Blocks


def _block_number(node: EmbeddedNode, _: Sequence[Json]) -> Json:
    return encoding.quantity(node.head().block_number)


def _block_by_number(node: EmbeddedNode, arguments: Sequence[Json]) -> Json:
    at = params.block_at(_argument(arguments, 0))
    return _block(node, at, with_transactions=bool(_argument(arguments, 1)))


def _block_by_hash(node: EmbeddedNode, arguments: Sequence[Json]) -> Json:
    at = BlockAt(block_hash=params.hash32(_argument(arguments, 0), "blockHash"))
    return _block(node, at, with_transactions=bool(_argument(arguments, 1)))


def _transaction_count_of_block(node: EmbeddedNode, arguments: Sequence[Json]) -> Json:
    header = _header_or_none(node, params.block_at(_argument(arguments, 0)))
    return None if header is None else encoding.quantity(len(node.block(header).transactions))


def _block_receipts(node: EmbeddedNode, arguments: Sequence[Json]) -> Json:
    header = _header_or_none(node, params.block_at(_argument(arguments, 0)))
    if header is None:
        return None
    hashes = node.chain.chaindb.get_block_transaction_hashes(header)
    return [_receipt_of(node, transaction_hash) for transaction_hash in hashes]


# Accounts


def _balance(node: EmbeddedNode, arguments: Sequence[Json]) -> Json:
    account = params.address(_argument(arguments, 0), "address")
    return encoding.quantity(_machine(node, _argument(arguments, 1)).state.get_balance(account))


def _code(node: EmbeddedNode, arguments: Sequence[Json]) -> Json:
    account = params.address(_argument(arguments, 0), "address")
    return encoding.data(_machine(node, _argument(arguments, 1)).state.get_code(account))


def _storage(node: EmbeddedNode, arguments: Sequence[Json]) -> Json:
    account = params.address(_argument(arguments, 0), "address")
    slot = params.quantity(_argument(arguments, 1), "position")
    value = _machine(node, _argument(arguments, 2)).state.get_storage(account, slot)
    return encoding.data(value.to_bytes(32, "big"))


def _transaction_count(node: EmbeddedNode, arguments: Sequence[Json]) -> Json:
    account = params.address(_argument(arguments, 0), "address")
    at = params.block_at(_argument(arguments, 1))
    if at.tag == params.PENDING:
        return encoding.quantity(node.pending_nonce_of(account))
    return encoding.quantity(node.past(_header(node, at)).state.get_nonce(account))


# Transactions


def _send_raw_transaction(node: EmbeddedNode, arguments: Sequence[Json]) -> Json:
    (outcome,) = node.send_raw([params.data(_argument(arguments, 0), "transaction")])
    if isinstance(outcome, RpcFault):
        raise outcome
    return encoding.data(outcome)


def _transaction_by_hash(node: EmbeddedNode, arguments: Sequence[Json]) -> Json:
    transaction_hash = params.hash32(_argument(arguments, 0), "hash")
    record = records.read_transaction(node.store, transaction_hash)
    if record is None:
        return None
    header = node.header_by_number(record.block_number)
    transaction = node.transaction(header, record.index)
    return encoding.transaction_object(transaction, header, record.index, record.sender)


def _receipt(node: EmbeddedNode, arguments: Sequence[Json]) -> Json:
    return _receipt_of(node, params.hash32(_argument(arguments, 0), "hash"))


def _receipt_of(node: EmbeddedNode, transaction_hash: bytes) -> JsonObject | None:
    record = records.read_transaction(node.store, transaction_hash)
    if record is None:
        return None
    header = node.header_by_number(record.block_number)
    return encoding.receipt_object(
        node.transaction(header, record.index), node.receipt(header, record.index), header, record
    )


def _call(node: EmbeddedNode, arguments: Sequence[Json]) -> Json:
    message = params.message(_argument(arguments, 0))
    return encoding.data(execution.call(_machine(node, _argument(arguments, 1)), message))


def _estimate_gas(node: EmbeddedNode, arguments: Sequence[Json]) -> Json:
    message = params.message(_argument(arguments, 0))
    machine = _machine(node, _argument(arguments, 1))
    return encoding.quantity(execution.estimate_gas(machine, message))


# Logs


def _logs(node: EmbeddedNode, arguments: Sequence[Json]) -> Json:
    wanted = params.log_filter(_argument(arguments, 0))
    head = node.head().block_number
    first, last = (_range_end(node, at, head) for at in (wanted.first, wanted.last))
    if first > last:
        raise RpcInvalidParams(f"invalid block range: from {first} to {last}")
    found: list[Json] = []
    header: BlockHeaderAPI | None = None
    for log in records.read_logs(node.store, first, min(last, head), wanted.addresses):
        if not wanted.matches(log.record.topics):
            continue
        if len(found) == MAX_LOGS:
            raise RpcLimitExceeded(
                f"query returned more than {MAX_LOGS} results: "
                f"ask for fewer blocks, {first} to {log.block_number - 1} fit"
            )
        if header is None or header.block_number != log.block_number:
            header = node.header_by_number(log.block_number)
        found.append(encoding.log_object(log, header))
    return found


def _range_end(node: EmbeddedNode, at: BlockAt, head: int) -> int:
    if at.number is not None:
        # A range may end beyond the head, as with geth: there are just no logs there.
        return at.number
    return head if at.block_hash is None else int(_header(node, at).block_number)


# Development mode


def _increase_time(node: EmbeddedNode, arguments: Sequence[Json]) -> Json:
    return node.increase_time(params.quantity(_argument(arguments, 0), "seconds"))


def _mine(node: EmbeddedNode, _: Sequence[Json]) -> Json:
    node.mine()
    return "0x0"


METHODS: dict[str, Method] = {
    "eth_accounts": _accounts,
    "eth_blockNumber": _block_number,
    "eth_call": _call,
    "eth_chainId": _chain_id,
    "eth_estimateGas": _estimate_gas,
    "eth_feeHistory": _fee_history,
    "eth_gasPrice": _no_fee,
    "eth_getBalance": _balance,
    "eth_getBlockByHash": _block_by_hash,
    "eth_getBlockByNumber": _block_by_number,
    "eth_getBlockReceipts": _block_receipts,
    "eth_getBlockTransactionCountByHash": _transaction_count_of_block,
    "eth_getBlockTransactionCountByNumber": _transaction_count_of_block,
    "eth_getCode": _code,
    "eth_getLogs": _logs,
    "eth_getStorageAt": _storage,
    "eth_getTransactionByHash": _transaction_by_hash,
    "eth_getTransactionCount": _transaction_count,
    "eth_getTransactionReceipt": _receipt,
    "eth_maxPriorityFeePerGas": _no_fee,
    "eth_sendRawTransaction": _send_raw_transaction,
    "eth_syncing": _syncing,
    "net_version": _net_version,
    "web3_clientVersion": _client_version,
    "web3_sha3": _sha3,
}
DEVELOPMENT_METHODS: dict[str, Method] = {
    "evm_increaseTime": _increase_time,
    "evm_mine": _mine,
}
