"""Reading: what two parsers could understand differently is refused, by name."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.events.canonical import (
    MAX_DEPTH,
    InvalidJson,
    JsonObject,
    canonical,
    check_limits,
    parse_object,
)
from tests.support import jcs


def refused(data: bytes) -> str:
    """The message that refuses the bytes."""
    with pytest.raises(InvalidJson) as caught:
        parse_object(data)
    message = str(caught.value)
    assert len(message) < 300
    return message


@pytest.mark.parametrize(
    "data",
    [
        b'{"a":1,"a":1}',
        b'{"a":1,"a":2}',
        b'{ "a": 1, "a": 2 }',
        b'{"a":1,\n\t"b":2,\r\n"a":3}',
        b'{"x":{"a":1,"a":2}}',
        b'{"x":[0,{"y":[{"a":1,"b":0,"a":2}]}]}',
        b'{"a":1,"\\u0061":2}',
        b'{"\\u0061":1,"a":1}',
        b'{"a":{"b":1},"a":{"b":1}}',
        b'{"a":1e5,"a":1e5}',
    ],
)
def test_a_key_that_stands_twice_is_refused_however_it_is_spelled(data: bytes) -> None:
    assert "The key 'a' stands twice" in refused(data)


def test_an_empty_key_may_stand_once_only() -> None:
    assert parse_object(b'{"":1}') == {"": 1}
    assert "stands twice" in refused(b'{"":1,"":1}')


def test_a_very_long_key_is_not_repeated_in_full() -> None:
    key = b"k" * 60_000
    assert "kkk" in refused(b'{"%s":1,"%s":2}' % (key, key))


def test_equal_keys_in_different_objects_are_fine() -> None:
    data = b'{"a":{"a":1},"b":[{"a":1},{"a":2}]}'
    assert parse_object(data) == json.loads(data)


def test_keys_that_only_look_alike_are_different_keys() -> None:
    composed, decomposed = "\u00e9", "e\u0301"
    data = json.dumps({composed: 1, decomposed: 2}, ensure_ascii=False).encode()
    assert parse_object(data) == {composed: 1, decomposed: 2}


@pytest.mark.parametrize(
    "literal",
    ["NaN", "Infinity", "-Infinity", "nan", "inf", "+1", ".5", "1.", "01", "0x1", "1_0", "True"],
)
def test_what_is_no_json_number_is_refused(literal: str) -> None:
    assert "not valid JSON" in refused(f'{{"a":{literal}}}'.encode())


@pytest.mark.parametrize(
    "literal",
    ["1e400", "-1e400", "1" * 400, "-" + "9" * 400, "1" * 5000, "1" * 60_000],
)
def test_a_number_beyond_every_double_is_refused_as_too_large(literal: str) -> None:
    assert "character 5 is too large; send it as a string" in refused(f'{{"a":{literal}}}'.encode())


@pytest.mark.parametrize(
    "literal",
    [
        "9007199254740992",
        "-9007199254740992",
        "9223372036854775807",
        "9223372036854775808",
        "18446744073709551615",
        "18446744073709551616",
        "1" * 20,
        "-" + "1" * 20,
        "1" * 21,
        "1" * 22,
        "1" * 40,
        "1" + "0" * 25,
        "1" + "0" * 308,
        "-1" + "0" * 308,
    ],
)
@pytest.mark.parametrize("form", ['{"a":%s}', ' {"a" : [[{"b":%s}]]}'])
def test_an_integer_beyond_the_safe_range_is_refused(literal: str, form: str) -> None:
    assert "is outside ±(2^53 − 1); send it as a string" in refused((form % literal).encode())


@pytest.mark.parametrize("literal", ["9007199254740993.0", "1e16", "1.0e19", "-1e20", "1E+20"])
def test_a_float_that_would_be_written_as_a_large_integer_is_refused(literal: str) -> None:
    assert "is outside ±(2^53 − 1)" in refused(f'{{"a":{literal}}}'.encode())


@pytest.mark.parametrize(
    ("literal", "written"),
    [
        ("9007199254740991", "9007199254740991"),
        ("-9007199254740991", "-9007199254740991"),
        ("9007199254740991.0", "9007199254740991"),
        ("1e21", "1e+21"),
        ("1.7976931348623157e308", "1.7976931348623157e+308"),
        ("5e-324", "5e-324"),
        ("1e-400", "0"),
        ("-0", "0"),
        ("-0.0", "0"),
        ("1.0", "1"),
        ("1E2", "100"),
    ],
)
def test_numbers_at_the_edge_are_read_and_come_back(literal: str, written: str) -> None:
    once = canonical(parse_object(f'{{"a":{literal}}}'.encode()))
    assert once.decode() == f'{{"a":{written}}}'
    assert canonical(parse_object(once)) == once


@pytest.mark.parametrize(
    "data",
    [
        b'{"a":"\\ud800"}',
        b'{"a":"\\udc00"}',
        b'{"a":"\\udc00\\ud800"}',
        b'{"a":"\\ud800\\ud800"}',
        b'{"a":"\\ud83dx"}',
        b'{"\\ud800":1}',
        b'{"a":"\xed\xa0\x80"}',
        b'{"a":"\xed\xa0\xbd\xed\xb8\x80"}',
    ],
)
def test_a_lone_surrogate_is_refused_escaped_or_raw(data: bytes) -> None:
    assert "not valid JSON" in refused(data)


def test_a_surrogate_pair_is_the_character_it_stands_for() -> None:
    assert parse_object(b'{"a":"\\ud83d\\ude00"}') == {"a": "\U0001f600"}


@pytest.mark.parametrize(
    "data",
    [
        b'{"a":"\xff"}',
        b'{"a":"\xc0\xaf"}',
        b'{"a":"\xc3"}',
        b'{"a":"\xf4\x90\x80\x80"}',
        b'{"a":"\xe2\x82"}',
        b'\xef\xbb\xbf{"a":1}',
        '{"a":1}'.encode("utf-16"),
        '{"a":1}'.encode("utf-16-le"),
        '{"a":1}'.encode("utf-32-be"),
    ],
)
def test_what_is_not_plain_utf8_is_refused(data: bytes) -> None:
    assert "not valid JSON" in refused(data)


@pytest.mark.parametrize(
    "data", [b'{"a":"\\u0000"}', b'{"\\u0000":1}', b'{"a":[{"b":"x\\u0000y"}]}']
)
def test_nul_is_refused_in_strings_and_keys(data: bytes) -> None:
    assert "U+0000; leave it out" in refused(data)


def test_a_backslash_before_u0000_is_not_nul() -> None:
    assert parse_object(b'{"a":"\\\\u0000"}') == {"a": "\\u0000"}


@pytest.mark.parametrize("code", range(0x20))
def test_a_raw_control_character_is_refused(code: int) -> None:
    assert "not valid JSON" in refused(b'{"a":"%c"}' % code)


@pytest.mark.parametrize("opening", [b'{"a":', b'{"\\u0061": '])
@pytest.mark.parametrize("depth", [33, 34, 200, 254, 255, 256, 500, 1023, 1024, 1025, 100_000])
def test_nested_objects_beyond_the_limit_are_refused(depth: int, opening: bytes) -> None:
    data = opening * depth + b"1" + b"}" * depth
    assert refused(data) == "JSON nested deeper than 32 levels is refused here."


@pytest.mark.parametrize("depth", [32, 33, 253, 254, 255, 300, 1022, 1023, 1024, 100_000])
@pytest.mark.parametrize("space", [b"", b" "])
def test_nested_arrays_beyond_the_limit_are_refused(depth: int, space: bytes) -> None:
    data = space + b'{"a":' + b"[" * depth + b"]" * depth + b"}"
    assert refused(data) == "JSON nested deeper than 32 levels is refused here."


def test_nesting_at_the_limit_is_read() -> None:
    objects = b'{"a":' * MAX_DEPTH + b"1" + b"}" * MAX_DEPTH
    arrays = b'{"a":' + b"[" * (MAX_DEPTH - 1) + b"]" * (MAX_DEPTH - 1) + b"}"
    assert canonical(parse_object(objects)) == objects
    assert canonical(parse_object(arrays)) == arrays


@pytest.mark.parametrize("depth", [33, 300, 100_000])
def test_a_deep_document_that_never_ends_is_refused(depth: int) -> None:
    refused(b'{"a":' * depth)
    refused(b'{"a":' + b"[" * depth)


def test_limits_count_the_value_itself_as_the_first_level() -> None:
    check_limits({}, 1)
    check_limits({"a": {}}, 2)
    with pytest.raises(InvalidJson, match="deeper than 1 levels"):
        check_limits({"a": []}, 1)


@pytest.mark.parametrize(
    "data",
    [
        b'{"a":1} x',
        b'{"a":1}{}',
        b'{"a":1}\x00',
        b'{"a":1,}',
        b'{"a":[1,]}',
        b"{'a':1}",
        b"{a:1}",
        b'{"a":1 "b":2}',
        b'{"a":/**/1}',
        b'{"a":1',
        b'{"a',
        b"",
        b" ",
    ],
)
def test_what_is_no_json_is_refused_with_the_place(data: bytes) -> None:
    assert "line 1 column" in refused(data)


@pytest.mark.parametrize("data", [b"[]", b'[{"a":1}]', b"1", b'"a"', b"null", b"true"])
def test_a_top_level_value_other_than_an_object_is_refused(data: bytes) -> None:
    assert "object is expected" in refused(data)


@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_any_bytes_are_read_or_refused_and_nothing_else(data: bytes) -> None:
    try:
        value = parse_object(data)
    except InvalidJson:
        return
    assert json.loads(data) == value


_PIECE = st.sampled_from(
    [*'{}[],: "ae0', '"a":', '"b":', "1e999", "1e20", "-", "0.5", '"\\u0061":', "\\u0000", "true"]
)


@given(st.lists(_PIECE, max_size=30).map("".join))
def test_json_like_noise_is_read_or_refused_and_nothing_else(noise: str) -> None:
    try:
        value = parse_object(noise.encode())
    except InvalidJson:
        return
    assert jcs.jcs(value) == canonical(value)


@given(jcs.objects(jcs.integers), st.data())
def test_a_repeated_key_anywhere_is_found(value: JsonObject, data: st.DataObject) -> None:
    key = data.draw(st.sampled_from(sorted(value))) if value else "a"
    pairs = [*value.items(), (key, 1)] if value else [("a", 1), ("a", 1)]
    written = "{" + ",".join(f"{json.dumps(k)}:{json.dumps(v)}" for k, v in pairs) + "}"
    with pytest.raises(InvalidJson, match="stands twice"):
        parse_object(written.encode())
