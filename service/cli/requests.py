"""`concord requests, unseal`: what was asked for, and why, for those who may read it."""

from __future__ import annotations

from typing import Annotated

import typer

from client.proofs import prove_event
from service.cli.context import options_of
from service.cli.exits import Panel
from service.cli.names import names_of, with_names
from service.cli.output import print_fields, print_json, print_rows


def requests(
    context: typer.Context,
    dataset: Annotated[str | None, typer.Option(help="Only for this dataset.")] = None,
    status: Annotated[
        str | None, typer.Option(help="Only open, returned, denied or granted ones.")
    ] = None,
) -> None:
    """List requests for access. `concord unseal` shows why one is made, to those who may know."""
    options = options_of(context)
    with options.reader() as ledger:
        rows = list(ledger.items("/v1/requests", dataset=dataset, status=status))
        names = {} if options.as_json else names_of(ledger)
    if options.as_json:
        print_json(rows)
        return
    columns = [
        ("Request", "request"), ("Dataset", "dataset"), ("Who", "requester"),
        ("Actions", "actions"), ("Until", "until"), ("Status", "status"), ("Event", "index"),
    ]  # fmt: skip
    print_rows(columns, with_names(rows, names, "requester"), empty="No requests match.")


def unseal(
    context: typer.Context,
    index: Annotated[int, typer.Argument(min=0, help="Of the event that holds what is sealed.")],
) -> None:
    """Show what an event holds sealed, if you may read it: its signer, the dataset's steward,
    auditors and the operator. Signed with your key; it records nothing.
    """
    options = options_of(context)
    with options.writer() as ledger:
        # From the leaf itself, proven: what is opened is what stands in the log.
        body = prove_event(ledger.receipt(index), ledger.connect()).event.get("body")
        held = body.items() if isinstance(body, dict) else ()
        sealed = {name: v["$sealed"] for name, v in held if isinstance(v, dict) and "$sealed" in v}
        opened = {name: ledger.read_sealed(str(value)) for name, value in sealed.items()}
    if options.as_json:
        print_json(opened)
        return
    print_fields(opened.items() or [(f"Event {index}", "holds nothing sealed")])


def register(app: typer.Typer) -> None:
    """Adds the commands of this module."""
    for command in (requests, unseal):
        app.command(rich_help_panel=Panel.ACCESS)(command)
