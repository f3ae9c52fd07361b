"""RFC 9162 sections 2.1.3 and 2.1.4: which nodes a proof consists of, and whether a proof holds.

Rules:
- A proof has exactly as many hashes as its index and sizes ask for; any other number is refused
  before hashing.
- Sizes never shrink: an older tree is never larger than a newer one.
- A proof binds roots, not sizes: trees whose sizes differ may share the shape of a path. Sizes are
  taken from where they are signed or anchored together with the root, never from the prover.
- Equal sizes need equal roots and an empty proof; so does the empty tree, which everything extends.

A node is written `(level, index)`: the complete subtree over the leaves `[index·2^level,
(index+1)·2^level)`. The right edge of a tree is usually no complete subtree, so each hash of a
proof is given by the nodes it is folded from. Nothing here reads a tree: proofs are built from any
source of nodes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

from ledger.merkle.errors import (
    IndexBeyondSize,
    InvalidSize,
    SizeShrank,
    WrongProofLength,
    WrongRoot,
)
from ledger.merkle.hashing import EMPTY_ROOT, LeafHash, check_hashes, fold, node_hash

Node: TypeAlias = tuple[int, int]
"""(level, index) of a complete subtree."""

MAX_SIZE: Final = 2**63 - 1
"""The largest size of a log: what databases and other implementations can count."""

MAX_PROOF_HASHES: Final = 63
"""No tree of at most `MAX_SIZE` leaves has a longer inclusion path."""


def verify_inclusion(
    index: int, size: int, leaf_hash: LeafHash, proof: Sequence[bytes], root: bytes
) -> None:
    """Checks that a leaf stands at an index of the tree with the given size and root.

    Args:
        index: position of the leaf, from 0.
        size: number of leaves in the tree.
        leaf_hash: hash of the entry (`leaf_hash(entry)`).
        proof: sibling hashes from the leaf upwards.
        root: root of the tree.

    Raises:
        IndexBeyondSize: the tree has no such leaf.
        WrongProofLength: another number of hashes than index and size ask for.
        WrongRoot: the proof leads elsewhere.
    """
    check_hashes((root,))
    if root_from_inclusion(index, size, leaf_hash, proof) != root:
        raise WrongRoot(
            f"leaf {index} is not in the tree of size {size} with root {root.hex()}; "
            "do not trust who sent this proof"
        )


def root_from_inclusion(
    index: int, size: int, leaf_hash: LeafHash, proof: Sequence[bytes]
) -> bytes:
    """Computes the root that an inclusion proof leads to (RFC 9162 section 2.1.3.2).

    Raises:
        IndexBeyondSize, WrongProofLength, InvalidSize, InvalidHash: as `verify_inclusion`.
    """
    check_index(index, size)
    check_hashes((leaf_hash, *proof))
    inner, border = _path_shape(index, size)
    _check_length(proof, inner + border, f"inclusion of leaf {index} in size {size}")
    return _climb(leaf_hash, index, proof, inner)


def verify_consistency(
    first: int, second: int, first_root: bytes, second_root: bytes, proof: Sequence[bytes]
) -> None:
    """Checks that a tree extends an earlier one: the first `first` leaves of both are the same.

    Args:
        first: size of the earlier tree.
        second: size of the later tree.
        first_root: root of the earlier tree.
        second_root: root of the later tree.
        proof: hashes as RFC 9162 section 2.1.4.1 orders them.

    Raises:
        SizeShrank: the later tree is the smaller one.
        WrongProofLength: another number of hashes than the sizes ask for.
        WrongRoot: the proof does not lead to both roots; with an honest proof, the log has forked.
    """
    check_growth(first, second)
    check_hashes((first_root, second_root, *proof))
    subject = f"consistency of sizes {first} and {second}"
    if first in {0, second}:
        _check_length(proof, 0, subject)
        earlier = EMPTY_ROOT if first == 0 else second_root
        later = EMPTY_ROOT if second == 0 else second_root
    else:
        earlier, later = _roots_from_consistency(first, second, first_root, proof)
    for size, expected, found in ((first, first_root, earlier), (second, second_root, later)):
        if expected != found:
            raise WrongRoot(
                f"{subject}: the root at size {size} is {found.hex()}, not {expected.hex()}; "
                "the log has two histories or the proof is not for these trees"
            )


def inclusion_nodes(index: int, size: int) -> tuple[tuple[Node, ...], ...]:
    """Names the nodes of an inclusion proof.

    Returns:
        One tuple for each hash of the proof, from the leaf upwards: the nodes, left to right, that
        `fold` joins into it.

    Raises:
        IndexBeyondSize: the tree has no such leaf.
    """
    check_index(index, size)
    return _path_nodes(0, index, size)


def consistency_nodes(first: int, second: int) -> tuple[tuple[Node, ...], ...]:
    """Names the nodes of a consistency proof, in the form of `inclusion_nodes`.

    Raises:
        SizeShrank: `second` is smaller than `first`.
    """
    check_growth(first, second)
    if first in {0, second}:
        return ()
    level = _trailing_zeros(first)
    index = (first - 1) >> level
    path = _path_nodes(level, index, second)
    # The verifier has the root of an earlier tree that is one complete subtree.
    return path if index == 0 else (((level, index),), *path)


def root_nodes(size: int) -> tuple[Node, ...]:
    """Names a tree's largest complete subtrees, left to right; `fold` makes the root of them."""
    check_size(size)
    return _cover(0, size)


def build(proof: Sequence[Sequence[Node]], read: Callable[[Node], bytes]) -> tuple[bytes, ...]:
    """Turns the nodes of a proof into its hashes, reading each node from any source."""
    return tuple(
        read(nodes[0]) if len(nodes) == 1 else fold([read(node) for node in nodes])
        for nodes in proof
    )


def check_size(size: int) -> None:
    """Raises `InvalidSize` unless a log can have that size."""
    if not 0 <= size <= MAX_SIZE:
        raise InvalidSize(f"{size} is no tree size; sizes run from 0 to 2^63 - 1")


def check_index(index: int, size: int) -> None:
    """Raises `IndexBeyondSize` unless a tree of that size has that leaf."""
    check_size(size)
    if not 0 <= index < size:
        raise IndexBeyondSize(
            f"there is no leaf {index} in a tree of size {size}; ask at a size above the index"
        )


def check_growth(first: int, second: int) -> None:
    """Raises `SizeShrank` if the second size is smaller than the first."""
    check_size(first)
    check_size(second)
    if second < first:
        raise SizeShrank(
            f"the tree shrank from {first} to {second} leaves; a log only grows, so it was "
            "rolled back or another log answered"
        )


def _path_shape(index: int, size: int) -> tuple[int, int]:
    """Splits a path at the point from which the tree's right edge is on it.

    Below it (`inner` hashes) a bit of the index tells on which side a sibling stands, above it
    (`border` hashes) every sibling is to the left.
    """
    inner = (index ^ (size - 1)).bit_length()
    return inner, (index >> inner).bit_count()


def _climb(start: bytes, index: int, proof: Sequence[bytes], inner: int) -> bytes:
    node = start
    for level in range(inner):
        sibling = proof[level]
        node = node_hash(sibling, node) if index >> level & 1 else node_hash(node, sibling)
    for sibling in proof[inner:]:
        node = node_hash(sibling, node)
    return node


def _roots_from_consistency(
    first: int, second: int, first_root: bytes, proof: Sequence[bytes]
) -> tuple[bytes, bytes]:
    """Computes both roots, for 0 < first < second, from the node where the proof starts."""
    level = _trailing_zeros(first)
    index = (first - 1) >> level
    inner, border = _path_shape(index, ((second - 1) >> level) + 1)
    given = 1 if index else 0
    subject = f"consistency of sizes {first} and {second}"
    _check_length(proof, given + inner + border, subject)
    start = proof[0] if given else first_root
    path = proof[given:]
    # In the earlier tree the node at `index` is the last one: only siblings to its left exist.
    earlier = start
    for height, sibling in enumerate(path):
        if height >= inner or index >> height & 1:
            earlier = node_hash(sibling, earlier)
    return earlier, _climb(start, index, path, inner)


def _path_nodes(level: int, index: int, size: int) -> tuple[tuple[Node, ...], ...]:
    """The siblings on the way from a complete node up to the root."""
    inner, _ = _path_shape(index, ((size - 1) >> level) + 1)
    path: list[tuple[Node, ...]] = [
        ((level + height, (index >> height) ^ 1),) for height in range(inner - 1)
    ]
    if inner:
        # The topmost inner sibling holds the last leaf, so it may be ragged.
        height = inner - 1
        path.append(_cover(((index >> height) | 1) << (level + height), size))
    rest, height = index >> inner, level + inner
    while rest:
        skip = _trailing_zeros(rest)
        rest, height = rest >> skip, height + skip
        path.append(((height, rest - 1),))
        rest, height = rest >> 1, height + 1
    return tuple(path)


def _cover(begin: int, end: int) -> tuple[Node, ...]:
    """The largest complete subtrees over `[begin, end)`; `begin` is a multiple of the largest."""
    nodes = []
    while begin < end:
        level = (end - begin).bit_length() - 1
        nodes.append((level, begin >> level))
        begin += 1 << level
    return tuple(nodes)


def _trailing_zeros(value: int) -> int:
    return (value & -value).bit_length() - 1


def _check_length(proof: Sequence[bytes], expected: int, subject: str) -> None:
    if len(proof) != expected:
        raise WrongProofLength(
            f"{subject} takes {expected} hashes, the proof has {len(proof)}; ask for it again"
        )
