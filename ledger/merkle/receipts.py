"""Receipts: what an append answers and anyone may keep, to be verified with no server.

One JSON document, `{"v": 1, "leaf", "index", "proof", "anchor"}`: the leaf's bytes in base64, its
index, a C2SP tlog-proof, and where the log is anchored on a chain, or null.

Rules:
- Every field must be there, no other may be; no field twice; numbers are plain integers, base64 has
  one spelling.
- The receipt's index is that of its proof, and the proof carries no `extra`, which nothing would
  authenticate.
- An anchor's root is verified to extend the receipt's tree. Whether a chain really holds that root
  is *not* verified here: until someone asks that chain, an anchor is a claim.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ledger.merkle.anchors import Anchor, verify_extends
from ledger.merkle.checkpoints import Checkpoint
from ledger.merkle.documents import (
    read_document,
    take_bytes,
    take_fields,
    take_integer,
    take_text,
)
from ledger.merkle.encoding import encode_base64
from ledger.merkle.entries import check_entry
from ledger.merkle.errors import MalformedReceipt
from ledger.merkle.hashing import leaf_hash
from ledger.merkle.keys import VerifierKey
from ledger.merkle.tlog_proof import TlogProof, verify_tlog_proof

RECEIPT_VERSION: Final = 1

_FIELDS: Final = ("v", "leaf", "index", "proof", "anchor")


@dataclass(frozen=True, slots=True)
class Receipt:
    """A receipt taken apart, nothing about it verified.

    Attributes:
        leaf: the entry, as it was hashed into the log.
        proof: index, inclusion proof and signed checkpoint.
        anchor: the anchored root that extends the checkpoint's, once there is one.
    """

    leaf: bytes
    proof: TlogProof
    anchor: Anchor | None = None

    @property
    def index(self) -> int:
        """Position of the leaf, from 0."""
        return self.proof.index


@dataclass(frozen=True, slots=True)
class VerifiedReceipt:
    """What a receipt proves.

    Attributes:
        index: position of the leaf, from 0.
        leaf: the entry that stands there.
        checkpoint: the log's signed state that holds the leaf.
        anchor: an anchored root that extends the checkpoint; a claim until the chain has been
            asked.
    """

    index: int
    leaf: bytes
    checkpoint: Checkpoint
    anchor: Anchor | None


def build_receipt(
    leaf: bytes,
    index: int,
    hashes: Sequence[bytes],
    checkpoint: str,
    anchor: Anchor | None = None,
) -> bytes:
    """Writes a receipt.

    Args:
        leaf: the entry.
        index: its position, from 0.
        hashes: inclusion proof in the checkpoint's tree.
        checkpoint: the signed checkpoint.
        anchor: an anchored root with the proof that it extends the checkpoint.

    Returns:
        The JSON document, UTF-8, on one line.
    """
    # By hand, as an encoder would look at each character of the leaf: base64 needs no escapes.
    proof = json.dumps(str(TlogProof(index, tuple(hashes), checkpoint)), ensure_ascii=False)
    anchored = json.dumps(anchor.fields(), separators=(",", ":")) if anchor else "null"
    return (
        f'{{"v":{RECEIPT_VERSION},"leaf":"{encode_base64(leaf)}","index":{index},'
        f'"proof":{proof},"anchor":{anchored}}}'
    ).encode()


def parse_receipt(document: str | bytes) -> Receipt:
    """Reads a receipt without verifying anything.

    Args:
        document: the JSON; bytes must be UTF-8.

    Raises:
        MalformedReceipt: it is no receipt of version 1.
        MalformedProof: its proof is no tlog-proof.
        EntryTooLong: its leaf is larger than any entry of a log.
    """
    fields = take_fields(read_document(document), _FIELDS, "a receipt")
    if take_integer(fields, "v") != RECEIPT_VERSION:
        raise MalformedReceipt(
            f"the receipt is of version {fields['v']}, this reads version {RECEIPT_VERSION}; "
            "update Concord"
        )
    leaf = take_bytes(fields, "leaf")
    check_entry(leaf)
    proof = TlogProof.parse(take_text(fields, "proof"))
    if take_integer(fields, "index") != proof.index:
        raise MalformedReceipt(
            f"the receipt is for leaf {fields['index']}, its proof for leaf {proof.index}; "
            "ask for the receipt again"
        )
    if proof.extra is not None:
        raise MalformedReceipt("the proof carries extra data, which a receipt never does")
    anchor = None if fields["anchor"] is None else Anchor.parse(fields["anchor"])
    return Receipt(leaf, proof, anchor)


def verify_receipt(receipt: Receipt, keys: Sequence[VerifierKey]) -> VerifiedReceipt:
    """Verifies that the log signed for the leaf, and that an anchor extends the log as signed.

    Args:
        receipt: as `parse_receipt` returns it.
        keys: the keys of the log; a new one joins the old when keys are rotated.

    Raises:
        MalformedNote, MalformedCheckpoint: the proof does not end in a signed checkpoint.
        InvalidSignature, NoKnownSignature, WrongOrigin: the log has not signed it.
        IndexBeyondSize, WrongProofLength, WrongRoot: the leaf is not in the tree.
        SizeShrank, InvalidHash: the anchor is not of a later tree.
    """
    checkpoint = verify_tlog_proof(receipt.proof, leaf_hash(receipt.leaf), keys)
    if receipt.anchor:
        verify_extends(receipt.anchor, checkpoint)
    return VerifiedReceipt(receipt.index, receipt.leaf, checkpoint, receipt.anchor)
