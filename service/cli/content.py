"""`concord content gc`: what operators do with the documents that events and proposals name."""

from __future__ import annotations

from typing import Annotated

import typer

from service.cli.context import options_of
from service.cli.datadir import Data, database_of
from service.cli.exits import Panel
from service.cli.output import console, print_json
from service.environment import read_settings

GRACE_HOURS = 168.0
"""A week: longer than anybody takes from adding a document to naming it."""

_HOUR_SECONDS = 3_600

app = typer.Typer(no_args_is_help=True, help="Documents that events and proposals name.")


@app.command("gc")
def collect_garbage(
    context: typer.Context,
    data: Data = None,
    grace: Annotated[
        float, typer.Option(min=1.0, help="Hours that a document is safe after it was added.")
    ] = GRACE_HOURS,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say which documents would go.")
    ] = False,
) -> None:
    """Remove documents that no event and no proposal names, with the server running or not.

    Let the mirror be up to date (`/readyz`): a proposal that it has not told names nothing yet.
    """
    from ledger.collecting import collect  # noqa: PLC0415 - slow to import
    from ledger.content.location import open_content_store  # noqa: PLC0415
    from ledger.content.store import ContentLimits  # noqa: PLC0415
    from service.parts import system_clock  # noqa: PLC0415

    options = options_of(context)
    settings = read_settings(data=data)
    limits = ContentLimits(gc_grace_seconds=grace * _HOUR_SECONDS)
    with database_of(settings) as database:
        content = open_content_store(settings.content_url, settings.data_dir, limits=limits)
        try:
            before = system_clock() - round(grace * _HOUR_SECONDS * 1000)
            done = collect(database, content, added_before=before, dry_run=dry_run)
        finally:
            content.close()
    swept = done.swept
    if options.as_json:
        print_json(
            {
                "documents": [
                    {"content": each.content, "sha256": each.sha256, "size": each.size}
                    for each in done.unnamed
                ],
                "kept": done.named,
                "removedBlocks": None if swept is None else swept.removed_blocks,
                "freedBytes": None if swept is None else swept.freed_bytes,
            }
        )
        return
    for each in done.unnamed:
        console.print(f"{each.content}  {each.size} bytes", markup=False)
    if swept is None:
        console.print(f"{len(done.unnamed)} documents would go, {done.named} would stay.")
        return
    console.print(
        f"[green]Removed[/] {len(done.unnamed)} documents; {swept.removed_blocks} blocks of "
        f"{swept.freed_bytes} bytes are gone. {done.named} documents stay."
    )


def register(root: typer.Typer) -> None:
    """Adds the commands of this module."""
    root.add_typer(app, name="content", rich_help_panel=Panel.LEDGER)
