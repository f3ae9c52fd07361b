"""C2SP signed notes: a text, a blank line, and a line for each signature over the text.

Rules:
- UTF-8 without control characters but the newline; the *last* empty line separates text and
  signatures.
- A signature names its key by name and id. Those of unknown keys are ignored, so keys can be
  rotated and witnesses may cosign; a known key whose signature does not fit makes the whole note
  worthless, as does the absence of any known one.
- The text means nothing until `open_note` has returned it.

Key types other than Ed25519 (04 and 06, cosignatures) cannot be used as known keys; notes that
carry their signatures are read like any other.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ledger.merkle.encoding import decode_base64, encode_base64
from ledger.merkle.errors import (
    InvalidSignature,
    MalformedKey,
    MalformedNote,
    NoKnownSignature,
    TooManySignatures,
)
from ledger.merkle.keys import KEY_ID_BYTES, SigningKey, VerifierKey, check_key_name

MAX_SIGNATURES: Final = 100
MAX_NOTE_BYTES: Final = 1_000_000

_SIGNATURE_PREFIX: Final = "\N{EM DASH} "
_CONTROL: Final = re.compile(r"[\x00-\x09\x0b-\x1f]")


@dataclass(frozen=True, slots=True)
class NoteSignature:
    """One signature line.

    Attributes:
        name: name of the key.
        key_id: the key's four identifying bytes.
        signature: what the key's algorithm made, of any length but 0.
    """

    name: str
    key_id: bytes
    signature: bytes

    @property
    def line(self) -> str:
        """The line as it stands in a note, newline included."""
        return f"{_SIGNATURE_PREFIX}{self.name} {encode_base64(self.key_id + self.signature)}\n"


@dataclass(frozen=True, slots=True)
class Note:
    """A note taken apart, nothing about it verified.

    Attributes:
        text: what is signed, its last newline included.
        signatures: in the order of the lines; at least one.
    """

    text: str
    signatures: tuple[NoteSignature, ...]

    def serialize(self) -> str:
        """The note as text."""
        return f"{self.text}\n{''.join(signature.line for signature in self.signatures)}"


def sign_note(text: str, keys: Sequence[SigningKey]) -> str:
    """Signs a text with every key.

    Args:
        text: ends in a newline, without control characters.
        keys: at least one.

    Returns:
        The signed note.

    Raises:
        MalformedNote: the text cannot stand in a note.
    """
    content = _encode(text)
    signatures = (NoteSignature(key.name, key.verifier.key_id, key.sign(content)) for key in keys)
    note = Note(text, tuple(signatures)).serialize()
    # A text that does not end in a newline would be split elsewhere than it was joined.
    if parse_note(note).text != text:
        raise MalformedNote("the text of a note ends in a newline; add it before signing")
    return note


def parse_note(note: str | bytes) -> Note:
    """Takes a note apart without verifying anything.

    Args:
        note: the whole note; bytes must be UTF-8.

    Raises:
        MalformedNote: it is no signed note.
        TooManySignatures: it has more than 100 signatures.
    """
    content = _decode(note)
    text, separator, lines = content.rpartition("\n\n")
    if not separator:
        raise MalformedNote("the note has no blank line before its signatures; fetch it again")
    if not lines.endswith("\n"):
        raise MalformedNote("the note does not end in a signature line; fetch it whole")
    signature_lines = lines[:-1].split("\n")
    if len(signature_lines) > MAX_SIGNATURES:
        raise TooManySignatures(
            f"the note has {len(signature_lines)} signatures, at most {MAX_SIGNATURES} are read; "
            "leave out those of keys nobody here knows"
        )
    return Note(text + "\n", tuple(_parse_signature(line) for line in signature_lines))


def open_note(note: str | bytes, keys: Sequence[VerifierKey]) -> tuple[Note, list[VerifierKey]]:
    """Verifies a note.

    Args:
        note: the whole note; bytes must be UTF-8.
        keys: the keys that are known.

    Returns:
        The note, and the known keys that have signed it, at least one.

    Raises:
        MalformedNote: it is no signed note.
        TooManySignatures: it has more than 100 signatures.
        InvalidSignature: a known key's signature does not fit the text.
        NoKnownSignature: no known key has signed it.
    """
    parsed = parse_note(note)
    content = parsed.text.encode()
    known = {(key.name, key.key_id): key for key in keys}
    signers: list[VerifierKey] = []
    for signature in parsed.signatures:
        key = known.get((signature.name, signature.key_id))
        if key is None:
            continue
        if not key.verify(signature.signature, content):
            raise InvalidSignature(
                f"the signature by {key.name} does not fit the note; it was altered or forged, "
                "do not use it"
            )
        if key not in signers:
            signers.append(key)
    if not signers:
        names = ", ".join(sorted({signature.name for signature in parsed.signatures}))
        raise NoKnownSignature(
            f"no known key has signed the note, only {names}; check which verifier key was given"
        )
    return parsed, signers


def _encode(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise MalformedNote("the note holds a lone surrogate, which UTF-8 cannot") from error


def _decode(note: str | bytes) -> str:
    content = _encode(note) if isinstance(note, str) else note
    if len(content) > MAX_NOTE_BYTES:
        raise MalformedNote(
            f"the note has {len(content)} bytes, at most {MAX_NOTE_BYTES} are read; "
            "leave out signatures nobody here knows"
        )
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        raise MalformedNote("the note is not UTF-8; fetch it again as bytes") from error
    control = _CONTROL.search(text)
    if control:
        raise MalformedNote(
            f"the note holds the control character U+{ord(control[0]):04X}; "
            "fetch it again without any conversion of line ends"
        )
    return text


def _parse_signature(line: str) -> NoteSignature:
    name, separator, encoded = line.removeprefix(_SIGNATURE_PREFIX).partition(" ")
    if not line.startswith(_SIGNATURE_PREFIX) or not separator:
        raise MalformedNote(
            "a signature line is not '\N{EM DASH} <key name> <base64>'; fetch the note again"
        )
    try:
        check_key_name(name)
        payload = decode_base64(encoded)
    except MalformedKey as error:
        raise MalformedNote(f"in a signature line, {error}") from error
    except ValueError as error:
        raise MalformedNote(f"the signature by {name} is not base64; fetch it again") from error
    if len(payload) <= KEY_ID_BYTES:
        raise MalformedNote(f"the signature by {name} is empty; fetch the note again")
    return NoteSignature(name, payload[:KEY_ID_BYTES], payload[KEY_ID_BYTES:])
