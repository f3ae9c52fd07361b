"""Rate limits: a token bucket for each voter and each source.

A bucket holds up to `burst` tokens and gains `per_second` of them; one request takes one. Pure but
for `RateLimiter`, which remembers buckets; time is handed in.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass

from governance.votes.errors import RateLimited


@dataclass(frozen=True, slots=True)
class Rate:
    """How much is allowed.

    Attributes:
        per_second: in the long run.
        burst: at once.
    """

    per_second: float
    burst: int


@dataclass(frozen=True, slots=True)
class Bucket:
    """Tokens left at a time, in seconds of any clock that does not run back."""

    tokens: float
    at: float


def take(bucket: Bucket | None, rate: Rate, now: float) -> tuple[Bucket, float]:
    """Take one token.

    Args:
        bucket: as it was left; None is a full one.
        rate: its size and how it fills.
        now: seconds.

    Returns:
        The bucket as it is left, and the seconds until there is a token: 0 if one was taken.
    """
    if bucket is None:
        bucket = Bucket(rate.burst, now)
    gained = max(0.0, now - bucket.at) * rate.per_second
    tokens = min(float(rate.burst), bucket.tokens + gained)
    if tokens >= 1:
        return Bucket(tokens - 1, now), 0.0
    return Bucket(tokens, now), (1 - tokens) / rate.per_second


class RateLimiter:
    """Buckets by key. Safe to use from any thread.

    Args:
        rate: of each.
        what: who is limited, for the message ("voter").
        max_keys: how many are remembered; the one that was not asked for longest is forgotten.
    """

    def __init__(self, rate: Rate, what: str, *, max_keys: int = 65_536) -> None:
        self._rate = rate
        self._what = what
        self._max_keys = max_keys
        self._lock = threading.Lock()
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()

    def take(self, key: str, now: float) -> None:
        """Take one token of a key's bucket.

        Raises:
            RateLimited: there is none; it says when there will be.
        """
        with self._lock:
            bucket, wait = take(self._buckets.get(key), self._rate, now)
            self._buckets[key] = bucket
            self._buckets.move_to_end(key)
            if len(self._buckets) > self._max_keys:
                self._buckets.popitem(last=False)
        if wait:
            raise RateLimited(
                f"too many requests of one {self._what}: try again in {wait:.1f} seconds", wait
            )
