"""Events that somebody else signs."""

from __future__ import annotations

import dataclasses

import pytest
from eth_account import Account

from client import SigningKey, Unsigned, drafts
from client.trust import Trust
from client.wallets import account_address, prepare
from ledger.events import Domain, digest, verify_signature
from ledger.events.identifiers import InvalidIdentifier
from ledger.events.signing import InvalidSignature, WrongSigner

TRUST = Trust("ledger.test/concord", "key", 31_337_000_001)
KEY = SigningKey(b"\x11" * 32)
DRAFT = drafts.revoke_grant("g-1", effective_at=0, retroactive=False, reason="over")


def unsigned() -> Unsigned:
    return prepare(
        DRAFT, actor=KEY.address, trust=TRUST, issued_at=1_790_000_000_000,
        random=bytes,
    )  # fmt: skip


def test_what_a_wallet_signs_is_a_signed_event_for_this_ledger_alone() -> None:
    made = unsigned()
    answer = Account.sign_typed_data(KEY.secret, full_message=made.typed_data)
    signed = made.signed("0x" + bytes(answer.signature).hex())
    verify_signature(signed.event, Domain(TRUST.chain_id, TRUST.origin))
    with pytest.raises(WrongSigner):
        verify_signature(signed.event, Domain(TRUST.chain_id + 1, TRUST.origin))


def test_sealed_fields_are_sealed_before_anyone_signs() -> None:
    made = unsigned()
    assert b"over" not in made.event.encode()
    assert [opening.value for opening in made.openings] == ["over"]


def test_a_recovery_id_of_0_or_1_is_understood() -> None:
    made = unsigned()
    text = KEY.sign_digest(digest(made.event, made.domain))
    short = f"{text[:-2]}{int(text[-2:], 16) - 27:02x}"
    assert made.signed(short.upper().replace("0X", "0x")).event.signature == text


@pytest.mark.parametrize("answer", ["", "0x1", "0x" + "00" * 4_097, "0x" + "zz" * 65, "sig"])
def test_what_is_no_signature_is_refused(answer: str) -> None:
    with pytest.raises(InvalidSignature):
        unsigned().signed(answer)


@pytest.mark.parametrize("answer", ["0x", "0x" + "AB" * 90, "0x" + "00" * 64 + "01"])
def test_what_may_be_a_contracts_signature_goes_to_the_service_as_it_came(answer: str) -> None:
    assert unsigned().signed(answer).event.signature == answer.lower()


def test_a_signature_by_another_account_or_over_something_else_is_no_key_of_the_actors() -> None:
    made = unsigned()
    other = SigningKey(b"\x22" * 32).sign_digest(digest(made.event, made.domain))
    changed = dataclasses.replace(made, event=dataclasses.replace(made.event, issued_at=1))
    for wrong in (made, changed):
        with pytest.raises(WrongSigner):
            verify_signature(wrong.signed(other).event, made.domain)


def test_an_account_is_spelled_in_eip_55_however_the_wallet_spells_it() -> None:
    assert account_address(KEY.address.lower()) == KEY.address
    with pytest.raises(InvalidIdentifier):
        account_address("0x12")
