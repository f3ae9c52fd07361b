"""The passes in their order."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, select
from sqlmodel import col

from ledger.errors import ConcordError
from ledger.events import Domain
from ledger.events.sealed import commit
from ledger.events.wallets import WalletChain
from ledger.fsck.events import check_events
from ledger.fsck.hashes import check_hashes
from ledger.fsck.report import Differs, Progress, Report, differs
from ledger.log.signer import last_signed
from ledger.merkle import Checkpoint, root_at
from ledger.store.engine import Database
from ledger.store.head import Head, read_head
from ledger.store.tables.people import ErasureRow
from ledger.store.tables.vault import VaultKeyRow, VaultOpeningRow
from ledger.store.tiles import ConnectionTiles
from ledger.vault import decrypt


def fsck(
    database: Database,
    *,
    domain: Domain,
    last_signed_path: Path | None = None,
    events: bool = True,
    signatures: bool = True,
    wallets: WalletChain | None = None,
    progress: Progress | None = None,
) -> Report:
    """Checks a whole ledger.

    Args:
        database: of the ledger.
        domain: where signatures of events must be valid.
        last_signed_path: file of the last signed checkpoint, to be compared with the log.
        events: whether to replay the events; without, only leaves, tiles, roots and the vault.
        signatures: whether the replay checks signatures.
        wallets: asks contract wallets (EIP-1271); without, their events are told as unconfirmed.
        progress: called as it goes.

    Returns:
        What was checked, and the first difference if there is one.

    Raises:
        Unavailable: the database cannot be read, or the chain cannot tell.
        ForeignChain: the chain is not the ledger's.
    """
    tell = progress or (lambda _name, _done, _total: None)
    root = b""
    unconfirmed: tuple[int, ...] = ()
    # Before the snapshot: a log that is at work meanwhile signs for more than the snapshot holds.
    signed = _last_signed(last_signed_path)
    with database.read() as connection:
        head = read_head(connection) or Head()
        try:
            root = check_hashes(connection, head, tell)
            _check_last_signed(connection, head, signed)
            if events:
                unconfirmed = check_events(
                    connection, head, domain, tell, signatures=signatures, wallets=wallets
                )
            _check_vault(connection)
        except Differs as found:
            return Report(head.size, root, found.difference)
    return Report(head.size, root, None, unconfirmed)


def _last_signed(path: Path | None) -> Checkpoint | ConcordError | None:
    try:
        return None if path is None else last_signed(path)
    except ConcordError as error:
        return error


def _check_last_signed(
    connection: Connection, head: Head, signed: Checkpoint | ConcordError | None
) -> None:
    name = "last signed checkpoint"
    if signed is None:
        return
    if isinstance(signed, ConcordError):
        raise differs("last-signed", name, None, str(signed)) from signed
    if signed.size > head.size:
        detail = f"it is of size {signed.size}, the log has {head.size} leaves"
        raise differs("last-signed", name, signed.size, detail)
    if root_at(signed.size, ConnectionTiles(connection)) != signed.root:
        raise differs("last-signed", name, signed.size, "the log does not extend it")


def _check_vault(connection: Connection) -> None:
    """Each opening opens its commitment, and none of an erased one is left."""
    erased = select(col(ErasureRow.commitment), col(ErasureRow.index)).join(
        VaultOpeningRow, col(VaultOpeningRow.commitment) == col(ErasureRow.commitment)
    )
    for commitment, index in connection.execute(erased):
        detail = f"erased in event {index}, and still there"
        raise differs("vault", f"opening {commitment}", index, detail)
    query = (
        select(
            col(VaultOpeningRow.commitment),
            col(VaultOpeningRow.index),
            col(VaultOpeningRow.nonce),
            col(VaultOpeningRow.ciphertext),
            col(VaultKeyRow.key),
        )
        .join(VaultKeyRow, col(VaultKeyRow.data_subject) == col(VaultOpeningRow.data_subject))
        .order_by(col(VaultOpeningRow.index), col(VaultOpeningRow.commitment))
    )
    for commitment, index, nonce, ciphertext, key in connection.execute(query):
        name = f"opening {commitment}"
        try:
            value, salt = decrypt(commitment, nonce, ciphertext, key)
        except ConcordError as error:
            raise differs("vault", name, index, str(error)) from error
        if commit(value, salt) != commitment:
            raise differs("vault", name, index, "it does not open its commitment")
