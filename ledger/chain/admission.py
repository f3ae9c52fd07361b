"""What a signed transaction must satisfy before it may wait for a block, whatever the state of the
chain.

Everything here is checked once, on the caller's thread; the block builder relies on it. Accepted
are the types that members' wallets make: legacy with EIP-155, EIP-2930 and EIP-1559. Blobs and
set-code authorisations have no use on a chain of its own and are refused by name.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import rlp
from eth.abc import SignedTransactionAPI
from eth.constants import CREATE_CONTRACT_ADDRESS, GAS_TX, SECPK1_N
from eth.exceptions import PyEVMError
from eth.vm.forks.prague.constants import STANDARD_TOKEN_COST, TOTAL_COST_FLOOR_PER_TOKEN
from eth.vm.forks.prague.transactions import PragueTransactionBuilder
from eth_keys.exceptions import BadSignature
from eth_keys.exceptions import ValidationError as KeyValidationError  # type: ignore[attr-defined]
from eth_typing import Address
from eth_utils.address import to_checksum_address
from eth_utils.exceptions import ValidationError

from ledger.chain.errors import (
    SenderNotPermitted,
    TransactionForOtherChain,
    TransactionMalformed,
)
from ledger.chain.evm import TRANSACTION_GAS_LIMIT

MAX_TRANSACTION_BYTES = 1024 * 1024
MAX_INIT_CODE_BYTES = 49_152  # EIP-3860
_MAX_NONCE = 2**64 - 2  # EIP-2681
_ACCEPTED_TYPES = (None, 1, 2)


@dataclass(frozen=True, slots=True)
class Admission:
    """Decides whether a raw transaction may wait for a block.

    Attributes:
        chain_id: of this chain.
        is_permitted: whether an address may send transactions now.
    """

    chain_id: int
    is_permitted: Callable[[Address], bool]

    def admit(self, raw: bytes) -> SignedTransactionAPI:
        """Decode and check a transaction; its `sender` is recovered.

        Args:
            raw: as `eth_sendRawTransaction` takes it, EIP-2718 or legacy RLP.

        Raises:
            TransactionMalformed: it does not decode canonically, is not signed properly, or its gas
                cannot suffice.
            TransactionForOtherChain: another chain id, or none.
            SenderNotPermitted: its sender is no member.
        """
        transaction = _decode(raw)
        _check_form(transaction)
        if transaction.chain_id != self.chain_id:
            raise TransactionForOtherChain(
                f"invalid chain id: this chain is {self.chain_id}, "
                f"the transaction is for {transaction.chain_id or 'any'}; sign it for this one"
            )
        sender = _recover_sender(transaction)
        self.check_sender(sender)
        return transaction

    def admit_own(self, raw: bytes, sender: Address) -> SignedTransactionAPI:
        """As `admit`, of what this process has just signed for this chain with a key that it holds:
        who signed it is not found out again, which takes longer than signing.

        Args:
            raw: as `admit` takes it.
            sender: the account of the key.

        Raises:
            TransactionMalformed: its gas cannot suffice, or it is too large.
            SenderNotPermitted: the account is no member's.
        """
        transaction = _decode(raw)
        _check_form(transaction)
        transaction.sender = sender  # type: ignore[misc]  # py-evm keeps there what it recovers
        self.check_sender(sender)
        return transaction

    def check_sender(self, sender: Address) -> None:
        """Refuse who is no member.

        Raises:
            SenderNotPermitted: as it says.
        """
        if not self.is_permitted(sender):
            raise SenderNotPermitted(
                f"sender not permitted: {to_checksum_address(sender)} is no member nor the operator"
            )


def minimal_gas(transaction: SignedTransactionAPI) -> int:
    """The least gas to send with: intrinsic (EIP-2028, EIP-2930) or calldata floor (EIP-7623)."""
    zeros = transaction.data.count(0)
    tokens = zeros + STANDARD_TOKEN_COST * (len(transaction.data) - zeros)
    return max(int(transaction.intrinsic_gas), GAS_TX + TOTAL_COST_FLOOR_PER_TOKEN * tokens)


def _decode(raw: bytes) -> SignedTransactionAPI:
    if len(raw) > MAX_TRANSACTION_BYTES:
        raise TransactionMalformed(
            f"oversized data: {len(raw)} bytes, the limit is {MAX_TRANSACTION_BYTES} bytes"
        )
    try:
        transaction = PragueTransactionBuilder.decode(raw)
        canonical = transaction.encode() == raw
    except (rlp.RLPException, ValidationError, PyEVMError, TypeError, ValueError) as error:
        raise TransactionMalformed(f"not a signed transaction: {error}") from error
    if not canonical:
        raise TransactionMalformed("the transaction is not encoded canonically: encode it again")
    return transaction


def _check_form(transaction: SignedTransactionAPI) -> None:
    if transaction.type_id not in _ACCEPTED_TYPES:
        raise TransactionMalformed(
            f"transaction type not supported: {transaction.type_id}; send type 0, 1 or 2"
        )
    if transaction.y_parity not in (0, 1) or not 0 < transaction.s <= SECPK1_N // 2:
        raise TransactionMalformed("invalid signature: parity or s out of range (EIP-2)")
    if transaction.nonce > _MAX_NONCE:
        raise TransactionMalformed("nonce has max value")
    creates = transaction.to == CREATE_CONTRACT_ADDRESS
    if creates and len(transaction.data) > MAX_INIT_CODE_BYTES:
        raise TransactionMalformed(
            f"max initcode size exceeded: {len(transaction.data)} bytes, "
            f"the limit is {MAX_INIT_CODE_BYTES} bytes"
        )
    if transaction.gas > TRANSACTION_GAS_LIMIT:
        raise TransactionMalformed(
            f"exceeds gas limit: {transaction.gas} gas, the limit is {TRANSACTION_GAS_LIMIT} gas"
        )
    if transaction.gas < minimal_gas(transaction):
        raise TransactionMalformed(
            f"intrinsic gas too low: {transaction.gas} gas, it takes {minimal_gas(transaction)} gas"
        )
    try:
        transaction.validate()
    except (ValidationError, KeyValidationError) as error:
        raise TransactionMalformed(f"invalid transaction: {error}") from error


def _recover_sender(transaction: SignedTransactionAPI) -> Address:
    try:
        return Address(transaction.sender)
    except (BadSignature, KeyValidationError, ValidationError) as error:
        raise TransactionMalformed(f"invalid signature: {error}") from error
