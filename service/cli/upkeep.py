"""`concord fsck, rebuild, export-tiles, erase`: what operators do now and then.

The first two work on the data directory, with the server running or not.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from client import drafts
from ledger.audit.errors import ForeignChain
from ledger.errors import InvalidInput
from service.cli.access import new_id
from service.cli.context import options_of
from service.cli.datadir import Data, database_of
from service.cli.exits import Exit, Panel
from service.cli.nodes import opened
from service.cli.output import (
    console,
    errors,
    print_fields,
    print_json,
    print_unconfirmed,
)
from service.cli.progress import counting, passes
from service.cli.receipt_files import ReceiptFile
from service.cli.recording import record
from service.environment import read_settings


def fsck(
    context: typer.Context,
    data: Data = None,
    hashes_only: Annotated[
        bool, typer.Option("--hashes-only", help="Leaves, tiles and roots; no replay of events.")
    ] = False,
    rpc: Annotated[
        str | None,
        typer.Option(
            help="Ask the DAO's chain at this node's JSON-RPC about the events of contract "
            "wallets; without it they are named."
        ),
    ] = None,
) -> None:
    """Derive everything again from the leaves, and name the first thing that differs.

    Exit code 6 if something does.
    """
    from ledger.fsck import fsck as check  # noqa: PLC0415 - slow to import
    from ledger.log.genesis import require_genesis  # noqa: PLC0415
    from service.founding import LAST_SIGNED  # noqa: PLC0415

    options = options_of(context)
    settings = read_settings(data=data)
    with database_of(settings) as database, opened([rpc] if rpc else [], confirmations=0) as nodes:
        try:
            domain = require_genesis(database).domain
        except InvalidInput as error:
            _say_difference(options.as_json, "leaf", "leaf 0", str(error))
            raise typer.Exit(Exit.NOT_PROVEN) from error
        wallets = nodes.wallets(domain.chain_id)
        if rpc is not None and wallets is None:
            raise ForeignChain(f"{nodes}; this ledger's chain is {domain.chain_id}.")
        with passes(quiet=options.as_json) as progress:
            report = check(
                database,
                domain=domain,
                last_signed_path=settings.data_dir / LAST_SIGNED,
                events=not hashes_only,
                wallets=wallets,
                progress=progress,
            )
    if report.difference is not None:
        difference = report.difference
        _say_difference(options.as_json, difference.part, difference.name, difference.detail)
        raise typer.Exit(Exit.NOT_PROVEN)
    if options.as_json:
        unconfirmed = [*report.unconfirmed]
        root = report.root.hex()
        print_json({"clean": True, "size": report.size, "root": root, "unconfirmed": unconfirmed})
        return
    console.print(f"[green]Clean[/]: {report.size} leaves, and all that follows from them, agree.")
    print_fields([("Root", report.root.hex())])
    print_unconfirmed(report.unconfirmed)


def _say_difference(as_json: bool, part: str, name: str, detail: str) -> None:  # noqa: FBT001
    if as_json:
        print_json({"clean": False, "difference": {"part": part, "name": name, "detail": detail}})
        return
    errors.print("[red]Differs:[/] ", end="")
    errors.print(f"{name}: {detail}", markup=False)
    errors.print("Nothing was changed. If only views differ, `concord rebuild` makes them again.")


def rebuild(context: typer.Context, data: Data = None) -> None:
    """Drop all views and make them again from the leaves."""
    from ledger.store.rebuild import rebuild as replay  # noqa: PLC0415 - slow to import

    options = options_of(context)
    settings = read_settings(data=data)
    with (
        database_of(settings) as database,
        counting("Replaying", quiet=options.as_json) as progress,
    ):
        count = replay(database, progress)
    if options.as_json:
        print_json({"replayed": count})
        return
    console.print(f"[green]Rebuilt[/] all views from {count} leaves.")


def export_tiles(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(help="Where to write them.")],
    data: Annotated[
        Path | None,
        typer.Option("--data", help="Read this data directory instead of asking the server."),
    ] = None,
) -> None:
    """Write the log as static files (C2SP tlog-tiles): for a CDN, a mirror, or an auditor.

    Run again, it writes what is new; full tiles never change.
    """
    from service.cli.tiles import export, local_source, remote_source  # noqa: PLC0415

    options = options_of(context)
    opened = remote_source(options) if data is None else local_source(read_settings(data=data))
    with opened as source, counting("Writing tiles", quiet=options.as_json) as progress:
        exported = export(source, folder, progress)
    if options.as_json:
        print_json({"folder": str(folder), "size": exported.size, "written": exported.written})
        return
    console.print(
        f"[green]Exported[/] {exported.size} leaves: {exported.written} new files, "
        f"{exported.kept} kept."
    )
    console.print(f"Anyone can check them with: concord verify --log {folder}", markup=False)


def erase(
    context: typer.Context,
    commitments: Annotated[list[str], typer.Argument(help="What stands after $sealed; base64.")],
    legal_basis: Annotated[str, typer.Option(help="Such as: GDPR article 17 (1) (b).")],
    erasure_id: Annotated[str | None, typer.Option("--id", help="Id of the erasure.")] = None,
    receipt: ReceiptFile = None,
) -> None:
    """Destroy sealed values for good, on the controller's order. Signed by the operator.

    Their proofs still verify; readers see that something was erased, and why. Backups made before
    hold them still.
    """
    draft = drafts.erase(
        erasure_id or new_id("erasure"), commitments=commitments, legal_basis=legal_basis
    )
    record(context, draft, receipt=receipt)


def register(app: typer.Typer) -> None:
    """Adds the commands of this module."""
    for name, command in (
        ("fsck", fsck), ("rebuild", rebuild), ("export-tiles", export_tiles), ("erase", erase),
    ):  # fmt: skip
        app.command(name, rich_help_panel=Panel.LEDGER)(command)
