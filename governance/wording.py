"""Numbers, times and foreign text as people read them.

Nothing that a member, a contract or a proposal supplies is trusted to be harmless: `visible` shows
every character that would not show by itself, or would change how its neighbours show.
"""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime

_ONE = 10**18
"""One token, and one of any chain's coins."""
_LAST_SECOND = 253_402_300_799  # of the year 9999
_UNITS = (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Unicode categories: control and format characters (direction marks among them), surrogates,
private use, unassigned, line and paragraph separators."""


def visible(text: str, limit: int = 200) -> str:
    r"""One line of foreign text in which nothing hides: `a\n<U+202E>b` for newline and override.

    Args:
        text: anything, lone surrogates included.
        limit: characters taken from it; what is cut off shows as "…".
    """
    shown = "".join(_visible(character) for character in text[:limit])
    return shown + "…" if len(text) > limit else shown


def _visible(character: str) -> str:
    if character == "\n":
        return r"\n"
    if unicodedata.category(character) in _HIDDEN:
        return f"<U+{ord(character):04X}>"
    return character


def tokens(amount: int) -> str:
    """An amount in the smallest unit as tokens: `1,234.5 tokens`."""
    return f"{_decimal(amount)} token{'' if amount == _ONE else 's'}"


def coins(wei: int) -> str:
    """An amount of the chain's own coin, whatever that is called: `0.5 coins`."""
    return f"{_decimal(wei)} coin{'' if wei == _ONE else 's'}"


def _decimal(amount: int) -> str:
    whole, rest = divmod(amount, _ONE)
    return f"{whole:,}" + (f".{rest:018d}".rstrip("0") if rest else "")


def share(basis_points: int) -> str:
    """`66.67 %` for 6,667 basis points."""
    whole, rest = divmod(basis_points, 100)
    return f"{whole}" + (f".{rest:02d}".rstrip("0") if rest else "") + " %"


def duration(seconds: int) -> str:
    """The two largest units: `2 days 3 hours`; what is smaller is left out."""
    parts: list[str] = []
    for unit, size in _UNITS:
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count:,} {unit}{'' if count == 1 else 's'}")
        if len(parts) == 2:
            break
    return " ".join(parts) or "0 seconds"


def moment(timestamp: int) -> str:
    """Seconds since 1970 as `2026-11-21 08:30:00 UTC`."""
    if timestamp > _LAST_SECOND:
        return f"second {timestamp} since 1970, after the year 9999"
    return datetime.fromtimestamp(timestamp, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
