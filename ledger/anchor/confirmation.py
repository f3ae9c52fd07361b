"""Is the log really anchored where a receipt says? Asked of the chain, with no server of the log's.

A receipt's anchor is a claim. It holds if
1. the log signed a checkpoint with exactly the anchor's size and root,
2. the registry that the verifier knows holds exactly that root for exactly that size,
3. for the log of that origin, and
4. the transaction stands in the block that the anchor names, with enough confirmations.

Point 1 is needed because a consistency proof (RFC 9162 section 2.1.4) leads from root to root and
does not bind sizes: the contract accepts the root of 11 leaves as that of 12, where the path has
the same shape. Such an anchor is no tree that the log ever signed.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from eth_typing import Address

from ledger.anchor.errors import (
    AnchorNotOnChain,
    AnchorNotSigned,
    AnchorUnconfirmed,
    WrongRegistry,
)
from ledger.anchor.registry import ANCHORED, AnchorRegistry
from ledger.chain.chain import Chain
from ledger.chain.values import TransactionReceipt
from ledger.keccak import keccak
from ledger.merkle import Anchor, Checkpoint


@dataclass(frozen=True, slots=True)
class ConfirmedAnchor:
    """An anchor that the chain holds.

    Attributes:
        size: number of leaves; each of them existed at `anchored_at`.
        root: their root, 32 bytes.
        anchored_at: chain time of the block, seconds since the epoch.
        block_number: of that block.
    """

    size: int
    root: bytes
    anchored_at: int
    block_number: int


def verify_anchor(
    anchor: Anchor, signed: Checkpoint, chain: Chain, *, registry: Address
) -> ConfirmedAnchor:
    """Asks a chain whether it holds an anchor.

    Args:
        anchor: as a verified receipt or bundle shows it.
        signed: a checkpoint of the log, its signature verified, of the anchor's size. A receipt
            that the log gives once it is anchored is made at that very size, so it is the receipt's
            own.
        chain: that the verifier trusts.
        registry: the contract that the verifier knows, as the log's first leaf names it.

    Raises:
        AnchorNotSigned: the log never signed that tree.
        WrongRegistry: the anchor is of another chain, contract or log.
        AnchorNotOnChain: the chain holds something else, or nothing.
        AnchorUnconfirmed: it does, in a block that is too young.
        ChainUnavailable: the chain does not answer.
    """
    if (signed.size, signed.root) != (anchor.size, anchor.root):
        raise AnchorNotSigned(
            f"the anchor is of size {anchor.size} with root {anchor.root.hex()}, the checkpoint of "
            f"size {signed.size} with root {signed.root.hex()}: ask the log for the receipt again, "
            "which then ends at the anchored size; if it still differs, the log was forked"
        )
    contract = AnchorRegistry(chain, registry)
    _require_registry(anchor, contract, signed.origin)
    root = contract.root_at(anchor.size)
    if root != anchor.root:
        raise AnchorNotOnChain(
            f"{contract.name} holds {'no root' if root is None else root.hex()} for size "
            f"{anchor.size}, not {anchor.root.hex()}; do not trust who sent this"
        )
    return _confirm(anchor, contract)


def _require_registry(anchor: Anchor, contract: AnchorRegistry, origin: str) -> None:
    chain_id = contract.chain.chain_id
    named = (anchor.chain_id, anchor.contract.lower())
    if named != (chain_id, contract.name.lower()):
        raise WrongRegistry(
            f"the anchor is in {anchor.contract} on chain {anchor.chain_id}, asked was "
            f"{contract.name} on chain {chain_id}"
        )
    if contract.origin_digest() != hashlib.sha256(origin.encode()).digest():
        raise WrongRegistry(f"{contract.name} anchors another log than {origin}")


def _confirm(anchor: Anchor, contract: AnchorRegistry) -> ConfirmedAnchor:
    chain = contract.chain
    transaction = bytes.fromhex(anchor.transaction_hash[2:])
    receipt = chain.receipt(transaction)
    block_hash = bytes.fromhex(anchor.block_hash[2:])
    if (
        receipt is None
        or (receipt.block_number, receipt.block_hash) != (anchor.block_number, block_hash)
        or not _anchors(receipt, anchor, contract)
    ):
        raise AnchorNotOnChain(
            f"transaction {anchor.transaction_hash} in block {anchor.block_number} does not anchor "
            f"size {anchor.size} in {contract.name}; ask the log for the receipt again"
        )
    if not chain.is_confirmed(receipt):
        raise AnchorUnconfirmed(
            f"block {anchor.block_number} has fewer than {chain.confirmations} confirmations: ask "
            "again later"
        )
    block = chain.block(anchor.block_number)
    return ConfirmedAnchor(anchor.size, anchor.root, block.timestamp, block.number)


def _anchors(receipt: TransactionReceipt, anchor: Anchor, contract: AnchorRegistry) -> bool:
    topic = keccak(ANCHORED.encode())
    told = (
        contract.read(log)
        for log in receipt.logs
        if log.address == contract.address and log.topics[:1] == (topic,)
    )
    return any((each.size, each.root) == (anchor.size, anchor.root) for each in told)
