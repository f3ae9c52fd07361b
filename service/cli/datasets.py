"""`concord dataset`: register, publish, transfer, withdraw, list."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from client import drafts
from client.croissant import Croissant, read_croissant
from client.errors import InvalidCroissant
from client.files import content_id, describe_file
from ledger.errors import InvalidInput
from ledger.events.canonical import InvalidJson, JsonObject
from service.cli.addresses import address
from service.cli.context import Search, options_of
from service.cli.names import names_of, with_names
from service.cli.output import print_json, print_rows
from service.cli.progress import digesting
from service.cli.reading import read_json
from service.cli.receipt_files import ReceiptFile
from service.cli.recording import offer, record

app = typer.Typer(
    no_args_is_help=True, help="Register, publish, hand over, withdraw and list datasets."
)

Dataset = Annotated[str, typer.Argument(help="Id: small letters, digits, '.', '_', '-'.")]


class MissingTerms(InvalidInput):
    """A dataset needs a title, a licence and consent codes."""

    code = "missing-terms"
    remedy = "Give `--title`, `--license` and `--duo`, or a Croissant file that says them."


@app.command()
def register(
    context: typer.Context,
    dataset: Dataset,
    title: Annotated[str | None, typer.Option(help="For people.")] = None,
    duo: Annotated[
        list[str] | None, typer.Option(help="DUO consent code, such as HMB; repeat.")
    ] = None,
    disease: Annotated[
        list[str] | None, typer.Option(help="For DS: CURIE, such as MONDO:0007254.")
    ] = None,
    license_: Annotated[str | None, typer.Option("--license", help="SPDX id or URL.")] = None,
    personal_data: Annotated[bool, typer.Option(help="Whether it is about people.")] = True,
    description: Annotated[str | None, typer.Option(help="What is in it.")] = None,
    croissant: Annotated[
        Path | None, typer.Option(help="MLCommons Croissant JSON-LD file.")
    ] = None,
    odrl: Annotated[Path | None, typer.Option(help="JSON file with an ODRL offer.")] = None,
    receipt: ReceiptFile = None,
) -> None:
    """Register a dataset with its terms; with --croissant also publish the version it describes.

    That version names the Croissant file by its CID; a server that keeps content gets the file.
    """
    document = croissant.read_bytes() if croissant is not None else None
    described = _described(croissant, document) if croissant and document is not None else None
    title = title or (described.name if described else None)
    license_ = license_ or (described.license if described else None)
    if not title or not license_ or not duo:
        raise MissingTerms(
            "A dataset needs --title, --license and at least one --duo consent code; "
            "a Croissant file gives the first two."
        )
    steward = options_of(context).signing_key().address
    usage: JsonObject = {"duo": list(duo)}
    if disease:
        usage["diseases"] = [{"term": term} for term in disease]
    if odrl is not None:
        usage["odrl"] = read_json(odrl)
    draft = drafts.register_dataset(
        dataset,
        title=title,
        steward=steward,
        usage=usage,
        license=license_,
        personal_data=personal_data,
        description=description or (described.description if described else None),
    )
    versions: list[drafts.Draft] = []
    if described is not None and document is not None:
        versions = [_version(dataset, described, content_id(document))]
    record(context, draft, *versions, receipt=receipt)
    if document is not None:
        offer(context, document, what="the Croissant file")


def _described(file: Path, document: bytes) -> Croissant:
    try:
        return read_croissant(document)
    except (InvalidCroissant, InvalidJson) as error:
        raise type(error)(f"--croissant {file}: {error}") from error


def _version(dataset: str, described: Croissant, content: str) -> drafts.Draft:
    return drafts.publish_dataset_version(
        dataset,
        described.version or "1",
        distribution=described.distribution,
        croissant=content,
    )


@app.command()
def publish(
    context: typer.Context,
    dataset: Dataset,
    version: Annotated[str, typer.Argument(help="Such as 1 or 2026-11.")],
    files: Annotated[list[Path], typer.Argument(help="The files of this version.", exists=True)],
    records: Annotated[int | None, typer.Option(help="How many records there are.")] = None,
    uri: Annotated[str | None, typer.Option(help="Where the (one) file can be had.")] = None,
    revision_of: Annotated[
        str | None, typer.Option(help="The version that this one replaces.")
    ] = None,
    receipt: ReceiptFile = None,
) -> None:
    """Publish a version by the SHA-256 digests of its files; the files stay where they are."""
    distribution = []
    for file in files:
        with digesting(file, quiet=options_of(context).as_json) as progress:
            distribution.append(describe_file(file, uri=uri, progress=progress))
    draft = drafts.publish_dataset_version(
        dataset,
        version,
        distribution=distribution,
        record_count=records,
        revision_of=revision_of,
    )
    record(context, draft, receipt=receipt)


@app.command()
def transfer(
    context: typer.Context,
    dataset: Dataset,
    to: Annotated[
        str, typer.Argument(callback=address, help="Address of a member with the role steward.")
    ],
    receipt: ReceiptFile = None,
) -> None:
    """Hand a dataset over to another steward, who alone changes its grants from then on.

    Its steward so far signs this; only the new one can hand it back.
    """
    record(context, drafts.transfer_stewardship(dataset, to=to), receipt=receipt)


@app.command()
def withdraw(
    context: typer.Context,
    dataset: Dataset,
    reason: Annotated[str | None, typer.Option(help="Why; sealed.")] = None,
    public_reason: Annotated[
        bool, typer.Option(help="Leave the reason readable for ever.")
    ] = False,
) -> None:
    """Withdraw a dataset: no new grants, no new versions."""
    record(context, drafts.withdraw_dataset(dataset, reason=reason, public_reason=public_reason))


@app.command("list")
def list_datasets(context: typer.Context, search: Search = None) -> None:
    """List the datasets there are."""
    options = options_of(context)
    with options.reader() as ledger:
        rows = list(ledger.items("/v1/datasets", search=search))
        names = {} if options.as_json else names_of(ledger)
    if options.as_json:
        print_json(rows)
        return
    empty = "No dataset fits." if search else "No datasets yet."
    columns = [
        ("Dataset", "dataset"),
        ("Title", "title"),
        ("Licence", "license"),
        ("Steward", "steward"),
    ]
    print_rows(columns, with_names(rows, names, "steward"), empty=empty)
