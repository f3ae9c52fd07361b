"""Content as it comes in: bytes, files and streams, cut into chunks."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from ledger.content.errors import ContentTooLarge, InvalidContent
from ledger.content.store import Content


def is_repeatable(content: Content) -> bool:
    """Whether the content can be read from its start a second time."""
    return isinstance(content, bytes | Path)


def read_chunks(content: Content, *, chunk_bytes: int, limit_bytes: int) -> Iterator[bytes]:
    """Yields the content in chunks of exactly `chunk_bytes`, the last one shorter.

    Empty content is one empty chunk.

    Raises:
        ContentTooLarge: more than `limit_bytes`.
        InvalidContent: a stream that does not yield bytes.
        OSError: whatever reading the file or stream raises.
    """
    total = 0
    with _opened(content) as stream:
        while True:
            chunk = _read_fully(stream, chunk_bytes)
            total += len(chunk)
            if total > limit_bytes:
                raise ContentTooLarge(
                    f"The content is larger than the limit of {limit_bytes} bytes"
                )
            if chunk or total == 0:
                yield chunk
            if len(chunk) < chunk_bytes:
                return


@contextmanager
def _opened(content: Content) -> Iterator[BinaryIO]:
    if isinstance(content, Path):
        with content.open("rb") as file:
            yield file
    elif isinstance(content, bytes):
        yield io.BytesIO(content)
    else:
        yield content


def _read_fully(stream: BinaryIO, wanted: int) -> bytes:
    """Reads until `wanted` bytes are there or the stream ends; a pipe delivers less at a time."""
    parts: list[bytes] = []
    missing = wanted
    while missing:
        part = stream.read(missing)
        if not isinstance(part, bytes):
            raise InvalidContent(
                "The stream does not yield bytes; open it in binary and blocking mode"
            )
        if not part:
            break
        parts.append(part)
        missing -= len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)
