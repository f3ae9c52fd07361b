"""`concord policy` and `concord anchor`: what the members have adopted, and what chains hold."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

import typer

from ledger.events.canonical import JsonObject
from service.cli.context import options_of
from service.cli.exits import Panel
from service.cli.output import console, print_fields, print_json, print_rows

policy = typer.Typer(no_args_is_help=True, help="List and show the policies that were adopted.")
anchor = typer.Typer(no_args_is_help=True, help="List the anchors of the log; anchor it now.")


@policy.command("list")
def list_policies(context: typer.Context) -> None:
    """List the policies in force."""
    options = options_of(context)
    with options.reader() as ledger:
        rows = list(ledger.dao.policies())
    if options.as_json:
        print_json(rows)
        return
    columns = [("Policy", "policy"), ("Version", "version"), ("Demands", "sentences"),
               ("Problem", "problem")]  # fmt: skip
    print_rows(columns, rows, empty="No policy was adopted yet.")


@policy.command("show")
def show_policy(
    context: typer.Context, name: Annotated[str, typer.Argument(help="Name of the policy.")]
) -> None:
    """Show what a policy demands, and its versions."""
    options = options_of(context)
    with options.reader() as ledger:
        found = ledger.dao.policy(quote(name, safe=""))
    if options.as_json:
        print_json(found)
        return
    print_fields(
        [
            ("Policy", found.get("policy")),
            ("Version", found.get("version")),
            ("Demands", found.get("sentences")),
            ("Problem", found.get("problem")),
            ("Content", found.get("content")),
            ("SHA-256", found.get("digest")),
        ]
    )
    versions = found.get("versions")
    rows = (
        [each for each in versions if isinstance(each, dict)] if isinstance(versions, list) else []
    )
    columns = [("Version", "version"), ("Adopted", "adoptedAt"), ("Content", "content")]
    print_rows(columns, rows, empty="No versions.")


@anchor.command("list")
def list_anchors(context: typer.Context) -> None:
    """List the roots of the log that chains hold, the largest size first."""
    options = options_of(context)
    with options.reader() as ledger:
        rows = list(ledger.dao.anchors())
    if options.as_json:
        print_json(rows)
        return
    columns = [("Size", "size"), ("Root", "root"), ("Chain", "chainId"),
               ("Registry", "registry"), ("At", "at")]  # fmt: skip
    print_rows(columns, rows, empty="Nothing is anchored yet.")


@anchor.command("now")
def anchor_now(context: typer.Context) -> None:
    """Anchor the present size in the DAO's registry; for operators and auditors."""
    options = options_of(context)
    with options.writer() as ledger:
        done: JsonObject = ledger.dao.anchor_now()
    if options.as_json:
        print_json(done)
        return
    if done.get("sent") is None:
        console.print("Everything is anchored already.")
    else:
        console.print("[green]Anchored[/].")
    print_fields([("Size", done.get("anchored")), ("Registry", done.get("registry"))])


def register(root: typer.Typer) -> None:
    """Adds the commands of this module."""
    root.add_typer(policy, name="policy", rich_help_panel=Panel.DAO)
    root.add_typer(anchor, name="anchor", rich_help_panel=Panel.DAO)
