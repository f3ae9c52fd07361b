"""Addresses and instants: one spelling each, and what is wrong with any other."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from eth_utils.address import to_checksum_address as reference_checksum
from hypothesis import given
from hypothesis import strategies as st

from ledger.events.identifiers import (
    check_address,
    format_instant,
    keccak,
    parse_instant,
    to_checksum_address,
)

EIP_55 = [
    "0x52908400098527886E0F7030069857D2E4169EE7",
    "0x8617E340B3D01FA5F11F306F4090FD50E238070D",
    "0xde709f2102306220921060314715629080e2fb77",
    "0x27b1fdb04752bbc536007a920d24acb045561c26",
    "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
    "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
    "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
    "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
]


def test_keccak_is_ethereums_and_not_sha3() -> None:
    empty = "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"
    assert keccak(b"").hex() == empty


@pytest.mark.parametrize("address", EIP_55)
def test_the_addresses_of_eip_55_are_taken_as_they_stand(address: str) -> None:
    assert check_address(address) == address
    assert to_checksum_address(bytes.fromhex(address[2:])) == address


@given(st.binary(min_size=20, max_size=20))
def test_checksums_equal_the_reference_implementation(address: bytes) -> None:
    assert to_checksum_address(address) == reference_checksum(address)


@pytest.mark.parametrize("address", EIP_55[4:])
def test_a_wrong_checksum_is_refused_with_the_right_one(address: str) -> None:
    flipped = next(i for i in range(2, 42) if address[i].isalpha())
    for wrong in (
        address.lower(),
        "0x" + address[2:].upper(),
        address[:flipped] + address[flipped].swapcase() + address[flipped + 1 :],
    ):
        with pytest.raises(ValueError, match=address):
            check_address(wrong)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0x",
        "0x12",
        EIP_55[0][2:],
        EIP_55[0] + "0",
        EIP_55[0] + "\n",
        " " + EIP_55[0],
        "0X" + EIP_55[0][2:],
        EIP_55[0][:-1] + "g",
        EIP_55[0][:-1] + "\uff17",
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="an address is 0x and 40 hex digits"):
        check_address(text)


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("1970-01-01T00:00:00.001Z", 1),
        ("1969-12-31T23:59:59.999Z", -1),
        ("2026-11-21T08:30:00Z", 1_795_249_800_000),
        ("2026-11-21T08:30:00.5Z", 1_795_249_800_500),
        ("2026-11-21T08:30:00.050Z", 1_795_249_800_050),
        ("2024-02-29T00:00:00Z", 1_709_164_800_000),
        ("9999-12-31T23:59:59.999Z", 253_402_300_799_999),
        ("0001-01-01T00:00:00Z", -62_135_596_800_000),
    ],
)
def test_an_instant_is_milliseconds_since_the_epoch(text: str, milliseconds: int) -> None:
    assert parse_instant(text) == milliseconds


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-21T08:30:00",
        "2026-11-21T08:30:00+00:00",
        "2026-11-21T08:30:00+02:00",
        "2026-11-21T08:30:00-00:00",
        "2026-11-21T08:30:00z",
        "2026-11-21t08:30:00Z",
        "2026-11-21 08:30:00Z",
        "2026-11-21T08:30Z",
        "2026-11-21",
        "20261121T083000Z",
        "2026-W47-6T08:30:00Z",
        "2026-11-21T08:30:00.Z",
        "2026-11-21T08:30:00,5Z",
        "2026-11-21T08:30:00.123456Z",
        "2026-11-21T08:30:00.0000Z",
        "2026-11-21T08:30:00Z\n",
        " 2026-11-21T08:30:00Z",
        "+2026-11-21T08:30:00Z",
        "12026-11-21T08:30:00Z",
        "２026-11-21T08:30:00Z",  # noqa: RUF001 - a full-width digit is the point
        "1795249800000",
        "now",
        "",
    ],
)
def test_another_spelling_of_a_time_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="RFC 3339 in UTC, such as 2026-11-21T08:30:00Z"):
        parse_instant(text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("2026-02-30T00:00:00Z", "day is out of range"),
        ("2026-02-29T00:00:00Z", "day is out of range"),
        ("1900-02-29T00:00:00Z", "day is out of range"),
        ("2026-13-01T00:00:00Z", "month must be in 1..12"),
        ("2026-00-01T00:00:00Z", "month must be in 1..12"),
        ("2026-11-21T24:00:00Z", "hour must be in 0..23"),
        ("2026-11-21T08:60:00Z", "minute must be in 0..59"),
        ("2016-12-31T23:59:60Z", "second must be in 0..59"),
        ("0000-01-01T00:00:00Z", "year 0 is out of range"),
    ],
)
def test_a_date_or_time_that_never_was_is_refused_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        parse_instant(text)


@given(st.integers(-62_135_596_800_000, 253_402_300_799_999))
def test_writing_an_instant_and_reading_it_gives_the_same_millisecond(at: int) -> None:
    assert parse_instant(format_instant(at)) == at
    expected = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=at)
    assert datetime.fromisoformat(format_instant(at)) == expected
