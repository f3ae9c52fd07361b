from __future__ import annotations

import re
import sys

import pytest

from ledger.merkle.documents import (
    MAX_DOCUMENT_BYTES,
    read_document,
    take_bytes,
    take_bytes_list,
    take_fields,
    take_integer,
    take_text,
)
from ledger.merkle.errors import MalformedReceipt


def test_plain_json_is_read() -> None:
    document = '{"a": [1, "x", null, true], "b": {"c": 9223372036854775807}}'
    expected = {"a": [1, "x", None, True], "b": {"c": 2**63 - 1}}
    assert read_document(document) == read_document(document.encode()) == expected


@pytest.mark.parametrize(
    "document",
    [
        "",
        "{",
        '{"a": 1} {}',
        '{"a": 1,}',
        "{'a': 1}",
        '{"a": 1, "a": 1}',
        '{"a": {"b": 1, "b": 2}}',
        "NaN",
        '{"a": NaN}',
        '{"a": Infinity}',
        '{"a": -Infinity}',
        '{"a": 1.0}',
        '{"a": 1e3}',
        '{"a": -1}',
        '{"a": -0}',
        '{"a": 01}',
        '{"a": +7}',
        '{"a": 0_7}',
        '{"a": 9223372036854775808}',
        '{"a": ' + "9" * 10_000 + "}",
        "[" * 100_000,
        "[" * 100_000 + "]" * 100_000,
        '{"a":' * 100_000,
        '\ufeff{"a": 1}',
        '{"a": "\ud800"}',
        '{"a": "line\nbreak"}',
        b'{"a": "\xff"}',
        '{"a": 1}'.encode("utf-16"),
        '{"a": 1}'.encode("utf-32"),
        '"' + "x" * MAX_DOCUMENT_BYTES + '"',
    ],
    ids=range(30),
)
def test_anything_else_is_refused_by_name(document: str | bytes) -> None:
    with pytest.raises(MalformedReceipt):
        read_document(document)


@pytest.mark.parametrize(
    "value", [None, [], "a", 1, {}, {"a": 1, "c": 2}, {"a": 1, "b": 2, "c": 3}]
)
def test_an_object_has_its_fields_and_no_others(value: object) -> None:
    assert take_fields({"b": 2, "a": 1}, ("a", "b"), "a thing") == {"a": 1, "b": 2}
    with pytest.raises(MalformedReceipt, match=r"a thing .* a, b"):
        take_fields(value, ("a", "b"), "a thing")  # type: ignore[arg-type]


def test_fields_of_another_type_are_refused() -> None:
    fields = read_document(
        '{"n": 1, "t": "YQ==", "l": ["YQ=="], "b": true, "z": null, "x": "YR=="}'
    )
    assert isinstance(fields, dict)
    assert take_integer(fields, "n") == 1
    assert take_text(fields, "t") == "YQ=="
    assert take_bytes(fields, "t") == b"a"
    assert take_bytes_list(fields, "l") == (b"a",)
    for name in "tlbzx":
        with pytest.raises(MalformedReceipt, match=f"{name} must be a number"):
            take_integer(fields, name)
    for name in "nlbz":
        with pytest.raises(MalformedReceipt, match=f"{name} must be a string"):
            take_text(fields, name)
    for name in "nlbzx":
        with pytest.raises(MalformedReceipt):
            take_bytes(fields, name)
    for name in "ntbzx":
        with pytest.raises(MalformedReceipt):
            take_bytes_list(fields, name)
    for items in ([1], ["YR=="], [None], [["YQ=="]]):
        with pytest.raises(MalformedReceipt):
            take_bytes_list({"l": items}, "l")  # type: ignore[dict-item]


def test_deep_nesting_is_refused_where_the_recursion_limit_is_out_of_reach() -> None:
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(1_000_000)
    try:
        with pytest.raises(MalformedReceipt):
            read_document("[" * 1_000_000)
    finally:
        sys.setrecursionlimit(before)


def test_a_text_is_of_its_form_from_beginning_to_end() -> None:
    form = re.compile("[a-z]+")
    assert take_text({"t": "abc"}, "t", form) == "abc"
    for text in ("", "abc1", "1abc", "abc\n", "ABC"):
        with pytest.raises(MalformedReceipt, match=r"t must be a string of the form \[a-z\]\+"):
            take_text({"t": text}, "t", form)
