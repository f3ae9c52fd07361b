"""Times and durations on the command line."""

from __future__ import annotations

import re
import time

from ledger.errors import InvalidInput
from ledger.events.identifiers import parse_instant

_UNITS_MS = {"m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}


class InvalidTime(InvalidInput):
    """Neither an RFC 3339 time nor a duration from now."""

    code = "invalid-time"
    remedy = "Write `2027-01-31`, `2027-01-31T12:00:00Z`, or a duration such as `30d`."


def now_ms() -> int:
    """Milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


def moment(text: str, now: int) -> int:
    """Milliseconds since the epoch of `now`, `2027-01-01`, `2027-01-01T12:00:00Z`, or `30d` from
    now.

    Raises:
        InvalidTime: for anything else.
    """
    if text == "now":
        return now
    duration = re.fullmatch(r"(\d{1,6})([mhdw])", text)
    if duration:
        return now + int(duration[1]) * _UNITS_MS[duration[2]]
    try:
        return parse_instant(f"{text}T00:00:00Z" if re.fullmatch(r"[\d-]{10}", text) else text)
    except ValueError as error:
        raise InvalidTime(
            f"{text!r} is no time. Write 2027-01-31, 2027-01-31T12:00:00Z, or a duration from now "
            "such as 30d, 12h, 2w."
        ) from error
