"""Many leaves of one tree, proven together: every hash that their single proofs share stands once.

The tree of RFC 9162 section 2.1 over `[begin, end)` splits at the largest power of two below its
width. Walking it from the left, a subtree without any of the leaves contributes its hash; nothing
else is needed:

    hashes([b, e)) = (MTH([b, e)),)                   if no leaf is in it
                     ()                               if it is one of the leaves
                     hashes(left) + hashes(right)     otherwise

There is exactly one such list for a set of leaves and a size; a longer or shorter one is refused.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence

from ledger.merkle import LeafHash, TileReader, inclusion_proofs, node_hash
from ledger.merkle.errors import IndexBeyondSize, WrongProofLength
from ledger.merkle.hashing import EMPTY_ROOT, check_hashes

_Range = tuple[int, int]


def prove_together(indices: Sequence[int], size: int, reader: TileReader) -> tuple[bytes, ...]:
    """Proves leaves of the tree of a size that the log has or had.

    Args:
        indices: of the leaves, ascending, each once.
        size: of the tree.
        reader: where tiles come from.

    Raises:
        IndexBeyondSize: the tree of that size has no such leaf.
        TileIncomplete: a tile that the tree has is not stored.
    """
    known: dict[_Range, bytes] = {}
    for index, proof in zip(indices, inclusion_proofs(indices, size, reader), strict=True):
        known.update(zip(_siblings(index, size), proof, strict=True))
    return tuple(known[at] for at in _bare_ranges(indices, 0, size)) if indices else ()


def root_of_together(leaves: Mapping[int, LeafHash], size: int, hashes: Sequence[bytes]) -> bytes:
    """Computes the root that a joint proof leads to.

    Args:
        leaves: hashes of the leaves by their indices; at least one.
        size: of the tree.
        hashes: as `prove_together` returns them.

    Raises:
        IndexBeyondSize: a leaf is not below the size.
        WrongProofLength: another number of hashes than leaves and size ask for.
        InvalidHash: a hash is not 32 bytes long.
    """
    indices = sorted(leaves)
    if not indices or indices[0] < 0 or indices[-1] >= size:
        raise IndexBeyondSize(
            f"a joint proof names leaves of its tree, at least one, and the size is {size}; "
            "ask for it again"
        )
    check_hashes(hashes)
    expected = sum(1 for _ in _bare_ranges(indices, 0, size))
    if expected != len(hashes):
        raise WrongProofLength(
            f"inclusion of {len(indices)} leaves in size {size} takes {expected} hashes, the proof "
            f"has {len(hashes)}; ask for it again"
        )
    return _root(leaves, indices, iter(hashes), 0, size)


def _root(
    leaves: Mapping[int, LeafHash],
    indices: Sequence[int],
    hashes: Iterator[bytes],
    begin: int,
    end: int,
) -> bytes:
    # No deeper than the tree: 63 levels.
    if not _holds_any(indices, begin, end):
        return next(hashes, EMPTY_ROOT)
    if end - begin == 1:
        return leaves[begin]
    middle = _split(begin, end)
    left = _root(leaves, indices, hashes, begin, middle)
    return node_hash(left, _root(leaves, indices, hashes, middle, end))


def _bare_ranges(indices: Sequence[int], begin: int, end: int) -> Iterator[_Range]:
    """The largest subtrees that hold none of the leaves, from left to right."""
    if not _holds_any(indices, begin, end):
        yield begin, end
    elif end - begin > 1:
        middle = _split(begin, end)
        yield from _bare_ranges(indices, begin, middle)
        yield from _bare_ranges(indices, middle, end)


def _siblings(index: int, size: int) -> list[_Range]:
    """The ranges that a single proof's hashes cover, from the leaf upwards."""
    begin, end = 0, size
    ranges = []
    while end - begin > 1:
        middle = _split(begin, end)
        if index < middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((begin, middle))
            begin = middle
    ranges.reverse()
    return ranges


def _split(begin: int, end: int) -> int:
    return begin + (1 << ((end - begin - 1).bit_length() - 1))


def _holds_any(indices: Sequence[int], begin: int, end: int) -> bool:
    position = bisect_left(indices, begin)
    return position < len(indices) and indices[position] < end
