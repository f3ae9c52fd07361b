from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.merkle.entries import MAX_ENTRY_BYTES, decode_entry_bundle, encode_entry_bundle
from ledger.merkle.errors import EntryTooLong, InvalidEntryBundle


def test_entries_are_prefixed_with_their_length_in_big_endian() -> None:
    bundle = encode_entry_bundle([b"", b"abc", b"x" * 258])
    assert bundle == b"\x00\x00" + b"\x00\x03abc" + b"\x01\x02" + b"x" * 258


@given(st.lists(st.binary(max_size=300), max_size=256))
def test_a_bundle_is_read_back(entries: list[bytes]) -> None:
    assert decode_entry_bundle(encode_entry_bundle(entries), len(entries)) == entries


def test_the_longest_entry_fits_and_one_byte_more_does_not() -> None:
    longest = b"x" * MAX_ENTRY_BYTES
    assert decode_entry_bundle(encode_entry_bundle([longest]), 1) == [longest]
    with pytest.raises(EntryTooLong, match="65536 bytes"):
        encode_entry_bundle([longest + b"x"])


@given(st.lists(st.binary(max_size=6), min_size=1, max_size=5))
def test_a_bundle_cut_anywhere_is_refused(entries: list[bytes]) -> None:
    bundle = encode_entry_bundle(entries)
    for length in range(len(bundle)):
        with pytest.raises(InvalidEntryBundle, match="ends within"):
            decode_entry_bundle(bundle[:length], len(entries))


def test_a_bundle_of_another_width_is_refused() -> None:
    bundle = encode_entry_bundle([b"a", b"b"])
    with pytest.raises(InvalidEntryBundle, match="3 bytes follow"):
        decode_entry_bundle(bundle, 1)
    with pytest.raises(InvalidEntryBundle):
        decode_entry_bundle(bundle, 3)
    with pytest.raises(InvalidEntryBundle):
        decode_entry_bundle(b"\0", 0)
