"""The chain, asked through the server's `/rpc` as any wallet would."""

from __future__ import annotations

from client import ConcordError, JsonObject, JsonValue
from dashboard.connection import ledger
from dashboard.fields import inner, text


class ChainRefused(ConcordError):
    """The chain's node refused a request."""

    code = "chain-refused"


def ask_chain(method: str, *parameters: JsonValue) -> JsonValue:
    """One JSON-RPC request.

    Raises:
        ChainRefused: with the node's message.
        ConcordError: nobody answers.
    """
    question: JsonObject = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": method,
        "params": list(parameters),
    }
    answer = ledger().ask("/rpc", question)
    if "error" in answer:
        raise ChainRefused(text(inner(answer, "error"), "message") or "The chain gave no reason.")
    return answer.get("result")


def complete(transaction: JsonObject, sender: str) -> JsonObject:
    """A transaction with what a wallet would add: nonce, fees and gas, for a keystore to sign.

    Raises:
        ChainRefused: it would fail.
    """
    call: JsonObject = {
        "from": sender,
        "to": text(transaction, "to"),
        "value": text(transaction, "value") or "0x0",
        "data": text(transaction, "data") or "0x",
    }
    tip = str(ask_chain("eth_maxPriorityFeePerGas"))
    price = str(ask_chain("eth_gasPrice"))
    # Twice the present price holds for six full blocks of rising fees (EIP-1559: 12.5 % a block).
    most = 2 * int(price, 16) + int(tip, 16)
    return {
        **call,
        "chainId": str(ask_chain("eth_chainId")),
        "nonce": str(ask_chain("eth_getTransactionCount", sender, "pending")),
        "gas": text(transaction, "gas") or str(ask_chain("eth_estimateGas", call)),
        "maxPriorityFeePerGas": tip,
        "maxFeePerGas": hex(most),
    }


def send_raw(raw: str) -> None:
    """Hands a signed transaction to the chain.

    Raises:
        ChainRefused: it is not taken.
    """
    ask_chain("eth_sendRawTransaction", raw)


def receipt_of(transaction_hash: str) -> JsonObject | None:
    """A transaction's receipt; None while it is in no block."""
    found = ask_chain("eth_getTransactionReceipt", transaction_hash)
    return found if isinstance(found, dict) else None
