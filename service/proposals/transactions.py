"""Transactions for members to sign with their own wallets, as `eth_sendTransaction` takes them.

The gas is a limit, not a price: what is not used is not paid. Where the node can try the
transaction, it is what that took and some more; where it would fail (a proposer without votes
yet), it is a bound on what such a call can take, so that the member can look at it all the same.
"""

from __future__ import annotations

from governance.actions import canonical_address, checksum_address
from ledger.chain.chain import Chain
from ledger.chain.encoding import data, quantity
from ledger.chain.signing import TransactionDraft
from ledger.errors import ConcordError, Unavailable
from ledger.events.canonical import JsonObject

_MARGIN_PERCENT = 120
_MARGIN_GAS = 100_000
"""A node tries at the last block's time; a contract may have one checkpoint more to write later."""

_UNTRIED_GAS = 3_000_000
_GAS_PER_BYTE = 64
"""For calldata, hashing it and writing it into a log."""


def transaction_json(chain: Chain, draft: TransactionDraft, sender: str | None) -> JsonObject:
    """A transaction, ready to be encoded.

    Args:
        chain: where it is to be sent.
        draft: what it does.
        sender: EIP-55; None where anyone can send it.

    Raises:
        ChainUnavailable: the chain's node is down.
    """
    if draft.to is None:
        raise ValueError("members create no contracts")
    return {
        "chainId": chain.chain_id,
        "from": sender,
        "to": checksum_address(draft.to),
        "value": quantity(draft.value),
        "data": data(draft.data),
        "gas": quantity(_gas(chain, draft, sender)),
    }


def _gas(chain: Chain, draft: TransactionDraft, sender: str | None) -> int:
    untried = _UNTRIED_GAS + _GAS_PER_BYTE * len(draft.data)
    if sender is None:
        return untried
    try:
        gas = chain.estimate_gas(draft, canonical_address(sender))
    except Unavailable:
        raise
    except ConcordError:
        return untried
    return gas * _MARGIN_PERCENT // 100 + _MARGIN_GAS
