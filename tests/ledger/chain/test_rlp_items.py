"""Encoding without descriptions, beside the library's."""

from __future__ import annotations

import pytest
import rlp
from hypothesis import given
from hypothesis import strategies as st

from ledger.chain.rlp_items import decode_string, encode_list, encode_number, encode_string
from ledger.chain.signing import FeeMarketTransaction

STRINGS = st.one_of(st.binary(max_size=3), st.binary(min_size=50, max_size=300))
NUMBERS = st.one_of(st.integers(0, 300), st.integers(0, 2**256 - 1))


@given(STRINGS)
def test_a_string_is_encoded_as_by_the_library_and_decoded_again(value: bytes) -> None:
    assert encode_string(value) == rlp.encode(value)
    assert decode_string(rlp.encode(value)) == value


@pytest.mark.parametrize("size", [0, 1, 55, 56, 255, 256, 65_535, 65_536])
def test_a_string_of_any_length_is_encoded_as_by_the_library(size: int) -> None:
    value = b"\x80" * size
    assert encode_string(value) == rlp.encode(value)
    assert decode_string(encode_string(value)) == value


@given(NUMBERS)
def test_a_number_is_encoded_as_by_the_library(value: int) -> None:
    assert encode_number(value) == rlp.encode(value)


@given(st.lists(STRINGS, max_size=20))
def test_a_list_is_encoded_as_by_the_library(values: list[bytes]) -> None:
    assert encode_list(encode_string(each) for each in values) == rlp.encode(values)


@given(st.lists(NUMBERS, min_size=9, max_size=9), st.binary(max_size=300), st.booleans())
def test_a_transaction_is_encoded_as_eip_1559_has_it(
    numbers: list[int], call_data: bytes, creates: bool
) -> None:
    chain_id, nonce, tip, fee, gas, value, y_parity, r, s = numbers
    to = None if creates else b"\x11" * 20
    transaction = FeeMarketTransaction(chain_id, nonce, tip, fee, gas, to, value, call_data)
    fields = [chain_id, nonce, tip, fee, gas, to or b"", value, call_data, [], y_parity, r, s]
    assert transaction.encode_signed(y_parity, r, s) == b"\x02" + rlp.encode(fields)
