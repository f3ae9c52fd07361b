"""Canonical JSON (RFC 8785, JCS) and the strict reading of JSON that it rests on.

Rules:
- Reading refuses what two parsers could read differently: duplicate keys, NaN and infinities, lone
  surrogates, invalid UTF-8, U+0000 in a string, integers beyond ±(2^53 − 1), nesting deeper than
  `MAX_DEPTH`.
- Writing is RFC 8785 to the byte. `canonical` is the general writer; `canonical_plain` is the fast
  one for values that hold no float and only ASCII keys, where sorting by code point equals sorting
  by UTF-16 unit and no number formatting arises; `canonical` looks whether a value is like that.

It never repairs what it reads.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
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
    remedy = (
        "Send RFC 8259 JSON in UTF-8: each key once, no NaN, no lone surrogates, integers within "
        "2^53 - 1."
    )


def parse_object(data: bytes) -> JsonObject:
    """Reads one JSON object strictly.

    Args:
        data: UTF-8 JSON; the caller has bounded its length.

    Raises:
        InvalidJson: with what is wrong and how to mend it.
    """
    value = _load(data)
    if not isinstance(value, dict):
        raise InvalidJson("A JSON object is expected here, such as {…}.")
    # First of all: what follows may recurse into the value because its depth is bounded.
    check_limits(value, MAX_DEPTH)
    _refuse_ambiguity(value, data)
    return value


def parse_objects(data: bytes) -> list[JsonObject]:
    """Reads a list of JSON objects, or a single one, as strictly.

    Raises:
        InvalidJson: as `parse_object`.
    """
    value = _load(data)
    objects: list[JsonObject] = []
    for each in value if isinstance(value, list) else [value]:
        if not isinstance(each, dict):
            raise InvalidJson("A JSON object is expected here, or a list of them.")
        check_limits(each, MAX_DEPTH)
        objects.append(each)
    _refuse_ambiguity(value, data)
    return objects


def _load(data: bytes) -> JsonValue:
    try:
        value: JsonValue = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise InvalidJson(_explain(error)) from error
    return value


def _refuse_ambiguity(value: JsonValue, data: bytes) -> None:
    """Refuses a NUL, a key that stands twice and an integer that floats cannot hold."""
    # A NUL can only have come from this escape; a raw one has been refused.
    if b"\\u0000" in data:
        _refuse_nul(value)
    # Equal bytes prove that no key stood twice: a repeated key would have vanished in between.
    # Anything else (white space, other escapes, floats written differently) takes the slow road,
    # which looks at each pair.
    if orjson.dumps(value) != data:
        _refuse_duplicate_keys(data)


def check_limits(value: JsonObject, depth: int) -> None:
    """Checks how deep a value is nested, and its numbers.

    Args:
        value: as a JSON parser returns it.
        depth: levels of objects and arrays that it may have, its own included.

    Raises:
        InvalidJson: if it is nested deeper, or holds a number beyond ±(2^53 − 1).
    """
    _check_items(value.values(), depth - 1, depth)


def _check_items(items: Iterable[object], left: int, depth: int) -> None:
    for item in items:
        if isinstance(item, str):
            continue
        if isinstance(item, dict | list):
            if left == 0:
                raise InvalidJson(f"JSON nested deeper than {depth} levels is refused here.")
            _check_items(item.values() if isinstance(item, dict) else item, left - 1, depth)
        # A float is finite, because orjson reads neither NaN nor infinities. RFC 8785 writes one
        # below 1e21 without an exponent, so a whole one beyond 2^53 would come back as an integer
        # that nobody may send. Booleans are integers to Python and always in range.
        elif isinstance(item, int | float) and MAX_SAFE_INTEGER < abs(item) < 1e21:
            raise InvalidJson(f"The number {item!r} is outside ±(2^53 − 1); send it as a string.")


def _explain(error: orjson.JSONDecodeError) -> str:
    if "depth limit" in error.msg:
        return f"JSON nested deeper than {MAX_DEPTH} levels is refused here."
    if "infinity" in error.msg:
        return f"The number at character {error.pos} is too large; send it as a string."
    return f"This is not valid JSON: {error}."


def _refuse_nul(value: JsonValue) -> None:
    if isinstance(value, str):
        if "\x00" in value:
            raise InvalidJson("Strings and keys may not hold U+0000; leave it out.")
    elif isinstance(value, dict):
        for key, item in value.items():
            _refuse_nul(key)
            _refuse_nul(item)
    elif isinstance(value, list):
        for item in value:
            _refuse_nul(item)


def _refuse_duplicate_keys(data: bytes) -> None:
    def pairs(items: list[tuple[str, object]]) -> dict[str, object]:
        result = dict(items)
        if len(result) != len(items):
            seen: set[str] = set()
            for key, _ in items:
                if key in seen:
                    raise InvalidJson(f"The key {key[:80]!r} stands twice in one object.")
                seen.add(key)
        return result

    def integer(literal: str) -> int:
        # orjson reads an integer beyond 64 bits as a float, so only the literal tells. It has 309
        # digits at most, for a longer one would have been infinite.
        number = int(literal)
        if abs(number) > MAX_SAFE_INTEGER:
            raise InvalidJson(
                f"The integer {literal[:40]} is outside ±(2^53 − 1); send it as a string."
            )
        return number

    json.loads(data, object_pairs_hook=pairs, parse_int=integer)


def canonical(value: JsonValue) -> bytes:
    """RFC 8785 bytes of any JSON value.

    Raises:
        InvalidJson: for what RFC 8785 cannot write (NaN, infinities, integers beyond ±(2^53 − 1),
            lone surrogates).
    """
    if _is_plain(value, MAX_DEPTH):
        return canonical_plain(value)
    try:
        return rfc8785.dumps(value)
    except (rfc8785.CanonicalizationError, UnicodeEncodeError) as error:
        raise InvalidJson(f"This value has no canonical JSON form: {error}.") from error


def _is_plain(value: object, depth: int) -> bool:
    """Whether `canonical_plain` writes it as RFC 8785 does, in a tenth of the time."""
    kind = type(value)
    if kind is str or kind is bool or value is None:
        return True
    if kind is int:
        return -MAX_SAFE_INTEGER <= value <= MAX_SAFE_INTEGER  # type: ignore[operator]
    if depth == 0:
        return False
    if isinstance(value, dict):
        return all(
            type(key) is str and key.isascii() and _is_plain(item, depth - 1)
            for key, item in value.items()
        )
    return kind is list and all(_is_plain(item, depth - 1) for item in value)  # type: ignore[attr-defined]


def canonical_plain(value: JsonValue) -> bytes:
    """RFC 8785 bytes of a value without floats whose keys are all ASCII; undefined for others.

    Raises:
        InvalidJson: it is no JSON value.
    """
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except TypeError as error:
        raise InvalidJson(f"This value has no canonical JSON form: {error}.") from error
