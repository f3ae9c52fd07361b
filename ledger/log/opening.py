"""Before a log works: is there a ledger in this database, and is it the one that is meant?"""

from __future__ import annotations

import logging

from sqlalchemy import insert

from ledger.events import Domain
from ledger.log.errors import LedgerMissing, WrongLedger
from ledger.log.genesis import Genesis, first_leaf, genesis_of
from ledger.log.signer import Signer
from ledger.merkle import EMPTY_ROOT
from ledger.store.engine import Database
from ledger.store.head import Head, read_head
from ledger.store.tables.log import HEAD_ROW, HeadRow
from ledger.store.tiles import ConnectionTiles

_LOG = logging.getLogger(__name__)


def write_first_head(database: Database) -> None:
    """Writes the head of an empty log, where there is none yet."""
    with database.write() as connection:
        if read_head(connection) is None:
            connection.execute(
                insert(HeadRow),
                {"head": HEAD_ROW, "size": 0, "root": EMPTY_ROOT, "recorded_at": 0},
            )


def require_ledger(database: Database, signer: Signer, domain: Domain, origin: str) -> Head:
    """The head of the ledger that is configured.

    Args:
        database: where it should be.
        signer: of its checkpoints.
        domain: where signatures of its events are valid.
        origin: name of the key that signs its checkpoints.

    Raises:
        LedgerMissing: the database holds no ledger.
        WrongLedger: it holds another one.
        HistoryRewritten: it does not extend what was signed.
    """
    with database.read() as connection:
        head = require_head(read_head(connection))
        signer.check(head, ConnectionTiles(connection))
        leaf = first_leaf(connection)
    if leaf is not None:
        _check_identity(genesis_of(leaf), domain, origin)
    if signer.file_was_missing and head.size > 0:
        # A new process of an old ledger begins so, and so does one whose file was lost.
        _LOG.warning(
            "no last signed checkpoint is kept here: nothing tells whether this database, with %d "
            "events, is older than what was signed; compare it with what others hold",
            head.size,
        )
    return head


def require_head(head: Head | None) -> Head:
    """The head, if there is one.

    Raises:
        LedgerMissing: the database holds no ledger.
    """
    if head is None:
        raise LedgerMissing("The database holds no ledger; run `concord init`.")
    return head


def _check_identity(genesis: Genesis, domain: Domain, origin: str) -> None:
    found = genesis.domain
    if found != domain or found.origin != origin:
        raise WrongLedger(
            f"The database holds {found.origin} on chain {found.chain_id}; configured are "
            f"{domain.origin} on chain {domain.chain_id} and a key of {origin}."
        )
