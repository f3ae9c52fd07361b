"""Describing files by digest, with progress for the long ones."""

from __future__ import annotations

import hashlib
import mimetypes
import os
from collections.abc import Callable
from pathlib import Path

from ledger.content.layout import name_of
from ledger.events.canonical import JsonObject

CHUNK_BYTES = 1 << 20
Progress = Callable[[int, int], None]
"""Called with bytes done and bytes in all."""


def sha256_of(path: Path, progress: Progress | None = None) -> str:
    """Lower-case hex SHA-256 of a file, read in chunks.

    Raises:
        OSError: if it cannot be read.
    """
    return _digest(path, progress)[0]


def describe_file(
    path: Path, *, uri: str | None = None, progress: Progress | None = None
) -> JsonObject:
    """An in-toto ResourceDescriptor of a file: name, digest, size in bytes, media type.

    Raises:
        OSError: if it cannot be read.
    """
    digest, size = _digest(path, progress)
    descriptor: JsonObject = {"name": path.name, "digest": {"sha256": digest}, "size": size}
    media_type, _ = mimetypes.guess_type(path.name)
    if media_type is not None:
        descriptor["mediaType"] = media_type
    if uri is not None:
        descriptor["uri"] = uri
    return descriptor


def content_id(document: bytes) -> str:
    """The CID under which any content store keeps these bytes, Kubo among them."""
    return str(name_of(document))


def _digest(path: Path, progress: Progress | None) -> tuple[str, int]:
    """Hex SHA-256 of a file, and how many bytes that covers."""
    digest = hashlib.sha256()
    done = 0
    with path.open("rb") as file:
        total = os.fstat(file.fileno()).st_size
        while chunk := file.read(CHUNK_BYTES):
            digest.update(chunk)
            done += len(chunk)
            if progress is not None:
                progress(done, total)
    return digest.hexdigest(), done
