"""Writing: RFC 8785's own vectors, and properties against two independent writers."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import orjson
import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from ledger.events.canonical import (
    InvalidJson,
    JsonObject,
    JsonValue,
    canonical,
    canonical_plain,
    parse_object,
    parse_objects,
)
from tests.support import jcs

APPENDIX_B = [
    ("0000000000000000", "0"),
    ("8000000000000000", "0"),
    ("0000000000000001", "5e-324"),
    ("8000000000000001", "-5e-324"),
    ("7fefffffffffffff", "1.7976931348623157e+308"),
    ("ffefffffffffffff", "-1.7976931348623157e+308"),
    ("4340000000000000", "9007199254740992"),
    ("c340000000000000", "-9007199254740992"),
    ("4430000000000000", "295147905179352830000"),
    ("44b52d02c7e14af5", "9.999999999999997e+22"),
    ("44b52d02c7e14af6", "1e+23"),
    ("44b52d02c7e14af7", "1.0000000000000001e+23"),
    ("444b1ae4d6e2ef4e", "999999999999999700000"),
    ("444b1ae4d6e2ef4f", "999999999999999900000"),
    ("444b1ae4d6e2ef50", "1e+21"),
    ("3eb0c6f7a0b5ed8c", "9.999999999999997e-7"),
    ("3eb0c6f7a0b5ed8d", "0.000001"),
    ("41b3de4355555553", "333333333.3333332"),
    ("41b3de4355555554", "333333333.33333325"),
    ("41b3de4355555555", "333333333.3333333"),
    ("41b3de4355555556", "333333333.3333334"),
    ("41b3de4355555557", "333333333.33333343"),
    ("becbf647612f3696", "-0.0000033333333333333333"),
    ("43143ff3c1cb0959", "1424953923781206.2"),
]
SECTION_3_2_3 = r"""{
  "\u20ac": "Euro Sign", "\r": "Carriage Return", "\ufb33": "Hebrew Letter Dalet With Dagesh",
  "1": "One", "\ud83d\ude00": "Emoji: Grinning Face", "\u0080": "Control",
  "\u00f6": "Latin Small Letter O With Diaeresis"
}"""
SECTION_3_2_2 = r"""{
  "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
  "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
  "literals": [null, true, false]
}"""
SECTION_3_2_4 = """
  7b 22 6c 69 74 65 72 61 6c 73 22 3a 5b 6e 75 6c 6c 2c 74 72
  75 65 2c 66 61 6c 73 65 5d 2c 22 6e 75 6d 62 65 72 73 22 3a
  5b 33 33 33 33 33 33 33 33 33 2e 33 33 33 33 33 33 33 2c 31
  65 2b 33 30 2c 34 2e 35 2c 30 2e 30 30 32 2c 31 65 2d 32 37
  5d 2c 22 73 74 72 69 6e 67 22 3a 22 e2 82 ac 24 5c 75 30 30
  30 66 5c 6e 41 27 42 5c 22 5c 5c 5c 5c 5c 22 2f 22 7d
"""


@pytest.mark.parametrize(("bits", "text"), APPENDIX_B)
def test_numbers_are_written_as_appendix_b_says(bits: str, text: str) -> None:
    assert canonical(jcs.double(bits)).decode() == text
    assert jcs.jcs(jcs.double(bits)).decode() == text


@pytest.mark.parametrize("bits", ["7fffffffffffffff", "7ff0000000000000", "fff0000000000000"])
def test_numbers_that_appendix_b_refuses_are_refused(bits: str) -> None:
    with pytest.raises(InvalidJson, match="no canonical JSON form"):
        canonical({"x": jcs.double(bits)})


def test_keys_are_sorted_by_utf16_unit_as_in_section_3_2_3() -> None:
    written = canonical(parse_object(SECTION_3_2_3.encode()))
    assert list(json.loads(written).values()) == [
        "Carriage Return",
        "One",
        "Control",
        "Latin Small Letter O With Diaeresis",
        "Euro Sign",
        "Emoji: Grinning Face",
        "Hebrew Letter Dalet With Dagesh",
    ]


def test_the_sample_of_section_3_2_2_gives_the_bytes_of_section_3_2_4() -> None:
    written = canonical(parse_object(SECTION_3_2_2.encode()))
    assert written == bytes.fromhex(SECTION_3_2_4)


@given(jcs.values(jcs.integers | jcs.floats))
def test_the_general_writer_agrees_with_the_specification(value: JsonValue) -> None:
    assert canonical(value) == jcs.jcs(value) == rfc8785.dumps(value)


@given(jcs.plain_objects)
def test_the_plain_writer_agrees_without_floats_and_with_ascii_keys(value: JsonObject) -> None:
    assert canonical_plain(value) == jcs.jcs(value) == rfc8785.dumps(value)


def test_the_plain_writer_is_not_for_keys_beyond_the_basic_plane() -> None:
    value: JsonObject = {"\ufb33": 1, "\U0001f600": 2}
    assert canonical(value) != canonical_plain(value)


@pytest.mark.parametrize("code", [*range(1, 0x20), 0x22, 0x2F, 0x5C, 0x7F, 0x80, 0x2028, 0x1F600])
def test_both_writers_escape_every_special_character_alike(code: int) -> None:
    value: JsonObject = {"x": chr(code), "y": f"\\u{code:04x}"}
    assert canonical_plain(value) == canonical(value) == jcs.jcs(value)


@pytest.mark.parametrize("write", [canonical, canonical_plain])
@pytest.mark.parametrize("value", ["\ud800", "a\udc00", {"\udbff": 1}, [Path("x")]])
def test_what_has_no_canonical_form_is_refused_by_both_writers(
    write: Callable[[object], bytes], value: object
) -> None:
    with pytest.raises(InvalidJson, match="no canonical JSON form"):
        write(value)


@pytest.mark.parametrize("number", [2**53, -(2**53), 10**400])
def test_an_integer_beyond_the_safe_range_cannot_be_written(number: int) -> None:
    with pytest.raises(InvalidJson, match="no canonical JSON form"):
        canonical({"x": number})


@given(jcs.objects(jcs.integers | jcs.floats), st.booleans())
def test_what_is_read_is_written_and_read_again_to_the_same_bytes(
    value: JsonObject, indented: bool
) -> None:
    sent = orjson.dumps(value, option=orjson.OPT_INDENT_2 if indented else 0)
    once = canonical(parse_object(sent))
    assert canonical(parse_object(once)) == once
    # Nothing was lost: 1.0 and 1, or −0.0 and 0, are equal to Python too.
    assert parse_object(once) == value


@given(jcs.objects(jcs.integers | jcs.floats))
def test_a_reader_of_the_standard_library_reads_the_same(value: JsonObject) -> None:
    assert json.loads(canonical(value)) == value


def test_a_list_of_objects_or_a_single_one_is_read() -> None:
    assert parse_objects(b'[{"a": 1}, {"b": [2]}]') == [{"a": 1}, {"b": [2]}]
    assert parse_objects(b'{"a": 1}') == [{"a": 1}]
    assert parse_objects(b"[]") == []


@pytest.mark.parametrize(
    "document",
    [
        b"7",
        b"[7]",
        b"[[]]",
        b'[{"a": 1}, null]',
        b'[{"a": 1, "a": 2}]',
        b'[{"a": NaN}]',
        b'[{"a": "\\u0000"}]',
        b'[{"a": 9007199254740992}]',
        b'[{"a": ' + b"[" * 40 + b"]" * 40 + b"}]",
        b'[{"a": 1}',
    ],
)
def test_a_list_of_objects_is_read_as_strictly_as_one(document: bytes) -> None:
    with pytest.raises(InvalidJson):
        parse_objects(document)
