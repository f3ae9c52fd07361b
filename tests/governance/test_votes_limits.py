from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.votes import Rate, RateLimited, RateLimiter
from governance.votes.limits import take

RATE = Rate(per_second=2.0, burst=3)


def test_a_full_bucket_gives_a_burst_and_then_what_it_gains() -> None:
    bucket, waits = None, []
    for now in (0, 0, 0, 0, 0.5, 0.5, 10, 10, 10, 10):
        bucket, wait = take(bucket, RATE, now)
        waits.append(wait)
    assert waits == [0, 0, 0, 0.5, 0, 0.5, 0, 0, 0, 0.5]


@given(st.lists(st.floats(0, 10), max_size=60))
def test_no_more_is_given_than_burst_and_rate_allow(pauses: list[float]) -> None:
    bucket, now, given_ = None, 0.0, 0
    for pause in pauses:
        now += pause
        bucket, wait = take(bucket, RATE, now)
        given_ += wait == 0
        assert 0 <= wait <= 1 / RATE.per_second
    assert given_ <= RATE.burst + now * RATE.per_second + 1e-6


@given(st.floats(0, 1e6), st.floats(0, 1e6))
def test_who_waits_as_told_is_served(start: float, elapsed: float) -> None:
    bucket = None
    for _ in range(RATE.burst):
        bucket, _ = take(bucket, RATE, start)
    bucket, wait = take(bucket, RATE, start)
    assert wait > 0
    _, wait = take(bucket, RATE, start + wait + 1e-6 + elapsed)
    assert wait == 0


def test_a_clock_that_runs_back_gives_nothing() -> None:
    bucket = None
    for _ in range(RATE.burst):
        bucket, _ = take(bucket, RATE, 100)
    _, wait = take(bucket, RATE, 50)
    assert wait > 0


def test_one_key_does_not_use_up_another() -> None:
    limiter = RateLimiter(Rate(per_second=1, burst=1), "voter")
    limiter.take("a", 0)
    limiter.take("b", 0)
    with pytest.raises(RateLimited, match=r"one voter: try again in 0\.5 seconds") as caught:
        limiter.take("a", 0.5)
    assert caught.value.retry_after == 0.5
    limiter.take("a", 1)


def test_the_key_that_was_not_asked_for_longest_is_forgotten() -> None:
    limiter = RateLimiter(Rate(per_second=1, burst=1), "voter", max_keys=2)
    for key in ("a", "b", "c"):
        limiter.take(key, 0)
    limiter.take("a", 0)
    with pytest.raises(RateLimited):
        limiter.take("c", 0)
