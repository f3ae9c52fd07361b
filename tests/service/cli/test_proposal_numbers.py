"""Which proposal some digits name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.events.canonical import JsonObject
from service.cli.proposal_numbers import InvalidNumber, number_of, shortest


def test_first_digits_that_name_two_proposals_name_none() -> None:
    class Dao:
        def proposals(self) -> list[JsonObject]:
            return [{"proposal": each, "title": each} for each in ("123456", "123457", "12345")]

    assert number_of("123456", Dao()) == 123456
    assert number_of("12345", Dao()) == 12345
    with pytest.raises(InvalidNumber, match="3 proposals begin with 1234: 123456, 123457, 12345"):
        number_of("1234", Dao())
    assert number_of("9" * 77, Dao()) == int("9" * 77)


@given(st.lists(st.integers(0, 2**256 - 1).map(str), unique=True))
def test_numbers_are_shown_by_as_many_digits_as_tell_them_apart(numbers: list[str]) -> None:
    short = shortest(numbers)
    assert all(number.startswith(short[number]) for number in numbers)
    assert len(set(short.values())) == len(numbers)
