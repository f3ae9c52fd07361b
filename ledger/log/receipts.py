"""The receipts of one batch, made together.

The leaves of a batch are neighbours and share the upper parts of their inclusion proofs: each
node is written once, and a proof is the line of its sibling followed by the proof of its parent.
Everything needed is what appending has just computed; no tile is read. The documents are, byte for
byte, those of `ledger.merkle.build_receipt`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from ledger.merkle import CompactRange, LeafHash
from ledger.merkle.encoding import encode_base64
from ledger.merkle.hashing import HASH_BYTES, fold
from ledger.merkle.proofs import root_nodes

_HEAD = "c2sp.org/tlog-proof@v1\\nindex "


def batch_receipts(
    before: CompactRange, leaves: Sequence[bytes], hashes: Sequence[LeafHash], checkpoint: str
) -> Iterator[bytes]:
    """The receipt of each leaf of a batch.

    Args:
        before: the log that the batch was appended to.
        leaves: of the batch, in order.
        hashes: of these leaves.
        checkpoint: signed, of the log after the batch.

    Yields:
        One JSON document a leaf, in order.
    """
    growth = before.grow(hashes)
    paths = _Paths(before, growth.range, growth.completed)
    tail = json.dumps("\n" + checkpoint, ensure_ascii=False)[1:]
    for index, leaf in enumerate(leaves, before.size):
        proof = f'"{_HEAD}{index}\\n{paths.lines(0, index)}{tail}'
        yield (
            f'{{"v":1,"leaf":"{encode_base64(leaf)}","index":{index},"proof":{proof},"anchor":null}}'
        ).encode()


@dataclass(slots=True)
class _Paths:
    """Inclusion proofs as lines of text (RFC 9162 section 2.1.3.1), for leaves of one batch.

    Attributes:
        before: the tree without the batch.
        after: the tree with it.
        completed: by level, the hashes of the subtrees that the batch has completed.
    """

    before: CompactRange
    after: CompactRange
    completed: tuple[bytes, ...]
    known: dict[tuple[int, int], str] = field(default_factory=dict)

    def lines(self, level: int, index: int) -> str:
        """The proof from a subtree upwards, one line a hash, newlines escaped as JSON does."""
        if 1 << level >= self.after.size:
            return ""
        known = self.known.get((level, index))
        if known is None:
            sibling = self._subtree(level, index ^ 1)
            line = f"{encode_base64(sibling)}\\n" if sibling else ""
            known = line + self.lines(level + 1, index >> 1)
            self.known[level, index] = known
        return known

    def _subtree(self, level: int, index: int) -> bytes:
        """The root over `[index·2^level, (index+1)·2^level)`, as far as the tree reaches."""
        size = self.after.size
        if index << level >= size:
            return b""
        if (index + 1) << level > size:
            # The right edge: what the largest subtrees to the left of it do not cover.
            covered = ((index << level) & size).bit_count()
            return fold(self.after.roots[covered:])
        first = self.before.size >> level
        if index >= first:
            at = (index - first) * HASH_BYTES
            return self.completed[level][at : at + HASH_BYTES]
        # To the left of the batch there is only the subtree that ends where the batch begins.
        at_level = [height for height, _ in root_nodes(self.before.size)].index(level)
        return self.before.roots[at_level]
