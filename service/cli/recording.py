"""Recording drafts from the command line, and saying what came of it."""

from __future__ import annotations

from pathlib import Path

import orjson
import typer

from client import Draft, Ledger, Recorded
from client.files import content_id
from ledger.errors import ConcordError
from ledger.events import Body
from ledger.events.bodies.access import AccessGranted
from ledger.events.slips import ended, unpublished
from service.cli.context import options_of
from service.cli.output import console, note, plain, print_fields, print_json
from service.cli.times import now_ms


def record(context: typer.Context, *drafts: Draft, receipt: Path | None = None) -> None:
    """Signs, sends, verifies the receipt, and prints it; for each draft in turn.

    With `--json` one draft prints an object, several print a list.

    Args:
        context: of the command.
        drafts: what to say.
        receipt: file to keep the first one's receipt in.
    """
    options = options_of(context)
    answers: list[dict[str, object]] = []
    with options.writer() as ledger:
        for draft in drafts:
            recorded = _record(ledger, draft, quiet=options.as_json)
            if receipt is not None and not answers:
                receipt.write_bytes(recorded.receipt)
                if not options.as_json:
                    print_fields([("Receipt", str(receipt))])
            answers.append(_as_json(recorded))
    if options.as_json:
        print_json(answers if len(answers) > 1 else answers[0])


def offer(context: typer.Context, content: bytes, *, what: str) -> None:
    """Has the server keep what an event has named; says so, with what to do, where it does not.

    Args:
        context: of the command.
        content: the bytes.
        what: they are, for people, such as "the Croissant file".
    """
    try:
        with options_of(context).writer() as ledger:
            ledger.dao.upload(content)
    except ConcordError as error:
        note(
            f"The server does not keep {what} ({error}). Keep it yourself: the log names it by "
            f"{content_id(content)}."
        )


def _record(ledger: Ledger, draft: Draft, *, quiet: bool) -> Recorded:
    signed = ledger.sign(draft)
    _warn(ledger, signed.event.body)
    if quiet:
        return ledger.send(signed)
    console.print(f"[dim]Signing as {ledger.address}:[/] ", end="")
    console.print(plain(signed.event.summary), markup=False)
    recorded = ledger.send(signed)
    again = " (it was recorded before)" if recorded.duplicate else ""
    console.print(f"[green]Recorded[/] as event {recorded.index}{again}; its receipt is verified.")
    return recorded


def _warn(ledger: Ledger, body: Body) -> None:
    """Says what the signer may not have meant; it is recorded all the same."""
    slips = [ended(body, now_ms())]
    if isinstance(body, AccessGranted) and body.versions:
        published = ledger.items(f"/v1/datasets/{body.dataset}/versions")
        slips.append(unpublished(body, {str(each.get("version")) for each in published}))
    for slip in slips:
        if slip is not None:
            note(slip)


def _as_json(recorded: Recorded) -> dict[str, object]:
    return {
        "index": recorded.index,
        "eventId": recorded.event_id,
        "recordedAt": recorded.recorded_at,
        "duplicate": recorded.duplicate,
        "receipt": orjson.loads(recorded.receipt),
    }
