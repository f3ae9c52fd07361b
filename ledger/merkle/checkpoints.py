r"""C2SP tlog-checkpoints: a log's size and root, signed.

`origin\nsize\nbase64(root)\n` as the text of a signed note. The origin is the log's identity and
the name of its keys, which may be rotated beneath it. There are no extension lines.

What is never done here: deciding *whether* to sign. A log must not sign a checkpoint that does not
extend the last one it signed; whoever calls `sign_checkpoint` has made sure of that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ledger.merkle.encoding import decode_base64, encode_base64, parse_decimal
from ledger.merkle.errors import MalformedCheckpoint, MalformedKey, WrongOrigin
from ledger.merkle.hashing import EMPTY_ROOT, HASH_BYTES
from ledger.merkle.keys import SigningKey, VerifierKey, check_key_name
from ledger.merkle.notes import open_note, sign_note
from ledger.merkle.proofs import MAX_SIZE


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The state of a log at one size.

    Attributes:
        origin: the log's identity, a URL without scheme; fit for a key name.
        size: number of leaves.
        root: root of the tree, 32 bytes.

    Raises:
        MalformedCheckpoint: an attribute is not like that.
    """

    origin: str
    size: int
    root: bytes

    def __post_init__(self) -> None:
        try:
            check_key_name(self.origin)
        except MalformedKey as error:
            raise MalformedCheckpoint(f"the origin cannot name a log: {error}") from error
        if not 0 <= self.size <= MAX_SIZE:
            raise MalformedCheckpoint(f"{self.size} is no tree size; sizes run from 0 to 2^63 - 1")
        if len(self.root) != HASH_BYTES:
            raise MalformedCheckpoint(
                f"the root has {len(self.root)} bytes instead of {HASH_BYTES}; fetch it again"
            )
        if self.size == 0 and self.root != EMPTY_ROOT:
            raise MalformedCheckpoint("size 0 does not come with the root of the empty tree")

    @classmethod
    def parse(cls, text: str) -> Checkpoint:
        """Reads the text of a checkpoint, without signatures.

        Raises:
            MalformedCheckpoint: anything but the one spelling of a checkpoint.
        """
        lines = text.split("\n")
        if len(lines) != 4 or lines[-1]:
            raise MalformedCheckpoint(
                "a checkpoint has three lines, origin, size and root, each ending in a newline; "
                "extension lines are not accepted"
            )
        try:
            size, root = parse_decimal(lines[1], MAX_SIZE), decode_base64(lines[2])
        except ValueError as error:
            raise MalformedCheckpoint(
                f"the checkpoint's size or root: {error}; fetch it again"
            ) from error
        return cls(lines[0], size, root)

    def __str__(self) -> str:
        return f"{self.origin}\n{self.size}\n{encode_base64(self.root)}\n"


def sign_checkpoint(checkpoint: Checkpoint, key: SigningKey) -> str:
    """Signs a checkpoint with its log's key; the result is the signed note.

    Raises:
        WrongOrigin: the key is that of another log.
    """
    if key.name != checkpoint.origin:
        raise WrongOrigin(
            f"the key of {key.name} cannot sign for {checkpoint.origin}; configure the log's own"
        )
    return sign_note(str(checkpoint), (key,))


def open_checkpoint(note: str | bytes, keys: Sequence[VerifierKey]) -> Checkpoint:
    """Verifies a signed checkpoint and reads it.

    Args:
        note: the signed note; bytes must be UTF-8.
        keys: the log's keys, and those of witnesses if there are any.

    Raises:
        MalformedNote, TooManySignatures, InvalidSignature, NoKnownSignature: as `open_note`.
        MalformedCheckpoint: what is signed is no checkpoint.
        WrongOrigin: no key of the log that the checkpoint names has signed it.
    """
    opened, signers = open_note(note, keys)
    checkpoint = Checkpoint.parse(opened.text)
    if all(key.name != checkpoint.origin for key in signers):
        raise WrongOrigin(
            f"the checkpoint is of {checkpoint.origin}, signed by {signers[0].name}; "
            "check which log was asked and which verifier key was given"
        )
    return checkpoint
