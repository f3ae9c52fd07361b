"""Signing in the browser: a wallet found by EIP-6963, or a keystore file opened there.

The key and its passphrase never reach the server: what comes back is an address, a signature, or a
signed transaction.
`signer.js` is built from `src/` by `build.sh`, with the libraries that `package.json` pins.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from client import JsonObject
from client.fields import text

SIGNING_SECONDS = 180
"""How long a wallet may take to answer."""

_HERE = Path(__file__).parent
_CSS = """
:host, #signer {color:var(--st-text-color);font-family:var(--st-font)}
.words p {margin:0 0 .5rem 0;font-size:1.1rem;line-height:1.5;overflow-wrap:anywhere}
.wallets {display:flex;flex-wrap:wrap;gap:.5rem;margin-bottom:.75rem}
button {font:inherit;display:inline-flex;align-items:center;gap:.5rem;cursor:pointer;
  padding:.45rem .9rem;border-radius:.5rem;color:#fff;background:#1f5fa8;border:1px solid #1f5fa8}
button:hover {background:#174a85}
button:focus-visible, input:focus-visible, summary:focus-visible {
  outline:3px solid var(--st-primary-color);outline-offset:2px}
details {border:1px solid rgba(128,128,128,.5);border-radius:.5rem;padding:.5rem .9rem}
summary {cursor:pointer}
form {display:flex;flex-direction:column;gap:.4rem;align-items:flex-start;padding:.6rem 0}
input {font:inherit;max-width:100%;color:var(--st-text-color);padding:.35rem .5rem;
  background:var(--st-background-color);border:1px solid rgba(128,128,128,.8);border-radius:.4rem}
.status {min-height:1.5em;margin:.5rem 0 0 0}
.problem {font-weight:600}
.none {margin:0}
"""

_SIGNER = st.components.v2.component(
    "concord_signer",
    html='<div id="signer"></div>',
    css=_CSS,
    js=(_HERE / "signer.js").read_text(encoding="utf-8"),
)


@dataclass(frozen=True, slots=True)
class Connected:
    """The browser showed an account.

    Attributes:
        address: as the wallet spells it.
        using: name of the wallet, which it chose itself; or `keystore file`.
    """

    address: str
    using: str


@dataclass(frozen=True, slots=True)
class SignatureMade:
    """The browser signed.

    Attributes:
        request: which question it answers.
        signature: 0x-hex.
    """

    request: str
    signature: str


@dataclass(frozen=True, slots=True)
class TransactionSigned:
    """The browser signed a transaction.

    Attributes:
        request: which question it answers.
        hash: 0x-hex.
        raw: what `eth_sendRawTransaction` takes, 0x-hex; empty where the wallet has sent it.
    """

    request: str
    hash: str
    raw: str


@dataclass(frozen=True, slots=True)
class Failed:
    """The browser did not; the component tells the user why."""

    code: str
    message: str


def ask_to_connect(key: str) -> Connected | Failed | None:
    """Shows the wallets and the keystore form; answers once the user has chosen."""
    answer = _mounted(key, {"mode": "connect", "requestId": key})
    return answer if isinstance(answer, Connected | Failed) else None


def ask_to_sign(
    key: str,
    *,
    request: str,
    actor: str,
    typed_data: JsonObject,
    chain: JsonObject,
    words: Sequence[str] = (),
) -> SignatureMade | Failed | None:
    """Shows the wallets and the keystore form to sign with.

    Args:
        key: of the widget, the same on every run.
        request: tells this question from others.
        actor: address that must sign.
        typed_data: what `eth_signTypedData_v4` takes.
        chain: what `wallet_addEthereumChain` takes.
        words: what is signed, in sentences; shown above the buttons as text.
    """
    data: JsonObject = {
        "mode": "sign",
        "requestId": request,
        "actor": actor,
        "typedData": typed_data,
        "chain": chain,
        "words": list(words),
    }
    answer = _mounted(key, data)
    return answer if isinstance(answer, SignatureMade | Failed) else None


def ask_to_send(
    key: str,
    *,
    request: str,
    actor: str,
    transaction: JsonObject,
    chain: JsonObject,
    words: Sequence[str],
) -> TransactionSigned | Failed | None:
    """Shows the wallets and the keystore form to sign a transaction with. A wallet sends it too.

    Args:
        key: of the widget, the same on every run.
        request: tells this question from others.
        actor: address that must sign.
        transaction: `to`, `value`, `data` and `gas` as `eth_sendTransaction` takes them; for
            keystore files also `chainId`, `nonce`, `maxFeePerGas` and `maxPriorityFeePerGas`.
        chain: what `wallet_addEthereumChain` takes.
        words: what is signed, in sentences; shown above the buttons as text.
    """
    data: JsonObject = {
        "mode": "send",
        "requestId": request,
        "actor": actor,
        "transaction": transaction,
        "chain": chain,
        "words": list(words),
    }
    answer = _mounted(key, data)
    return answer if isinstance(answer, TransactionSigned | Failed) else None


def ask_to_sign_in(key: str, *, request: str, actor: str, message: str) -> SignatureMade | None:
    """Shows the wallets and the keystore form to sign a message with.

    Args:
        key: of the widget, the same on every run.
        request: tells this question from others.
        actor: address that must sign.
        message: what `personal_sign` takes, as text.
    """
    data: JsonObject = {"mode": "signIn", "requestId": request, "actor": actor, "message": message}
    answer = _mounted(key, data)
    return answer if isinstance(answer, SignatureMade) else None


def _mounted(
    key: str, data: JsonObject
) -> Connected | SignatureMade | TransactionSigned | Failed | None:
    result = _SIGNER(
        key=key,
        data={**data, "timeoutSeconds": SIGNING_SECONDS},
        on_connected_change=_nothing,
        on_signed_change=_nothing,
        on_failed_change=_nothing,
    )
    for name in ("signed", "connected", "failed"):
        value = result.get(name)
        if isinstance(value, dict) and value.get("requestId") == data["requestId"]:
            return _answer(name, value)
    return None


def _answer(name: str, value: JsonObject) -> Connected | SignatureMade | TransactionSigned | Failed:
    if name == "connected":
        return Connected(text(value, "address"), text(value, "with"))
    if name == "failed":
        return Failed(text(value, "code"), text(value, "message"))
    if "hash" in value:
        return TransactionSigned(text(value, "requestId"), text(value, "hash"), text(value, "raw"))
    return SignatureMade(text(value, "requestId"), text(value, "signature"))


def _nothing() -> None:
    """Registers a trigger; its value is read from the result."""
