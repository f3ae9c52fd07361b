"""The two notations that all texts of a log share, decimal numbers and base64.

Each has one spelling; others of the same value are refused, so that no two
texts mean the same thing.
"""

from __future__ import annotations

import binascii
import re
from typing import Final

_DECIMAL: Final = re.compile(r"0|[1-9][0-9]{0,18}")


def parse_decimal(text: str, maximum: int) -> int:
    """Reads an ASCII decimal without sign, separators or leading zeros.

    Raises:
        ValueError: another notation, or more than `maximum`.
    """
    if not _DECIMAL.fullmatch(text) or int(text) > maximum:
        raise ValueError(f"not a plain decimal number from 0 to {maximum}")
    return int(text)


def encode_base64(data: bytes) -> str:
    """Standard base64 with padding (RFC 4648 section 4)."""
    return binascii.b2a_base64(data, newline=False).decode("ascii")


def decode_base64(text: str) -> bytes:
    """Reads standard base64 with padding.

    Raises:
        ValueError: anything that `encode_base64` would not have written, unused bits included.
    """
    data = binascii.a2b_base64(text, strict_mode=True)
    if encode_base64(data) != text:
        raise ValueError("not the canonical base64 of any bytes")
    return data
