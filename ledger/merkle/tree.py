"""Merkle trees of RFC 9162: one with every node, and one with just what appending needs.

`CompactRange` is a value: extending it makes a new one, so a batch whose commit fails leaves
nothing behind. `MerkleTree` holds the whole tree in memory, 64 bytes a leaf, for verifiers and
tests. Neither stores entries.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ledger.merkle.errors import InvalidCompactRange, InvalidSize
from ledger.merkle.hashing import HASH_BYTES, LeafHash, check_hashes, fold, parents
from ledger.merkle.proofs import (
    Node,
    build,
    check_index,
    check_size,
    consistency_nodes,
    inclusion_nodes,
    root_nodes,
)


@dataclass(frozen=True, slots=True)
class CompactRange:
    """The roots of the largest complete subtrees of a tree: all that its future depends on.

    Attributes:
        size: number of leaves.
        roots: one hash for each bit that is set in `size`, largest subtree first.

    Raises:
        InvalidCompactRange: the number of roots does not fit the size.
        InvalidHash: a root is not 32 bytes long.
    """

    size: int = 0
    roots: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        check_size(self.size)
        check_hashes(self.roots)
        if len(self.roots) != self.size.bit_count():
            raise InvalidCompactRange(
                f"a tree of size {self.size} has {self.size.bit_count()} complete subtrees, "
                f"{len(self.roots)} roots were given; restore it from the stored tiles"
            )

    def root(self) -> bytes:
        """The root of the tree; at most 62 hashes."""
        return fold(self.roots)

    def extend(self, leaf_hashes: Sequence[LeafHash]) -> CompactRange:
        """The range after appending leaves; `self` stays as it is.

        Raises:
            InvalidHash: a leaf hash is not 32 bytes long.
        """
        return self.grow(leaf_hashes).range

    def grow(self, leaf_hashes: Sequence[LeafHash]) -> Growth:
        """Appends leaves as `extend` does and tells which nodes they completed.

        One hash for each leaf, made level by level.
        """
        check_hashes(leaf_hashes)
        size = self.size + len(leaf_hashes)
        check_size(size)
        waiting = dict(zip((level for level, _ in root_nodes(self.size)), self.roots, strict=True))
        nodes = b"".join(leaf_hashes)
        roots: list[bytes] = []
        completed: list[bytes] = []
        for level in range(size.bit_length()):
            if nodes:
                completed.append(nodes)
            # The complete subtree at the old right edge is the left sibling of the first new node.
            nodes = waiting.get(level, b"") + nodes
            if size >> level & 1:
                roots.append(nodes[-HASH_BYTES:])
            nodes = parents(nodes)
        return Growth(CompactRange(size, tuple(reversed(roots))), tuple(completed))


@dataclass(frozen=True, slots=True)
class Growth:
    """What appending leaves did.

    Attributes:
        range: the tree afterwards.
        completed: by level, the concatenated hashes of the complete subtrees that the leaves
            filled; level 0 holds the leaves themselves. Levels without any are left out at the end.
    """

    range: CompactRange
    completed: tuple[bytes, ...]


class MerkleTree:
    """A tree with all its complete nodes in memory; any proof is a few look-ups.

    Owned by one thread while it grows.
    """

    def __init__(self, leaf_hashes: Sequence[LeafHash] = ()) -> None:
        # levels[k] holds the hashes of all complete subtrees of height k, in order.
        self._levels = [bytearray()]
        self.extend(leaf_hashes)

    @property
    def size(self) -> int:
        """Number of leaves."""
        return len(self._levels[0]) // HASH_BYTES

    def append(self, leaf_hash: LeafHash) -> int:
        """Appends one leaf and returns its index."""
        self.extend((leaf_hash,))
        return self.size - 1

    def extend(self, leaf_hashes: Sequence[LeafHash]) -> None:
        """Appends leaves, all or none.

        Raises:
            InvalidHash: a leaf hash is not 32 bytes long.
        """
        check_hashes(leaf_hashes)
        levels = self._levels
        levels[0] += b"".join(leaf_hashes)
        for level, nodes in enumerate(levels):
            hashed = 2 * len(levels[level + 1]) if level + 1 < len(levels) else 0
            fresh = parents(bytes(nodes[hashed:]))
            if not fresh:
                break
            if level + 1 == len(levels):
                levels.append(bytearray())
            levels[level + 1] += fresh

    def leaf(self, index: int) -> LeafHash:
        """The hash of the leaf at an index.

        Raises:
            IndexBeyondSize: there is no such leaf.
        """
        check_index(index, self.size)
        return LeafHash(self._node((0, index)))

    def root(self, size: int | None = None) -> bytes:
        """The root of the tree, now or when it had `size` leaves.

        Raises:
            InvalidSize: the tree has never been that large.
        """
        return fold([self._node(node) for node in root_nodes(self._at(size))])

    def inclusion(self, index: int, size: int | None = None) -> tuple[bytes, ...]:
        """The proof that a leaf is in the tree, now or when it had `size` leaves.

        Raises:
            IndexBeyondSize: there was no such leaf.
            InvalidSize: the tree has never been that large.
        """
        return build(inclusion_nodes(index, self._at(size)), self._node)

    def consistency(self, first: int, second: int | None = None) -> tuple[bytes, ...]:
        """The proof that the tree of size `second`, or of now, extends that of size `first`.

        Raises:
            SizeShrank: `second` is smaller than `first`.
            InvalidSize: the tree has never been that large.
        """
        return build(consistency_nodes(first, self._at(second)), self._node)

    def _at(self, size: int | None) -> int:
        if size is None:
            return self.size
        if size > self.size:
            raise InvalidSize(
                f"the tree has {self.size} leaves, it never had {size}; ask for a smaller size"
            )
        return size

    def _node(self, node: Node) -> bytes:
        level, index = node
        return bytes(self._levels[level][index * HASH_BYTES : (index + 1) * HASH_BYTES])
