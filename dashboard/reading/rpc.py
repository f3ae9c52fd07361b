"""The chain, asked through the server's `/rpc` as any wallet would."""

from __future__ import annotations

from client import JsonObject
from client.dao import Transaction
from dashboard.reading.connection import ledger

_NO_FEE = "0x0"


def complete(transaction: Transaction, sender: str) -> JsonObject:
    """A transaction with what a wallet would add, nonce and fees, for a keystore file to sign.

    Raises:
        ChainRefused: the node does not answer that.
    """
    chain = ledger().dao
    block = chain.rpc("eth_getBlockByNumber", "latest", False)  # noqa: FBT003 - JSON
    base = str(block.get("baseFeePerGas") or _NO_FEE) if isinstance(block, dict) else _NO_FEE
    tip = str(chain.rpc("eth_maxPriorityFeePerGas")) if int(base, 16) else _NO_FEE
    # Twice the present fee holds for six full blocks in a row (EIP-1559: 12.5 % each).
    return {
        **transaction.as_rpc(),
        "nonce": str(chain.rpc("eth_getTransactionCount", sender, "pending")),
        "maxPriorityFeePerGas": tip,
        "maxFeePerGas": hex(2 * int(base, 16) + int(tip, 16)),
    }


def send_raw(raw: str) -> None:
    """Hands a signed transaction to the chain.

    Raises:
        ChainRefused: it is not taken.
    """
    ledger().dao.rpc("eth_sendRawTransaction", raw)


def receipt_of(transaction_hash: str) -> JsonObject | None:
    """A transaction's receipt; None while it is in no block."""
    found = ledger().dao.rpc("eth_getTransactionReceipt", transaction_hash)
    return found if isinstance(found, dict) else None
