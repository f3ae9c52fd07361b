"""As much of the Protocol Buffers wire format as dag-pb and UnixFS need.

Two wire types: varints and length-delimited bytes
(https://protobuf.dev/programming-guides/encoding/). Reading is strict: every length is checked
against what is there and anything else is malformed.
"""

from __future__ import annotations

from collections.abc import Iterator

from ledger.content.errors import MalformedNode

_VARINT = 0
_BYTES = 2
_VARINT_LIMIT = 1 << 64


def varint(number: int) -> bytes:
    """Encodes an unsigned integer in base 128, least significant group first."""
    encoded = bytearray()
    while number > 0x7F:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    encoded.append(number)
    return bytes(encoded)


def varint_field(field: int, number: int) -> bytes:
    """Encodes one integer field."""
    return varint(field << 3 | _VARINT) + varint(number)


def bytes_field(field: int, value: bytes) -> bytes:
    """Encodes one field of bytes or of an embedded message."""
    return varint(field << 3 | _BYTES) + varint(len(value)) + value


def fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Reads a message's fields in order, as (field number, value).

    Raises:
        MalformedNode: cut short, over-long or of another wire type.
    """
    at = 0
    while at < len(message):
        key, at = _read_varint(message, at)
        number, at = _read_varint(message, at)
        if key & 7 == _VARINT:
            yield key >> 3, number
        elif key & 7 == _BYTES and at + number <= len(message):
            yield key >> 3, message[at : at + number]
            at += number
        else:
            raise MalformedNode(
                f"field {key >> 3} is cut short or of a wire type that dag-pb does not use"
            )


def _read_varint(message: bytes, at: int) -> tuple[int, int]:
    number = shift = 0
    while at < len(message) and shift < 64:
        byte = message[at]
        at += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            if number >= _VARINT_LIMIT:
                break
            return number, at
        shift += 7
    raise MalformedNode("an integer is cut short or has more than 64 bits")
