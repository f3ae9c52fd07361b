from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.wording import coins, duration, moment, share, tokens, visible


@given(st.text(), st.integers(1, 50))
def test_nothing_in_foreign_text_hides(text: str, limit: int) -> None:
    shown = visible(text, limit)
    assert "\n" not in shown
    assert not any("\u2066" <= each <= "\u2069" or "\u202a" <= each <= "\u202e" for each in shown)
    assert shown.endswith("…") or len(text) <= limit


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (tokens(0), "0 tokens"),
        (tokens(10**18), "1 token"),
        (tokens(1_234_500 * 10**15), "1,234.5 tokens"),
        (tokens(1), "0.000000000000000001 tokens"),
        (coins(10**18), "1 coin"),
        (coins(15 * 10**17), "1.5 coins"),
        (share(0), "0 %"),
        (share(2_500), "25 %"),
        (share(6_667), "66.67 %"),
        (share(5_050), "50.5 %"),
        (duration(0), "0 seconds"),
        (duration(1), "1 second"),
        (duration(90), "1 minute 30 seconds"),
        (duration(93_784), "1 day 2 hours"),
        (duration(86_400 * 1_500), "1,500 days"),
        (moment(0), "1970-01-01 00:00:00 UTC"),
        (moment(2**48), "second 281474976710656 since 1970, after the year 9999"),
        (visible("a\nb\u202ec\ud800"), r"a\nb<U+202E>c<U+D800>"),
        (visible("x" * 9, 4), "xxxx…"),
    ],
)
def test_numbers_and_times_are_said_as_people_say_them(said: str, expected: str) -> None:
    assert said == expected
