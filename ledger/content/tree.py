"""Following a file's tree from its root, whoever delivers the blocks.

The caller's `fetch` returns blocks that have been checked against their CID. What is checked here
is what a hash cannot tell: that a block is a file's node, that it holds as many bytes as its parent
says, and that the tree has an end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ledger.content.cid import Cid, Codec
from ledger.content.errors import ContentTooLarge, MalformedNode
from ledger.content.store import ContentLimits
from ledger.content.unixfs import FileNode, decode_file_node

Fetch = Callable[[Cid], bytes]


def read_node(cid: Cid, block: bytes) -> FileNode:
    """A block as a node: a raw block is a node that is all data.

    Raises:
        MalformedNode: it is no well-formed node of a file; the message names it.
        UnsupportedContent: it is something else than a file.
    """
    if cid.codec is Codec.RAW:
        return FileNode(block, (), len(block))
    try:
        return decode_file_node(block)
    except MalformedNode as error:
        raise MalformedNode(f"block {cid}: {error}") from error


def read_root(cid: Cid, fetch: Fetch, limits: ContentLimits) -> FileNode:
    """Fetches the root and refuses what is too large to be followed.

    Raises:
        ContentTooLarge: beyond `content_bytes`.
    """
    root = read_node(cid, fetch(cid))
    if root.size > limits.content_bytes:
        raise ContentTooLarge(f"{cid} has {root.size} bytes, more than {limits.content_bytes}")
    return root


def file_chunks(
    cid: Cid, root: FileNode, fetch: Fetch, limits: ContentLimits, *, start: int = 0
) -> Iterator[bytes]:
    """Yields the file's bytes from `start` on, in order.

    Subtrees before `start` are not fetched.

    Raises:
        MalformedNode: a node is not what its parent says.
    """
    skip = start
    pending = [(cid, root.size, 1)]
    while pending:
        at, size, depth = pending.pop()
        if skip >= size:
            skip -= size
            continue
        node = root if at == cid else read_node(at, fetch(at))
        _check(at, node, size, depth, limits)
        if data := node.data[skip:]:
            yield data
        skip = max(0, skip - len(node.data))
        pending.extend((child.cid, child.size, depth + 1) for child in reversed(node.children))


def tree_blocks(cid: Cid, fetch: Fetch, limits: ContentLimits) -> Iterator[Cid]:
    """Yields the CID of every block of a tree, each once; fetches inner nodes only.

    Raises:
        MalformedNode: a node is not what its parent says.
    """
    seen: set[Cid] = set()
    pending = [(cid, 1)]
    while pending:
        at, depth = pending.pop()
        if at in seen:
            continue
        seen.add(at)
        yield at
        if at.codec is Codec.DAG_PB:
            node = read_node(at, fetch(at))
            _check(at, node, node.size, depth, limits)
            pending.extend((child.cid, depth + 1) for child in reversed(node.children))


def _check(cid: Cid, node: FileNode, size: int, depth: int, limits: ContentLimits) -> None:
    if node.size != size:
        raise MalformedNode(
            f"block {cid} holds {node.size} bytes of the file, its parent says {size}"
        )
    if depth > limits.tree_depth:
        raise MalformedNode(f"block {cid} is deeper than {limits.tree_depth} levels")
