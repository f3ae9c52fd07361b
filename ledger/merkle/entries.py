"""C2SP tlog-tiles: entry bundles, the entries themselves as `uint16 big-endian length ‖ bytes`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from ledger.merkle.errors import EntryTooLong, InvalidEntryBundle

MAX_ENTRY_BYTES: Final = 65_535


def encode_entry_bundle(entries: Iterable[bytes]) -> bytes:
    """Packs entries, in order.

    Raises:
        EntryTooLong: an entry of more than 65,535 bytes.
    """
    parts: list[bytes] = []
    for entry in entries:
        check_entry(entry)
        parts += (len(entry).to_bytes(2, "big"), entry)
    return b"".join(parts)


def decode_entry_bundle(bundle: bytes, width: int) -> list[bytes]:
    """Unpacks a bundle that must hold exactly `width` entries.

    Raises:
        InvalidEntryBundle: it ends too early, or goes on after the last entry.
    """
    entries: list[bytes] = []
    at = 0
    for _ in range(width):
        begin = at + 2
        at = begin + int.from_bytes(bundle[at:begin], "big")
        entries.append(bundle[begin:at])
        if at > len(bundle) or begin > len(bundle):
            raise InvalidEntryBundle(
                f"the bundle ends within entry {len(entries) - 1} of {width}; fetch it again"
            )
    if at != len(bundle):
        raise InvalidEntryBundle(
            f"{len(bundle) - at} bytes follow the last of {width} entries; fetch it again"
        )
    return entries


def check_entry(entry: bytes) -> None:
    """Raises `EntryTooLong` if no bundle can hold the entry."""
    if len(entry) > MAX_ENTRY_BYTES:
        raise EntryTooLong(
            f"the entry has {len(entry)} bytes, at most {MAX_ENTRY_BYTES} fit; "
            "store large content elsewhere and record its digest"
        )
