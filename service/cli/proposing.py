"""`concord propose`: shows what a proposal would do, then sends it.

What is sent was worked out on this machine from the action that was asked for; a server that makes
something else of it is found out (`client.dao.proposals`). A version that is to be released is
named by its record's hash, from a verified receipt.
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path
from typing import Annotated

import typer

from client import EvidenceNamed, Ledger, ProposalDraft
from client.dao import MemberProfile
from client.dao.proposals import PreparedProposal
from client.errors import UnexpectedAnswer
from client.proofs import prove_event
from client.wire import integer
from ledger.errors import InvalidInput
from ledger.events.canonical import InvalidJson, JsonObject, JsonValue, parse_objects
from ledger.events.identifiers import format_instant
from service.cli.addresses import address
from service.cli.amounts import shown, smallest
from service.cli.context import options_of
from service.cli.exits import Panel
from service.cli.output import console, note, plain, print_fields, print_json
from service.cli.reading import read_json
from service.cli.times import moment, now_ms

app = typer.Typer(no_args_is_help=True, help="Propose an action, or several, to be voted on.")

Title = Annotated[str, typer.Option(help="One line that says what it is about.")]
Body = Annotated[str, typer.Option(help="Why; public for ever.")]
EvidenceOption = Annotated[
    list[str] | None,
    typer.Option(
        "--evidence", help="KIND=CONTENT-ID of a document, or audit-bundle=MODEL@VERSION; repeat."
    ),
]
Yes = Annotated[bool, typer.Option("--yes", help="Send it without asking.")]
Model = Annotated[str, typer.Argument(help="Id of the model.")]
Version = Annotated[str, typer.Argument(help="Version of the model.")]
Member = Annotated[str, typer.Argument(callback=address, help="Address of the member.")]
To = Annotated[str, typer.Argument(callback=address, help="Address that is paid.")]
Tokens = Annotated[str, typer.Argument(help="Such as 1.5.")]
Roles = Annotated[
    list[str] | None,
    typer.Option("--role", help="steward, developer, gateway, auditor, operator; repeat."),
]


class NotConfirmed(InvalidInput):
    """Nobody has said that it is to be sent."""

    code = "not-confirmed"
    remedy = "Answer the question with `y`, or give `--yes`."


class InvalidEvidence(InvalidInput):
    """Evidence is neither a document's content id nor a model version's audit."""

    code = "invalid-evidence"
    remedy = "Write `KIND=CONTENT-ID`, or `audit-bundle=MODEL@VERSION`."


class NoPolicyName(InvalidInput):
    """A policy's text does not say which policy it is."""

    code = "no-policy-name"
    remedy = "Name the policy in its text."


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


@app.command()
def release(
    context: typer.Context,
    model: Model,
    version: Version,
    until: Annotated[str, typer.Option(help="Until when: 2027-01-31, 90d.")],
    title: Title = "",
    body: Body = "",
    evidence: EvidenceOption = None,
    yes: Yes = False,
) -> None:
    """Release a model version; its audit bundle is the evidence where none is named."""
    with options_of(context).writer() as ledger:
        action: JsonObject = {
            "action": "release",
            "model": model,
            "recordLeaf": _record_leaf(ledger, model, version),
            "validUntil": format_instant(moment(until, now_ms()) // 1000 * 1000),
        }
    evidence = evidence or [f"audit-bundle={model}@{version}"]
    _propose(context, [action], title or f"Release {model} {version}", body, evidence, yes=yes)


@app.command()
def withdraw(
    context: typer.Context,
    model: Model,
    version: Version,
    reason: Annotated[str, typer.Option(help="Why; the contract keeps its SHA-256.")],
    title: Title = "",
    body: Body = "",
    evidence: EvidenceOption = None,
    yes: Yes = False,
) -> None:
    """Take a release back, for good. The reason stands in the proposal where no body is given."""
    with options_of(context).writer() as ledger:
        action: JsonObject = {
            "action": "withdraw",
            "model": model,
            "recordLeaf": _record_leaf(ledger, model, version),
            "reason": _sha256(reason.encode()),
        }
    title = title or f"Withdraw {model} {version}"
    _propose(context, [action], title, body or reason, evidence, yes=yes)


@app.command()
def admit(
    context: typer.Context,
    member: Member,
    roles: Roles = None,
    name: Annotated[
        str | None,
        typer.Option(
            help="What it is called: kept as a public profile, by which all see the name."
        ),
    ] = None,
    title: Title = "",
    body: Body = "",
    evidence: EvidenceOption = None,
    yes: Yes = False,
) -> None:
    """Admit a member."""
    action: JsonObject = {"action": "admit", "member": member, "roles": [*(roles or [])]}
    if name:
        profile = MemberProfile(name)
        with options_of(context).writer() as ledger:
            ledger.dao.upload(profile.document)
        action["profileDigest"] = profile.digest
        evidence = [*(evidence or []), f"document={profile.content}"]
    _propose(context, [action], title or f"Admit {name or member}", body, evidence, yes=yes)


@app.command("change-roles")
def change_roles(
    context: typer.Context,
    member: Member,
    roles: Roles = None,
    title: Title = "",
    body: Body = "",
    evidence: EvidenceOption = None,
    yes: Yes = False,
) -> None:
    """Give a member exactly these roles; without --role it keeps none."""
    action: JsonObject = {"action": "change-roles", "member": member, "roles": [*(roles or [])]}
    _propose(context, [action], title or f"Change the roles of {member}", body, evidence, yes=yes)


@app.command("adopt-policy")
def adopt_policy(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="The policy's JSON text.", exists=True)],
    title: Title = "",
    body: Body = "",
    evidence: EvidenceOption = None,
    yes: Yes = False,
) -> None:
    """Adopt a policy's text, which is added to the ledger's documents."""
    document = file.read_bytes()
    policy = read_json(file).get("policy")
    if not isinstance(policy, str):
        raise NoPolicyName(f'{file} does not say which policy it is; add "policy": "NAME".')
    with options_of(context).writer() as ledger:
        content = plain(ledger.dao.upload(document)["content"])
    action: JsonObject = {
        "action": "adopt-policy",
        "policy": policy,
        "digest": _sha256(document),
        "content": content,
    }
    evidence = [*(evidence or []), f"policy={content}"]
    _propose(context, [action], title or f"Adopt the policy {policy}", body, evidence, yes=yes)


@app.command("set-class")
def set_class(
    context: typer.Context,
    proposal_class: Annotated[
        str, typer.Argument(metavar="CLASS", help="routine, membership, treasury, constitutional.")
    ],
    quorum: Annotated[int, typer.Option(min=0, max=10_000, help="Basis points of the supply.")],
    approval: Annotated[int, typer.Option(min=5_000, max=10_000, help="Basis points of votes.")],
    title: Title = "",
    body: Body = "",
    evidence: EvidenceOption = None,
    yes: Yes = False,
) -> None:
    """Set how much agreement a class of proposals takes."""
    action: JsonObject = {
        "action": "set-class",
        "proposalClass": proposal_class,
        "quorum": quorum,
        "approval": approval,
    }
    title = title or f"Set what {proposal_class} proposals take"
    _propose(context, [action], title, body, evidence, yes=yes)


@app.command()
def pay(
    context: typer.Context,
    to: To,
    amount: Annotated[str, typer.Argument(help="Of the chain's coin, such as 1.5.")],
    title: Title = "",
    body: Body = "",
    evidence: EvidenceOption = None,
    yes: Yes = False,
) -> None:
    """Pay the chain's coin from the treasury."""
    action: JsonObject = {"action": "pay", "to": to, "amount": str(smallest(amount))}
    _propose(context, [action], title or f"Pay {amount} to {to}", body, evidence, yes=yes)


@app.command("pay-token")
def pay_token(
    context: typer.Context,
    token: Annotated[str, typer.Argument(callback=address, help="Address of an ERC-20 contract.")],
    to: To,
    amount: Annotated[int, typer.Argument(min=0, help="In the token's smallest unit.")],
    title: Title = "",
    body: Body = "",
    evidence: EvidenceOption = None,
    yes: Yes = False,
) -> None:
    """Pay a token from the treasury."""
    action: JsonObject = {"action": "pay-token", "token": token, "to": to, "amount": str(amount)}
    _propose(context, [action], title or f"Pay tokens to {to}", body, evidence, yes=yes)


@app.command()
def mint(
    context: typer.Context,
    to: To,
    amount: Tokens,
    title: Title = "",
    body: Body = "",
    evidence: EvidenceOption = None,
    yes: Yes = False,
) -> None:
    """Make new voting tokens."""
    action: JsonObject = {"action": "mint", "to": to, "amount": str(smallest(amount))}
    _propose(context, [action], title or f"Mint {amount} for {to}", body, evidence, yes=yes)


@app.command()
def call(
    context: typer.Context,
    target: Annotated[str, typer.Argument(callback=address, help="Address of a contract.")],
    calldata: Annotated[str, typer.Argument(help="0x-hex.")] = "0x",
    value: Annotated[int, typer.Option(min=0, help="Wei to send along.")] = 0,
    title: Title = "",
    body: Body = "",
    evidence: EvidenceOption = None,
    yes: Yes = False,
) -> None:
    """Call any contract."""
    action: JsonObject = {
        "action": "call",
        "target": target,
        "value": str(value),
        "calldata": calldata,
    }
    _propose(context, [action], title or f"Call {target}", body, evidence, yes=yes)


@app.command()
def actions(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="JSON: an action, or a list.", exists=True)],
    title: Annotated[str, typer.Option(help="One line that says what it is about.")],
    body: Body = "",
    evidence: EvidenceOption = None,
    yes: Yes = False,
) -> None:
    """Propose what a file says: any actions, in order, voted on together."""
    _propose(context, _read_actions(file), title, body, evidence, yes=yes)


def _read_actions(file: Path) -> list[JsonObject]:
    try:
        return parse_objects(file.read_bytes())
    except InvalidJson as error:
        raise InvalidJson(f"{file}: {error}") from error


def _record_leaf(ledger: Ledger, model: str, version: str) -> str:
    row = ledger.fetch(f"/v1/models/{model}/versions/{version}")
    proof = prove_event(ledger.receipt(integer(row, "index")), ledger.connect())
    body = proof.event.get("body")
    named = (body.get("model"), body.get("version")) if isinstance(body, dict) else None
    if proof.event.get("kind") != "model.version_published" or named != (model, version):
        raise UnexpectedAnswer(f"Event {proof.index} does not publish {model} {version}.")
    return "0x" + proof.leaf_hash.hex()


def _sha256(content: bytes) -> str:
    return "0x" + hashlib.sha256(content).hexdigest()


def _propose(
    context: typer.Context,
    wanted: list[JsonObject],
    title: str,
    body: str,
    evidence: list[str] | None,
    *,
    yes: bool,
) -> None:
    """Shows it, asks, and sends it."""
    options = options_of(context)
    named = tuple(evidence_of(each) for each in evidence or ())
    draft = ProposalDraft(title, wanted, body, named)
    with options.writer() as ledger:
        prepared = ledger.dao.prepare_proposal(draft, options.signing_key().address)
        if not options.as_json:
            _show(draft.title, prepared)
        if not yes:
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
    simulation = answer.get("simulation")
    for each in _objects(simulation, "actions"):
        outcome = plain(each.get("outcome"))
        reason = plain(each.get("reason"))
        console.print(plain(each.get("sentence")), markup=False)
        console.print(f"  {outcome}{f': {reason}' if reason else ''}", markup=False)
        for change in _objects(each, "changes"):
            what, before, after = (plain(change.get(n)) for n in ("what", "before", "after"))
            console.print(f"  {what}: {before} → {after}", markup=False)
    for audit in _objects(answer, "audits"):
        fields = (plain(audit.get(name)) for name in ("model", "version", "verdict"))
        console.print("Audit now: {} {} is {}.".format(*fields), markup=False)
    for breach in _objects(answer, "policyBreaches"):
        note(f"Policy {plain(breach.get('policy'))}: {plain(breach.get('reason'))}")


def _objects(value: JsonValue, name: str) -> list[JsonObject]:
    items = value.get(name) if isinstance(value, dict) else None
    return [each for each in items if isinstance(each, dict)] if isinstance(items, list) else []


def register(root: typer.Typer) -> None:
    """Adds the commands of this module."""
    root.add_typer(app, name="propose", rich_help_panel=Panel.DAO)
