"""`concord audit, lineage, impact`: the questions that the ledger answers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated
from urllib.parse import quote

import typer
from rich.markup import escape

from client.fields import objects
from ledger.events.canonical import JsonObject, JsonValue
from service.cli.context import options_of
from service.cli.exits import Exit, Panel
from service.cli.names import names_of, readable
from service.cli.output import console, plain, print_fields, print_json, print_rows

ModelId = Annotated[str, typer.Argument(help="Id of the model.")]
VersionId = Annotated[str, typer.Argument(help="Version of the model.")]
AsOf = Annotated[
    str | None, typer.Option("--at", help="As of this sequence number or RFC 3339 time.")
]

VERDICT_EXITS = {"clean": Exit.OK, "tainted": Exit.TAINTED, "incomplete": Exit.INCOMPLETE}
_VERDICT_STYLES = {"clean": "green", "tainted": "red", "incomplete": "yellow"}
_MARKS = {"error": "[red]✗[/]", "gap": "[yellow]?[/]", "warning": "[yellow]![/]"}


def audit(
    context: typer.Context,
    model: ModelId,
    version: VersionId,
    at: AsOf = None,
    bundle: Annotated[
        Path | None,
        typer.Option(help="Write the proof to this file: anyone can verify it offline."),
    ] = None,
) -> None:
    """Audit a model version: every ancestor, the grant that covered it, and what is wrong.

    Exit code 0 clean, 10 tainted, 11 incomplete.
    """
    options = options_of(context)
    path = f"{_path_of(model, version)}/audit"
    with options.reader() as ledger:
        answer = ledger.fetch(path, at=at)
        if bundle is not None:
            bundle.write_bytes(ledger.fetch_document(path, at=at, bundle="true"))
            key = ledger.connect().verifier_key
        names = {} if options.as_json else names_of(ledger)
    if options.as_json:
        print_json(answer)
    else:
        print_audit(answer, names)
        if bundle is not None:
            console.print(f"Bundle written to {bundle}; check it anywhere with: ", end="")
            console.print(
                f"concord verify {bundle} --verifier-key {key}", markup=False, soft_wrap=True
            )
    raise typer.Exit(VERDICT_EXITS.get(str(answer.get("verdict")), Exit.FAILED))


def print_audit(answer: JsonObject, names: Mapping[str, str] | None = None) -> None:
    """An audit for people.

    Args:
        answer: as the API gives it.
        names: members' names by address, to be read instead of them.
    """
    verdict = plain(answer.get("verdict"))
    size = answer.get("size")
    as_of = f", as of event {size - 1}" if isinstance(size, int) and size else ""
    subject = escape(f"{plain(answer.get('model'))} {plain(answer.get('version'))}")
    style = _VERDICT_STYLES.get(verdict, "")
    console.print(f"{subject} is [bold {style}]{escape(verdict)}[/]{as_of}.")
    covered = _coverage_by_dataset(answer)
    rows = [_ancestor_row(item, covered) for item in objects(answer, "ancestors")]
    columns = [("", "sort"), ("What went into it", "name"), ("Covered by", "covered")]
    print_rows([*columns, ("Event", "index")], rows, empty="Nothing went into it.")
    for finding in objects(answer, "findings"):
        mark = _MARKS.get(plain(finding.get("severity")), "[dim]·[/]")
        console.print(f"{mark} [bold]{escape(plain(finding.get('code')))}[/] ", end="")
        sentence = readable(plain(finding.get("sentence")), names or {})
        events = finding.get("events")
        word = "event" if isinstance(events, list) and len(events) == 1 else "events"
        console.print(f"{sentence} ({word} {plain(events)})", markup=False)
    _say_complete(answer)


def _ancestor_row(item: JsonObject, covered: Mapping[str, list[str]]) -> JsonObject:
    node = plain(item.get("node"))
    sort, _, name = node.partition(":")
    return {
        "sort": sort,
        "name": name.replace("@", " "),
        "covered": ", ".join(covered.get(node, [])) or "",
        "index": item.get("index"),
    }


def _coverage_by_dataset(answer: JsonObject) -> dict[str, list[str]]:
    covered: dict[str, list[str]] = {}
    for item in objects(answer, "coverages"):
        words = {
            "grant": plain(item.get("grant")),
            "stewardship": "its own steward",
        }.get(plain(item.get("basis")), "no grant")
        text = f"{words} {'✓' if item.get('holds') is True else '✗'}"
        known = covered.setdefault(plain(item.get("dataset")), [])
        if text not in known:
            known.append(text)
    return covered


def lineage(
    context: typer.Context,
    model: ModelId,
    version: VersionId,
    descendants: Annotated[
        bool, typer.Option("--descendants", help="What came of it instead.")
    ] = False,
    depth: Annotated[int | None, typer.Option(min=1, help="How many steps at the most.")] = None,
    at: AsOf = None,
) -> None:
    """Show what went into a model version, or what came of it."""
    options = options_of(context)
    direction = "descendants" if descendants else "ancestors"
    with options.reader() as ledger:
        path = f"{_path_of(model, version)}/lineage"
        answer = ledger.fetch(path, direction=direction, depth=depth, at=at)
        names = {} if options.as_json else names_of(ledger)
    if options.as_json:
        print_json(answer)
        return
    columns = [("From", "source"), ("Relation", "relation"), ("To", "target"), ("Event", "index")]
    edges = [
        edge | {end: readable(plain(edge.get(end)), names) for end in ("source", "target")}
        for edge in objects(answer, "edges")
    ]
    print_rows(columns, edges, empty="Nothing is linked to it.")
    _say_complete(answer)


def impact(
    context: typer.Context,
    dataset: Annotated[str, typer.Argument(help="Id of the dataset.")],
    grant: Annotated[str | None, typer.Option(help="Only what was done under this grant.")] = None,
    at: AsOf = None,
) -> None:
    """Show what withdrawing a dataset, or revoking a grant, would reach. Changes nothing."""
    options = options_of(context)
    with options.reader() as ledger:
        path = f"/v1/datasets/{quote(dataset, safe='')}/impact"
        answer = ledger.fetch(path, grant=grant, at=at)
    if options.as_json:
        print_json(answer)
        return
    print_impact(answer)


def print_impact(answer: JsonObject) -> None:
    """What a withdrawal or revocation reaches, for people."""
    console.print(plain(answer.get("sentence")), markup=False)
    print_fields(
        [
            ("Grants", _list(answer.get("grants"))),
            ("Runs", _list(answer.get("runs"))),
            ("Model versions", _list(answer.get("models"))),
            ("Releases", _list(answer.get("releases"))),
            # They may have read the data too.
            *([("Unread manifests of", _list(unread))] if (unread := answer.get("unread")) else []),
        ]
    )
    _say_complete(answer)


def _list(value: JsonValue) -> str:
    items = value if isinstance(value, list) else []
    return ", ".join(_short(item) for item in items) or "none"


def _short(item: JsonValue) -> str:
    text = plain(item.get("node") if isinstance(item, dict) else item)
    return text.partition(":")[2].replace("@", " ") or text


def _say_complete(answer: JsonObject) -> None:
    if answer.get("isComplete") is False:
        console.print(
            "[yellow]Not complete: a limit, or something unknown, cuts this answer short.[/]"
        )


def _path_of(model: str, version: str) -> str:
    return f"/v1/models/{quote(model, safe='')}/versions/{quote(version, safe='')}"


def register(root: typer.Typer) -> None:
    """Adds the commands of this module."""
    for command in (audit, lineage, impact):
        root.command(rich_help_panel=Panel.QUESTIONS)(command)
