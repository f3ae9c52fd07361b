"""The vault: openings of sealed values, readable until they are erased.

Rules:
- Salt and value are encrypted together (AES-256-GCM, the commitment as associated data) with a
  random key per data subject, so nothing of either stands in the database in the clear.
- An opening is stored in the transaction that records the event that carries its commitment, and
  only if it opens that commitment.
- Erasing destroys openings in the transaction that records `erasure.performed`, and a subject's key
  with the subject's last opening. `scrub` then removes what the database would keep of them in its
  files. The commitment stays in its leaf and opens nothing any more.

Nothing here decides who may read a value, or erase it.

NOTE: PostgreSQL keeps changes in its write-ahead log, and backups keep everything; both must have a
retention time that fits the erasure's legal basis. Neither holds a salt or a value in the clear.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Connection, delete, exists, insert, select
from sqlmodel import col

from ledger.errors import IntegrityError
from ledger.events.canonical import JsonValue, canonical
from ledger.events.sealed import SALT_BYTES, InvalidSeal, Opening, check_opening, commitments_in
from ledger.store.engine import Database
from ledger.store.errors import named_errors
from ledger.store.tables.people import ErasureRow
from ledger.store.tables.vault import VaultKeyRow, VaultOpeningRow

KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12


class VaultDamaged(IntegrityError):
    """An opening cannot be decrypted with its subject's key."""

    code = "vault-damaged"


@dataclass(frozen=True, slots=True)
class Opened:
    """What stands behind a commitment.

    Attributes:
        value: the JSON value that was sealed.
        salt: 32 bytes; with the value it makes the commitment again.
        data_subject: whom it is about.
        index: of the leaf that first carried the commitment.
    """

    value: JsonValue
    salt: bytes
    data_subject: str
    index: int


@dataclass(frozen=True, slots=True)
class Redacted:
    """The opening was erased.

    Attributes:
        erasure: id of the erasure.
        index: of its leaf.
    """

    erasure: str
    index: int


@dataclass(frozen=True, slots=True)
class Unknown:
    """No opening was ever stored here under this commitment."""


Sealing: TypeAlias = Opened | Redacted | Unknown


def check_openings(body_bytes: bytes, openings: Sequence[Opening]) -> None:
    """Checks that openings belong to an event, before it is queued.

    Args:
        body_bytes: JCS of the event's body.
        openings: what the signer sent along.

    Raises:
        InvalidSeal: if one does not open its commitment, or its commitment is not in the body.
    """
    if not openings:
        return
    carried = set(commitments_in(orjson.loads(body_bytes)))
    for opening in openings:
        if opening.commitment not in carried:
            raise InvalidSeal(
                f"The event does not carry the commitment {opening.commitment}; send only the "
                "openings of its own sealed fields."
            )
        check_opening(opening)


class Vault:
    """The vault of one database.

    Args:
        database: where it is.
        randomness: as `os.urandom`.
    """

    def __init__(self, database: Database, randomness: Callable[[int], bytes]) -> None:
        self._database = database
        self._randomness = randomness

    def read(self, commitment: str) -> Sealing:
        """What stands behind a commitment, as far as this vault knows.

        Raises:
            VaultDamaged: if the stored bytes are not what was stored.
        """
        opening = col(VaultOpeningRow.commitment) == commitment
        with self._database.read() as connection:
            found = connection.execute(
                select(
                    col(VaultOpeningRow.data_subject),
                    col(VaultOpeningRow.index),
                    col(VaultOpeningRow.nonce),
                    col(VaultOpeningRow.ciphertext),
                    col(VaultKeyRow.key),
                )
                .join(
                    VaultKeyRow,
                    col(VaultKeyRow.data_subject) == col(VaultOpeningRow.data_subject),
                )
                .where(opening)
            ).first()
            if found is None:
                erased = connection.execute(
                    select(col(ErasureRow.erasure), col(ErasureRow.index)).where(
                        col(ErasureRow.commitment) == commitment
                    )
                ).first()
                return Redacted(erased[0], erased[1]) if erased else Unknown()
        data_subject, index, nonce, ciphertext, key = found
        value, salt = decrypt(commitment, nonce, ciphertext, key)
        return Opened(value, salt, data_subject, index)

    def store(self, connection: Connection, index: int, openings: Sequence[Opening]) -> None:
        """Stores the openings of one event; the caller has checked them and commits.

        A commitment that is stored already keeps its first opening.
        """
        for opening in openings:
            present = select(exists().where(col(VaultOpeningRow.commitment) == opening.commitment))
            if connection.execute(present).scalar_one():
                continue
            key = self._key_of(connection, opening.data_subject)
            nonce = self._randomness(NONCE_BYTES)
            plain = opening.salt + canonical(opening.value)
            ciphertext = AESGCM(key).encrypt(nonce, plain, opening.commitment.encode())
            connection.execute(
                insert(VaultOpeningRow),
                {
                    "commitment": opening.commitment,
                    "data_subject": opening.data_subject,
                    "index": index,
                    "nonce": nonce,
                    "ciphertext": ciphertext,
                },
            )

    def erase(self, connection: Connection, commitments: Sequence[str]) -> None:
        """Destroys openings, and the keys of subjects that have none left; the caller commits."""
        affected = select(col(VaultOpeningRow.data_subject)).where(
            col(VaultOpeningRow.commitment).in_(commitments)
        )
        subjects = sorted(set(connection.execute(affected).scalars()))
        connection.execute(
            delete(VaultOpeningRow).where(col(VaultOpeningRow.commitment).in_(commitments))
        )
        left = exists().where(col(VaultOpeningRow.data_subject) == col(VaultKeyRow.data_subject))
        connection.execute(
            delete(VaultKeyRow).where(col(VaultKeyRow.data_subject).in_(subjects), ~left)
        )

    def scrub(self) -> bool:
        """Removes from the database's files what was deleted.

        Returns:
            Whether it is done; False if a reader that began earlier still needs the old pages.

        Raises:
            Unavailable: if the database cannot be written.
        """
        engine = self._database.writer
        with named_errors(), engine.connect() as connection:
            if self._database.is_sqlite:
                # Deleted bytes are overwritten in the database; the write-ahead log still has them
                # until its pages are moved over and it is cut off. Not possible in a transaction.
                raw = connection.connection.driver_connection
                busy: int = raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]  # type: ignore[union-attr]
                return busy == 0
            plain = connection.execution_options(isolation_level="AUTOCOMMIT")
            for table in (VaultOpeningRow.__tablename__, VaultKeyRow.__tablename__):
                plain.exec_driver_sql(f"VACUUM (FULL) {table}")
            return True

    def _key_of(self, connection: Connection, data_subject: str) -> bytes:
        wanted = select(col(VaultKeyRow.key)).where(col(VaultKeyRow.data_subject) == data_subject)
        found: bytes | None = connection.execute(wanted).scalar_one_or_none()
        if found is not None:
            return found
        key = self._randomness(KEY_BYTES)
        connection.execute(
            insert(VaultKeyRow),
            {"data_subject": data_subject, "key": key},
        )
        return key


def decrypt(
    commitment: str, nonce: bytes, ciphertext: bytes, key: bytes
) -> tuple[JsonValue, bytes]:
    """Value and salt of one opening.

    Raises:
        VaultDamaged: if the stored bytes are not what was stored.
    """
    try:
        plain = AESGCM(key).decrypt(nonce, ciphertext, commitment.encode())
    except (InvalidTag, ValueError) as error:
        raise VaultDamaged(
            f"The opening of {commitment} was altered in the database; restore a backup."
        ) from error
    value: JsonValue = orjson.loads(plain[SALT_BYTES:])
    return value, plain[:SALT_BYTES]
