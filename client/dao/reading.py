"""Fields of the DAO's answers, checked for form."""

from __future__ import annotations

import re

from client.errors import UnexpectedAnswer
from client.wire import text
from ledger.events.canonical import JsonObject

_DECIMAL = re.compile(r"0|[1-9][0-9]{0,77}")
_HEX = re.compile(r"0x(?:[0-9a-fA-F]{2})*")
_QUANTITY = re.compile(r"0x(?:0|[1-9a-fA-F][0-9a-fA-F]{0,63})")


def member(value: JsonObject, name: str) -> JsonObject:
    """An object in an answer.

    Raises:
        UnexpectedAnswer: if it is missing or something else.
    """
    item = value.get(name)
    if not isinstance(item, dict):
        raise UnexpectedAnswer(f"The server's answer lacks the object {name!r}.")
    return item


def decimal(value: JsonObject, name: str) -> int:
    """A decimal string of up to 256 bits in an answer.

    Raises:
        UnexpectedAnswer: if it is missing or something else.
    """
    found = text(value, name)
    if not _DECIMAL.fullmatch(found):
        raise UnexpectedAnswer(f"The server's {name!r} is no decimal number.")
    return int(found)


def hex_bytes(value: JsonObject, name: str) -> bytes:
    """0x-hex in an answer.

    Raises:
        UnexpectedAnswer: if it is missing or something else.
    """
    found = text(value, name)
    if not _HEX.fullmatch(found):
        raise UnexpectedAnswer(f"The server's {name!r} is not in hex.")
    return bytes.fromhex(found[2:])


def quantity(value: JsonObject, name: str) -> int:
    """A number as JSON-RPC writes it, 0x-hex without leading zeros.

    Raises:
        UnexpectedAnswer: if it is missing or something else.
    """
    found = text(value, name)
    if not _QUANTITY.fullmatch(found):
        raise UnexpectedAnswer(f"The server's {name!r} is no quantity in hex.")
    return int(found, 16)
