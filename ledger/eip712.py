"""The digest of an event's typed data (EIP-712): strings and bytes in, 32 bytes out.

It imports nothing but the C library of the hash: the process that recovers signers for the log
(`ledger.recovery`) makes digests without the package of events. What the fields mean, and what a
wallet is shown, is in `ledger.events.typed_data`.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import Final, NamedTuple

from ledger.keccak import keccak

EVENT_FIELDS: Final = (
    ("kind", "string"),
    ("subject", "string"),
    ("summary", "string"),
    ("actor", "address"),
    ("issuedAt", "uint64"),
    ("nonce", "bytes32"),
    ("bodyHash", "bytes32"),
)


def type_hash(name: str, fields: tuple[tuple[str, str], ...]) -> bytes:
    """`typeHash` of a struct without structs in it, of fields (name, type)."""
    return keccak(f"{name}({','.join(f'{kind} {field}' for field, kind in fields)})".encode())


_EVENT_TYPE: Final = type_hash("Event", EVENT_FIELDS)


@lru_cache(maxsize=128)
def _kind_word(kind: bytes) -> bytes:
    return keccak(kind)


class SignedFields(NamedTuple):
    """What an actor signs of an event, as bytes.

    Attributes:
        kind: UTF-8, as all strings.
        subject: likewise.
        summary: likewise.
        actor: 20 bytes.
        issued_at: milliseconds since the epoch, below 2^64.
        nonce: 32 bytes.
        body: JCS; `bodyHash` is its SHA-256.
    """

    kind: bytes
    subject: bytes
    summary: bytes
    actor: bytes
    issued_at: int
    nonce: bytes
    body: bytes


def event_digest(separator: bytes, signed: SignedFields) -> bytes:
    """`hashTypedData` of an `Event`.

    Args:
        separator: the domain's, 32 bytes.
        signed: the event.
    """
    struct = keccak(
        _EVENT_TYPE
        + _kind_word(signed.kind)
        + keccak(signed.subject)
        + keccak(signed.summary)
        + bytes(12)
        + signed.actor
        + signed.issued_at.to_bytes(32)
        + signed.nonce
        + hashlib.sha256(signed.body).digest()
    )
    return keccak(b"\x19\x01" + separator + struct)
