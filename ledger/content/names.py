"""Which content a text names: every content id and every SHA-256 that stands in it, wherever.

Deliberately blunt, for it decides what may be removed. A field's meaning is not asked; what only
looks like a name protects its content, too. Contract calls are hex: digests in them are found at
every place, and content ids in the strings that they carry.

What is sealed cannot be read, and names nothing here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

# CIDv1 in base32, of a raw block or a DAG-PB node, by SHA-256: all that a content store gives.
_CID: Final = re.compile(rb"(?=(baf(?:krei|ybei)[a-z2-7]{52}))")
_HEX: Final = re.compile(rb"[0-9a-fA-F]{64,}")
_DIGEST_DIGITS: Final = 64


def content_ids_in(text: bytes) -> set[str]:
    """Content ids that stand in a text, or in the bytes that its hex digits write."""
    found = _ids(text)
    for run in _runs(text):
        # Nothing says with which digit a byte begins.
        for digits in (run, run[1:]):
            found |= _ids(bytes.fromhex(digits[: len(digits) & ~1]))
    return found


def digests_in(text: bytes) -> set[bytes]:
    """Every 32 bytes that a text writes as 64 hex digits in a row."""
    return {
        bytes.fromhex(run[at : at + _DIGEST_DIGITS])
        for run in _runs(text)
        for at in range(len(run) - _DIGEST_DIGITS + 1)
    }


def _ids(text: bytes) -> set[str]:
    return {found[1].decode() for found in _CID.finditer(text)}


def _runs(text: bytes) -> Iterator[str]:
    return (found[0].decode() for found in _HEX.finditer(text))
