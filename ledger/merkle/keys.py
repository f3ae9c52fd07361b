"""Keys of C2SP signed notes: their names, ids and strings, and Ed25519 signing and verifying.

A key string carries its own id, so a damaged one is noticed. Keys are made from a seed that the
caller brings; nothing here draws random numbers, and a private key shows neither in a
representation nor in an error.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from ledger.merkle.encoding import decode_base64, encode_base64
from ledger.merkle.errors import MalformedKey

KEY_ID_BYTES: Final = 4
SEED_BYTES: Final = 32
PUBLIC_KEY_BYTES: Final = 32

# The signature type of C2SP signed-note that a key string begins with; 04 and 06 are those of
# cosignatures.
_ED25519: Final = b"\x01"
_PRIVATE_PREFIX: Final = "PRIVATE+KEY+"
_KEY_ID: Final = re.compile(r"[0-9a-f]{8}")
_NAME: Final = re.compile(r"[^\s+\x00-\x1f\ud800-\udfff]+")


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key under a name.

    Attributes:
        name: not empty, without spaces, plus signs and control characters; for a log, its origin.
        public_key: 32 bytes, Ed25519.

    Raises:
        MalformedKey: name or key are not like that.
    """

    name: str
    public_key: bytes
    key_id: bytes = field(init=False)

    def __post_init__(self) -> None:
        check_key_name(self.name)
        if len(self.public_key) != PUBLIC_KEY_BYTES:
            raise MalformedKey(
                f"the public key of {self.name} has {len(self.public_key)} bytes, Ed25519 has "
                f"{PUBLIC_KEY_BYTES}; copy the verifier key again"
            )
        object.__setattr__(self, "key_id", _key_id(self.name, self.public_key))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Reads a verifier key string, `name+hex8(keyID)+base64(01 ‖ publicKey)`.

        Raises:
            MalformedKey: it has another form, or is damaged.
        """
        name, key_id, public_key = _split(text)
        key = cls(name, public_key)
        _check_key_id(name, key_id, key.key_id)
        return key

    def __str__(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{encode_base64(_ED25519 + self.public_key)}"

    def verify(self, signature: bytes, content: bytes) -> bool:
        """Whether this key made the signature over the content."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public_key).verify(signature, content)
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key under a name.

    Attributes:
        name: as of `VerifierKey`.
        seed: 32 secret bytes, from a cryptographic source.
        verifier: the public half.

    Raises:
        MalformedKey: name or seed are not like that.
    """

    name: str
    seed: bytes = field(repr=False)
    verifier: VerifierKey = field(init=False)
    # Made once: making it takes as long as signing with it.
    _private: Ed25519PrivateKey = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if len(self.seed) != SEED_BYTES:
            raise MalformedKey(f"the seed of a private key has {SEED_BYTES} bytes")
        private = Ed25519PrivateKey.from_private_bytes(self.seed)
        public_key = private.public_key().public_bytes_raw()
        object.__setattr__(self, "_private", private)
        object.__setattr__(self, "verifier", VerifierKey(self.name, public_key))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Reads a private key string, `PRIVATE+KEY+name+hex8(keyID)+base64(01 ‖ seed)`.

        Raises:
            MalformedKey: it has another form, or is damaged.
        """
        if not text.startswith(_PRIVATE_PREFIX):
            raise MalformedKey(f"a private key starts with {_PRIVATE_PREFIX}; this is none")
        name, key_id, seed = _split(text.removeprefix(_PRIVATE_PREFIX))
        key = cls(name, seed)
        _check_key_id(name, key_id, key.verifier.key_id)
        return key

    def expose(self) -> str:
        """The private key string, to be stored where only its owner can read it."""
        key_id = self.verifier.key_id.hex()
        return f"{_PRIVATE_PREFIX}{self.name}+{key_id}+{encode_base64(_ED25519 + self.seed)}"

    def sign(self, content: bytes) -> bytes:
        """Signs the content; 64 bytes."""
        return self._private.sign(content)


def check_key_name(name: str) -> None:
    """Raises `MalformedKey` unless a key may have that name, as `VerifierKey` tells."""
    if not _NAME.fullmatch(name):
        raise MalformedKey(
            "a key name is not empty and holds no spaces, plus signs or control characters; "
            "use a URL without its scheme, such as ledger.example.org/concord"
        )


def _key_id(name: str, public_key: bytes) -> bytes:
    return sha256(name.encode() + b"\n" + _ED25519 + public_key).digest()[:KEY_ID_BYTES]


def _split(text: str) -> tuple[str, str, bytes]:
    """Takes a key string apart: name, key id as written, and the 32 bytes of the key."""
    # Base64 may hold plus signs, names and ids may not.
    name, key_id, encoded = (*text.split("+", 2), "", "")[:3]
    try:
        key = decode_base64(encoded)
    except ValueError as error:
        raise MalformedKey(
            "a key is name+id+base64, the last part here is not; copy the whole key again"
        ) from error
    if not _KEY_ID.fullmatch(key_id) or len(key) != len(_ED25519) + PUBLIC_KEY_BYTES:
        raise MalformedKey(
            "a key is name+id+base64, with an id of 8 hexadecimal digits and 33 bytes at the end; "
            "copy the whole key again"
        )
    if not key.startswith(_ED25519):
        raise MalformedKey(
            f"the key is of type {key[0]:02x}, only 01 (Ed25519) is supported; "
            "ask for the log's Ed25519 key"
        )
    return name, key_id, key.removeprefix(_ED25519)


def _check_key_id(name: str, written: str, computed: bytes) -> None:
    if written != computed.hex():
        raise MalformedKey(
            f"the key's id {written} is not that of its name {name} and content; "
            "it was altered or cut, copy it again"
        )
