"""How a file becomes a tree of blocks: Kubo's balanced layout.

The file is cut into chunks of 256 KiB, each chunk is a raw leaf, and up to 174 neighbours at a time
get a parent until one root is left; every leaf is at the same depth. The same bytes make the same
root whoever adds them, which is what lets a digest in the ledger name them (`ipfs add
--cid-version=1`; boxo/ipld/unixfs/importer/balanced).

Memory is the open nodes: at most 174 links a level, whatever the file's size. Does no I/O: blocks
are handed to `emit`, children always before the parent that links to them.
"""

from __future__ import annotations

from collections.abc import Callable

from ledger.content.cid import Cid, Codec
from ledger.content.unixfs import Child, encode_file_node

CHUNK_BYTES = 256 * 1024
LINKS_PER_NODE = 174

Emit = Callable[[Cid, bytes], None]


class TreeBuilder:
    """Builds one file's tree, chunk by chunk.

    Args:
        emit: takes each block with its CID, each before its parent, the root last.
        width: children a node has at most.
    """

    def __init__(self, emit: Emit, *, width: int = LINKS_PER_NODE) -> None:
        self._emit = emit
        self._width = width
        # Nodes without a parent yet, leaves first; all levels but the last are to the right of
        # complete subtrees that have theirs.
        self._levels: list[list[Child]] = [[]]

    def add(self, chunk: bytes) -> None:
        """Appends a leaf. An empty file is one empty chunk; no other chunk is empty."""
        cid = Cid.of(Codec.RAW, chunk)
        self._emit(cid, chunk)
        self._append(0, Child(cid, len(chunk), len(chunk)))

    def finish(self) -> Cid:
        """Closes the open nodes and returns the root.

        Raises:
            ValueError: there was no chunk at all.
        """
        if not self._levels[0]:
            raise ValueError("a file has at least one chunk; an empty file has one empty chunk")
        level = 0
        while level + 1 < len(self._levels) or len(self._levels[level]) > 1:
            self._append(level + 1, self._parent_of(self._levels[level]))
            level += 1
        return self._levels[level][0].cid

    def _append(self, level: int, child: Child) -> None:
        """Adds a node to its level; a full level gets a parent only once it is not the last."""
        if level == len(self._levels):
            self._levels.append([])
        if len(self._levels[level]) == self._width:
            self._append(level + 1, self._parent_of(self._levels[level]))
            self._levels[level] = []
        self._levels[level].append(child)

    def _parent_of(self, siblings: list[Child]) -> Child:
        block = encode_file_node(siblings)
        cid = Cid.of(Codec.DAG_PB, block)
        self._emit(cid, block)
        size = sum(child.size for child in siblings)
        return Child(cid, size, len(block) + sum(child.stored_size for child in siblings))


def name_of(content: bytes) -> Cid:
    """What content is called, without keeping it: the CID that any store gives it."""
    tree = TreeBuilder(lambda _cid, _block: None)
    # An empty file is one empty chunk.
    for start in range(0, max(len(content), 1), CHUNK_BYTES):
        tree.add(content[start : start + CHUNK_BYTES])
    return tree.finish()
