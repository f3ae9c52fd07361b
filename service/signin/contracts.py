"""Contract accounts: does the contract take a signature for its own (EIP-1271)?"""

from __future__ import annotations

from eth_abi.abi import encode

from governance.actions import canonical_address
from ledger.chain.chain import Chain
from ledger.chain.errors import ChainRefused, ExecutionReverted

MAGIC = bytes.fromhex("1626ba7e")
"""Selector of `isValidSignature(bytes32,bytes)`, and its answer where the signature is good."""

MAX_SIGNATURE_BYTES = 4_096


def contract_takes(chain: Chain, account: str, digest: bytes, signature: str) -> bool:
    """Whether a contract takes a signature for its own now; never for an account without code.

    Args:
        chain: that the contract is on.
        account: its address.
        digest: what was signed, 32 bytes.
        signature: 0x-hex.

    Raises:
        ChainUnavailable: the chain does not answer.
    """
    try:
        raw = bytes.fromhex(signature.removeprefix("0x"))
    except ValueError:
        return False
    address = canonical_address(account)
    if len(raw) > MAX_SIGNATURE_BYTES or not chain.code(address):
        return False
    try:
        answer = chain.call(address, MAGIC + encode(["bytes32", "bytes"], [digest, raw]))
    except (ExecutionReverted, ChainRefused):
        return False
    return len(answer) == 32 and answer == MAGIC.ljust(32, b"\0")
