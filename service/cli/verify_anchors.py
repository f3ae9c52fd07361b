"""`concord verify --rpc`: whether chains hold the anchor that a receipt or a bundle names.

The registry is asked at the node that the user names. Which registry is the log's own, the log's
first leaf says; it is known where the document holds that leaf, or where the user names it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ledger.errors import IntegrityError
from ledger.events import RecordedEvent
from ledger.events.bodies.members import LedgerCreated
from ledger.events.canonical import JsonObject
from ledger.events.identifiers import format_instant
from ledger.merkle import Anchor, Checkpoint
from service.cli.nodes import Nodes
from service.cli.output import console, plain

if TYPE_CHECKING:
    from ledger.anchor import ConfirmedAnchor

REGISTRY = "AnchorRegistry"


class NotAnchored(IntegrityError):
    """No chain that was asked holds what the document says, or the document says nothing."""

    code = "not-anchored"


@dataclass(frozen=True, slots=True)
class AskedAnchor:
    """An anchor that a node confirmed.

    Attributes:
        node: that was asked.
        anchor: as the document has it.
        confirmed: as the chain has it.
        followed_by: blocks since then.
        is_the_logs: whether the registry is known to be the log's, and not only the document's
            word.
    """

    node: str
    anchor: Anchor
    confirmed: ConfirmedAnchor
    followed_by: int
    is_the_logs: bool

    def to_json(self) -> JsonObject:
        """For `--json`."""
        return {
            "node": self.node,
            "chainId": self.anchor.chain_id,
            "registry": self.anchor.contract,
            "registryIsTheLogs": self.is_the_logs,
            "size": self.confirmed.size,
            "root": self.confirmed.root.hex(),
            "blockNumber": self.confirmed.block_number,
            "blockHash": self.anchor.block_hash,
            "transactionHash": self.anchor.transaction_hash,
            "anchoredAt": format_instant(self.confirmed.anchored_at * 1000),
            "followedBy": self.followed_by,
        }


def registry_named_by(events: Iterable[RecordedEvent], chain_id: int) -> str | None:
    """The log's own registry on that chain, where its first leaf is among these events."""
    for recorded in events:
        body = recorded.event.body
        if recorded.index == 0 and isinstance(body, LedgerCreated) and body.chain_id == chain_id:
            return body.contracts.get(REGISTRY)
    return None


def ask_chains(
    anchor: Anchor | None, signed: Checkpoint, nodes: Nodes, *, registry: str | None
) -> list[AskedAnchor]:
    """Asks every node of the anchor's chain.

    Args:
        anchor: of a verified document.
        signed: the document's checkpoint, its signature verified.
        nodes: that the user named.
        registry: the log's own; None where only the document names one.

    Raises:
        NotAnchored: there is no anchor, none of the nodes is of its chain, or the registry is none
            of this log's.
        AnchorNotSigned, AnchorNotOnChain: the chain does not hold it.
        AnchorUnconfirmed: its block is too young.
        ChainUnavailable: a node does not answer.
    """
    from ledger.anchor import WrongRegistry, verify_anchor  # noqa: PLC0415 - slow to import

    if anchor is None:
        raise NotAnchored(
            "The document names no anchor, so no chain can confirm it. Fetch it again once its "
            "event is anchored (concord anchor list)."
        )
    asked = nodes.of(anchor.chain_id)
    if not asked:
        raise NotAnchored(
            f"The document says that chain {anchor.chain_id} holds it, and no node of that chain "
            f"was asked: {nodes}. Name one with --rpc."
        )
    contract = bytes.fromhex((registry or anchor.contract)[2:])
    found = []
    for url, chain in asked:
        try:
            confirmed = verify_anchor(anchor, signed, chain, registry=contract)  # type: ignore[arg-type]
        except WrongRegistry as error:
            raise NotAnchored(f"{url}: {error}") from error
        followed_by = chain.head().number - confirmed.block_number
        found.append(AskedAnchor(url, anchor, confirmed, followed_by, registry is not None))
    return found


def print_confirmed(anchors: Iterable[AskedAnchor]) -> None:
    """Says which anchors were confirmed, and what that rests on."""
    for each in anchors:
        at = format_instant(each.confirmed.anchored_at * 1000)
        console.print(
            f"[green]Anchored[/]: chain {each.anchor.chain_id} holds this root for size "
            f"{each.confirmed.size} since {at}, in block {each.confirmed.block_number} "
            f"({each.followed_by} since), says {plain(each.node)}."
        )
        if not each.is_the_logs:
            console.print(
                f"The registry is {each.anchor.contract}, by the document's own word. Compare it "
                "with what the consortium published, or name that with --registry."
            )
