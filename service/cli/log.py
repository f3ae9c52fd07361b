"""`concord log` and `concord receipt`: the log itself, event by event."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import orjson
import typer
from rich.markup import escape

from client.home import state_folder
from client.trust_store import TrustStore
from ledger.events.canonical import JsonObject
from ledger.events.identifiers import format_instant
from ledger.merkle import KeyPeriod
from service.cli.context import options_of
from service.cli.datadir import Data
from service.cli.exits import Panel
from service.cli.output import console, plain, print_fields, print_json, print_rows
from service.cli.times import now_ms
from service.environment import read_settings

app = typer.Typer(no_args_is_help=True, help="See which log it is, its events, and new ones come.")

Kind = Annotated[str | None, typer.Option(help="Only this kind, such as access.granted.")]
Index = Annotated[int, typer.Argument(min=0, help="Of the leaf, from 0.")]


@app.command()
def show(context: typer.Context) -> None:
    """Show which log answers, how large it is, and that it extends what was seen before."""
    options = options_of(context)
    with options.reader() as ledger:
        trust = ledger.connect()
        checkpoint = ledger.checkpoint()
        answer = ledger.fetch("/v1/log")
    facts: JsonObject = {
        "server": options.server,
        "origin": trust.origin,
        "verifierKey": trust.verifier_key,
        "chainId": trust.chain_id,
        "operator": answer.get("operator"),
        "size": checkpoint.size,
        "root": checkpoint.root.hex(),
    }
    if options.as_json:
        print_json(facts)
        return
    print_fields(
        [
            ("Origin", trust.origin),
            ("Verifier key", trust.verifier_key),
            ("Operator", answer.get("operator")),
            ("Events", checkpoint.size),
            ("Root", checkpoint.root.hex()),
        ]
    )
    console.print("[green]Consistent[/] with all that was seen of this log from here.")


@app.command("list")
def list_events(
    context: typer.Context,
    kind: Kind = None,
    actor: Annotated[str | None, typer.Option(help="Only what this address signed.")] = None,
    subject: Annotated[str | None, typer.Option(help="Only about this id.")] = None,
    since: Annotated[
        str | None, typer.Option(help="From this sequence number or RFC 3339 time on.")
    ] = None,
    until: Annotated[
        str | None, typer.Option(help="Up to this sequence number or RFC 3339 time.")
    ] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="How many at the most.")] = None,
) -> None:
    """List events, oldest first."""
    options = options_of(context)
    rows: list[JsonObject] = []
    with options.reader() as ledger:
        query = {"kind": kind, "actor": actor, "subject": subject, "since": since, "until": until}
        for item in ledger.items("/v1/events", **query):
            if limit is not None and len(rows) == limit:
                break
            rows.append(item)
    if options.as_json:
        print_json(rows)
        return
    columns = [("Event", "index"), ("Recorded", "at"), ("Kind", "kind"), ("What", "summary")]
    print_rows(columns, [_row(item) for item in rows], empty="No events match.")


@app.command("event")
def show_event(context: typer.Context, index: Index) -> None:
    """Show one event as it was signed."""
    options = options_of(context)
    with options.reader() as ledger:
        item = ledger.fetch(f"/v1/events/{index}")
    if options.as_json:
        print_json(item)
        return
    event = _event(item)
    member = item.get("onBehalfOf")
    fields = [
        ("Event", item.get("index")),
        ("Recorded", _row(item)["at"]),
        ("Kind", event.get("kind")),
        ("Signed by", event.get("actor")),
    ]
    if member not in {None, event.get("actor")}:
        fields.append(("On behalf of", member))
    print_fields([*fields, ("What", event.get("summary")), ("Event id", item.get("eventId"))])
    body = orjson.dumps(event.get("body"), option=orjson.OPT_INDENT_2).decode()
    console.print("\n".join(plain(line) for line in body.split("\n")), markup=False)


@app.command()
def follow(
    context: typer.Context,
    start: Annotated[
        int | None, typer.Option("--from", min=0, help="First index; new ones only if absent.")
    ] = None,
) -> None:
    """Print events as they are recorded, until Ctrl-C. With --json, one object a line."""
    options = options_of(context)
    with options.reader() as ledger:
        for item in ledger.follow(start):
            if options.as_json:
                sys.stdout.buffer.write(orjson.dumps(item, option=orjson.OPT_APPEND_NEWLINE))
                sys.stdout.buffer.flush()
                continue
            row = _row(item)
            at, kind, what = (escape(plain(row[name])) for name in ("at", "kind", "summary"))
            console.print(f"[dim]{row['index']} {at}[/] [bold]{kind}[/] {what}")


@app.command("keys")
def list_keys(context: typer.Context) -> None:
    """List the keys that the log has had, proven from the one that is trusted back to the first.

    Each key's handover to the next is signed by both. With the key of then, `concord verify FILE
    --verifier-key OLD` checks what was handed out before an exchange.
    """
    options = options_of(context)
    with options.reader() as ledger:
        periods = ledger.log_keys()
    rows: list[JsonObject] = [_period(period) for period in periods]
    if options.as_json:
        print_json(rows)
        return
    columns = [("Verifier key", "verifierKey"), ("Signed up to", "untilSize"), ("Until", "until")]
    print_rows(columns, rows, empty="")
    console.print("[green]Proven[/] from the key in the log's first leaf to the one trusted here.")


def _period(period: KeyPeriod) -> JsonObject:
    ended = period.handover
    return {
        "verifierKey": str(period.key),
        "untilSize": None if ended is None else ended.checkpoint.size,
        "until": None if ended is None else format_instant(ended.at),
    }


@app.command()
def forget(context: typer.Context) -> None:
    """Forget which log answered at the server's address, to trust the next one on first contact.

    Do so only if you know that the ledger was made anew.
    """
    options = options_of(context)
    path = TrustStore(state_folder()).forget(options.server.rstrip("/"))
    if options.as_json:
        print_json({"forgotten": None if path is None else str(path)})
    elif path is None:
        console.print(f"Nothing was known of {options.server}.", markup=False)
    else:
        console.print(f"Forgotten: {path}", markup=False)


@app.command("new-key")
def new_key(
    context: typer.Context,
    data: Data = None,
    lost: Annotated[
        bool, typer.Option("--lost", help="The old key is lost: nothing vouches for the new one.")
    ] = False,
) -> None:
    """Put a new key in the place of the log's, under the same origin.

    No process may serve the ledger meanwhile. What was handed out verifies with the old verifier
    key; clients refuse the new one until a person says that it is right.
    """
    from service.cli.datadir import last_checkpoint  # noqa: PLC0415 - the database is slow to import
    from service.log_key import exchange_log_key, replace_lost_log_key  # noqa: PLC0415

    options, settings = options_of(context), read_settings(data=data)
    signed = last_checkpoint(settings)
    if lost:
        made = replace_lost_log_key(settings.log_key_path, signed.origin, os.urandom)
        _say_replaced(str(made), signed.size, as_json=options.as_json)
        return
    done = exchange_log_key(settings.log_key_path, signed, now_ms(), os.urandom)
    facts: JsonObject = {
        "old": str(done.old),
        "new": str(done.new),
        "oldSignedUpTo": signed.size,
        "oldKey": str(done.kept),
        "handovers": str(done.handovers),
    }
    if options.as_json:
        print_json(facts)
        return
    console.print("[green]Made[/] a new key for the log.")
    print_fields(
        [
            ("New verifier key", str(done.new)),
            ("Old verifier key", str(done.old)),
            ("Signed with it up to", f"size {signed.size}"),
            ("Old private key", str(done.kept)),
            ("Handovers", str(done.handovers)),
        ]
    )
    console.print("Publish both verifier keys with that size.")
    console.print("Give each process the new key's file, and that of the handovers beside it.")
    console.print("Keep the old private key offline, or destroy it: with it a fork can be signed.")


def _say_replaced(new: str, size: int, *, as_json: bool) -> None:
    if as_json:
        print_json({"new": new, "oldSignedUpTo": size})
        return
    console.print("[green]Made[/] a key for the log, in the place of the one that is lost.")
    print_fields([("New verifier key", new), ("Signed before, up to", f"size {size}")])
    console.print("Publish it with that size; give each process the new file.")


def receipt(
    context: typer.Context,
    index: Index,
    out: Annotated[Path | None, typer.Option("--out", help="File to write it to.")] = None,
) -> None:
    """Fetch a receipt: the proof that anyone can verify, with no server, that an event is there."""
    options = options_of(context)
    with options.reader() as ledger:
        document = ledger.receipt(index)
        key = ledger.connect().verifier_key
    if out is None:
        sys.stdout.buffer.write(document + b"\n")
        sys.stdout.buffer.flush()
        return
    out.write_bytes(document)
    if options.as_json:
        print_json({"index": index, "receipt": str(out)})
        return
    console.print("[green]Verified[/] and written to ", end="")
    hint = f"{out}; check it anywhere with: concord verify {out} --verifier-key {key}"
    console.print(hint, markup=False, soft_wrap=True)


def _event(item: JsonObject) -> JsonObject:
    event = item.get("event")
    return event if isinstance(event, dict) else {}


def _row(item: JsonObject) -> JsonObject:
    event, recorded_at = _event(item), item.get("recordedAt")
    return {
        "index": item.get("index"),
        "at": format_instant(recorded_at // 1000 * 1000) if isinstance(recorded_at, int) else None,
        "kind": event.get("kind"),
        "summary": event.get("summary"),
    }


def register(root: typer.Typer) -> None:
    """Adds the commands of this module."""
    root.command(rich_help_panel=Panel.QUESTIONS)(receipt)
    root.add_typer(app, name="log", rich_help_panel=Panel.QUESTIONS)
