"""What all `concord propose` commands have in common: how a proposal is worded, shown, confirmed
and sent.

A command says what it wants (`Wanted`); `proposes` gives it the options that all of them have, and
does the rest.
"""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from inspect import Parameter, Signature
from typing import Annotated

import typer

from client import EvidenceNamed, ProposalDraft
from client.dao.proposals import PreparedProposal
from client.fields import inner, objects, texts
from ledger.errors import InvalidInput
from ledger.events.canonical import JsonObject
from service.cli.amounts import shown
from service.cli.context import options_of
from service.cli.output import console, note, plain, print_fields, print_json

Title = Annotated[str, typer.Option(help="One line that says what it is about.")]
Body = Annotated[str, typer.Option(help="Why; public for ever.")]
Evidence = Annotated[
    list[str] | None,
    typer.Option(
        "--evidence", help="KIND=CONTENT-ID of a document, or audit-bundle=MODEL@VERSION; repeat."
    ),
]
Yes = Annotated[bool, typer.Option("--yes", help="Send it without asking.")]


_COMMON = [
    Parameter("context", Parameter.KEYWORD_ONLY, annotation=typer.Context),
    Parameter("title", Parameter.KEYWORD_ONLY, default="", annotation=Title),
    Parameter("body", Parameter.KEYWORD_ONLY, default="", annotation=Body),
    Parameter("evidence", Parameter.KEYWORD_ONLY, default=None, annotation=Evidence),
    Parameter("yes", Parameter.KEYWORD_ONLY, default=False, annotation=Yes),
]
"""What every command takes."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a command wants to be proposed.

    Attributes:
        actions: in the API's form.
        title: unless one is given.
        body: unless one is given.
        evidence: beside what is named, in the form of `--evidence`.
        evidence_if_none: where none is named.
    """

    actions: Sequence[JsonObject]
    title: str
    body: str = ""
    evidence: tuple[str, ...] = ()
    evidence_if_none: tuple[str, ...] = ()


class NotConfirmed(InvalidInput):
    """Nobody has said that it is to be sent."""

    code = "not-confirmed"
    remedy = "Answer the question with `y`, or give `--yes`."


class InvalidEvidence(InvalidInput):
    """Evidence is neither a document's content id nor a model version's audit."""

    code = "invalid-evidence"
    remedy = "Write `KIND=CONTENT-ID`, or `audit-bundle=MODEL@VERSION`."


def proposes(
    app: typer.Typer, name: str | None = None
) -> Callable[[Callable[..., Wanted]], Callable[..., Wanted]]:
    """Adds a command that proposes what a function wants, with the options that all have.

    Args:
        app: that gets the command.
        name: of the command; the function's where absent.
    """

    def add(want: Callable[..., Wanted]) -> Callable[..., Wanted]:
        own = inspect.signature(want, eval_str=True).parameters

        @functools.wraps(want)
        def command(
            *,
            context: typer.Context,
            title: str,
            body: str,
            evidence: list[str] | None,
            yes: bool,
            **further: object,
        ) -> None:
            offered = {"context": context, "title": title, **further}
            wanted = want(**{key: offered[key] for key in own})
            worded = replace(wanted, title=title or wanted.title, body=body or wanted.body)
            _propose(context, worded, evidence or wanted.evidence_if_none, is_confirmed=yes)

        # What Typer reads options from: the function's own and those of every command.
        mine = [each.replace(kind=Parameter.KEYWORD_ONLY) for each in own.values()]
        shared = [each for each in _COMMON if each.name not in own]
        command.__signature__ = Signature([*mine, *shared])  # type: ignore[attr-defined]
        app.command(name)(command)
        return want

    return add


def evidence_of(text: str) -> EvidenceNamed:
    """What `--evidence` names.

    Raises:
        InvalidEvidence: nothing.
    """
    kind, equals, name = text.partition("=")
    model, at, version = name.partition("@")
    if equals and kind == "audit-bundle" and at and model and version:
        return EvidenceNamed(kind, model=model, version=version)
    if not equals or not kind or not name or at:
        raise InvalidEvidence(
            f"{text!r} names no evidence. Write document=CONTENT-ID, or audit-bundle=MODEL@VERSION "
            "for the service to make the bundle."
        )
    return EvidenceNamed(kind, name)


def _propose(
    context: typer.Context, wanted: Wanted, named: Sequence[str], *, is_confirmed: bool
) -> None:
    """Shows it, asks, and sends it."""
    options = options_of(context)
    evidence = tuple(evidence_of(each) for each in (*named, *wanted.evidence))
    draft = ProposalDraft(wanted.title, [*wanted.actions], wanted.body, evidence)
    with options.writer() as ledger:
        prepared = ledger.dao.prepare_proposal(draft, options.signing_key().address)
        if not options.as_json:
            _show(draft.title, prepared)
        if not is_confirmed:
            _confirm()
        sent = ledger.dao.send(prepared.transaction)
    if options.as_json:
        place: JsonObject = {"transactionHash": sent.transaction_hash, "block": sent.block_number}
        print_json(prepared.answer | {"sent": place})
        return
    console.print(f"[green]Proposed[/]: {prepared.proposal}, in block {sent.block_number}.")


def _confirm() -> None:
    if not sys.stdin.isatty():
        raise NotConfirmed("Nothing was sent: nobody is here to ask; look at it, and use --yes.")
    if not typer.confirm("Send it?", err=True):
        raise NotConfirmed("Nothing was sent.")


def _show(title: str, prepared: PreparedProposal) -> None:
    answer = prepared.answer
    print_fields(
        [
            ("Title", title),
            ("Class", answer.get("class")),
            ("Your votes", shown(answer.get("votes"))),
            ("It takes", shown(answer.get("threshold"))),
        ]
    )
    for each in objects(inner(answer, "simulation"), "actions"):
        outcome = plain(each.get("outcome"))
        reason = plain(each.get("reason"))
        console.print(plain(each.get("sentence")), markup=False)
        for demand in texts(each, "demands"):
            console.print(f"  It demands: {plain(demand)}", markup=False)
        for warning in texts(each, "warnings"):
            note(warning)
        console.print(f"  {outcome}{f': {reason}' if reason else ''}", markup=False)
        for change in objects(each, "changes"):
            what, before, after = (plain(change.get(n)) for n in ("what", "before", "after"))
            console.print(f"  {what}: {before} → {after}", markup=False)
    for audit in objects(answer, "audits"):
        fields = (plain(audit.get(name)) for name in ("model", "version", "verdict"))
        console.print("Audit now: {} {} is {}.".format(*fields), markup=False)
    for breach in objects(answer, "policyBreaches"):
        note(f"Policy {plain(breach.get('policy'))}: {plain(breach.get('reason'))}")
