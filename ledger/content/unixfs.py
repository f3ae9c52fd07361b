"""Files as IPFS nodes: UnixFS inside dag-pb.

A file of one chunk is that chunk as a raw block. A larger one is a tree whose inner nodes are
dag-pb: links to children (CID, empty name, cumulative size of the blocks below) and a UnixFS
message with the file's size and each child's. Bytes are fixed by the formats: links before data,
fields in order, sizes unpacked.

Sources: https://ipld.io/specs/codecs/dag-pb/spec/ and https://specs.ipfs.tech/unixfs/.

Reading takes more than writing makes: leaves wrapped in dag-pb and data beside links, as Kubo's
other layouts have them, so files that other people added can be read. Directories, symbolic links
and metadata nodes are refused by name. A node is never trusted to be small or honest: its sizes
must add up.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ledger.content.cid import Cid
from ledger.content.errors import InvalidCid, MalformedNode, UnsupportedContent
from ledger.content.protobuf import bytes_field, fields, varint_field

_NODE_DATA, _NODE_LINKS = 1, 2
_LINK_HASH, _LINK_NAME, _LINK_TSIZE = 1, 2, 3
_UNIXFS_TYPE, _UNIXFS_DATA, _UNIXFS_FILESIZE, _UNIXFS_BLOCKSIZES = 1, 2, 3, 4
_TYPE_RAW, _TYPE_FILE = 0, 2
_TYPE_NAMES = {1: "a directory", 3: "metadata", 4: "a symbolic link", 5: "a sharded directory"}


@dataclass(frozen=True, slots=True)
class Child:
    """A subtree of a file.

    Attributes:
        cid: its root block.
        size: bytes of the file that it holds.
        stored_size: bytes of all blocks in it, its root included (dag-pb's Tsize).
    """

    cid: Cid
    size: int
    stored_size: int


@dataclass(frozen=True, slots=True)
class FileNode:
    """An inner node of a file, or a leaf wrapped in dag-pb.

    Attributes:
        data: bytes of the file that stand in the node itself, before those of its children.
        children: the subtrees, in the file's order.
        size: bytes of the file from here down.
    """

    data: bytes
    children: tuple[Child, ...]
    size: int


def encode_file_node(children: Sequence[Child]) -> bytes:
    """Encodes an inner node, byte for byte as Kubo does."""
    links = b"".join(
        bytes_field(
            _NODE_LINKS,
            bytes_field(_LINK_HASH, child.cid.to_bytes())
            + bytes_field(_LINK_NAME, b"")
            + varint_field(_LINK_TSIZE, child.stored_size),
        )
        for child in children
    )
    unixfs = (
        varint_field(_UNIXFS_TYPE, _TYPE_FILE)
        + varint_field(_UNIXFS_FILESIZE, sum(child.size for child in children))
        + b"".join(varint_field(_UNIXFS_BLOCKSIZES, child.size) for child in children)
    )
    return links + bytes_field(_NODE_DATA, unixfs)


def decode_file_node(block: bytes) -> FileNode:
    """Decodes a dag-pb block of a file.

    Raises:
        MalformedNode: it is no well-formed node, or its sizes do not add up.
        UnsupportedContent: it is a directory or something else that is no file.
    """
    links: list[tuple[Cid, int]] = []
    unixfs = b""
    for field, value in fields(block):
        if field == _NODE_LINKS and isinstance(value, bytes):
            links.append(_decode_link(value))
        elif field == _NODE_DATA and isinstance(value, bytes):
            unixfs = value
        else:
            raise MalformedNode(f"a dag-pb node has no field {field}")
    data, size, child_sizes = _decode_unixfs(unixfs)
    if len(links) != len(child_sizes):
        raise MalformedNode(f"a node has {len(links)} links but sizes for {len(child_sizes)}")
    if size != len(data) + sum(child_sizes):
        raise MalformedNode(f"a node claims {size} bytes, its parts {len(data) + sum(child_sizes)}")
    children = tuple(
        Child(cid, child_size, stored_size)
        for (cid, stored_size), child_size in zip(links, child_sizes, strict=True)
    )
    return FileNode(data, children, size)


def _decode_link(message: bytes) -> tuple[Cid, int]:
    cid: Cid | None = None
    stored_size = 0
    for field, value in fields(message):
        if field == _LINK_HASH and isinstance(value, bytes):
            try:
                cid = Cid.from_bytes(value)
            except InvalidCid as error:
                raise MalformedNode(f"a link cannot be followed: {error}") from error
        elif field == _LINK_TSIZE and isinstance(value, int):
            stored_size = value
        elif field != _LINK_NAME:
            raise MalformedNode(f"a dag-pb link has no field {field}")
    if cid is None:
        raise MalformedNode("a link names no block")
    return cid, stored_size


def _decode_unixfs(message: bytes) -> tuple[bytes, int, list[int]]:
    kind, data, child_sizes = -1, b"", list[int]()
    size: int | None = None
    for field, value in fields(message):
        if field == _UNIXFS_TYPE and isinstance(value, int):
            kind = value
        elif field == _UNIXFS_DATA and isinstance(value, bytes):
            data = value
        elif field == _UNIXFS_FILESIZE and isinstance(value, int):
            size = value
        elif field == _UNIXFS_BLOCKSIZES and isinstance(value, int):
            child_sizes.append(value)
        elif field <= _UNIXFS_BLOCKSIZES:
            raise MalformedNode(f"UnixFS field {field} is of another type")
    if kind in _TYPE_NAMES:
        raise UnsupportedContent(
            f"The CID names {_TYPE_NAMES[kind]}, not a file; name a file in it"
        )
    if kind not in {_TYPE_RAW, _TYPE_FILE}:
        raise MalformedNode("a dag-pb block holds no UnixFS file")
    return data, _total(size, data, child_sizes), child_sizes


def _total(size: int | None, data: bytes, child_sizes: Iterable[int]) -> int:
    return len(data) + sum(child_sizes) if size is None else size
