"""Transactions that Concord signs itself: EIP-1559 fee market transactions (type 2).

A `TransactionDraft` is what somebody wants done; nonce and fees are added by whoever sends it. A
`Signer` holds a key, or asks a device that does.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Protocol

from coincurve import PrivateKey as NativeKey
from eth_keys.datatypes import PrivateKey
from eth_typing import Address

from ledger.chain.rlp_items import encode_list, encode_number, encode_string
from ledger.keccak import keccak

_TYPE = b"\x02"  # EIP-2718 type of EIP-1559


@dataclass(frozen=True, slots=True)
class FeeMarketTransaction:
    """An unsigned EIP-1559 transaction; fees are in wei per unit of gas, the value in wei."""

    chain_id: int
    nonce: int
    max_priority_fee_per_gas: int
    max_fee_per_gas: int
    gas: int
    to: Address | None
    value: int
    data: bytes

    def signing_hash(self) -> bytes:
        """keccak256(0x02 || rlp(fields)), what the sender signs (EIP-1559)."""
        return keccak(_TYPE + encode_list(self._items()))

    def encode_signed(self, y_parity: int, r: int, s: int) -> bytes:
        """The raw transaction with its signature."""
        signature = (encode_number(each) for each in (y_parity, r, s))
        return _TYPE + encode_list([*self._items(), *signature])

    def with_fees(self, *, max_fee: int, priority_fee: int) -> FeeMarketTransaction:
        """The same transaction, offering other fees."""
        return replace(self, max_fee_per_gas=max_fee, max_priority_fee_per_gas=priority_fee)

    def _items(self) -> list[bytes]:
        """The fields in their order, each in RLP; nothing is in the access list."""
        return [
            encode_number(self.chain_id),
            encode_number(self.nonce),
            encode_number(self.max_priority_fee_per_gas),
            encode_number(self.max_fee_per_gas),
            encode_number(self.gas),
            encode_string(self.to or b""),
            encode_number(self.value),
            encode_string(self.data),
            encode_list(()),
        ]


@dataclass(frozen=True, slots=True)
class TransactionDraft:
    """A transaction before it has a nonce, fees and a signature.

    Attributes:
        to: None creates a contract.
        data: call data, or init code.
        value: in wei.
        gas: limit; None lets the chain find one.
    """

    to: Address | None
    data: bytes = b""
    value: int = 0
    gas: int | None = None

    def with_nonce(
        self, *, chain_id: int, nonce: int, gas: int, max_fee: int = 0, priority_fee: int = 0
    ) -> FeeMarketTransaction:
        """The transaction that is ready to be signed."""
        return FeeMarketTransaction(
            chain_id, nonce, priority_fee, max_fee, gas, self.to, self.value, self.data
        )


class Signer(Protocol):
    """An account that can sign transactions."""

    @property
    def address(self) -> Address:
        """The account, 20 bytes."""
        ...

    def sign(self, transaction: FeeMarketTransaction) -> bytes:
        """The raw transaction, signed."""
        ...


@dataclass(frozen=True, slots=True)
class KeySigner:
    """A signer with its key in memory. Its `repr` does not show the key.

    Attributes:
        key: the key.
        address: the key's account, 20 bytes.
    """

    key: PrivateKey
    address: Address = field(init=False, compare=False)
    # eth-keys makes this anew for every signature, and the public key with it: four times the work
    # of the signature itself.
    _native: NativeKey = field(init=False, compare=False)

    def __post_init__(self) -> None:
        account = Address(self.key.public_key.to_canonical_address())
        object.__setattr__(self, "address", account)
        object.__setattr__(self, "_native", NativeKey(self.key.to_bytes()))

    @classmethod
    def from_bytes(cls, key: bytes) -> KeySigner:
        """A signer of a raw key, 32 bytes."""
        return cls(PrivateKey(key))

    def sign(self, transaction: FeeMarketTransaction) -> bytes:
        """Sign deterministically (RFC 6979)."""
        # r, s and the parity of y, 65 bytes; s is in the lower half of the order (libsecp256k1).
        raw = self._native.sign_recoverable(transaction.signing_hash(), hasher=None)
        return transaction.encode_signed(
            raw[64], int.from_bytes(raw[:32]), int.from_bytes(raw[32:64])
        )

    def __repr__(self) -> str:
        return f"KeySigner(0x{self.address.hex()})"
