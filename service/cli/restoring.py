"""`concord restore`: putting lost events back into an old copy of the database.

Works on the data directory, while no process serves it. What it takes is what others have kept: the
log as files, and receipts. Nothing of it is believed but what a signed checkpoint proves.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ledger.merkle import (
    Checkpoint,
    VerifierKey,
    open_checkpoint,
    parse_receipt,
    verify_receipt,
)
from ledger.merkle.tiles import TILE_WIDTH
from service.cli.context import Options, check_verifier_key, options_of
from service.cli.datadir import Data
from service.cli.exits import Panel
from service.cli.output import console, note, print_fields, print_json, print_unconfirmed
from service.cli.progress import counting
from service.cli.tiles import Source, bundle_of, checkpoint_of, folder_source, remote_source
from service.environment import read_settings
from service.settings import Settings

if TYPE_CHECKING:
    from ledger.events import Domain
    from ledger.restoring import Restored
    from ledger.store.engine import Database


@dataclass(slots=True)
class Kept:
    """Leaves that others have kept; call it with an index.

    Attributes:
        leaves: out of receipts, by index.
        source: of a log's files; None where there is none.
        size: of that log.
        signed: checkpoints that came with them, verified.
    """

    leaves: dict[int, bytes]
    source: Source | None
    size: int
    signed: list[Checkpoint]
    _bundle: tuple[int, list[bytes]] = (-1, [])

    def __call__(self, index: int) -> bytes | None:
        """The leaf at that index; None where nobody has kept it."""
        if index in self.leaves:
            return self.leaves[index]
        if self.source is None or index >= self.size:
            return None
        n, within = divmod(index, TILE_WIDTH)
        if self._bundle[0] != n:
            self._bundle = (n, bundle_of(self.source, n, self.size))
        return self._bundle[1][within]


def restore(
    context: typer.Context,
    receipts: Annotated[
        list[Path] | None,
        typer.Argument(help="Receipts of lost events, of anybody's.", exists=True),
    ] = None,
    log: Annotated[
        str | None,
        typer.Option(
            help="The log as somebody has kept it: a folder of exported tiles, or an address that "
            "serves them."
        ),
    ] = None,
    data: Data = None,
) -> None:
    """Put events back that an old copy of the database lacks, as they were recorded.

    No process may serve the ledger meanwhile. All that was signed for is put back, or nothing: the
    last signed checkpoint must come out. Then run `concord fsck`, and serve.
    """
    from service.log_key import read_log_key  # noqa: PLC0415 - the database is slow to import

    options, settings = options_of(context), read_settings(data=data)
    keys = [read_log_key(settings.log_key_path).verifier]
    if options.verifier_key is not None:
        # What was kept before the log's key was exchanged.
        keys.append(check_verifier_key("--verifier-key", options.verifier_key))
    with _source(options, log) as source:
        kept = _kept(receipts or [], source, keys)
        restored = _restore(settings, kept, keys[0].name, quiet=options.as_json)
    count = restored.size - restored.first
    if options.as_json:
        print_json(
            {
                "restored": count,
                "size": restored.size,
                "root": restored.root.hex(),
                "unconfirmed": [*restored.unconfirmed],
                "sealedValuesLost": restored.sealed,
            }
        )
        return
    _say(restored, count)


def _say(restored: Restored, count: int) -> None:
    if count == 0:
        console.print(f"Nothing is missing: all {restored.size} events that are known of are here.")
        return
    console.print(
        f"[green]Put back[/] {count} events, {restored.first} to {restored.size - 1}: the log is "
        f"as it was signed at size {restored.size}."
    )
    print_fields([("Root", restored.root.hex())])
    print_unconfirmed(restored.unconfirmed)
    if restored.sealed:
        note(
            f"{restored.sealed} values were sealed in these events and are in no leaf: they are "
            "lost here. Their commitments stand, and whoever has a value and its salt can prove it."
        )
    console.print("Check it all with: concord fsck")


@contextmanager
def _source(options: Options, log: str | None) -> Iterator[Source | None]:
    if log is None:
        yield None
        return
    is_remote = log.startswith(("http://", "https://"))
    opened = remote_source(replace(options, server=log)) if is_remote else folder_source(Path(log))
    with opened as source:
        yield source


def _kept(receipts: Sequence[Path], source: Source | None, keys: Sequence[VerifierKey]) -> Kept:
    kept = Kept({}, source, 0, [])
    if source is not None:
        checkpoint = open_checkpoint(checkpoint_of(source), keys)
        kept.size = checkpoint.size
        kept.signed.append(checkpoint)
    for file in receipts:
        verified = verify_receipt(parse_receipt(file.read_bytes()), keys)
        kept.leaves[verified.index] = verified.leaf
        kept.signed.append(verified.checkpoint)
    return kept


def _restore(settings: Settings, kept: Kept, origin: str, *, quiet: bool) -> Restored:
    from ledger.log.signer import last_signed  # noqa: PLC0415 - slow to import
    from ledger.restoring import restore as put_back  # noqa: PLC0415
    from ledger.vault import Vault  # noqa: PLC0415
    from service.founding import LAST_SIGNED  # noqa: PLC0415

    path = settings.data_dir / LAST_SIGNED
    last = last_signed(path)
    if last is None:
        note(
            f"There is no {path}, so only what was named says how far this log has signed. Ask "
            "members and monitors for the newest checkpoint that they hold."
        )
    signed = kept.signed if last is None else [*kept.signed, last]
    with (
        _database(settings) as database,
        counting("Putting back", quiet=quiet) as progress,
    ):
        return put_back(
            database,
            kept,
            signed,
            domain=_domain(database, kept, origin),
            vault=Vault(database, os.urandom),
            progress=progress,
        )


@contextmanager
def _database(settings: Settings) -> Iterator[Database]:
    """The database; an empty one, where it is lost altogether."""
    from ledger.log.opening import write_first_head  # noqa: PLC0415 - slow to import
    from ledger.store.engine import open_database  # noqa: PLC0415
    from ledger.store.migrate import migrate, require_schema  # noqa: PLC0415

    database = open_database(settings.database)
    try:
        if database.path is not None and not database.path.exists():
            migrate(database)
            write_first_head(database)
        require_schema(database)
        yield database
    finally:
        database.dispose()


def _domain(database: Database, kept: Kept, origin: str) -> Domain:
    """Where signatures are valid, as the first leaf says: the database's, or the one kept.

    Raises:
        WrongLedger: it is of another log than the key.
        LeavesMissing: there is none.
    """
    from ledger.log import LedgerMissing, WrongLedger  # noqa: PLC0415 - slow to import
    from ledger.log.genesis import genesis_of, require_genesis  # noqa: PLC0415
    from ledger.restoring import LeavesMissing  # noqa: PLC0415

    try:
        domain = require_genesis(database).domain
    except LedgerMissing as error:
        first = kept(0)
        if first is None:
            raise LeavesMissing(
                "The database is empty, and nothing that was named holds the first event."
            ) from error
        domain = genesis_of(first).domain
    if domain.origin != origin:
        raise WrongLedger(f"The log's key is of {origin}, the first leaf of {domain.origin}.")
    return domain


def register(app: typer.Typer) -> None:
    """Adds the command of this module."""
    app.command(rich_help_panel=Panel.LEDGER)(restore)
