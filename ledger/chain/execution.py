"""Running a call without a transaction: `eth_call` and `eth_estimateGas`.

Nothing here writes: an execution works on py-evm's journals over the store and drops them. Gas and
time are limited per request.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from eth.abc import ComputationAPI, SignedTransactionAPI, VirtualMachineAPI
from eth.constants import CREATE_CONTRACT_ADDRESS, GAS_TX
from eth.vm.forks.prague.transactions import PragueTransactionBuilder
from eth.vm.spoof import SpoofTransaction
from eth_typing import Address

from ledger.chain.admission import minimal_gas
from ledger.chain.errors import ExecutionFailed, InsufficientFunds
from ledger.chain.evm import TRANSACTION_GAS_LIMIT, FeeFreeState
from ledger.chain.failures import failure_of

ZERO_ADDRESS = Address(bytes(20))
_CALL_STIPEND = (
    2_300  # what a value transfer adds to the callee; it must be there, and is not counted as used
)


@dataclass(frozen=True, slots=True)
class Message:
    """What an unsigned call says.

    Attributes:
        sender: need not be anyone's account.
        to: None creates a contract.
        data: call data, or init code.
        value: in wei.
        gas: None means the most a transaction may have.
        access_list: of EIP-2930: addresses with their storage keys.
    """

    sender: Address = ZERO_ADDRESS
    to: Address | None = None
    data: bytes = b""
    value: int = 0
    gas: int | None = None
    access_list: Sequence[tuple[Address, Sequence[int]]] = ()


def call(vm: VirtualMachineAPI, message: Message) -> bytes:
    """What the call returns (for a creation: the deployed code).

    Args:
        vm: at the header whose time and state the call is to see; used for this call only.
        message: the call.

    Raises:
        ExecutionReverted, ExecutionFailed, InsufficientFunds, ExecutionTooLong: as a transaction
            would fail.
    """
    _start_clock(vm)
    computation = _run(vm, _spoof(message, _gas_limit(message)))
    if computation.is_error:
        raise failure_of(computation)
    return bytes(computation.output)


def estimate_gas(vm: VirtualMachineAPI, message: Message) -> int:
    """A gas limit with which the call succeeds, within 1/63 and one stipend of the least one.

    The limit is what the call used before refunds, with the 64/63 that EIP-150 withholds from
    callees; it is tried before it is answered. Where it does not suffice (contracts that look at
    their gas) the least one is searched.

    Args:
        vm: as for `call`.
        message: the call.

    Raises:
        ExecutionReverted, ExecutionFailed, InsufficientFunds: with the most gas it may have it
            still fails.
    """
    if message.to is not None and not message.data and not vm.state.get_code(message.to):
        call(vm, message)
        return GAS_TX
    _start_clock(vm)
    highest = _gas_limit(message)
    transaction = _spoof(message, highest)
    computation = _try(vm, transaction)
    if computation.is_error:
        raise failure_of(computation)
    used = highest - int(computation.get_gas_remaining())
    lowest = minimal_gas(transaction) - 1
    guess = min(highest, max((used + _CALL_STIPEND) * 64 // 63, lowest + 1))
    if not _try(vm, _spoof(message, guess)).is_error:
        return guess
    lowest = guess
    while highest - lowest > lowest // 63:
        middle = (lowest + highest) // 2
        if _try(vm, _spoof(message, middle)).is_error:
            lowest = middle
        else:
            highest = middle
    return highest


def _start_clock(vm: VirtualMachineAPI) -> None:
    state: FeeFreeState = vm.state  # type: ignore[assignment]
    state.stopwatch.start()


def _gas_limit(message: Message) -> int:
    if message.gas is None:
        return TRANSACTION_GAS_LIMIT
    return min(message.gas, TRANSACTION_GAS_LIMIT)


def _spoof(message: Message, gas: int) -> SignedTransactionAPI:
    unsigned = PragueTransactionBuilder.new_unsigned_dynamic_fee_transaction(
        chain_id=0,
        nonce=0,
        max_priority_fee_per_gas=0,
        max_fee_per_gas=0,
        gas=gas,
        to=CREATE_CONTRACT_ADDRESS if message.to is None else message.to,
        value=message.value,
        data=message.data,
        access_list=message.access_list,
    )
    return cast("SignedTransactionAPI", SpoofTransaction(unsigned, from_=message.sender))


def _try(vm: VirtualMachineAPI, transaction: SignedTransactionAPI) -> ComputationAPI:
    """Run and undo, so that the same state can be tried again."""
    vm.state.lock_changes()
    snapshot = vm.state.snapshot()
    computation = _run(vm, transaction)
    vm.state.revert(snapshot)
    return computation


def _run(vm: VirtualMachineAPI, transaction: SignedTransactionAPI) -> ComputationAPI:
    if transaction.gas < minimal_gas(transaction):
        raise ExecutionFailed(
            f"intrinsic gas too low: {transaction.gas} gas, it takes {minimal_gas(transaction)} gas"
        )
    if vm.state.get_balance(transaction.sender) < transaction.value:
        raise InsufficientFunds("insufficient funds for transfer")
    executor = vm.state.get_transaction_executor()
    message = executor.build_evm_message(transaction)
    computation = executor.build_computation(message, transaction)
    return executor.finalize_computation(transaction, computation)
