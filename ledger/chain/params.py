"""Parameters of JSON-RPC methods: from untrusted JSON to values, or a named refusal.

Every function raises RpcInvalidParams (or BlockUnknown where it says so) and names what it wanted.
Unknown fields of a call are ignored, as geth does, because wallets send more than they mean.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from eth_typing import Address

from ledger.chain.encoding import Json, JsonObject
from ledger.chain.errors import RpcInvalidParams, RpcLimitExceeded
from ledger.chain.execution import ZERO_ADDRESS, Message

MAX_FILTER_ADDRESSES = 1_000
MAX_FILTER_TOPICS = 4
MAX_TOPIC_ALTERNATIVES = 1_000
MAX_UINT256 = 2**256 - 1
_QUANTITY = re.compile(r"0x[0-9a-fA-F]{1,64}\Z")
_DATA = re.compile(r"0x(?:[0-9a-fA-F]{2})*\Z")

LATEST = "latest"
PENDING = "pending"
EARLIEST = "earliest"
_FINAL_TAGS = ("safe", "finalized")


@dataclass(frozen=True, slots=True)
class BlockAt:
    """Which block a request means: exactly one attribute is set."""

    number: int | None = None
    block_hash: bytes | None = None
    tag: str | None = None

    @property
    def is_present(self) -> bool:
        """Whether it means now, rather than some block."""
        return self.tag in (LATEST, PENDING)


@dataclass(frozen=True, slots=True)
class LogFilter:
    """What `eth_getLogs` is asked for.

    Attributes:
        first: block of the range.
        last: block of the range; the same object as `first` for a filter by block hash.
        addresses: of contracts; empty means any.
        topics: for each position the alternatives; None means any.
    """

    first: BlockAt
    last: BlockAt
    addresses: Sequence[bytes]
    topics: Sequence[frozenset[bytes] | None]

    def matches(self, topics: Sequence[bytes]) -> bool:
        """Whether a log's topics fit: it may have more than the filter, never fewer."""
        if len(topics) < len(self.topics):
            return False
        return all(
            wanted is None or topic in wanted
            for wanted, topic in zip(self.topics, topics, strict=False)
        )


def quantity(value: Json, name: str) -> int:
    """A hex number; plain JSON integers pass too."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_UINT256:
        return value
    if isinstance(value, str) and _QUANTITY.match(value):
        return int(value, 16)
    raise RpcInvalidParams(f"{name}: want a hex quantity such as 0x1f")


def data(value: Json, name: str) -> bytes:
    """Hex bytes of any length."""
    if isinstance(value, str) and _DATA.match(value):
        return bytes.fromhex(value[2:])
    raise RpcInvalidParams(f"{name}: want 0x-prefixed hex bytes")


def hash32(value: Json, name: str) -> bytes:
    """32 bytes."""
    result = data(value, name)
    if len(result) != 32:
        raise RpcInvalidParams(f"{name}: want 32 bytes, got {len(result)}")
    return result


def address(value: Json, name: str) -> Address:
    """20 bytes."""
    result = data(value, name)
    if len(result) != 20:
        raise RpcInvalidParams(f"{name}: want 20 bytes, got {len(result)}")
    return Address(result)


def flag(value: Json, name: str) -> bool:
    """True or false."""
    if isinstance(value, bool):
        return value
    raise RpcInvalidParams(f"{name}: want true or false")


def block_at(value: Json, name: str = "block") -> BlockAt:
    """A block number, a tag, or an object with `blockHash` or `blockNumber` (EIP-1898)."""
    if value is None:
        return BlockAt(tag=LATEST)
    if isinstance(value, dict):
        if "blockHash" in value:
            return BlockAt(block_hash=hash32(value["blockHash"], f"{name}.blockHash"))
        return BlockAt(number=quantity(value.get("blockNumber"), f"{name}.blockNumber"))
    if value in (LATEST, PENDING):
        return BlockAt(tag=str(value))
    if value in _FINAL_TAGS:
        # A sealed block is final here; ask for the last one.
        return BlockAt(tag="sealed")
    if value == EARLIEST:
        return BlockAt(number=0)
    if isinstance(value, str) and len(value) == 66:
        return BlockAt(block_hash=hash32(value, name))
    return BlockAt(number=quantity(value, name))


def message(value: Json) -> Message:
    """The transaction object of `eth_call` and `eth_estimateGas`."""
    fields = _object(value, "transaction")
    inputs = [data(fields[key], key) for key in ("input", "data") if fields.get(key) is not None]
    if len(inputs) == 2 and inputs[0] != inputs[1]:
        raise RpcInvalidParams('"data" and "input" differ: send one of them')
    return Message(
        sender=_optional_address(fields, "from") or ZERO_ADDRESS,
        to=_optional_address(fields, "to"),
        data=inputs[0] if inputs else b"",
        value=_optional_quantity(fields, "value") or 0,
        gas=_optional_quantity(fields, "gas"),
        access_list=_access_list(fields.get("accessList")),
    )


def log_filter(value: Json) -> LogFilter:
    """The filter object of `eth_getLogs`.

    Raises:
        RpcLimitExceeded: more addresses or topics than one request may name.
    """
    fields = _object(value, "filter")
    if fields.get("blockHash") is not None:
        if fields.get("fromBlock") is not None or fields.get("toBlock") is not None:
            raise RpcInvalidParams("filter: send either blockHash or fromBlock/toBlock")
        first = last = BlockAt(block_hash=hash32(fields["blockHash"], "blockHash"))
    else:
        first = block_at(fields.get("fromBlock"), "fromBlock")
        last = block_at(fields.get("toBlock"), "toBlock")
    return LogFilter(first, last, _filter_addresses(fields), _filter_topics(fields))


def _object(value: Json, name: str) -> JsonObject:
    if isinstance(value, dict):
        return value
    raise RpcInvalidParams(f"{name}: want an object")


def _optional_address(fields: JsonObject, key: str) -> Address | None:
    value = fields.get(key)
    return None if value is None else address(value, key)


def _optional_quantity(fields: JsonObject, key: str) -> int | None:
    value = fields.get(key)
    return None if value is None else quantity(value, key)


def _list(value: Json, name: str, limit: int) -> Sequence[Json]:
    if not isinstance(value, list):
        raise RpcInvalidParams(f"{name}: want a list")
    if len(value) > limit:
        raise RpcLimitExceeded(f"{name}: {len(value)} entries, the limit is {limit} entries")
    return value


def _access_list(value: Json) -> list[tuple[Address, list[int]]]:
    if value is None:
        return []
    entries: list[tuple[Address, list[int]]] = []
    for entry in _list(value, "accessList", MAX_FILTER_ADDRESSES):
        fields = _object(entry, "accessList entry")
        keys = _list(fields.get("storageKeys", []), "storageKeys", MAX_FILTER_ADDRESSES)
        numbers = [int.from_bytes(hash32(key, "storageKeys"), "big") for key in keys]
        entries.append((address(fields.get("address"), "accessList.address"), numbers))
    return entries


def _filter_addresses(fields: JsonObject) -> list[bytes]:
    value = fields.get("address")
    if value is None:
        return []
    if isinstance(value, str):
        return [address(value, "address")]
    return [address(each, "address") for each in _list(value, "address", MAX_FILTER_ADDRESSES)]


def _filter_topics(fields: JsonObject) -> list[frozenset[bytes] | None]:
    value = fields.get("topics")
    if value is None:
        return []
    wanted: list[frozenset[bytes] | None] = []
    for position in _list(value, "topics", MAX_FILTER_TOPICS):
        if position is None or position == []:
            wanted.append(None)
        elif isinstance(position, str):
            wanted.append(frozenset([hash32(position, "topics")]))
        else:
            alternatives = _list(position, "topics", MAX_TOPIC_ALTERNATIVES)
            if None in alternatives:
                wanted.append(None)
            else:
                wanted.append(frozenset(hash32(each, "topics") for each in alternatives))
    return wanted
