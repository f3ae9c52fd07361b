"""Receipts made together are, byte for byte, those made one by one."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.log.receipts import batch_receipts
from ledger.merkle import (
    Checkpoint,
    CompactRange,
    MerkleTree,
    SigningKey,
    build_receipt,
    leaf_hash,
    sign_checkpoint,
)

KEY = SigningKey("ledger.test/concord", bytes(range(32)))


@settings(deadline=None)
@given(batches=st.lists(st.integers(0, 70), min_size=1, max_size=8), start=st.integers(0, 600))
def test_every_batch_on_every_size_gives_the_same_documents(batches: list[int], start: int) -> None:
    tree = MerkleTree([leaf_hash(b"%d" % n) for n in range(start)])
    log = CompactRange().extend([tree.leaf(n) for n in range(start)])
    for count in batches:
        leaves = [b'{"n":%d}' % n for n in range(log.size, log.size + count)]
        hashes = [leaf_hash(leaf) for leaf in leaves]
        tree.extend(hashes)
        after = log.extend(hashes)
        note = sign_checkpoint(Checkpoint(KEY.name, after.size, after.root()), KEY)
        expected = [
            build_receipt(leaf, index, tree.inclusion(index), note)
            for index, leaf in enumerate(leaves, log.size)
        ]
        assert list(batch_receipts(log, log.grow(hashes), leaves, note)) == expected
        log = after
