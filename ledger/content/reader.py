"""Content as a file object, on top of any store's verified stream."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import BinaryIO, cast

from ledger.content.cid import Cid
from ledger.content.errors import ContentTooLarge
from ledger.content.store import ContentStore


def open_content(store: ContentStore, cid: Cid) -> BinaryIO:
    """Opens content to be read from start to end; raises what `ContentStore.stream` raises."""
    raw = _StreamReader(store.stream(cid))
    return cast("BinaryIO", io.BufferedReader(raw))


def read_content(store: ContentStore, cid: Cid, *, limit_bytes: int) -> bytes:
    """Reads small content whole.

    Raises:
        ContentTooLarge: it has more than `limit_bytes`; nothing beyond its root was read.
    """
    size = store.stat(cid).size
    if size > limit_bytes:
        raise ContentTooLarge(f"{cid} has {size} bytes, more than {limit_bytes}")
    return b"".join(store.stream(cid))


class _StreamReader(io.RawIOBase):
    """The raw layer under a buffered reader: hands on what the stream yields."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        super().__init__()
        self._chunks = chunks
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # typeshed's WriteableBuffer is private
        if not self._rest:
            self._rest = memoryview(next(self._chunks, b""))
        taken = min(len(buffer), len(self._rest))
        buffer[:taken] = self._rest[:taken]
        self._rest = self._rest[taken:]
        return taken
