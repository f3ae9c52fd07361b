"""Fields of the DAO's answers, checked for form."""

from __future__ import annotations

import re

from client.errors import UnexpectedAnswer
from client.wire import integer, text
from ledger.events.canonical import InvalidJson, JsonObject, parse_object

RECEIPT_VERSION = 1
_PLACE = frozenset({"chainId", "blockNumber", "blockHash", "transactionHash", "logIndex"})
_HASH_BYTES = 32
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


def read_kept(document: bytes, fields: frozenset[str], what: str) -> JsonObject:
    """A kept receipt of version 1 with exactly these fields.

    Raises:
        UnexpectedAnswer: it is none.
    """
    try:
        value = parse_object(document)
    except InvalidJson as error:
        raise UnexpectedAnswer(f"This is no {what}: {error}") from error
    if value.keys() != fields or value["v"] != RECEIPT_VERSION:
        wanted = ", ".join(sorted(fields))
        raise UnexpectedAnswer(f"This is no {what} of version 1, whose fields are {wanted}.")
    return value


def kept_place(value: JsonObject, chain_id: int) -> JsonObject:
    """Where a kept receipt says that it was written: its `chain`.

    Raises:
        UnexpectedAnswer: it is no place, or one on another chain than was signed for.
    """
    place = member(value, "chain")
    if place.keys() != _PLACE:
        raise UnexpectedAnswer("The receipt's place on the chain lacks a field, or has another.")
    for name in ("blockHash", "transactionHash"):
        if len(hex_bytes(place, name)) != _HASH_BYTES:
            raise UnexpectedAnswer(f"The receipt's {name} is not of {_HASH_BYTES} bytes.")
    for name in ("blockNumber", "logIndex"):
        if integer(place, name) < 0:
            raise UnexpectedAnswer(f"The receipt's {name} is negative.")
    if integer(place, "chainId") != chain_id:
        raise UnexpectedAnswer(
            f"It was signed for chain {chain_id}, and the receipt says that chain "
            f"{place['chainId']} counted it."
        )
    return place
