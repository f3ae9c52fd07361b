"""Reading the log with its key at hand: receipts at sizes that were signed for before.

Rules:
- Only a size that the log has had is signed again, with the root that it had then: the checkpoint
  that is published extends it.
- Ed25519 is deterministic: the same key makes the signature of then, byte for byte.
"""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import select
from sqlmodel import col

from ledger.log.errors import HistoryRewritten
from ledger.log.reading import LogReader
from ledger.merkle import (
    Anchor,
    Checkpoint,
    SigningKey,
    build_receipt,
    inclusion_proof,
    sign_checkpoint,
)
from ledger.store.engine import Database
from ledger.store.head import Head
from ledger.store.tables.log import CheckpointRow


class SigningReader(LogReader):
    """A log to read, by who holds its key.

    Args:
        database: as `LogReader` takes it.
        head: likewise.
        note: likewise.
        signing_key: the log's; its name is the origin.
    """

    def __init__(self, database: Database, head: Head, note: str, signing_key: SigningKey) -> None:
        super().__init__(database, head, note)
        self._signing_key = signing_key

    def receipt(self, index: int) -> bytes:
        """The receipt of a leaf, a JSON document: at the first anchored size that covers it, with
        the anchor, and never another from then on; at the present size while there is none.

        A consistency proof does not bind sizes. Made at the anchored size, the receipt's own
        checkpoint signs exactly what the contract holds.

        Raises:
            SizeNotReached: there is no such leaf yet.
            HistoryRewritten: the log never had the anchored root.
        """
        self._require_leaf(index)
        anchored = self.anchored(index + 1)
        if anchored is None:
            return super().receipt(index)
        note, anchor = anchored
        proof = inclusion_proof(index, anchor.size, self._tiles)
        return build_receipt(self.leaf(index), index, proof, note, anchor)

    def anchored(self, size: int) -> tuple[str, Anchor] | None:
        """A checkpoint signed at the first anchored size that is at least `size`, with the anchor;
        None while there is none.

        Raises:
            HistoryRewritten: the log never had the anchored root.
        """
        anchor = self.anchor_of(size)
        if anchor is None:
            return None
        if self.root_at(anchor.size) != anchor.root:
            raise HistoryRewritten(
                f"The root at size {anchor.size} is not the one that {anchor.contract} on chain "
                f"{anchor.chain_id} holds. Run `concord fsck`."
            )
        return self._note_at(anchor.size), replace(anchor, consistency=())

    def first_receipt(self, index: int) -> bytes:
        """The receipt that the leaf got when it was recorded, byte for byte.

        Raises:
            SizeNotReached: there is no such leaf yet.
        """
        self._require_leaf(index)
        size = col(CheckpointRow.size)
        wanted = select(size).where(size > index).order_by(size).limit(1)
        with self._database.read() as connection:
            first = connection.execute(wanted).scalar_one()
        proof = inclusion_proof(index, first, self._tiles)
        return build_receipt(self.leaf(index), index, proof, self._note_at(first))

    def _note_at(self, size: int) -> str:
        checkpoint = Checkpoint(self._signing_key.name, size, self.root_at(size))
        return sign_checkpoint(checkpoint, self._signing_key)
