from __future__ import annotations

import pytest

from governance.addresses import CREATION_ORDER, DaoAddresses, created_address
from governance.contracts import CONTRACT_NAMES


@pytest.mark.parametrize(
    ("nonce", "expected"),
    [
        # The vectors of go-ethereum's crypto.TestNewContractAddress.
        (0, "0x333c3310824b7c685133F2BeDb2CA4b8b4DF633d"),
        (1, "0x8bDa78331C916A08481428e4b07C96D3e916D165"),
        (2, "0xC9DdEDF451bC62ce88Bf9292AFB13df35b670699"),
    ],
)
def test_addresses_follow_from_creator_and_nonce(nonce: int, expected: str) -> None:
    assert created_address("0x970E8128AB834E8EAC17Ab8E3812F010678CF791", nonce) == expected


def test_every_contract_has_one_address() -> None:
    addresses = DaoAddresses.created_by("0x970E8128AB834E8EAC17Ab8E3812F010678CF791", 5)
    assert set(CREATION_ORDER) == set(CONTRACT_NAMES)
    assert len({addresses.of(name) for name in CONTRACT_NAMES}) == len(CONTRACT_NAMES)
    assert addresses.of("ConcordGovernor") == addresses.governor
    assert addresses.of("MembershipRegistry") == addresses.membership
