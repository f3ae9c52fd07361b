"""Strict reading of the JSON documents that are handed around: receipts and what they hold.

Rules: UTF-8; no field twice, none missing, none unknown; numbers are integers from 0 to 2^63 - 1,
written plainly.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from typing import Final, NoReturn, TypeAlias

import orjson

from ledger.merkle.encoding import decode_base64, parse_decimal
from ledger.merkle.errors import MalformedReceipt
from ledger.merkle.proofs import MAX_SIZE

Json: TypeAlias = "bool | int | str | list[Json] | dict[str, Json] | None"
Fields: TypeAlias = "dict[str, Json]"

MAX_DOCUMENT_BYTES: Final = 2**21
"""A leaf of 65,535 bytes, a note of 1,000,000 and the proofs fit with room to spare."""


def read_document(document: str | bytes) -> Json:
    """Parses JSON; bytes must be UTF-8.

    Raises:
        MalformedReceipt: no JSON, or JSON that says one thing in two ways.
    """
    try:
        content = document if isinstance(document, bytes) else document.encode()
        if len(content) > MAX_DOCUMENT_BYTES:
            raise MalformedReceipt(
                f"the document has {len(content)} bytes, at most {MAX_DOCUMENT_BYTES} are read"
            )
        # orjson bounds nesting. The standard library's reader leaves that to the interpreter's
        # recursion limit, which py-evm raises beyond what the C stack bears: it would crash.
        orjson.loads(content)
        parsed: Json = json.loads(
            content.decode(),
            object_pairs_hook=_unique_fields,
            parse_int=lambda digits: parse_decimal(digits, MAX_SIZE),
            parse_float=_refuse_number,
            parse_constant=_refuse_number,
        )
    except (ValueError, RecursionError) as error:
        raise MalformedReceipt(f"the document is not plain JSON: {error}") from error
    return parsed


def take_fields(value: Json, names: Collection[str], what: str) -> Fields:
    """Returns the value as an object that has exactly these fields.

    Raises:
        MalformedReceipt: it is no object, or has other fields.
    """
    if not isinstance(value, dict) or value.keys() != set(names):
        raise MalformedReceipt(
            f"{what} is an object with exactly the fields {', '.join(names)}; this is not"
        )
    return value


def take_integer(fields: Fields, name: str) -> int:
    """Returns a field that is a number."""
    value = fields[name]
    # JSON's true is an int to Python.
    if not isinstance(value, int) or isinstance(value, bool):
        raise MalformedReceipt(f"{name} must be a number; ask for the receipt again")
    return value


def take_text(fields: Fields, name: str, pattern: re.Pattern[str] | None = None) -> str:
    """Returns a field that is a string, and all of it in the form of a pattern."""
    value = fields[name]
    if not isinstance(value, str) or (pattern and not pattern.fullmatch(value)):
        form = f" of the form {pattern.pattern}" if pattern else ""
        raise MalformedReceipt(f"{name} must be a string{form}; ask for the receipt again")
    return value


def take_bytes(fields: Fields, name: str) -> bytes:
    """Returns the bytes that a field holds in base64."""
    return _bytes(take_text(fields, name), name)


def take_bytes_list(fields: Fields, name: str) -> tuple[bytes, ...]:
    """Returns the byte strings that a field lists in base64."""
    value = fields[name]
    if not isinstance(value, list):
        raise MalformedReceipt(f"{name} must be a list; ask for the receipt again")
    return tuple(_bytes(item, name) for item in value)


def _bytes(value: Json, name: str) -> bytes:
    if not isinstance(value, str):
        raise MalformedReceipt(f"{name} must be base64; ask for the receipt again")
    try:
        return decode_base64(value)
    except ValueError as error:
        raise MalformedReceipt(f"{name}: {error}; ask for the receipt again") from error


def _unique_fields(pairs: list[tuple[str, Json]]) -> Fields:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise ValueError("a field stands in it twice")
    return fields


def _refuse_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is not an integer")
