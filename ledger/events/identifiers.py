"""The small values that events are made of: ids, addresses, digests, instants.

All are strings in JSON. Each has one spelling only, so that equal things are equal bytes: addresses
in EIP-55, digests and nonces in lower-case hex. Instants are RFC 3339 with `Z`; a signer may write
zero milliseconds or leave them out, so compare them by `parse_instant`.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import Annotated, NewType

from pydantic import AfterValidator, StringConstraints, WithJsonSchema

from ledger.errors import InvalidInput
from ledger.keccak import keccak

Milliseconds = NewType("Milliseconds", int)
"""Since the Unix epoch, UTC."""

LATEST = Milliseconds(253_402_300_799_999)
"""The last millisecond of the year 9999: what RFC 3339 can still write."""

_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,3})?Z", re.ASCII)


class InvalidIdentifier(InvalidInput):
    """An id, address, digest or time that is not spelled as it must be."""

    code = "invalid-identifier"
    remedy = "Spell it as the message says."


@lru_cache(maxsize=65536)
def to_checksum_address(address: bytes) -> str:
    """EIP-55 spelling of a 20-byte address."""
    lower = address.hex()
    digest = keccak(lower.encode()).hex()
    return "0x" + "".join(
        c.upper() if int(h, 16) >= 8 else c for c, h in zip(lower, digest, strict=False)
    )


@lru_cache(maxsize=65536)
def check_address(text: str) -> str:
    """Returns `text` if it is an EIP-55 address.

    Raises:
        ValueError: with the right spelling, where there is one.
    """
    if not _ADDRESS.fullmatch(text):
        raise ValueError("an address is 0x and 40 hex digits")
    right = to_checksum_address(bytes.fromhex(text[2:]))
    if right != text:
        raise ValueError(f"the EIP-55 checksum of this address is wrong; if it is yours: {right}")
    return text


@lru_cache(maxsize=65536)
def parse_instant(text: str) -> Milliseconds:
    """Milliseconds since the epoch of an RFC 3339 instant in UTC, such as `2026-11-21T08:30:00Z`.

    Raises:
        ValueError: for other zones, more than milliseconds, or no real date.
    """
    if not _INSTANT.fullmatch(text):
        raise ValueError("a time is RFC 3339 in UTC, such as 2026-11-21T08:30:00Z")
    moment = datetime.fromisoformat(text[:-1]).replace(tzinfo=UTC)
    return Milliseconds(round(moment.timestamp() * 1000))


def format_instant(at: int) -> str:
    """RFC 3339 in UTC of milliseconds since the epoch, with milliseconds only where they are not
    zero.
    """
    seconds, millis = divmod(at, 1000)
    text = datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None).isoformat()
    return f"{text}.{millis:03d}Z" if millis else f"{text}Z"


def _check_instant(text: str) -> str:
    parse_instant(text)
    return text


def _check_uint256(text: str) -> str:
    if int(text) >= 2**256:
        raise ValueError("the largest amount is 2^256 − 1")
    return text


Identifier = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{0,127}$")]
"""Scoped as its kind says; unique within that scope."""

Address = Annotated[str, AfterValidator(check_address)]
"""Ethereum address in EIP-55."""

Instant = Annotated[
    str,
    AfterValidator(_check_instant),
    WithJsonSchema({"type": "string", "format": "date-time", "pattern": "Z$", "maxLength": 24}),
]
"""RFC 3339, UTC, at most milliseconds."""

Bytes32 = Annotated[str, StringConstraints(pattern=r"^0x[0-9a-f]{64}$")]
Sha256Hex = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
DecimalString = Annotated[
    str, StringConstraints(pattern=r"^(0|[1-9][0-9]{0,77})$"), AfterValidator(_check_uint256)
]
"""An unsigned integer up to 2^256 − 1 in decimal."""

Cid = Annotated[str, StringConstraints(pattern=r"^b[a-z2-7]{20,120}$")]
"""CIDv1 in base32."""

CurieTerm = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,31}:[A-Za-z0-9._-]{1,64}$")
]
"""A term of an ontology as a CURIE, such as `MONDO:0007254`."""
