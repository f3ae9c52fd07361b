"""Tries that are changed in many places at once, beside py-trie, which goes key by key."""

from __future__ import annotations

import pytest
import rlp
from eth.constants import BLANK_ROOT_HASH
from eth_hash.auto import keccak
from hypothesis import given
from hypothesis import strategies as st
from trie import HexaryTrie

from ledger.chain.trie import MissingNode, get, of_list, update

# Few digits and short values: shared prefixes of all lengths, and nodes small enough to stand in
# their parents, which hashed keys have hardly ever.
KEYS = st.binary(min_size=3, max_size=3).map(
    lambda raw: bytes((each & 0x11) * 3 for each in raw[:2]) + raw[2:]
)
VALUES = st.one_of(st.just(b""), st.binary(max_size=3), st.binary(min_size=30, max_size=70))
BATCHES = st.lists(st.dictionaries(KEYS, VALUES, max_size=16), min_size=1, max_size=5)
FEW = st.lists(st.dictionaries(KEYS, VALUES, max_size=6), min_size=1, max_size=3)


@given(BATCHES)
def test_every_batch_of_changes_ends_at_the_root_of_py_trie(
    batches: list[dict[bytes, bytes]],
) -> None:
    store: dict[bytes, bytes] = {}
    root, peer = BLANK_ROOT_HASH, HexaryTrie({})
    for batch in batches:
        root, created = update(store.__getitem__, root, batch)
        store.update(created)
        for key, value in batch.items():
            peer[key] = value
        assert root == peer.root_hash
        assert all(keccak(node) == node_hash for node_hash, node in created.items())


@given(FEW, KEYS)
def test_every_key_of_every_version_is_found_by_either(
    batches: list[dict[bytes, bytes]], absent: bytes
) -> None:
    store: dict[bytes, bytes] = {}
    values: dict[bytes, bytes] = {}
    root = BLANK_ROOT_HASH
    versions = []
    for batch in batches:
        root, created = update(store.__getitem__, root, batch)
        store.update(created)
        values |= batch
        versions.append((root, dict(values)))
    for root, expected in versions:
        peer = HexaryTrie(store, root)
        for key in (*values, absent):
            assert get(store.__getitem__, root, key) == expected.get(key, b"")
            assert peer[key] == expected.get(key, b"")


@given(st.lists(st.binary(min_size=1, max_size=120), max_size=300))
def test_a_list_has_the_trie_of_py_evm(items: list[bytes]) -> None:
    peer = HexaryTrie({})
    for index, item in enumerate(items):
        peer[rlp.encode(index)] = item
    root, created = of_list(items)
    assert root == peer.root_hash
    found = HexaryTrie(created, root)
    assert [found[rlp.encode(index)] for index in range(len(items))] == items


def test_the_empty_list_has_the_empty_root_and_no_nodes() -> None:
    assert of_list([]) == (BLANK_ROOT_HASH, {})


def test_what_is_not_changed_is_not_written_again() -> None:
    keys = [keccak(bytes([number])) for number in range(200)]
    root, store = update({}.__getitem__, BLANK_ROOT_HASH, dict.fromkeys(keys, b"before"))
    _, created = update(store.__getitem__, root, {keys[0]: b"after"})
    assert len(created) <= 4 < len(store)


@given(st.dictionaries(KEYS, st.binary(min_size=40, max_size=40), min_size=2, max_size=12))
def test_a_node_that_is_missing_is_named(values: dict[bytes, bytes]) -> None:
    root, store = update({}.__getitem__, BLANK_ROOT_HASH, values)
    for node_hash in store:
        rest = {key: node for key, node in store.items() if key != node_hash}
        with pytest.raises(MissingNode) as caught:
            [get(rest.__getitem__, root, key) for key in values]
        assert caught.value.args == (node_hash,)
        with pytest.raises(MissingNode):
            update(rest.__getitem__, root, dict.fromkeys(values, b"another value"))
