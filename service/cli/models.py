"""`concord model, run, audit, lineage, impact`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import orjson
import typer

from client import drafts
from client.files import describe_file
from ledger.errors import InvalidInput
from ledger.events.canonical import JsonObject, JsonValue
from service.cli.context import Options, options_of
from service.cli.exits import Exit
from service.cli.output import console, plain, print_fields, print_json, print_rows
from service.cli.progress import digesting
from service.cli.recording import record

app = typer.Typer(no_args_is_help=True, help="Register, publish and list models.")

ModelId = Annotated[str, typer.Argument(help="Id of the model.")]
VersionId = Annotated[str, typer.Argument(help="Version of the model.")]
AsOf = Annotated[
    str | None, typer.Option("--at", help="As of this sequence number or RFC 3339 time.")
]

VERDICT_EXITS = {"clean": Exit.OK, "tainted": Exit.TAINTED, "incomplete": Exit.INCOMPLETE}
VERDICT_STYLES = {"clean": "green", "tainted": "red", "incomplete": "yellow"}


class InvalidReference(InvalidInput):
    """Not of the form `id@version` or `id@version@grant`."""

    code = "invalid-reference"


@app.command("register")
def register_model(
    context: typer.Context,
    model: ModelId,
    title: Annotated[str, typer.Option(help="For people.")],
    license_: Annotated[str, typer.Option("--license", help="SPDX id or URL.")],
    task: Annotated[str | None, typer.Option(help="What it is for.")] = None,
) -> None:
    """Register a model in your own name."""
    options = options_of(context)
    owner = options.signing_key().address
    draft = drafts.register_model(model, title=title, owner=owner, license=license_, task=task)
    record(context, draft)


@app.command("publish")
def publish_version(
    context: typer.Context,
    model: ModelId,
    version: VersionId,
    file: Annotated[Path, typer.Argument(help="The artifact.", exists=True)],
    run: Annotated[str | None, typer.Option(help="The run that made it.")] = None,
    relation: Annotated[
        str, typer.Option(help="trained, finetuned, adapter, quantized, merged, distilled.")
    ] = "trained",
    base: Annotated[
        list[str] | None, typer.Option(help="model@version it came from; repeat.")
    ] = None,
    receipt: Annotated[Path | None, typer.Option(help="File to keep the receipt in.")] = None,
) -> None:
    """Publish a version by the SHA-256 digest of its artifact."""
    with digesting(file, quiet=options_of(context).as_json) as progress:
        artifact = describe_file(file, progress=progress)
    pairs = [_split(text, 2) for text in base or ()]
    draft = drafts.publish_model_version(
        model,
        version,
        artifact=artifact,
        relation=relation,
        run=run,
        base=[(m, v) for m, v in pairs],
    )
    record(context, draft, receipt=receipt)


@app.command("list")
def list_models(context: typer.Context) -> None:
    """List the models there are."""
    options = options_of(context)
    with options.reader() as ledger:
        rows = list(ledger.items("/v1/models"))
    if options.as_json:
        print_json(rows)
        return
    columns = [("Model", "model"), ("Title", "title"), ("Owner", "owner"), ("Task", "task")]
    print_rows(columns, rows, empty="No models yet.")


def run(
    context: typer.Context,
    job: Annotated[str, typer.Argument(help="What kind of run it was.")],
    used: Annotated[
        list[str] | None,
        typer.Option("--used", help="dataset@version@grant that was read; repeat."),
    ] = None,
    model_version: Annotated[
        str | None, typer.Option("--produced", help="model@version that came out.")
    ] = None,
    artifact: Annotated[Path | None, typer.Option(help="Its file.", exists=True)] = None,
    parameters: Annotated[Path | None, typer.Option(help="JSON file of parameters.")] = None,
    metrics: Annotated[Path | None, typer.Option(help="JSON file of metrics.")] = None,
    run_id: Annotated[str | None, typer.Option("--id", help="Id of the run.")] = None,
) -> None:
    """Record a run that is over: what it read and what it made.

    Scripts use `ledger.run(…)` instead.
    """
    if (model_version is None) != (artifact is None):
        raise InvalidReference("--produced and --artifact go together.")
    options = options_of(context)
    settings: JsonObject | None = orjson.loads(parameters.read_bytes()) if parameters else None
    with options.writer() as ledger:
        with ledger.run(job, run=run_id, parameters=settings) as tracked:
            for item in used or ():
                dataset, version, grant = _split(item, 3)
                tracked.used(dataset, version, grant=grant or None)
            if metrics is not None:
                tracked.measured(**orjson.loads(metrics.read_bytes()))
            if model_version is not None and artifact is not None:
                model, version = _split(model_version, 2)
                tracked.produced(model, version, file=artifact)
        indexes = [recorded.index for recorded in tracked.receipts]
    if options.as_json:
        print_json({"run": tracked.id, "events": indexes})
        return
    console.print(f"[green]Recorded[/] run {tracked.id}; its receipts are verified.")
    print_fields([("Events", [*indexes])])


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
    path = f"/v1/models/{model}/versions/{version}/audit"
    with options.reader() as ledger:
        answer = ledger.fetch(path, at=at)
        if bundle is not None:
            bundle.write_bytes(ledger.fetch_document(path, at=at, bundle="true"))
    if options.as_json:
        print_json(answer)
    else:
        print_audit(answer)
        if bundle is not None:
            console.print(f"Bundle written to {bundle}; check it with: concord verify {bundle}")
    raise typer.Exit(VERDICT_EXITS.get(str(answer.get("verdict")), Exit.FAILED))


def print_audit(answer: JsonObject) -> None:
    """An audit for people."""
    verdict = str(answer.get("verdict"))
    style = VERDICT_STYLES.get(verdict, "bold")
    console.print(
        f"{plain(answer.get('model'))} {plain(answer.get('version'))}: "
        f"[bold {style}]{verdict}[/] as of tree size {plain(answer.get('size'))}"
    )
    columns = [("Ancestor", "node"), ("Grant", "grant"), ("State", "state")]
    print_rows(columns, _objects(answer.get("ancestors")), empty="No ancestors.")
    for finding in _objects(answer.get("findings")):
        mark = {"error": "[red]✗[/]", "gap": "[yellow]?[/]"}.get(
            str(finding.get("severity")), "[dim]![/]"
        )
        console.print(f"{mark} [bold]{plain(finding.get('code'))}[/] ", end="")
        events = finding.get("events")
        console.print(f"{plain(finding.get('sentence'))} (events {plain(events)})", markup=False)


def lineage(
    context: typer.Context,
    model: ModelId,
    version: VersionId,
    descendants: Annotated[
        bool, typer.Option("--descendants", help="What came of it instead.")
    ] = False,
    depth: Annotated[int | None, typer.Option(help="How many steps at the most.")] = None,
    at: AsOf = None,
) -> None:
    """Show what went into a model version, or what came of it."""
    options = options_of(context)
    direction = "descendants" if descendants else "ancestors"
    with options.reader() as ledger:
        path = f"/v1/models/{model}/versions/{version}/lineage"
        answer = ledger.fetch(path, direction=direction, depth=depth, at=at)
    if options.as_json:
        print_json(answer)
        return
    columns = [("From", "source"), ("Relation", "relation"), ("To", "target"), ("Event", "index")]
    print_rows(columns, _objects(answer.get("edges")), empty="Nothing is linked to it.")
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
        answer = ledger.fetch(f"/v1/datasets/{dataset}/impact", grant=grant, at=at)
    if options.as_json:
        print_json(answer)
        return
    print_impact(answer, options)


def print_impact(answer: JsonObject, options: Options) -> None:
    """What a revocation reaches, for people."""
    del options
    for heading, field in (
        ("Runs", "runs"),
        ("Model versions", "models"),
        ("Releases", "releases"),
    ):
        items = answer.get(field)
        names = [_name(item) for item in items] if isinstance(items, list) else []
        print_fields([(heading, ", ".join(names) or "none")])
    _say_complete(answer)


def _say_complete(answer: JsonObject) -> None:
    if answer.get("isComplete") is False:
        console.print("[yellow]This answer was cut short by a limit; there is more.[/]")


def _name(item: JsonValue) -> str:
    if isinstance(item, dict):
        return plain(item.get("node") or item.get("run") or item.get("model") or item)
    return plain(item)


def _objects(value: JsonValue) -> list[JsonObject]:
    return [v for v in value if isinstance(v, dict)] if isinstance(value, list) else []


def _split(text: str, parts: int) -> tuple[str, ...]:
    split = text.split("@")
    if len(split) == parts - 1 and parts == 3:
        split.append("")
    if len(split) != parts or not all(split[:2]):
        form = "id@version@grant" if parts == 3 else "id@version"
        raise InvalidReference(f"{text!r} is not of the form {form}.")
    return tuple(split)


def register(root: typer.Typer) -> None:
    """Adds the commands of this module."""
    root.add_typer(app, name="model")
    for command in (run, audit, lineage, impact):
        root.command()(command)
