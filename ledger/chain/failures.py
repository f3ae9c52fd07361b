"""Why an execution failed, in the words and codes that Ethereum clients know."""

from __future__ import annotations

from eth.abc import ComputationAPI
from eth.exceptions import OutOfGas, Revert
from eth_abi.abi import decode
from eth_abi.exceptions import DecodingError

from ledger.chain.errors import ExecutionFailed, ExecutionReverted, RpcFault

_ERROR_STRING = bytes.fromhex("08c379a0")  # Error(string), Solidity ABI
_PANIC = bytes.fromhex("4e487b71")  # Panic(uint256)
_MAX_REASON_CHARACTERS = 1024


def failure_of(computation: ComputationAPI) -> RpcFault:
    """The error that a failed computation answers with.

    Args:
        computation: its `is_error` holds.
    """
    error = computation.error
    if isinstance(error, Revert):
        return reverted(bytes(computation.output))
    if isinstance(error, OutOfGas):
        return ExecutionFailed("out of gas: send the transaction with more gas")
    return ExecutionFailed(f"execution failed: {error}")


def reverted(output: bytes) -> ExecutionReverted:
    """The error for what a contract reverted with; a standard reason is in the message."""
    reason = revert_reason(output)
    message = "execution reverted" if reason is None else f"execution reverted: {reason}"
    return ExecutionReverted(message, output)


def revert_reason(output: bytes) -> str | None:
    """The text of `Error(string)` or code of `Panic(uint256)`; None for errors that need an ABI."""
    selector, payload = output[:4], output[4:]
    try:
        if selector == _ERROR_STRING:
            (text,) = decode(["string"], payload)
            return str(text)[:_MAX_REASON_CHARACTERS]
        if selector == _PANIC:
            (panic,) = decode(["uint256"], payload)
            return f"panic code 0x{panic:02x}"
    except (DecodingError, UnicodeDecodeError):
        return None
    return None
