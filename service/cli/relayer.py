"""`concord relayer`: the account that carries ballots to the chain and anchors the log."""

from __future__ import annotations

import os

import typer

from ledger.events.canonical import JsonObject
from service.cli.context import options_of
from service.cli.datadir import Data
from service.cli.output import console, print_fields, print_json
from service.environment import read_settings

app = typer.Typer(no_args_is_help=True, help="Exchange the key of the account that relays.")


@app.command("new-key")
def new_key(context: typer.Context, data: Data = None) -> None:
    """Make a new key for the relayer; the old account loses what it may do by vote.

    No process may serve the ledger meanwhile. Then serve again, and propose what the written file
    says: the new account becomes an operator, and the old one is removed. The old key stays as the
    mirror's, which the service takes from itself alone.
    """
    from service.relayer_key import exchange_relayer  # noqa: PLC0415 - chains are slow to import

    options, settings = options_of(context), read_settings(data=data)
    done = exchange_relayer(settings, os.urandom)
    facts: JsonObject = {
        "old": done.old,
        "new": done.new,
        "mirror": done.mirror,
        "oldKey": str(done.kept),
        "actions": str(done.actions),
    }
    if options.as_json:
        print_json(facts)
        return
    console.print("[green]Made[/] a new key for the relayer.")
    print_fields(
        [
            ("New account", done.new),
            ("Old account", done.old),
            ("Its key is in", str(done.kept)),
        ]
    )
    console.print("Serve the ledger again, in every process with this key. Then have it voted on:")
    title = "Exchange the relayer's account"
    console.print(f'concord propose actions {done.actions} --title "{title}"', markup=False)
    console.print("Anchoring waits for that vote: once it is executed, restart the service.")
