"""Signing events and recovering who signed, with eth-keys on coincurve.

One event has one signature that counts: 65 bytes r‖s‖v, v 27 or 28, s in the lower half of the
group's order. The malleable twin of a signature is refused, so nobody but the signer can make a
second valid form of the same event.
"""

from __future__ import annotations

import dataclasses
import re

import coincurve
from eth_keys.backends.coincurve import CoinCurveECCBackend
from eth_keys.datatypes import PrivateKey
from eth_keys.main import KeyAPI
from eth_utils.exceptions import ValidationError

from ledger.errors import InvalidInput, Refused
from ledger.events.envelope import Event
from ledger.events.identifiers import to_checksum_address
from ledger.events.typed_data import Domain, digest
from ledger.keccak import keccak
from ledger.secp256k1 import InvalidSignature, recover_address

_KEYS = KeyAPI(CoinCurveECCBackend())
_SIGNATURE = re.compile(r"0x[0-9a-f]*")


class InvalidKey(InvalidInput):
    """The bytes are not a private key."""

    code = "invalid-key"
    remedy = "Use a secp256k1 key of 32 bytes."


class WrongSigner(Refused):
    """The signature is somebody else's, or covers something else."""

    code = "wrong-signer"
    remedy = (
        "Sign with the key of the account that the message names, over exactly what was prepared,"
        " for this ledger's chain id and origin."
    )


class SigningKey:
    """A secp256k1 private key.

    Args:
        secret: 32 bytes.

    Raises:
        InvalidKey: if they are no private key; the message does not repeat them.
    """

    __slots__ = ("_key", "_signer", "address")

    def __init__(self, secret: bytes) -> None:
        try:
            self._key: PrivateKey = _KEYS.PrivateKey(secret)
        except ValidationError:
            raise InvalidKey(
                "A private key is 32 bytes, from 1 to the order of secp256k1 less 1."
            ) from None
        self._signer = coincurve.PrivateKey(secret)
        public = _KEYS.private_key_to_public_key(self._key).to_bytes()
        self.address: str = to_checksum_address(keccak(public)[12:])

    @property
    def secret(self) -> bytes:
        """The 32 bytes; handle with care."""
        return bytes(self._key.to_bytes())

    def sign_digest(self, message: bytes) -> str:
        """0x-hex r‖s‖v over a 32-byte digest."""
        # eth-keys' own coincurve, on a key that is kept: eth-keys makes one for each signature, and
        # with it the public key, which takes as long as signing.
        signature = self._signer.sign_recoverable(message, hasher=None)
        return f"0x{signature[:64].hex()}{27 + signature[64]:x}"

    def __repr__(self) -> str:
        return f"SigningKey({self.address})"


def sign(event: Event, key: SigningKey, domain: Domain) -> Event:
    """The event with the actor's signature.

    Raises:
        WrongSigner: if the key is not the actor's.
    """
    if key.address != event.actor:
        raise WrongSigner(f"{event.actor} must sign this event, not {key.address}.")
    return dataclasses.replace(event, signature=key.sign_digest(digest(event, domain)))


def recover(message: bytes, signature: str) -> str:
    """Address in EIP-55 that signed a 32-byte digest.

    Raises:
        InvalidSignature: if the signature is malformed or malleable.
    """
    if not _SIGNATURE.fullmatch(signature) or len(signature) % 2:
        raise InvalidSignature("A signature is 0x and lower-case hex digits.")
    return to_checksum_address(recover_address(message, bytes.fromhex(signature[2:])))


def verify_signature(event: Event, domain: Domain) -> None:
    """Checks that the actor signed this event for this ledger.

    Raises:
        InvalidSignature: if the signature is malformed or malleable.
        WrongSigner: if it recovers to somebody else.
    """
    signer = recover(digest(event, domain), event.signature)
    if signer != event.actor:
        raise WrongSigner(
            f"The signature recovers to {signer}, not to the actor {event.actor}: another key "
            "signed it, or it was made for another event, chain id or log's origin. Sign again."
        )
