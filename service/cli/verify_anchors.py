"""`concord verify --rpc`: whether chains hold the anchor that a receipt or a bundle names.

The registry is asked at the node that the user names. Which registry is the log's own, the log's
first leaf says; it is known where the document holds that leaf, or where the user names it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
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
    """No chain that was asked can hold what the document says."""

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


@dataclass(frozen=True, slots=True)
class AnchorCheck:
    """What is known of a document's anchor.

    Attributes:
        anchor: that the document names; None where it names none.
        is_asked: whether chains are to be asked.
        confirmed: what the nodes of its chain say.
    """

    anchor: Anchor | None
    is_asked: bool
    confirmed: Sequence[AskedAnchor]

    @property
    def is_missing(self) -> bool:
        """Whether chains are to be asked and there is nothing to ask them for."""
        return self.is_asked and self.anchor is None

    def to_json(self) -> JsonObject:
        """For `--json`."""
        return {
            "anchors": [each.to_json() for each in self.confirmed],
            "anchorMissing": self.is_missing,
        }


def check_anchor(
    anchor: Anchor | None,
    signed: Checkpoint,
    nodes: Nodes | None,
    *,
    registry: str | None,
    events: Iterable[RecordedEvent],
) -> AnchorCheck:
    """Asks the nodes that were named for a document's anchor, where it names one.

    Args:
        anchor: of a verified document.
        signed: the document's checkpoint, its signature verified.
        nodes: that the user named; None where no chain is to be asked.
        registry: the log's own, where the user knows it.
        events: of the document; the first leaf among them names the registry, too.

    Raises:
        ConcordError: as `ask_chains`.
    """
    if nodes is None or anchor is None:
        return AnchorCheck(anchor, is_asked=nodes is not None, confirmed=())
    known = registry or registry_named_by(events, anchor.chain_id)
    asked = ask_chains(anchor, signed, nodes, registry=known)
    return AnchorCheck(anchor, is_asked=True, confirmed=asked)


def registry_named_by(events: Iterable[RecordedEvent], chain_id: int) -> str | None:
    """The log's own registry on that chain, where its first leaf is among these events."""
    for recorded in events:
        body = recorded.event.body
        if recorded.index == 0 and isinstance(body, LedgerCreated) and body.chain_id == chain_id:
            return body.contracts.get(REGISTRY)
    return None


def ask_chains(
    anchor: Anchor, signed: Checkpoint, nodes: Nodes, *, registry: str | None
) -> list[AskedAnchor]:
    """Asks every node of the anchor's chain.

    Args:
        anchor: of a verified document.
        signed: the document's checkpoint, its signature verified.
        nodes: that the user named.
        registry: the log's own; None where only the document names one.

    Raises:
        NotAnchored: none of the nodes is of its chain, or the registry is none of this log's.
        AnchorNotSigned, AnchorNotOnChain: the chain does not hold it.
        AnchorUnconfirmed: its block is too young.
        ChainUnavailable: a node does not answer.
    """
    from ledger.anchor import WrongRegistry, verify_anchor  # noqa: PLC0415 - slow to import

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


def print_anchor(check: AnchorCheck) -> None:
    """Says what was confirmed and what that rests on, or why nothing was."""
    for each in check.confirmed:
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
    if check.is_missing:
        console.print(
            "[yellow]Not anchored[/]: the document names no anchor, so no chain was asked whether "
            "it holds this root. Fetch it again once it is anchored: concord anchor list."
        )
    elif check.anchor is not None and not check.is_asked:
        console.print(
            "[yellow]It names an anchor; that is a claim until its chain was asked, with --rpc.[/]"
        )
