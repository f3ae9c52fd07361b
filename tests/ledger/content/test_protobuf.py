"""Messages are read as they were written, and nothing is guessed of what was cut off."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.content.errors import MalformedNode
from ledger.content.protobuf import bytes_field, fields, varint, varint_field

MESSAGES = st.lists(
    st.tuples(st.integers(1, 2**29 - 1), st.integers(0, 2**64 - 1) | st.binary(max_size=300)),
    max_size=6,
)


def encoded(message: list[tuple[int, int | bytes]]) -> list[bytes]:
    return [
        varint_field(field, value) if isinstance(value, int) else bytes_field(field, value)
        for field, value in message
    ]


# Of the guide to encoding: 150, and field 1 with that value.
@pytest.mark.parametrize(
    ("number", "wire"),
    [(0, "00"), (1, "01"), (127, "7f"), (128, "8001"), (150, "9601"), (2**64 - 1, "ff" * 9 + "01")],
)
def test_integers_are_written_as_the_guide_to_encoding_says(number: int, wire: str) -> None:
    assert varint(number).hex() == wire
    assert list(fields(varint_field(1, number))) == [(1, number)]


@given(MESSAGES)
def test_a_message_is_read_as_it_was_written(message: list[tuple[int, int | bytes]]) -> None:
    assert list(fields(b"".join(encoded(message)))) == message


@given(MESSAGES.filter(bool), st.data())
def test_a_message_that_ends_within_a_field_is_refused(
    message: list[tuple[int, int | bytes]], data: st.DataObject
) -> None:
    *whole, last = encoded(message)
    cut = last[: data.draw(st.integers(1, len(last) - 1))]
    read = fields(b"".join(whole) + cut)
    assert [next(read) for _ in whole] == message[:-1]
    with pytest.raises(MalformedNode):
        next(read)


@pytest.mark.parametrize(
    "message",
    [
        bytes.fromhex("08" + "80" * 9 + "02"),  # 2^64
        bytes.fromhex("08" + "80" * 10 + "00"),  # eleven groups
        bytes.fromhex("0900000000000000"),  # fixed64
        bytes.fromhex("0b0c"),  # a group
        bytes.fromhex("0d00000000"),  # fixed32
        bytes.fromhex("0aff01") + bytes(10),  # 255 bytes, of which 10 are there
        bytes.fromhex("0a" + "ff" * 9 + "01"),  # 2^64 - 1 bytes
    ],
)
def test_what_dag_pb_never_holds_is_refused(message: bytes) -> None:
    with pytest.raises(MalformedNode):
        list(fields(message))
