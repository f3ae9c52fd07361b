"""What people call members, in place of addresses: names for reading, addresses beside them.

A name is anybody's text and nobody's proof; where an address decides something it stands whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from client import Ledger
from ledger.events.canonical import JsonObject, JsonValue
from service.cli.output import plain

_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}(?![0-9a-fA-F])")
_DIGITS_SHOWN = 8

Names = Mapping[str, str]
"""Members' names by address."""


def names_of(ledger: Ledger) -> dict[str, str]:
    """Members' names by address, as the ledger has them, for printing."""
    return {
        str(item["member"]): plain(item["name"])
        for item in ledger.items("/v1/members")
        if isinstance(item.get("name"), str) and isinstance(item.get("member"), str)
    }


def named(address: JsonValue, names: Names) -> str:
    """`North Hospital (0x52908400…)`; the address alone where nobody is called by it."""
    text = plain(address)
    return f"{names[text]} ({text[:_DIGITS_SHOWN]}…)" if text in names else text


def named_whole(address: JsonValue, names: Names) -> str:
    """The same with the whole address."""
    text = plain(address)
    return f"{names[text]} ({text})" if text in names else text


def with_names(rows: Iterable[JsonObject], names: Names, *fields: str) -> list[JsonObject]:
    """Rows whose fields hold names in place of addresses."""
    return [row | {name: named(row.get(name), names) for name in fields} for row in rows]


def readable(sentence: str, names: Names) -> str:
    """A sentence with names in place of addresses."""
    return _ADDRESS.sub(lambda match: named(match[0], names), sentence)
