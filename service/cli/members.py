"""`concord members` and `concord key`: who takes part, and who signs on whose behalf."""

from __future__ import annotations

from typing import Annotated

import typer

from client import drafts
from service.cli.access import PublicReason, Reason
from service.cli.addresses import address
from service.cli.context import Search, options_of
from service.cli.exits import Panel
from service.cli.output import print_json, print_rows
from service.cli.recording import record
from service.cli.times import moment, now_ms

members = typer.Typer(no_args_is_help=True, help="Admit members, change roles, list, remove.")
key = typer.Typer(no_args_is_help=True, help="Let a key sign on your organisation's behalf.")

Member = Annotated[str, typer.Argument(callback=address, help="Address of the member.")]
Roles = Annotated[
    list[str] | None,
    typer.Option("--role", help="steward, developer, gateway, auditor; repeat."),
]
KeyAddress = Annotated[str, typer.Argument(callback=address, help="Address of the key.")]


@members.command()
def admit(
    context: typer.Context,
    member: Member,
    roles: Roles = None,
    name: Annotated[str | None, typer.Option(help="Of the organisation, for people.")] = None,
) -> None:
    """Admit an organisation. Signed by the operator, until a DAO decides."""
    record(context, drafts.admit_member(member, roles=roles or (), name=name))


@members.command("roles")
def change_roles(context: typer.Context, member: Member, roles: Roles = None) -> None:
    """Set all roles of a member; without --role it keeps none."""
    record(context, drafts.change_roles(member, roles=roles or ()))


@members.command()
def remove(
    context: typer.Context,
    member: Member,
    reason: Reason = None,
    public_reason: PublicReason = False,
) -> None:
    """Remove a member; what it signed stays."""
    record(context, drafts.remove_member(member, reason=reason, public_reason=public_reason))


@members.command("list")
def list_members(context: typer.Context, search: Search = None) -> None:
    """List the members there are, and were."""
    options = options_of(context)
    with options.reader() as ledger:
        rows = list(ledger.items("/v1/members", search=search))
    if options.as_json:
        print_json(rows)
        return
    empty = "No member fits." if search else "No members yet."
    columns = [("Name", "name"), ("Address", "member"), ("Roles", "roles"), ("Active", "active")]
    print_rows(columns, rows, empty=empty)


@key.command()
def authorize(
    context: typer.Context,
    address: KeyAddress,
    kinds: Annotated[
        list[str], typer.Option("--kind", help="What it may sign, such as access.used; repeat.")
    ],
    until: Annotated[str, typer.Option(help="2027-01-31, or 90d from now.")],
    label: Annotated[str | None, typer.Option(help="Whose or what's it is; sealed.")] = None,
) -> None:
    """Let a person's, job's or gateway's key sign for your organisation."""
    draft = drafts.authorize_key(address, kinds=kinds, until=moment(until, now_ms()), label=label)
    record(context, draft)


@key.command("revoke")
def revoke_key(context: typer.Context, address: KeyAddress, reason: Reason = None) -> None:
    """Take that back, from now on."""
    record(context, drafts.revoke_key(address, reason=reason))


def register(root: typer.Typer) -> None:
    """Adds the commands of this module."""
    root.add_typer(members, name="members", rich_help_panel=Panel.PEOPLE)
    root.add_typer(key, name="key", rich_help_panel=Panel.PEOPLE)
