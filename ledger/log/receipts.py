"""The receipts of one batch, made together.

The leaves of a batch are neighbours and share the upper parts of their inclusion proofs: each
node is written once, and a proof is the line of its sibling followed by the proof of its parent.
Everything needed is what appending has just computed; no tile is read. The documents are, byte for
byte, those of `ledger.merkle.build_receipt`.
"""

from __future__ import annotations

import json
from binascii import b2a_base64
from collections.abc import Iterator, Sequence

from ledger.merkle import CompactRange
from ledger.merkle.hashing import HASH_BYTES, fold
from ledger.merkle.proofs import root_nodes
from ledger.merkle.tree import Growth

_HEAD = rb"c2sp.org/tlog-proof@v1\nindex "


def batch_receipts(
    before: CompactRange, growth: Growth, leaves: Sequence[bytes], checkpoint: str
) -> Iterator[bytes]:
    """The receipt of each leaf of a batch.

    Args:
        before: the log that the batch was appended to.
        growth: what `before.grow` has made of the batch.
        leaves: of the batch, in order.
        checkpoint: signed, of the log after the batch.

    Yields:
        One JSON document a leaf, in order.
    """
    tail = json.dumps("\n" + checkpoint, ensure_ascii=False)[1:].encode()
    proofs = _proofs(before, growth) if leaves else ()
    for index, (leaf, proof) in enumerate(zip(leaves, proofs, strict=True), before.size):
        entry = b2a_base64(leaf, newline=False)
        yield b'{"v":1,"leaf":"%b","index":%d,"proof":"%b%d\\n%b%b,"anchor":null}' % (
            entry,
            index,
            _HEAD,
            index,
            proof,
            tail,
        )


def _proofs(before: CompactRange, growth: Growth) -> Sequence[bytes]:
    """The inclusion proof of each new leaf (RFC 9162 section 2.1.3.1), in order.

    A hash is a line, with its newline escaped as JSON does. Made level by level from the root down:
    what a node's proof has beyond its sibling is its parent's.
    """
    first, last = before.size, growth.range.size - 1
    siblings = _Siblings(before, growth)
    proofs = [b""]
    for level in reversed(range(last.bit_length())):
        above = first >> level + 1
        proofs = [
            siblings.line(level, index ^ 1) + proofs[(index >> 1) - above]
            for index in range(first >> level, (last >> level) + 1)
        ]
    return proofs


class _Siblings:
    """Subtrees beside those that a batch is in.

    Args:
        before: the tree without the batch.
        growth: what the batch has made of it.
    """

    def __init__(self, before: CompactRange, growth: Growth) -> None:
        self._before = before
        self._after = growth.range
        self._completed = growth.completed
        self._left = {level: at for at, (level, _) in enumerate(root_nodes(before.size))}

    def line(self, level: int, index: int) -> bytes:
        """The root over `[index·2^level, (index+1)·2^level)`, as far as the tree reaches; nothing
        where it does not.
        """
        root = self._root(level, index)
        return rb"%b\n" % b2a_base64(root, newline=False) if root else b""

    def _root(self, level: int, index: int) -> bytes:
        size = self._after.size
        if (index + 1) << level > size:
            if index << level >= size:
                return b""
            # The right edge: what the largest subtrees to the left of it do not cover.
            covered = ((index << level) & size).bit_count()
            return fold(self._after.roots[covered:])
        at = index - (self._before.size >> level)
        if at >= 0:
            return self._completed[level][at * HASH_BYTES : (at + 1) * HASH_BYTES]
        # To the left of the batch there is only the subtree that ends where the batch begins.
        return self._before.roots[self._left[level]]
