"""Recording a draft from the command line, and saying what came of it."""

from __future__ import annotations

from pathlib import Path

import orjson
import typer

from client import Draft
from service.cli.context import options_of
from service.cli.output import console, plain, print_fields, print_json


def record(context: typer.Context, draft: Draft, *, receipt: Path | None = None) -> None:
    """Signs, sends, verifies the receipt, and prints it.

    Args:
        context: of the command.
        draft: what to say.
        receipt: file to keep the receipt in.
    """
    options = options_of(context)
    with options.writer() as ledger:
        signed = ledger.sign(draft)
        if not options.as_json:
            console.print(f"[dim]Signing as {ledger.address}:[/] ", end="")
            console.print(plain(signed.event.summary), markup=False)
        recorded = ledger.send(signed)
    if receipt is not None:
        receipt.write_bytes(recorded.receipt)
    if options.as_json:
        print_json(
            {
                "index": recorded.index,
                "eventId": recorded.event_id,
                "recordedAt": recorded.recorded_at,
                "duplicate": recorded.duplicate,
                "receipt": orjson.loads(recorded.receipt),
            }
        )
        return
    again = " (it was recorded before)" if recorded.duplicate else ""
    console.print(f"[green]Recorded[/] as event {recorded.index}{again}; its receipt is verified.")
    if receipt is not None:
        print_fields([("Receipt", str(receipt))])
