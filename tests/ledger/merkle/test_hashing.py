from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.merkle.errors import InvalidHash
from ledger.merkle.hashing import EMPTY_ROOT, check_hashes, fold, leaf_hash, node_hash, parents

hashes = st.binary(min_size=32, max_size=32)


def test_the_empty_tree_has_the_hash_of_nothing() -> None:
    assert EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert fold([]) == EMPTY_ROOT


def test_the_empty_entry_hashes_as_rfc_9162_clients_expect() -> None:
    expected = "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    assert leaf_hash(b"").hex() == expected


@given(hashes, hashes)
def test_a_node_cannot_be_passed_off_as_an_entry(left: bytes, right: bytes) -> None:
    assert node_hash(left, right) == sha256(b"\x01" + left + right).digest()
    assert node_hash(left, right) != leaf_hash(left + right)


@given(st.lists(hashes, max_size=9))
def test_parents_hashes_pairs_and_leaves_an_odd_last_one_out(nodes: list[bytes]) -> None:
    pairs = zip(nodes[::2], nodes[1::2], strict=False)
    assert parents(b"".join(nodes)) == b"".join(node_hash(*pair) for pair in pairs)


def test_fold_joins_from_the_right() -> None:
    a, b, c = (bytes([value]) * 32 for value in b"abc")
    assert fold([a]) == a
    assert fold([a, b, c]) == node_hash(a, node_hash(b, c))


@pytest.mark.parametrize("length", [0, 31, 33, 64])
def test_a_hash_of_another_length_is_refused(length: int) -> None:
    check_hashes([bytes(32)])
    with pytest.raises(InvalidHash, match=f"hash 1 has {length} bytes"):
        check_hashes([bytes(32), bytes(length)])
