"""How long to wait before trying again, for every policy and every server."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from client import RetryPolicy
from client.wire import Response, check, get, post

SECONDS = st.floats(0, 1000, allow_nan=False)
POLICIES = st.builds(
    lambda first, more: RetryPolicy(first_delay=first, longest_delay=first + more), SECONDS, SECONDS
)
ASKED = st.none() | st.floats(0, 1e9, allow_nan=False)


@given(POLICIES, st.integers(1, 10_000), ASKED, st.integers())
def test_no_wait_is_longer_than_the_policy_allows(
    policy: RetryPolicy, attempt: int, asked: float | None, seed: int
) -> None:
    assert 0 <= policy.delay(attempt, asked, random.Random(seed)) <= policy.longest_delay


@given(POLICIES, st.integers(1, 100), ASKED, st.integers())
def test_a_server_gets_the_time_that_it_asks_for_within_the_policy(
    policy: RetryPolicy, attempt: int, asked: float | None, seed: int
) -> None:
    waited = policy.delay(attempt, asked, random.Random(seed))
    assert waited >= min(asked or 0, policy.longest_delay)


@given(POLICIES, st.integers(1, 60), st.integers())
def test_each_wait_is_at_least_half_of_the_doubled_first(
    policy: RetryPolicy, attempt: int, seed: int
) -> None:
    waited = policy.delay(attempt, None, random.Random(seed))
    full = min(policy.longest_delay, policy.first_delay * 2.0 ** (attempt - 1))
    assert full / 2 <= waited <= full


def test_two_clients_do_not_wait_equally_long() -> None:
    policy = RetryPolicy()
    assert policy.delay(3, None, random.Random(1)) != policy.delay(3, None, random.Random(2))


def test_parameters_that_are_none_are_left_out() -> None:
    assert get("/v1/events", limit=5, after=None).query == {"limit": "5"}


def test_what_is_posted_is_json() -> None:
    assert post("/x", {"a": [1, "é"]}).body == '{"a":[1,"é"]}'.encode()


@given(st.integers(200, 299))
def test_every_success_is_one(status: int) -> None:
    check(Response(status, b"anything"))
