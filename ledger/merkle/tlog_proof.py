"""C2SP tlog-proof: an inclusion proof as text, with the checkpoint it leads to.

    c2sp.org/tlog-proof@v1
    index 7
    <base64 hash, from the leaf's sibling upwards>
    <…>

    <signed checkpoint, verbatim>

An optional line `extra <base64>` after the first carries data that nothing authenticates. Reading
verifies nothing; `verify_tlog_proof` does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ledger.merkle.checkpoints import Checkpoint, open_checkpoint
from ledger.merkle.encoding import decode_base64, encode_base64, parse_decimal
from ledger.merkle.errors import MalformedProof
from ledger.merkle.hashing import HASH_BYTES, LeafHash
from ledger.merkle.keys import VerifierKey
from ledger.merkle.proofs import MAX_PROOF_HASHES, MAX_SIZE, verify_inclusion

_HEADER: Final = "c2sp.org/tlog-proof@v1\n"
_EXTRA: Final = "extra "
_INDEX: Final = "index "


@dataclass(frozen=True, slots=True)
class TlogProof:
    """An inclusion proof and the checkpoint it leads to.

    Attributes:
        index: position of the leaf, from 0.
        hashes: the inclusion proof, from the leaf upwards.
        checkpoint: the signed checkpoint, verbatim.
        extra: data for the application that nothing authenticates; None without the line.
    """

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: str
    extra: bytes | None = None

    @classmethod
    def parse(cls, proof: str | bytes) -> TlogProof:
        """Reads the text of a proof; the checkpoint is taken over unread.

        Args:
            proof: the whole text; bytes must be UTF-8.

        Raises:
            MalformedProof: it is no tlog-proof of version 1.
        """
        text = proof if isinstance(proof, str) else _decode(proof)
        head, separator, checkpoint = text.partition("\n\n")
        if not text.startswith(_HEADER) or not separator:
            raise MalformedProof(
                f"a proof starts with {_HEADER.strip()} and has a blank line before its "
                "checkpoint; this has not, ask for the receipt again"
            )
        lines = head.removeprefix(_HEADER).split("\n")
        extra = lines.pop(0) if lines[0].startswith(_EXTRA) else None
        if not lines or not lines[0].startswith(_INDEX):
            raise MalformedProof("the proof names no index where one must stand; ask for it again")
        if len(lines) - 1 > MAX_PROOF_HASHES:
            raise MalformedProof(f"a proof has at most {MAX_PROOF_HASHES} hashes")
        try:
            return cls(
                parse_decimal(lines[0].removeprefix(_INDEX), MAX_SIZE),
                tuple(decode_base64(line) for line in lines[1:]),
                checkpoint,
                None if extra is None else decode_base64(extra.removeprefix(_EXTRA)),
            )
        except ValueError as error:
            raise MalformedProof(f"a line of the proof: {error}; ask for it again") from error

    def __post_init__(self) -> None:
        if any(len(value) != HASH_BYTES for value in self.hashes):
            raise MalformedProof(f"a hash of the proof has not {HASH_BYTES} bytes")

    def __str__(self) -> str:
        extra = "" if self.extra is None else f"{_EXTRA}{encode_base64(self.extra)}\n"
        hashes = "".join([encode_base64(value) + "\n" for value in self.hashes])
        return f"{_HEADER}{extra}{_INDEX}{self.index}\n{hashes}\n{self.checkpoint}"


def verify_tlog_proof(
    proof: TlogProof, leaf_hash: LeafHash, keys: Sequence[VerifierKey]
) -> Checkpoint:
    """Verifies the checkpoint's signature, and that the leaf is in its tree at the proof's index.

    Returns:
        The checkpoint.

    Raises:
        IntegrityError, InvalidInput: as `open_checkpoint` and `verify_inclusion`.
    """
    checkpoint = open_checkpoint(proof.checkpoint, keys)
    verify_inclusion(proof.index, checkpoint.size, leaf_hash, proof.hashes, checkpoint.root)
    return checkpoint


def _decode(proof: bytes) -> str:
    try:
        return proof.decode()
    except UnicodeDecodeError as error:
        raise MalformedProof("the proof is not UTF-8; ask for it again as bytes") from error
