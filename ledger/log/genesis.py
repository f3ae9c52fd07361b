"""What the first leaf settles for as long as the ledger lives."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, select
from sqlmodel import col

from ledger.events import Domain, decode_leaf
from ledger.events.bodies.members import LedgerCreated
from ledger.log.errors import LedgerMissing, WrongLedger
from ledger.store.columns import blob
from ledger.store.engine import Database
from ledger.store.tables.log import LeafRow


@dataclass(frozen=True, slots=True)
class Genesis:
    """The first leaf, as far as a service builds on it.

    Attributes:
        operator: address of the member who signed it.
        domain: where signatures of the ledger's events are valid.
        log_key: verifier key of the log's first signing key.
    """

    operator: str
    domain: Domain
    log_key: str


def require_genesis(database: Database) -> Genesis:
    """What the first leaf of a database says.

    Raises:
        LedgerMissing: there is none.
        WrongLedger: as `genesis_of`.
    """
    with database.read() as connection:
        leaf = first_leaf(connection)
    if leaf is None:
        raise LedgerMissing("The database holds no ledger; run `concord init`.")
    return genesis_of(leaf)


def first_leaf(connection: Connection) -> bytes | None:
    """Bytes of the first leaf; None where there is none."""
    wanted = select(col(LeafRow.leaf)).where(col(LeafRow.index) == 0)
    leaf = connection.execute(wanted).scalar_one_or_none()
    return None if leaf is None else blob(leaf)


def genesis_of(leaf: bytes) -> Genesis:
    """What a first leaf says.

    Raises:
        WrongLedger: it creates no ledger.
        ConcordError: it is no leaf, as `decode_leaf`.
    """
    event = decode_leaf(leaf, 0).event
    body = event.body
    if not isinstance(body, LedgerCreated):
        raise WrongLedger("The first leaf creates no ledger.")
    return Genesis(event.actor, Domain(body.chain_id, body.origin), body.log_key)
