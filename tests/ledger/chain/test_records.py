"""A log's record keeps its form in the store, and what is no record is named."""

from __future__ import annotations

import pytest
import rlp
from hypothesis import given
from hypothesis import strategies as st
from rlp.sedes import CountableList, List, big_endian_int, binary

from ledger.chain.errors import ChainStoreCorrupt
from ledger.chain.records import LogRecord

FORM = List([binary, CountableList(binary), binary, binary, big_endian_int])
RECORDS = st.builds(
    LogRecord,
    st.binary(min_size=20, max_size=20),
    st.lists(st.binary(min_size=32, max_size=32), max_size=4).map(tuple),
    st.binary(max_size=200),
    st.binary(min_size=32, max_size=32),
    st.integers(0, 2**32),
)


@given(RECORDS)
def test_a_record_is_the_rlp_list_of_its_fields_and_comes_back(record: LogRecord) -> None:
    fields = [record.address, record.topics, record.data, record.transaction_hash]
    assert record.encode() == rlp.encode([*fields, record.transaction_index], FORM)
    assert LogRecord.decode(record.encode()) == record


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"\xc0",
        rlp.encode([b"a", [b"t"], b"d", b"h"]),
        rlp.encode([b"a", [b"t"], b"d", b"h", b"\x01", b""]),
        rlp.encode([b"a", b"t", b"d", b"h", b"\x01"]),
        rlp.encode([b"a", [[b"t"]], b"d", b"h", b"\x01"]),
        rlp.encode([[b"a"], [b"t"], b"d", b"h", b"\x01"]),
        rlp.encode([b"a", [b"t"], b"d", b"h", [b"\x01"]]),
        rlp.encode([b"a", [b"t"], b"d", b"h", b"\x00\x01"]),
        rlp.encode([b"a", [b"t"], b"d", b"h", b"\x01"])[:-1],
        rlp.encode([b"a", [b"t"], b"d", b"h", b"\x01"]) + b"\0",
    ],
)
def test_what_is_no_record_is_named(value: bytes) -> None:
    with pytest.raises(ChainStoreCorrupt, match="restore a backup"):
        LogRecord.decode(value)
