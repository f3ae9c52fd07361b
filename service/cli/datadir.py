"""The data directory of a ledger, as commands on the operator's machine find it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ledger.errors import NotFound
from ledger.merkle import Checkpoint
from service.settings import Settings

if TYPE_CHECKING:
    from ledger.store.engine import Database
    from service.founding import Identity

Data = Annotated[
    Path | None,
    typer.Option("--data", envvar="CONCORD_DATA_DIR", help="Data directory of the ledger."),
]


class NoLedgerHere(NotFound):
    """The data directory holds no ledger."""

    code = "no-ledger-here"
    remedy = "Name the data directory with `--data`, or make a ledger with `concord init`."


@contextmanager
def database_of(settings: Settings) -> Iterator[Database]:
    """The database of a ledger that is there.

    Raises:
        NoLedgerHere: naming the folder and what to do.
    """
    from ledger.store.engine import open_database  # noqa: PLC0415 - slow to import

    database = open_database(settings.database)
    try:
        if database.path is not None and not database.path.exists():
            raise NoLedgerHere(
                f"There is no ledger in {settings.data_dir}. Name its folder with --data, or make "
                f"one with: concord init --data {settings.data_dir}"
            )
        yield database
    finally:
        database.dispose()


def identity_at(settings: Settings, *, migrate: bool = False) -> Identity:
    """What the ledger in a data directory is known by; whether it can be served at all.

    Args:
        settings: where it is.
        migrate: whether to upgrade the schema first.

    Raises:
        NoLedgerHere, LedgerMissing: there is none.
        SchemaOutdated: it belongs to another version of this program.
        WrongLedger: the log's key is another ledger's.
        LogKeyMissing, LogKeyUnreadable: the log's key cannot be had.
    """
    from ledger.log import WrongLedger  # noqa: PLC0415
    from ledger.log.genesis import require_genesis  # noqa: PLC0415
    from ledger.store.migrate import migrate as upgrade  # noqa: PLC0415
    from ledger.store.migrate import require_schema  # noqa: PLC0415
    from service.founding import Identity  # noqa: PLC0415
    from service.log_key import read_log_key  # noqa: PLC0415

    with database_of(settings) as database:
        if migrate:
            upgrade(database)
        require_schema(database)
        genesis = require_genesis(database)
    key = read_log_key(settings.log_key_path)
    origin = genesis.domain.origin
    if key.name != origin:
        raise WrongLedger(
            f"{settings.log_key_path} is the key of {key.name}, the ledger is {origin}."
        )
    return Identity.of(genesis, key)


def last_checkpoint(settings: Settings) -> Checkpoint:
    """The largest tree that the log's key has signed: as the file of the last checkpoint says, or
    the database where that file is missing.

    Raises:
        NoLedgerHere, LedgerMissing: there is none.
        HistoryRewritten, CheckpointNotKept: the file is damaged, or cannot be read.
    """
    from ledger.log.genesis import require_genesis  # noqa: PLC0415
    from ledger.log.opening import require_head  # noqa: PLC0415
    from ledger.log.signer import last_signed  # noqa: PLC0415
    from ledger.store.head import read_head  # noqa: PLC0415
    from service.founding import LAST_SIGNED  # noqa: PLC0415

    signed = last_signed(settings.data_dir / LAST_SIGNED)
    if signed is not None:
        return signed
    with database_of(settings) as database:
        origin = require_genesis(database).domain.origin
        with database.read() as connection:
            head = require_head(read_head(connection))
    return Checkpoint(origin, head.size, head.root)
