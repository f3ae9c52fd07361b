"""Content identifiers: what a block is called.

A CID here is version 1, SHA-256, of a raw block or a dag-pb node, written in lower-case base32: the
form that Kubo prints for `ipfs add --cid-version=1` (https://github.com/multiformats/cid). Exactly
one text names a block: other bases, versions, hashes, upper case, padding and stray trailing bits
are refused, so two records name the same content if and only if their texts are equal.
"""

from __future__ import annotations

import base64
import binascii
import functools
import hashlib
from dataclasses import dataclass
from enum import IntEnum
from typing import Self

from ledger.content.errors import InvalidCid

DIGEST_BYTES = 32

_VERSION = 0x01
_SHA2_256 = bytes([0x12, DIGEST_BYTES])
_BINARY_BYTES = 2 + len(_SHA2_256) + DIGEST_BYTES
_MULTIBASE_BASE32 = "b"
_TEXT_CHARS = 59


class Codec(IntEnum):
    """How a block's bytes are read (https://github.com/multiformats/multicodec)."""

    RAW = 0x55
    DAG_PB = 0x70


@dataclass(frozen=True, slots=True)
class Cid:
    """The name of a block, and of the content whose root that block is.

    Attributes:
        codec: how the block is read.
        digest: SHA-256 of the block, 32 bytes.
    """

    codec: Codec
    digest: bytes

    @classmethod
    def of(cls, codec: Codec, block: bytes) -> Self:
        """Names a block."""
        return cls(codec, hashlib.sha256(block).digest())

    @classmethod
    def parse(cls, text: str) -> Self:
        """Reads the one canonical text form.

        Raises:
            InvalidCid: it is anything else.
        """
        if len(text) == _TEXT_CHARS and text.startswith(_MULTIBASE_BASE32):
            try:
                cid = cls.from_bytes(base64.b32decode(text[1:].upper() + "======"))
            except binascii.Error:
                cid = None
            if cid is not None and str(cid) == text:
                return cid
        raise InvalidCid(
            f"{text[:80]!r} is no CIDv1 of a file in base32 with SHA-256; "
            "`ipfs cid base32 CID` converts older forms"
        )

    @classmethod
    def from_bytes(cls, binary: bytes) -> Self:
        """Reads the binary form, as links in dag-pb nodes hold it.

        A bare SHA-256 multihash is accepted as what it is, a CIDv0 of a dag-pb node: Kubo's older
        files link that way.

        Raises:
            InvalidCid: another version, codec, hash or length.
        """
        if len(binary) == len(_SHA2_256) + DIGEST_BYTES and binary.startswith(_SHA2_256):
            return cls(Codec.DAG_PB, bytes(binary[2:]))
        if len(binary) != _BINARY_BYTES or binary[0] != _VERSION or binary[2:4] != _SHA2_256:
            raise InvalidCid(f"{binary[:40].hex()} is no CIDv1 with SHA-256")
        try:
            return cls(Codec(binary[1]), bytes(binary[4:]))
        except ValueError as error:
            raise InvalidCid(f"codec {binary[1]:#x} is neither raw nor dag-pb") from error

    def to_bytes(self) -> bytes:
        """The binary form, 36 bytes."""
        return bytes([_VERSION, self.codec]) + _SHA2_256 + self.digest

    def names(self, block: bytes) -> bool:
        """Whether these are the bytes that this CID was made from."""
        return hashlib.sha256(block).digest() == self.digest

    def __str__(self) -> str:
        return _text(self.to_bytes())


# A block's name is asked for several times between its being hashed and its being stored.
@functools.lru_cache(maxsize=4096)
def _text(binary: bytes) -> str:
    return _MULTIBASE_BASE32 + base64.b32encode(binary).decode("ascii").rstrip("=").lower()
