"""`concord verify` on what a voter keeps: the receipt of a ballot or of a delegation.

Offline it proves who signed what, for which contract on which chain. That the chain counted it, and
with what weight, is the service's word until `--rpc` asks the chain itself.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import typer

from client.dao.ballots import SUPPORT, UnsignedBallot, read_ballot_receipt
from client.dao.delegations import parse_delegation_receipt
from client.dao.reading import hex_bytes
from client.errors import WrongBallot
from client.wire import integer
from ledger.errors import IntegrityError
from ledger.events.canonical import JsonObject
from ledger.events.identifiers import format_instant
from service.cli.amounts import shown
from service.cli.exits import Exit
from service.cli.nodes import Nodes
from service.cli.output import console, plain, print_fields, print_json

if TYPE_CHECKING:
    from governance.votes import Place
    from ledger.chain.chain import Chain
    from ledger.chain.values import BlockRef


class NotCounted(IntegrityError):
    """No chain that was asked can have counted it."""

    code = "not-counted"


def verify_ballot(document: bytes, nodes: Nodes | None, *, as_json: bool) -> None:
    """Verifies a ballot's receipt, and says what it proves.

    No key signs for a contract wallet (EIP-1271): offline, nobody can tell its ballot from a forged
    one. On the chain, that the governor counted it is what proves it.

    Raises:
        UnexpectedAnswer: it is no ballot's receipt.
        WrongBallot: the voter's key did not sign it, and the chain says that it is no contract.
        NotCounted, NotOnChain: the chain did not count it so.
        NotYetFinal, ChainUnavailable: the chain cannot tell.
        typer.Exit: 11, after all was told: only the chain can tell who signed.
    """
    ballot, signature, place = read_ballot_receipt(document)
    refusal = ballot.refusal(signature)
    confirmed = _confirmed(
        nodes, place, lambda at, chain: _ask_governor(ballot, at, chain, refusal)
    )
    is_proven = refusal is None or bool(confirmed)
    _tell_ballot(ballot, place, confirmed, is_keyed=refusal is None, as_json=as_json)
    if not is_proven:
        raise typer.Exit(Exit.INCOMPLETE)


def _tell_ballot(
    ballot: UnsignedBallot,
    place: JsonObject,
    confirmed: list[JsonObject],
    *,
    is_keyed: bool,
    as_json: bool,
) -> None:
    choice = ballot.choice
    if as_json:
        print_json(
            {
                "proven": is_keyed or bool(confirmed),
                "signatureChecked": is_keyed,
                "document": "ballot",
                "voter": ballot.voter,
                "proposal": str(ballot.proposal),
                **choice.to_json(),
                "governor": ballot.domain.contract,
                "weight": str(ballot.weight),
                "chain": place,
                "confirmed": confirmed,
            }
        )
        return
    if is_keyed:
        console.print("[green]Proven[/]: the voter signed this ballot.")
    elif confirmed:
        console.print(
            "The voter is a contract wallet: no key signed this ballot, it is the chain's word. "
            "Compare the governor with the one that the log's first event names."
        )
    else:
        console.print(
            f"[yellow]Not confirmed[/]: no key signed this ballot. If {ballot.voter} is a contract "
            "wallet, its chain tells whether it voted so: --rpc URL. If it is none, it is forged."
        )
    print_fields([("What", ballot.sentence), ("Reason", choice.reason or None)])
    if choice.split is not None:
        split = choice.split.to_json().items()
        print_fields([("Split", ", ".join(f"{shown(votes)} {name}" for name, votes in split))])
    print_fields(
        [
            ("Governor", f"{ballot.domain.contract} on chain {ballot.domain.chain_id}"),
            ("Votes", shown(str(ballot.weight))),
        ]
    )
    _print_confirmed(place, confirmed, "counted it with these votes")


def verify_delegation(document: bytes, nodes: Nodes | None, *, as_json: bool) -> None:
    """Verifies a delegation's receipt, and says what it proves.

    Raises:
        UnexpectedAnswer: it is no delegation's receipt.
        WrongDelegation: the delegator did not sign it.
        NotCounted, NotOnChain, NotYetFinal, ChainUnavailable: as `verify_ballot`.
    """
    from governance.votes.confirmation import (  # noqa: PLC0415 - slow to import
        MadeDelegation,
        confirm_delegation,
    )

    made, place = parse_delegation_receipt(document)
    told = MadeDelegation(made.domain.contract, made.delegator, made.delegatee)
    confirmed = _confirmed(nodes, place, lambda at, chain: confirm_delegation(told, at, chain))
    if as_json:
        print_json(
            {
                "proven": True,
                "document": "delegation",
                "delegator": made.delegator,
                "delegatee": made.delegatee,
                "token": made.domain.contract,
                "chain": place,
                "confirmed": confirmed,
            }
        )
        return
    console.print("[green]Proven[/]: the holder signed this delegation.")
    print_fields(
        [
            ("What", made.sentence),
            ("Token", f"{made.domain.contract} on chain {made.domain.chain_id}"),
        ]
    )
    _print_confirmed(place, confirmed, "took it")


def _ask_governor(
    ballot: UnsignedBallot, at: Place, chain: Chain, refusal: WrongBallot | None
) -> BlockRef:
    """Where the governor counted it; `refusal` where no key signed and the voter has no code."""
    from governance.actions import canonical_address  # noqa: PLC0415 - slow to import
    from governance.votes.confirmation import CountedVote, confirm_vote  # noqa: PLC0415

    choice = ballot.choice
    vote = CountedVote(
        governor=ballot.domain.contract,
        proposal=ballot.proposal,
        voter=ballot.voter,
        support=SUPPORT[choice.support],
        weight=ballot.weight or 0,
        reason=choice.reason,
        params=choice.split.packed if choice.split else b"",
    )
    block = confirm_vote(vote, at, chain)
    if refusal is not None and not chain.code(canonical_address(ballot.voter)):
        raise refusal
    return block


def _confirmed(
    nodes: Nodes | None, place: JsonObject, ask: Callable[[Place, Chain], BlockRef]
) -> list[JsonObject]:
    """What every node of that chain says; empty where none was named."""
    if nodes is None:
        return []
    chain_id = integer(place, "chainId")
    asked = nodes.of(chain_id)
    if not asked:
        raise NotCounted(
            f"The receipt says that chain {chain_id} counted it, and no node of that chain was "
            f"asked: {nodes}. Name one with --rpc."
        )
    at = _place(place)
    found: list[JsonObject] = []
    for url, chain in asked:
        block = ask(at, chain)
        found.append(
            {
                "node": url,
                "blockNumber": block.number,
                "at": format_instant(block.timestamp * 1000),
                "followedBy": chain.head().number - block.number,
            }
        )
    return found


def _place(place: JsonObject) -> Place:
    from governance.votes import Place  # noqa: PLC0415 - slow to import

    return Place(
        chain_id=integer(place, "chainId"),
        block_number=integer(place, "blockNumber"),
        block_hash=hex_bytes(place, "blockHash"),
        transaction_hash=hex_bytes(place, "transactionHash"),
        log_index=integer(place, "logIndex"),
    )


def _print_confirmed(place: JsonObject, confirmed: list[JsonObject], did: str) -> None:
    for each in confirmed:
        console.print(
            f"[green]Confirmed[/]: chain {place['chainId']} {did} in block {each['blockNumber']} "
            f"at {each['at']} ({each['followedBy']} since), says {plain(each['node'])}."
        )
    if not confirmed:
        console.print(
            f"[yellow]That chain {place['chainId']} {did} in block {place['blockNumber']} is a "
            "claim until the chain was asked, with --rpc.[/]"
        )
