from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.merkle.encoding import decode_base64, encode_base64, parse_decimal

MAXIMUM = 2**63 - 1


@pytest.mark.parametrize("number", [0, 7, 10, 2**53 + 1, MAXIMUM])
def test_a_plain_decimal_is_read(number: int) -> None:
    assert parse_decimal(str(number), MAXIMUM) == number


@pytest.mark.parametrize(
    "text",
    [
        "",
        "+7",
        "-7",
        "-0",
        "0_7",
        "1_000",
        "07",
        "00",
        " 7",
        "7 ",
        "7\n",
        "7.0",
        "7e0",
        "0x7",
        "\u0667",
        "\uff17",
        "\u00b2",
        str(MAXIMUM + 1),
        "9" * 19,
        "1" + "0" * 5000,
    ],
)
def test_any_other_notation_of_a_number_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse_decimal(text, MAXIMUM)


@given(st.binary(max_size=100))
def test_base64_is_the_standard_one(data: bytes) -> None:
    assert encode_base64(data) == base64.b64encode(data).decode()
    assert decode_base64(encode_base64(data)) == data


@pytest.mark.parametrize(
    "text",
    [
        "YQ",
        "YQ=",
        "YQ===",
        "YR==",  # unused bits set
        "YWK=",
        "Y Q==",
        "YQ==\n",
        "\nYQ==",
        "YQ==YQ==",
        "=YQ=",
        "_-==",
        "YQ\u003d\uff1d",
        "Y",
        "\u00e9Q==",
    ],
)
def test_any_other_spelling_of_base64_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        decode_base64(text)


@given(st.text(alphabet="AQYZaz09+/=-_ \n", max_size=12))
def test_no_two_texts_are_the_same_bytes(text: str) -> None:
    try:
        data = decode_base64(text)
    except ValueError:
        return
    assert encode_base64(data) == text
