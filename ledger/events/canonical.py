"""Canonical JSON (RFC 8785, JCS) and the strict reading of JSON that it rests on.

Rules:
- Reading refuses what two parsers could read differently: duplicate keys, NaN and infinities, lone
  surrogates, invalid UTF-8, U+0000 in a string, integers beyond ±(2^53 − 1), nesting deeper than
  `MAX_DEPTH`.
- Writing is RFC 8785 to the byte. `canonical` is the general writer; `canonical_plain` is the fast
  one for values that hold no float and only ASCII keys, where sorting by code point equals sorting
  by UTF-16 unit and no number formatting arises.

It never repairs what it reads.
"""

from __future__ import annotations

import json
from typing import Annotated

import orjson
import rfc8785
from pydantic import PlainValidator, WithJsonSchema
from typing_extensions import TypeAliasType

from ledger.errors import InvalidInput

JsonValue = TypeAliasType(
    "JsonValue", "bool | int | float | str | list[JsonValue] | dict[str, JsonValue] | None"
)
JsonObject = TypeAliasType("JsonObject", dict[str, JsonValue])


def _as_object(value: object) -> JsonObject:
    if not isinstance(value, dict):
        raise ValueError("a JSON object is expected")  # noqa: TRY004 - pydantic reports ValueError
    return value


FreeJson = Annotated[JsonObject, PlainValidator(_as_object), WithJsonSchema({"type": "object"})]
"""A JSON object of any shape inside a model; `parse_object` has already looked at each value."""

MAX_SAFE_INTEGER = 2**53 - 1
MAX_DEPTH = 32
"""Levels of nested objects and arrays in one document."""


class InvalidJson(InvalidInput):
    """The bytes are not JSON, or not JSON that every parser reads alike."""

    code = "invalid-json"


def parse_object(data: bytes) -> JsonObject:
    """Reads one JSON object strictly.

    Args:
        data: UTF-8 JSON; the caller has bounded its length.

    Raises:
        InvalidJson: with what is wrong and how to mend it.
    """
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise InvalidJson(f"This is not valid JSON: {error}.") from error
    except RecursionError as error:
        raise InvalidJson(f"JSON nested deeper than {MAX_DEPTH} levels is refused.") from error
    if not isinstance(value, dict):
        raise InvalidJson("A JSON object is expected here.")
    # Equal bytes prove that no key stood twice: a repeated key would have vanished in between.
    # Anything else (white space, other escapes, floats written differently) takes the slow road,
    # which looks at each pair.
    if orjson.dumps(value) != data:
        _refuse_duplicate_keys(data)
    _check_value(value, 1)
    return value


def _refuse_duplicate_keys(data: bytes) -> None:
    def pairs(items: list[tuple[str, object]]) -> dict[str, object]:
        result = dict(items)
        if len(result) != len(items):
            seen: set[str] = set()
            for key, _ in items:
                if key in seen:
                    raise InvalidJson(f"The key {key!r} stands twice in one object; send it once.")
                seen.add(key)
        return result

    def integer(literal: str) -> int:
        if len(literal) > 17 or abs(int(literal)) > MAX_SAFE_INTEGER:
            raise InvalidJson(
                f"The integer {literal[:40]} is outside ±(2^53 − 1); send it as a decimal string."
            )
        return int(literal)

    try:
        json.loads(data, object_pairs_hook=pairs, parse_int=integer)
    except RecursionError as error:
        raise InvalidJson(f"JSON nested deeper than {MAX_DEPTH} levels is refused.") from error


def _check_value(value: object, depth: int) -> None:
    if isinstance(value, str):
        if "\x00" in value:
            raise InvalidJson("Strings may not hold U+0000; leave it out.")
    elif isinstance(value, dict | list):
        _check_container(value, depth)
    # A float here is finite, because orjson reads neither NaN nor infinities. RFC 8785 writes one
    # below 1e21 without an exponent, so a whole one beyond 2^53 would come back as an integer that
    # nobody may send. Booleans are integers to Python and always in range.
    elif isinstance(value, int | float) and MAX_SAFE_INTEGER < abs(value) < 1e21:
        raise InvalidJson(f"The number {value!r} is outside ±(2^53 − 1); send it as a string.")


def _check_container(value: dict[str, object] | list[object], depth: int) -> None:
    if depth > MAX_DEPTH:
        raise InvalidJson(f"JSON nested deeper than {MAX_DEPTH} levels is refused.")
    if isinstance(value, list):
        for item in value:
            _check_value(item, depth + 1)
        return
    for key, item in value.items():
        if "\x00" in key:
            raise InvalidJson("Keys may not hold U+0000; leave it out.")
        _check_value(item, depth + 1)


def canonical(value: JsonValue) -> bytes:
    """RFC 8785 bytes of any JSON value.

    Raises:
        InvalidJson: for what RFC 8785 cannot write (NaN, infinities, integers beyond ±(2^53 − 1),
            lone surrogates).
    """
    try:
        return rfc8785.dumps(value)
    except (rfc8785.CanonicalizationError, UnicodeEncodeError) as error:
        raise InvalidJson(f"This value has no canonical JSON form: {error}.") from error


def canonical_plain(value: JsonValue) -> bytes:
    """RFC 8785 bytes of a value without floats whose keys are all ASCII; undefined for others."""
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except TypeError as error:
        raise InvalidJson(f"This value has no canonical JSON form: {error}.") from error
