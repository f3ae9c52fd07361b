"""The log as static files: written from a server or a data directory, and read back.

Rules:
- The checkpoint is fetched first and written last: what a folder's checkpoint promises is there.
- A full tile never changes, so one that is there is kept.
- What was written is whole: each file is written beside its place and then moved there.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from client.errors import ServerProblem
from client.files import Progress
from ledger.errors import IntegrityError, InvalidInput, NotFound
from ledger.merkle import (
    Checkpoint,
    EntriesAddress,
    TileAddress,
    decode_entry_bundle,
    encode_entry_bundle,
    entries_addresses,
    parse_note,
    parse_tile_path,
    tile_addresses,
)
from ledger.merkle.tiles import TILE_WIDTH
from service.cli.context import Options
from service.cli.datadir import identity_at
from service.settings import Settings

CHECKPOINT = "checkpoint"
HASH_BYTES = 32

Source: TypeAlias = Callable[[str], bytes | None]
"""The file of a log at a path such as `tile/0/000`; None where there is none."""


class TileMissing(NotFound):
    """The log's files lack one that its checkpoint promises."""

    code = "tile-missing"
    remedy = "Export the log again."


class TileDamaged(IntegrityError):
    """A file of the log does not hold what its name says."""

    code = "tile-damaged"


@dataclass(frozen=True, slots=True)
class Exported:
    """What an export did: leaves in the log, files written, files that were there."""

    size: int
    written: int
    kept: int


@contextmanager
def remote_source(options: Options) -> Iterator[Source]:
    """A log's files on a server."""
    with options.reader() as ledger:

        def fetch(path: str) -> bytes | None:
            try:
                return ledger.fetch_document(f"/{path}")
            except ServerProblem as problem:
                if problem.status == 404:
                    return None
                raise

        yield fetch


@contextmanager
def local_source(settings: Settings) -> Iterator[Source]:
    """A log's files out of a data directory."""
    from service.metrics import Metrics  # noqa: PLC0415 - slow to import
    from service.parts import open_parts  # noqa: PLC0415

    identity_at(settings)
    with open_parts(settings, metrics=Metrics()) as parts:

        def read(path: str) -> bytes | None:
            if path == CHECKPOINT:
                return parts.log.checkpoint().encode()
            address = parse_tile_path(path)
            if isinstance(address, EntriesAddress):
                return parts.log.entries(address)
            return parts.log.tile(address)

        yield read


@contextmanager
def folder_source(folder: Path) -> Iterator[Source]:
    """A log's files in a folder."""

    def read(path: str) -> bytes | None:
        try:
            return (folder / path).read_bytes()
        except FileNotFoundError:
            return None

    yield read


def export(source: Source, folder: Path, progress: Progress) -> Exported:
    """Writes a log's files to a folder.

    Args:
        source: where they come from.
        folder: made where absent.
        progress: called with files done, and how many there are.

    Raises:
        TileMissing, TileDamaged: if the source does not hold what its checkpoint promises.
        OSError: if a file cannot be written.
    """
    note = checkpoint_of(source)
    size = Checkpoint.parse(parse_note(note).text).size
    addresses: list[TileAddress | EntriesAddress] = [*tile_addresses(size)]
    addresses += entries_addresses(size)
    written = 0
    for done, address in enumerate(addresses, 1):
        target = folder / address.path
        if not target.exists():
            _write(target, _at_width(source, address))
            written += 1
        progress(done, len(addresses))
    _write(folder / CHECKPOINT, note)
    return Exported(size, written, len(addresses) - written)


def checkpoint_of(source: Source) -> bytes:
    """The signed checkpoint of a log's files.

    Raises:
        TileMissing: there is none, so these are no log's files.
    """
    note = source(CHECKPOINT)
    if note is None:
        raise TileMissing(
            "There is no checkpoint: these are not the files of a log. Name a folder that "
            "`concord export-tiles` wrote, or a ledger's address."
        )
    return note


def entries_of(source: Source, size: int, progress: Progress) -> Iterator[bytes]:
    """Every leaf of a log, in order.

    Args:
        source: of its files.
        size: how many leaves.
        progress: called with leaves done, and how many there are.

    Raises:
        TileMissing, TileDamaged: if a bundle of leaves is missing or not whole.
    """
    done = 0
    for address in entries_addresses(size):
        yield from _entries_in(_at_width(source, address), address)
        done += address.width
        progress(done, size)


def bundle_of(source: Source, n: int, size: int) -> list[bytes]:
    """The leaves of one bundle of a log, as far as it reaches.

    Args:
        source: of its files.
        n: index of the bundle; its first leaf is `256 * n`.
        size: how many leaves the log has, more than that.

    Raises:
        TileMissing, TileDamaged: if the bundle is missing or not whole.
    """
    address = EntriesAddress(n, min(TILE_WIDTH, size - n * TILE_WIDTH))
    return _entries_in(_at_width(source, address), address)


def _at_width(source: Source, address: TileAddress | EntriesAddress) -> bytes:
    """A file cut to its width: where the log has grown, only the wider one may be there still."""
    content = source(address.path)
    if content is not None:
        _check(content, address)
        return content
    if address.width < TILE_WIDTH:
        full = _full(address)
        content = source(full.path)
        if content is not None:
            _check(content, full)
            return _narrowed(content, full, address.width)
    raise TileMissing(f"The log's file {address.path} is missing; fetch or export the log again.")


def _full(address: TileAddress | EntriesAddress) -> TileAddress | EntriesAddress:
    if isinstance(address, TileAddress):
        return TileAddress(address.level, address.n)
    return EntriesAddress(address.n)


def _check(content: bytes, address: TileAddress | EntriesAddress) -> None:
    if isinstance(address, EntriesAddress):
        _entries_in(content, address)
    elif len(content) != address.width * HASH_BYTES:
        raise TileDamaged(f"{address.path} does not hold {address.width} hashes.")


def _entries_in(content: bytes, address: TileAddress | EntriesAddress) -> list[bytes]:
    try:
        return decode_entry_bundle(content, address.width)
    except InvalidInput as error:
        raise TileDamaged(f"{address.path} holds no {address.width} leaves: {error}") from error


def _narrowed(content: bytes, full: TileAddress | EntriesAddress, width: int) -> bytes:
    if isinstance(full, TileAddress):
        return content[: width * HASH_BYTES]
    return encode_entry_bundle(_entries_in(content, full)[:width])


def _write(target: Path, content: bytes) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=target.parent)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
    # What is exported is there for others to read.
    Path(name).chmod(0o644)
    Path(name).replace(target)
