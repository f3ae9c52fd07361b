"""`concord propose`: shows what a proposal would do, then sends it.

What is sent was worked out on this machine from the action that was asked for; a server that makes
something else of it is found out (`client.dao.proposals`). A version that is to be released is
named by its record's hash, from a verified receipt. How it is shown and sent: `service.cli.wanted`.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Annotated

import typer

from client import Ledger
from client.dao import MemberProfile
from client.errors import UnexpectedAnswer
from client.proofs import prove_event
from client.wire import integer
from ledger.errors import InvalidInput
from ledger.events.canonical import InvalidJson, JsonObject, parse_objects
from ledger.events.identifiers import format_instant
from service.cli.addresses import address
from service.cli.amounts import smallest
from service.cli.context import options_of
from service.cli.exits import Panel
from service.cli.output import plain
from service.cli.reading import read_json
from service.cli.times import moment, now_ms
from service.cli.wanted import Title, Wanted, proposes

app = typer.Typer(no_args_is_help=True, help="Propose an action, or several, to be voted on.")

Model = Annotated[str, typer.Argument(help="Id of the model.")]
Version = Annotated[str, typer.Argument(help="Version of the model.")]
Member = Annotated[str, typer.Argument(callback=address, help="Address of the member.")]
To = Annotated[str, typer.Argument(callback=address, help="Address that is paid.")]
Tokens = Annotated[str, typer.Argument(help="Such as 1.5.")]
Roles = Annotated[
    list[str] | None,
    typer.Option("--role", help="steward, developer, gateway, auditor, operator; repeat."),
]


class NoPolicyName(InvalidInput):
    """A policy's text does not say which policy it is."""

    code = "no-policy-name"
    remedy = "Name the policy in its text."


@proposes(app)
def release(
    context: typer.Context,
    model: Model,
    version: Version,
    until: Annotated[str, typer.Option(help="Until when: 2027-01-31, 90d.")],
) -> Wanted:
    """Release a model version; its audit bundle is the evidence where none is named."""
    with options_of(context).writer() as ledger:
        action: JsonObject = {
            "action": "release",
            "model": model,
            "recordLeaf": _record_leaf(ledger, model, version),
            "validUntil": format_instant(moment(until, now_ms()) // 1000 * 1000),
        }
    bundle = f"audit-bundle={model}@{version}"
    return Wanted([action], f"Release {model} {version}", evidence_if_none=(bundle,))


@proposes(app)
def withdraw(
    context: typer.Context,
    model: Model,
    version: Version,
    reason: Annotated[str, typer.Option(help="Why; the contract keeps its SHA-256.")],
) -> Wanted:
    """Take a release back, for good. The reason stands in the proposal where no body is given."""
    with options_of(context).writer() as ledger:
        action: JsonObject = {
            "action": "withdraw",
            "model": model,
            "recordLeaf": _record_leaf(ledger, model, version),
            "reason": _sha256(reason.encode()),
        }
    return Wanted([action], f"Withdraw {model} {version}", body=reason)


@proposes(app)
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
) -> Wanted:
    """Admit a member."""
    kept: tuple[str, ...] = ()
    action: JsonObject = {"action": "admit", "member": member, "roles": [*(roles or [])]}
    if name:
        profile = MemberProfile(name)
        with options_of(context).writer() as ledger:
            ledger.dao.upload(profile.document)
        action["profileDigest"] = profile.digest
        kept = (f"document={profile.content}",)
    return Wanted([action], f"Admit {name or member}", evidence=kept)


@proposes(app, "change-roles")
def change_roles(
    member: Member,
    roles: Roles = None,
) -> Wanted:
    """Give a member exactly these roles; without --role it keeps none."""
    action: JsonObject = {"action": "change-roles", "member": member, "roles": [*(roles or [])]}
    return Wanted([action], f"Change the roles of {member}")


@proposes(app, "adopt-policy")
def adopt_policy(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="The policy's JSON text.", exists=True)],
) -> Wanted:
    """Adopt a policy's text, which is added to the ledger's documents."""
    from governance.policies import parse_document  # noqa: PLC0415 - slow to import

    document = file.read_bytes()
    if not isinstance(read_json(file).get("policy"), str):
        raise NoPolicyName(f'{file} does not say which policy it is; add "policy": "NAME".')
    # A text that is no policy would bind nobody, and take the place of one that does.
    policy = parse_document(document)
    with options_of(context).writer() as ledger:
        content = plain(ledger.dao.upload(document)["content"])
    action: JsonObject = {
        "action": "adopt-policy",
        "policy": policy.name,
        "digest": _sha256(document),
        "content": content,
        "parameters": "0x" + policy.parameters.hex(),
    }
    return Wanted([action], f"Adopt the policy {policy.name}", evidence=(f"policy={content}",))


@proposes(app, "set-class")
def set_class(
    proposal_class: Annotated[
        str, typer.Argument(metavar="CLASS", help="routine, membership, treasury, constitutional.")
    ],
    quorum: Annotated[int, typer.Option(min=0, max=10_000, help="Basis points of the supply.")],
    approval: Annotated[int, typer.Option(min=5_000, max=10_000, help="Basis points of votes.")],
) -> Wanted:
    """Set how much agreement a class of proposals takes."""
    action: JsonObject = {
        "action": "set-class",
        "proposalClass": proposal_class,
        "quorum": quorum,
        "approval": approval,
    }
    return Wanted([action], f"Set what {proposal_class} proposals take")


@proposes(app)
def pay(
    to: To,
    amount: Annotated[str, typer.Argument(help="Of the chain's coin, such as 1.5.")],
) -> Wanted:
    """Pay the chain's coin from the treasury."""
    action: JsonObject = {"action": "pay", "to": to, "amount": str(smallest(amount))}
    return Wanted([action], f"Pay {amount} to {to}")


@proposes(app, "pay-token")
def pay_token(
    token: Annotated[str, typer.Argument(callback=address, help="Address of an ERC-20 contract.")],
    to: To,
    amount: Annotated[int, typer.Argument(min=0, help="In the token's smallest unit.")],
) -> Wanted:
    """Pay a token from the treasury."""
    action: JsonObject = {"action": "pay-token", "token": token, "to": to, "amount": str(amount)}
    return Wanted([action], f"Pay tokens to {to}")


@proposes(app)
def mint(
    to: To,
    amount: Tokens,
) -> Wanted:
    """Make new voting tokens."""
    action: JsonObject = {"action": "mint", "to": to, "amount": str(smallest(amount))}
    return Wanted([action], f"Mint {amount} for {to}")


@proposes(app)
def call(
    target: Annotated[str, typer.Argument(callback=address, help="Address of a contract.")],
    calldata: Annotated[str, typer.Argument(help="0x-hex.")] = "0x",
    value: Annotated[int, typer.Option(min=0, help="Wei to send along.")] = 0,
) -> Wanted:
    """Call any contract."""
    action: JsonObject = {
        "action": "call",
        "target": target,
        "value": str(value),
        "calldata": calldata,
    }
    return Wanted([action], f"Call {target}")


@proposes(app)
def actions(
    file: Annotated[Path, typer.Argument(help="JSON: an action, or a list.", exists=True)],
    title: Title,
) -> Wanted:
    """Propose what a file says: any actions, in order, voted on together."""
    return Wanted(_read_actions(file), title)


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


def register(root: typer.Typer) -> None:
    """Adds the commands of this module."""
    root.add_typer(app, name="propose", rich_help_panel=Panel.DAO)
