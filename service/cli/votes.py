"""`concord proposals, vote, queue, execute, cancel, delegate, treasury, chain`: what the members
decide, and deciding.
"""

from __future__ import annotations

from typing import Annotated, cast

import typer

from client import Choice, Split
from client.dao.ballots import Support
from client.fields import inner, objects, texts
from ledger.errors import InvalidInput
from ledger.events.canonical import JsonObject, JsonValue, canonical
from service.cli.addresses import SELF, address_or_self
from service.cli.amounts import shown, smallest
from service.cli.context import options_of
from service.cli.exits import Panel
from service.cli.names import Names, named, named_whole, names_of, with_names
from service.cli.output import console, note, plain, print_fields, print_json, print_rows
from service.cli.proposal_numbers import Number, OptionalNumber, number_of, shortest
from service.cli.receipt_files import ReceiptFile


class InvalidSplit(InvalidInput):
    """`--split` does not say how a vote is split."""

    code = "invalid-split"
    remedy = "Write `--split for=TOKENS --split against=TOKENS`."


def proposals(
    context: typer.Context,
    proposal: OptionalNumber = None,
    state: Annotated[str | None, typer.Option(help="active, queued, executed, …")] = None,
) -> None:
    """List proposals, or show one with its actions, evidence and votes."""
    options = options_of(context)
    with options.reader() as ledger:
        if proposal is None:
            rows = list(ledger.dao.proposals(state=state))
            votes: list[JsonObject] = []
        else:
            number = number_of(proposal, ledger.dao)
            rows = [ledger.dao.proposal(number)]
            votes = list(ledger.dao.votes(number))
        names = {} if options.as_json else names_of(ledger)
    if options.as_json:
        print_json(rows if proposal is None else rows[0] | {"votes": [*votes]})
        return
    if proposal is not None:
        _print_one(rows[0], votes, names)
        return
    columns = [("Proposal", "proposal"), ("Title", "title"), ("By", "proposer"),
               ("State", "state"), ("Class", "class"), ("Waits for", "waitsFor")]  # fmt: skip
    short = shortest([plain(each["proposal"]) for each in rows])
    shown_rows = [each | {"proposal": short[plain(each["proposal"])]} for each in rows]
    print_rows(columns, with_names(shown_rows, names, "proposer"), empty="No proposals match.")


def _print_one(found: JsonObject, votes: list[JsonObject], names: Names) -> None:
    tally = found["tally"]
    counted = tally if isinstance(tally, dict) else {}
    cast_votes = ", ".join(f"{shown(votes)} {name}" for name, votes in counted.items())
    fields: list[tuple[str, JsonValue]] = [
        ("Proposal", found["proposal"]), ("Title", found["title"]),
        ("Proposer", named_whole(found["proposer"], names)), ("State", found["state"]),
        ("Class", found["class"]), ("Would", found["sentences"]), ("Votes", cast_votes),
        ("Quorum reached", found["quorumReached"]), ("Approved", found["approved"]),
        ("Voting ends", found["deadline"]), ("Waits for", found["waitsFor"]),
    ]  # fmt: skip
    print_fields(fields)
    columns = [("Evidence", "kind"), ("Content id", "content"), ("Held", "isHeld"),
               ("Model", "model"), ("Version", "version"), ("Verdict", "verdict"),
               ("Problem", "problem")]  # fmt: skip
    print_rows(columns, objects(found, "evidence"), empty="It names no evidence.")
    columns = [("Releases", "model"), ("Version", "version"), ("The log's audit now", "verdict")]
    print_rows(columns, objects(found, "audits"), empty="It releases nothing.")
    for action in objects(found, "actions"):
        for demand in texts(action, "demands"):
            note(f"The policy’s text: {demand}")
        for warning in texts(action, "warnings"):
            note(warning)
    for breach in objects(found, "policyBreaches"):
        note(f"Policy {plain(breach.get('policy'))}: {plain(breach.get('reason'))}")
    cast_by = with_names(votes, names, "voter")
    columns = [("Voter", "voter"), ("Vote", "support"), ("Votes", "votes"), ("Reason", "reason")]
    rows = [row | {"votes": shown(row.get("weight"))} for row in cast_by]
    print_rows(columns, rows, empty="Nobody has voted yet.")


def vote(
    context: typer.Context,
    proposal: Number,
    support: Annotated[str, typer.Argument(help="for, against, abstain or split.")],
    reason: Annotated[str, typer.Option(help="Why; public for ever.")] = "",
    receipt: ReceiptFile = None,
    split: Annotated[
        list[str] | None, typer.Option(help="With split: for=TOKENS, against=…, abstain=…; repeat.")
    ] = None,
) -> None:
    """Vote by signature; the service carries the ballot to the chain."""
    options = options_of(context)
    choice = Choice(cast("Support", support), reason, _split(split) if split else None)
    with options.writer() as ledger:
        counted = ledger.dao.vote(number_of(proposal, ledger.dao), choice)
    if receipt is not None:
        receipt.write_bytes(counted.document)
    if options.as_json:
        print_json({"weight": str(counted.weight), "chain": counted.place})
        return
    console.print(f"[green]Counted[/]: {shown(str(counted.weight))} votes {choice.support}.")
    print_fields([("Block", counted.place.get("blockNumber"))])


def _split(shares: list[str]) -> Split:
    """What `--split` says, each choice once."""
    cast_votes: dict[str, int] = {}
    for share in shares:
        choice, _, amount = share.partition("=")
        if choice not in {"for", "against", "abstain"} or choice in cast_votes:
            raise InvalidSplit(
                f"--split {share}: write --split for=1.5 --split against=2, each choice once."
            )
        cast_votes[choice] = smallest(amount)
    return Split(
        in_favour=cast_votes.get("for", 0),
        against=cast_votes.get("against", 0),
        abstaining=cast_votes.get("abstain", 0),
    )


def queue(context: typer.Context, proposal: Number) -> None:
    """Have the service queue a proposal that succeeded; it does so by itself, too."""
    options = options_of(context)
    with options.reader() as ledger:
        taken = ledger.dao.queue(number_of(proposal, ledger.dao))
    _print_step("Queued", taken, as_json=options.as_json)


def execute(context: typer.Context, proposal: Number) -> None:
    """Have the service execute a queued proposal that is due; it does so by itself, too."""
    options = options_of(context)
    with options.reader() as ledger:
        taken = ledger.dao.execute(number_of(proposal, ledger.dao))
    _print_step("Executed", taken, as_json=options.as_json)


def cancel(context: typer.Context, proposal: Number) -> None:
    """Cancel your own proposal before voting begins, or any if you are the guardian."""
    options = options_of(context)
    with options.writer() as ledger:
        sent = ledger.dao.cancel(number_of(proposal, ledger.dao))
    taken: JsonObject = {
        "transactionHash": sent.transaction_hash,
        "blockNumber": sent.block_number,
    }
    _print_step("Canceled", taken, as_json=options.as_json)


def _print_step(word: str, taken: JsonObject, *, as_json: bool) -> None:
    if as_json:
        print_json(taken)
        return
    console.print(f"[green]{word}[/].")
    print_fields([("Block", taken.get("blockNumber")), ("By", taken.get("transactionHash"))])


def delegate(
    context: typer.Context,
    to: Annotated[
        str, typer.Argument(callback=address_or_self, help="Address, or self to take it back.")
    ],
    receipt: ReceiptFile = None,
) -> None:
    """Let somebody else vote with your tokens, by signature."""
    options = options_of(context)
    with options.writer() as ledger:
        held = ledger.dao.delegate(str(ledger.address) if to == SELF else to)
    if receipt is not None:
        receipt.write_bytes(canonical(held))
    if options.as_json:
        print_json(held)
        return
    console.print("[green]Delegated[/].")


def treasury(context: typer.Context) -> None:
    """Show what the DAO holds and has paid."""
    options = options_of(context)
    with options.reader() as ledger:
        found = ledger.dao.treasury()
        names = {} if options.as_json else names_of(ledger)
    if options.as_json:
        print_json(found)
        return
    tokens = objects(found, "tokens")
    held = [(plain(each.get("symbol")), shown(each.get("balance"))) for each in tokens]
    print_fields([("Account", found.get("account")), ("Coins", shown(found.get("coins"))), *held])
    symbols = {str(each.get("token")): plain(each.get("symbol")) for each in tokens}
    payments = objects(inner(found, "payments"), "items")
    short = shortest([plain(each["proposal"]) for each in payments if each.get("proposal")])
    rows: list[JsonObject] = [
        {
            "paid": f"{shown(each.get('amount'))} {symbols.get(str(each.get('token')), 'coins')}",
            "to": named(each.get("to"), names),
            "at": each.get("at"),
            "proposal": short.get(plain(each.get("proposal"))),
        }
        for each in payments
    ]
    columns = [("Paid", "paid"), ("To", "to"), ("At", "at"), ("By proposal", "proposal")]
    print_rows(columns, rows, empty="Nothing was paid yet.")


def chain(context: typer.Context) -> None:
    """Show the chain, the contracts and the rules as they are now."""
    options = options_of(context)
    with options.reader() as ledger:
        found = ledger.dao.describe()
    if options.as_json:
        print_json(found)
        return
    token = found.get("token")
    supply = token if isinstance(token, dict) else {}
    print_fields(
        [
            ("Chain", found.get("chainId")),
            ("Its clock", found.get("now")),
            ("For wallets", found.get("rpc")),
            ("Runs in the service", found.get("isEmbedded")),
            ("Tokens", f"{shown(supply.get('supply'))} {plain(supply.get('symbol'))}"),
            ("To propose", shown(found.get("proposalThreshold"))),
            ("Voting begins after", _span(found.get("votingDelaySeconds"))),
            ("Voting lasts", _span(found.get("votingPeriodSeconds"))),
            ("Late quorum adds", _span(found.get("voteExtensionSeconds"))),
            ("Queued for", _span(found.get("timelockDelaySeconds"))),
            ("Guardian", _guardian(found)),
        ]
    )
    rows: list[JsonObject] = [
        {
            "class": each.get("class"),
            "quorum": _percent(each.get("quorum")),
            "approval": _percent(each.get("approval")),
        }
        for each in objects(found, "classes")
    ]
    columns = [("Class", "class"), ("Quorum", "quorum"), ("Approval", "approval")]
    print_rows(columns, rows, empty="No classes.")
    contracts = found.get("contracts")
    print_fields(list(contracts.items()) if isinstance(contracts, dict) else [])


def _guardian(found: JsonObject) -> str:
    guardian, contracts = found.get("guardian"), found.get("contracts")
    if guardian is None:
        return "nobody: proposers may cancel their own until they are executed"
    is_timelock = isinstance(contracts, dict) and guardian == contracts.get("timelock")
    return "the members, by vote" if is_timelock else plain(guardian)


def _span(seconds: JsonValue) -> str:
    """Seconds in words, such as `1 day 12 h`."""
    left = seconds if isinstance(seconds, int) else 0
    parts = []
    for size, unit in ((86_400, "days"), (3_600, "h"), (60, "min"), (1, "s")):
        number, left = divmod(left, size)
        if number:
            parts.append("1 day" if (number, unit) == (1, "days") else f"{number} {unit}")
    return " ".join(parts) or "0 s"


def _percent(basis_points: JsonValue) -> str:
    return f"{basis_points / 100:g} %" if isinstance(basis_points, int) else plain(basis_points)


def register(root: typer.Typer) -> None:
    """Adds the commands of this module."""
    for command in (proposals, vote, queue, execute, cancel, delegate, treasury, chain):
        root.command(rich_help_panel=Panel.DAO)(command)
