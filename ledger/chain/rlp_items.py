"""RLP (Ethereum yellow paper, appendix B) where it is written by the hundred thousand.

The library finds out of what kind each value is, and checks it by a description of its form; that
takes ten times as long as the encoding. Here the caller knows, and puts encoded items together.
Decoding trusts: it is for what was encoded here, or whose hash was checked.
"""

from __future__ import annotations

from collections.abc import Iterable

_STRING, _LIST = 0x80, 0xC0
_LONGEST_SHORT = 55


def encode_string(value: bytes) -> bytes:
    """The item of a byte string."""
    if len(value) == 1 and value[0] < _STRING:
        return value
    return _prefix(_STRING, len(value)) + value


def encode_number(value: int) -> bytes:
    """The item of a number >= 0: its big-endian digits, none for zero."""
    return encode_string(value.to_bytes((value.bit_length() + 7) // 8))


def encode_list(items: Iterable[bytes]) -> bytes:
    """The item of a list of items."""
    payload = b"".join(items)
    return _prefix(_LIST, len(payload)) + payload


def decode_string(item: bytes) -> bytes:
    """The byte string of its item."""
    first = item[0]
    if first < _STRING:
        return item
    sized = max(0, first - _STRING - _LONGEST_SHORT)
    return item[1 + sized :]


def _prefix(kind: int, size: int) -> bytes:
    if size <= _LONGEST_SHORT:
        return bytes([kind + size])
    digits = size.to_bytes((size.bit_length() + 7) // 8)
    return bytes([kind + _LONGEST_SHORT + len(digits)]) + digits
