"""Amounts, shares and stretches of time as people read and write them."""

from __future__ import annotations

import re

TOKEN = 10**18
"""Smallest units in one token, and wei in one coin."""

BASIS_POINTS = 10_000

_DECIMAL = re.compile(r"(\d{1,30})(?:[.](\d{1,18}))?")
_UNITS = (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))


def units(text: str) -> int:
    """An amount in the smallest unit as the API writes it; 0 where it is none."""
    return int(text) if text.isascii() and text.isdecimal() else 0


def decimal(amount: int) -> str:
    """`1,234.5` for an amount in the smallest unit."""
    whole, rest = divmod(amount, TOKEN)
    return f"{whole:,}" + (f".{rest:018d}".rstrip("0") if rest else "")


def tokens(amount: int) -> str:
    """`1,234.5 tokens`."""
    return f"{decimal(amount)} token{'' if amount == TOKEN else 's'}"


def coins(wei: int) -> str:
    """`0.5 coins`, of the chain's own."""
    return f"{decimal(wei)} coin{'' if wei == TOKEN else 's'}"


def parse_tokens(text: str) -> int | None:
    """The amount in the smallest unit of what somebody typed, `1,234.5`; None where it is none."""
    found = _DECIMAL.fullmatch(text.strip().replace(",", "").replace(" ", ""))
    if found is None:
        return None
    return int(found[1]) * TOKEN + int((found[2] or "").ljust(18, "0"))


def share(basis_points: int) -> str:
    """`66.67 %` for 6,667 basis points."""
    whole, rest = divmod(basis_points, 100)
    return f"{whole}" + (f".{rest:02d}".rstrip("0") if rest else "") + " %"


def percent(part: int, whole: int) -> float:
    """How much of the whole a part is, in percent, at most 100."""
    return min(100.0, 100 * part / whole) if whole > 0 else 0.0


def duration(seconds: int) -> str:
    """The two largest units: `2 days 3 hours`."""
    parts: list[str] = []
    rest = max(0, seconds)
    for unit, size in _UNITS:
        count, rest = divmod(rest, size)
        if count:
            parts.append(f"{count:,} {unit}{'' if count == 1 else 's'}")
        if len(parts) == 2:
            break
    return " ".join(parts) or "0 seconds"
