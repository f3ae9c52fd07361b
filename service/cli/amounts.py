"""Amounts of the voting token and of the chain's coin: both have 18 decimals."""

from __future__ import annotations

import re

from ledger.errors import InvalidInput
from ledger.events.canonical import JsonValue
from service.cli.output import plain

DECIMALS = 18
ONE = 1_000_000_000_000_000_000


class InvalidAmount(InvalidInput):
    """No amount, or one with more decimals than there are."""

    code = "invalid-amount"
    remedy = "Write a decimal number of tokens, such as `12.5`."


def shown(amount: JsonValue) -> str:
    """An amount in the smallest unit, in whole ones: `1500000000000000000` is `1.5`.

    Raises:
        InvalidAmount: the server sent something else.
    """
    text = plain(amount)
    if not text.isdecimal():
        raise InvalidAmount(f"The server's {text!r} is no amount.")
    whole, rest = divmod(int(text), ONE)
    return f"{whole}" if not rest else f"{whole}.{rest:0{DECIMALS}d}".rstrip("0")


def smallest(text: str) -> int:
    """An amount that somebody wrote, such as `1.5`, in the smallest unit.

    Raises:
        InvalidAmount: it is none.
    """
    parts = re.fullmatch(r"([0-9]{1,40})(?:\.([0-9]{1,18}))?", text)
    if parts is None:
        raise InvalidAmount(f"{text!r} is no amount. Write 12 or 1.5, with at most 18 decimals.")
    return int(parts[1]) * ONE + int((parts[2] or "").ljust(DECIMALS, "0"))
