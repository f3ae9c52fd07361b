"""Times for people: relative, with the exact one at hand."""

from __future__ import annotations

import time
from datetime import UTC, datetime

_SECOND, _MINUTE, _HOUR, _DAY = 1_000, 60_000, 3_600_000, 86_400_000
_STEPS = (
    (_MINUTE, _SECOND, "second"),
    (_HOUR, _MINUTE, "minute"),
    (_DAY, _HOUR, "hour"),
    (60 * _DAY, _DAY, "day"),
    (730 * _DAY, 30 * _DAY, "month"),
)


def now_ms() -> int:
    """Milliseconds since the epoch."""
    return time.time_ns() // 1_000_000


def relative(at: int, now: int) -> str:
    """Such as `3 hours ago` or `in 2 months`. Both in milliseconds since the epoch."""
    distance = abs(at - now)
    if distance < 5 * _SECOND:
        return "just now"
    for below, unit, name in _STEPS:
        if distance < below:
            return _phrase(distance // unit, name, later=at > now)
    return _phrase(distance // (365 * _DAY), "year", later=at > now)


def _phrase(count: int, unit: str, *, later: bool) -> str:
    words = f"{count} {unit}{'' if count == 1 else 's'}"
    return f"in {words}" if later else f"{words} ago"


def exact(at: int) -> str:
    """Such as `21 Nov 2026, 10:32:01 UTC`."""
    return datetime.fromtimestamp(at / 1000, UTC).strftime("%-d %b %Y, %H:%M:%S UTC")


def day(at: int) -> str:
    """Such as `21 Nov 2026`."""
    return datetime.fromtimestamp(at / 1000, UTC).strftime("%-d %b %Y")


def instant_ms(instant: str) -> int | None:
    """Milliseconds since the epoch of an RFC 3339 instant in UTC; None if it is none."""
    try:
        return round(datetime.fromisoformat(instant).timestamp() * 1000)
    except ValueError:
        return None


def as_instant(at: int) -> str:
    """RFC 3339, UTC, whole seconds."""
    return datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
