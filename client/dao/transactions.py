"""Transactions that a member signs: what a server prepares, checked against what was asked for.

Signed are EIP-1559 transactions (type 2), for nobody but the trusted contracts on the trusted
chain. Where a chain asks for fees the client pays up to `HIGHEST_FEE`; on an embedded chain there
are none.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Self

import rlp

from client.dao.reading import hex_bytes, quantity
from client.errors import FeeTooHigh, UnexpectedAnswer, WrongTransaction
from client.wire import integer, text
from ledger.events import SigningKey
from ledger.events.canonical import JsonObject
from ledger.keccak import keccak

HIGHEST_FEE = 1_000 * 10**9
"""Wei for a unit of gas, the tip included."""

HIGHEST_GAS = 30_000_000
"""Units of gas: what a block of Ethereum's main chain held for years."""

_TYPE = b"\x02"
_HASH = re.compile(r"0x[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Transaction:
    """A transaction that waits for its sender's signature, its nonce and its fees.

    Attributes:
        chain_id: EIP-155.
        sender: EIP-55; None where anybody can send it.
        to: EIP-55.
        data: call data.
        gas: limit.
        value: wei; always 0, as no member's step sends any.
    """

    chain_id: int
    sender: str | None
    to: str
    data: bytes
    gas: int
    value: int = 0

    @classmethod
    def parse(cls, value: JsonObject) -> Self:
        """A transaction as the API shows it.

        Raises:
            UnexpectedAnswer: it is none.
            WrongTransaction: it sends coins, or may burn more gas than any step needs.
        """
        sender = text(value, "from") if value.get("from") is not None else None
        found = cls(
            integer(value, "chainId"),
            sender,
            text(value, "to"),
            hex_bytes(value, "data"),
            quantity(value, "gas"),
            quantity(value, "value"),
        )
        if found.value:
            raise WrongTransaction(f"The server's transaction sends {found.value} wei away.")
        if found.gas > HIGHEST_GAS:
            raise WrongTransaction(f"The server's transaction may take {found.gas} units of gas.")
        return found

    def as_rpc(self) -> JsonObject:
        """What `eth_sendTransaction` takes."""
        return {
            "chainId": hex(self.chain_id),
            **({"from": self.sender} if self.sender else {}),
            "to": self.to,
            "value": hex(self.value),
            "data": "0x" + self.data.hex(),
            "gas": hex(self.gas),
        }

    def check(self, *, chain_id: int, sender: str | None, to: str, data: bytes) -> None:
        """Whether it does what was asked for, and nothing else.

        Raises:
            WrongTransaction: naming what differs.
        """
        if self.chain_id != chain_id:
            raise WrongTransaction(f"The server's transaction is for chain {self.chain_id}.")
        if self.to != to:
            raise WrongTransaction(
                f"The server's transaction goes to {self.to}; the log's first leaf names {to}."
            )
        if self.sender not in {sender, None}:
            raise WrongTransaction(f"The server's transaction is for {self.sender} to send.")
        if self.data != data:
            raise WrongTransaction(
                "The server's transaction does something else than was asked for: its call data "
                "is not that of the request. Do not sign it anywhere."
            )


@dataclass(frozen=True, slots=True)
class Sent:
    """A transaction in a block.

    Attributes:
        transaction_hash: 0x-hex.
        block_number: height of the block.
        block_hash: 0x-hex.
    """

    transaction_hash: str
    block_number: int
    block_hash: str

    @classmethod
    def of(cls, receipt: JsonObject) -> Self:
        """From `eth_getTransactionReceipt`.

        Raises:
            UnexpectedAnswer: it is no receipt.
        """
        found = text(receipt, "transactionHash"), text(receipt, "blockHash")
        if not all(_HASH.fullmatch(each) for each in found):
            raise UnexpectedAnswer("The chain's receipt names no block and transaction.")
        return cls(found[0], quantity(receipt, "blockNumber"), found[1])


@dataclass(frozen=True, slots=True)
class Fees:
    """What a chain asks for, in wei for a unit of gas.

    Attributes:
        base: of the last block.
        priority: tip.

    Raises:
        FeeTooHigh: more than this client pays.
    """

    base: int
    priority: int

    def __post_init__(self) -> None:
        if self.highest > HIGHEST_FEE:
            raise FeeTooHigh(
                f"The chain asks for up to {self.highest} wei a unit of gas; this client pays "
                f"{HIGHEST_FEE} at the most. Try later."
            )

    @property
    def highest(self) -> int:
        """Room for six full blocks in a row (EIP-1559: 12.5 % each)."""
        return 2 * self.base + self.priority


def in_coins(wei: int) -> str:
    """An amount in the chain's coins, such as `0.0021`."""
    return f"{Decimal(wei).scaleb(-18).normalize():f}"


def sign_transaction(
    transaction: Transaction, key: SigningKey, *, nonce: int, fees: Fees
) -> tuple[bytes, str]:
    """The raw transaction and its hash, 0x-hex.

    `0x02 || rlp([chainId, nonce, tip, fee, gas, to, value, data, [], yParity, r, s])`, EIP-1559.
    """
    fields: list[int | bytes | list[bytes]] = [
        transaction.chain_id,
        nonce,
        fees.priority,
        fees.highest,
        transaction.gas,
        bytes.fromhex(transaction.to[2:]),
        transaction.value,
        transaction.data,
        [],
    ]
    digest = keccak(_TYPE + rlp.encode(fields))
    signature = bytes.fromhex(key.sign_digest(digest)[2:])
    r, s = int.from_bytes(signature[:32]), int.from_bytes(signature[32:64])
    raw: bytes = _TYPE + rlp.encode([*fields, signature[64] - 27, r, s])
    return raw, "0x" + keccak(raw).hex()
