"""`concord model` and `concord run`: what is trained, and how it came about."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Annotated

import typer

from client import ManifestWarning, drafts
from client.files import describe_file
from ledger.errors import InvalidInput
from ledger.events.canonical import JsonObject
from service.cli.context import Search, options_of
from service.cli.exits import Panel
from service.cli.names import names_of, with_names
from service.cli.output import console, note, print_fields, print_json, print_rows
from service.cli.progress import digesting
from service.cli.reading import read_json
from service.cli.receipt_files import ReceiptFile
from service.cli.recording import record

app = typer.Typer(no_args_is_help=True, help="Register, publish and list models.")

ModelId = Annotated[str, typer.Argument(help="Id of the model.")]
VersionId = Annotated[str, typer.Argument(help="Version of the model.")]


class InvalidReference(InvalidInput):
    """Not of the form `id@version` or `id@version@grant`."""

    code = "invalid-reference"
    remedy = "Write `id@version`, and `@grant` after a dataset's."


class InvalidMetrics(InvalidInput):
    """A metric is not a number."""

    code = "invalid-metrics"
    remedy = "Write `NAME=NUMBER`."


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
    receipt: ReceiptFile = None,
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
def list_models(context: typer.Context, search: Search = None) -> None:
    """List the models there are."""
    options = options_of(context)
    with options.reader() as ledger:
        rows = list(ledger.items("/v1/models", search=search))
        names = {} if options.as_json else names_of(ledger)
    if options.as_json:
        print_json(rows)
        return
    empty = "No model fits." if search else "No models yet."
    columns = [("Model", "model"), ("Title", "title"), ("Owner", "owner"), ("Task", "task")]
    print_rows(columns, with_names(rows, names, "owner"), empty=empty)


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
    # All is read before anything is recorded: a slip of the pen is no failed run.
    settings: JsonObject | None = read_json(parameters) if parameters else None
    measured = _metrics(metrics) if metrics else {}
    inputs = [_split(item, 3) for item in used or ()]
    output = _split(model_version, 2) if model_version is not None else None
    # What a script is warned of, a person is told below.
    silent = warnings.catch_warnings(action="ignore", category=ManifestWarning)
    with silent, options.writer() as ledger:
        with ledger.run(job, run=run_id, parameters=settings) as tracked:
            for dataset, version, grant in inputs:
                tracked.used(dataset, version, grant=grant or None)
            tracked.measured(**measured)
            if output is not None and artifact is not None:
                tracked.produced(*output, file=artifact)
        indexes = [recorded.index for recorded in tracked.receipts]
    if tracked.manifest is not None and tracked.manifest.advice is not None:
        note(tracked.manifest.advice)
    if options.as_json:
        print_json({"run": tracked.id, "events": indexes})
        return
    console.print(f"[green]Recorded[/] run {tracked.id}; its receipts are verified.")
    print_fields([("Events", [*indexes])])


def _metrics(file: Path) -> dict[str, float]:
    found: dict[str, float] = {}
    for name, value in read_json(file).items():
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise InvalidMetrics(f"{file}: {name} is not a number.")
        found[name] = value
    return found


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
    root.add_typer(app, name="model", rich_help_panel=Panel.ACCESS)
    root.command(rich_help_panel=Panel.ACCESS)(run)
