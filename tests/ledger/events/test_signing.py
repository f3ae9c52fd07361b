"""Signatures: one form counts, and only for the ledger and the event it was made for."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data
from eth_keys.backends.coincurve import CoinCurveECCBackend
from eth_keys.backends.native.main import NativeECCBackend
from eth_keys.datatypes import PrivateKey, Signature
from eth_keys.exceptions import BadSignature
from eth_utils.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import InvalidInput, Refused
from ledger.events import Domain, Event, SigningKey, digest, sign, typed_data, verify_signature
from ledger.events.signing import InvalidKey, InvalidSignature, WrongSigner, recover
from tests.support.examples import DOMAIN, EXAMPLES, LAB, STEWARD, signed_event

N = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
P = 2**256 - 2**32 - 977

secrets = st.integers(1, N - 1).map(lambda k: k.to_bytes(32, "big"))
digests = st.binary(min_size=32, max_size=32)


def encode(r: int, s: int, v: int) -> str:
    return "0x" + (r.to_bytes(32, "big") + s.to_bytes(32, "big") + bytes([v])).hex()


def parts(signature: str) -> tuple[int, int, int]:
    raw = bytes.fromhex(signature[2:])
    return int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:64], "big"), raw[64]


def with_signature(signature: str) -> Event:
    return dataclasses.replace(signed_event("access.used"), signature=signature)


@given(secrets, digests)
def test_signing_equals_eth_keys_and_eth_account(secret: bytes, message: bytes) -> None:
    ours = SigningKey(secret).sign_digest(message)
    theirs = PrivateKey(secret, backend=CoinCurveECCBackend()).sign_msg_hash(message)
    assert parts(ours) == (theirs.r, theirs.s, theirs.v + 27)
    account = Account.from_key(secret)
    assert ours[2:] == account.unsafe_sign_hash(message).signature.hex()
    assert SigningKey(secret).address == account.address


@given(secrets, digests)
def test_what_is_signed_recovers_to_the_signer(secret: bytes, message: bytes) -> None:
    key = SigningKey(secret)
    r, s, v = parts(key.sign_digest(message))
    assert recover(message, encode(r, s, v)) == key.address
    assert s <= N // 2


@given(digests, st.integers(0, 2**256 - 1), st.integers(0, N // 2), st.sampled_from([27, 28]))
def test_recovery_of_any_numbers_equals_pure_python_eth_keys(
    message: bytes, r: int, s: int, v: int
) -> None:
    try:
        point = NativeECCBackend().ecdsa_recover(message, Signature(vrs=(v - 27, r, s)))
        expected = point.to_checksum_address()
    except (BadSignature, ValidationError):
        with pytest.raises(InvalidSignature):
            recover(message, encode(r, s, v))
    else:
        assert recover(message, encode(r, s, v)) == expected


@pytest.mark.parametrize("kind", sorted(EXAMPLES))
def test_a_signed_event_verifies_here_and_in_eth_account(kind: str) -> None:
    event = signed_event(kind, key=LAB)
    verify_signature(event, DOMAIN)
    message = encode_typed_data(full_message=typed_data(event, DOMAIN))
    assert Account.recover_message(message, signature=event.signature) == LAB.address


def test_the_malleable_twin_of_a_signature_is_refused() -> None:
    event = signed_event("access.used")
    r, s, v = parts(event.signature)
    twin = encode(r, N - s, 55 - v)
    # The twin is a valid signature by the same key to any library that does not look.
    message = encode_typed_data(full_message=typed_data(event, DOMAIN))
    assert Account.recover_message(message, signature=twin) == event.actor
    with pytest.raises(InvalidSignature, match="upper half of the order; sign again with low s"):
        verify_signature(with_signature(twin), DOMAIN)


def test_a_flipped_v_alone_is_somebody_elses_signature() -> None:
    r, s, v = parts(signed_event("access.used").signature)
    with pytest.raises((WrongSigner, InvalidSignature)):
        verify_signature(with_signature(encode(r, s, 55 - v)), DOMAIN)


def test_a_negated_s_alone_is_refused() -> None:
    r, s, v = parts(signed_event("access.used").signature)
    with pytest.raises(InvalidSignature, match="upper half"):
        verify_signature(with_signature(encode(r, N - s, v)), DOMAIN)


@pytest.mark.parametrize("v", [0, 1, 2, 3, 26, 29, 30, 31, 35, 36, 255])
def test_every_v_but_27_and_28_is_refused(v: int) -> None:
    r, s, _ = parts(signed_event("access.used").signature)
    with pytest.raises(InvalidSignature, match=f"is 27 or 28, not {v}"):
        verify_signature(with_signature(encode(r, s, v)), DOMAIN)


@pytest.mark.parametrize("size", [0, 1, 32, 64, 66, 130, 4096])
def test_every_length_but_65_bytes_is_refused(size: int) -> None:
    signature = (signed_event("access.used").signature[2:] * 64)[: 2 * size]
    with pytest.raises(InvalidSignature, match=f"65 bytes .*, not {size}"):
        verify_signature(with_signature("0x" + signature), DOMAIN)


@pytest.mark.parametrize(
    ("r", "s"),
    [
        (0, 0),
        (0, 1),
        (1, 0),
        (N, 1),
        (N + 1, 1),
        (P, 1),
        (2**256 - 1, 1),
        (N, 0),
        (5, 1),  # no point of the curve has this x
    ],
)
@pytest.mark.parametrize("v", [27, 28])
def test_numbers_outside_the_group_are_refused(r: int, s: int, v: int) -> None:
    with pytest.raises(InvalidSignature, match="fits no key"):
        verify_signature(with_signature(encode(r, s, v)), DOMAIN)


@pytest.mark.parametrize("s", [N // 2 + 1, N - 1, N, N + 1, 2**256 - 1])
def test_an_s_beyond_half_of_the_order_is_refused(s: int) -> None:
    r, _, v = parts(signed_event("access.used").signature)
    with pytest.raises(InvalidSignature, match="upper half"):
        verify_signature(with_signature(encode(r, s, v)), DOMAIN)


def test_the_largest_low_s_is_not_refused_for_its_size() -> None:
    r, _, v = parts(signed_event("access.used").signature)
    with pytest.raises(WrongSigner):
        verify_signature(with_signature(encode(r, N // 2, v)), DOMAIN)


def test_a_foreign_signature_is_refused_with_both_addresses() -> None:
    event = signed_event("access.used")
    foreign = LAB.sign_digest(digest(event, DOMAIN))
    with pytest.raises(WrongSigner) as caught:
        verify_signature(with_signature(foreign), DOMAIN)
    assert f"recovers to {LAB.address}, not to the actor {STEWARD.address}" in str(caught.value)


@pytest.mark.parametrize(
    "other",
    [
        Domain(DOMAIN.chain_id + 1, DOMAIN.origin),
        Domain(DOMAIN.chain_id, DOMAIN.origin + "2"),
        Domain(1, "ledger.example/test"),
    ],
)
def test_a_signature_does_not_hold_in_another_ledger(other: Domain) -> None:
    event = signed_event("access.used")
    with pytest.raises(WrongSigner, match="chain id or log's origin"):
        verify_signature(event, other)
    with pytest.raises(WrongSigner):
        verify_signature(signed_event("access.used", domain=other), DOMAIN)


@pytest.mark.parametrize(
    "change",
    [
        lambda e: {"kind": "access.denied"},
        lambda e: {"subject": "grant-2"},
        lambda e: {"summary": e.summary + " "},
        lambda e: {"issued_at": e.issued_at + 1},
        lambda e: {"nonce": "0x" + "00" * 32},
        lambda e: {"body_bytes": e.body_bytes.replace(b"190", b"191")},
        lambda e: {"actor": LAB.address},
    ],
    ids=["kind", "subject", "summary", "issuedAt", "nonce", "body", "actor"],
)
def test_a_signature_does_not_hold_for_another_event(
    change: Callable[[Event], dict[str, object]],
) -> None:
    event = signed_event("access.used")
    altered = dataclasses.replace(event, **change(event))  # type: ignore[arg-type]
    with pytest.raises(WrongSigner):
        verify_signature(altered, DOMAIN)


@pytest.mark.parametrize(
    "signature",
    ["", "0x0", "1b" * 65, "0X" + "1b" * 65, "0x" + "1B" * 65, "0x" + "zz" * 65,
     "0x" + "1b " * 65, "0x" + "1b" * 65 + "\n", "\u0660x" + "1b" * 65],
)  # fmt: skip
def test_what_is_no_lower_case_hex_is_refused(signature: str) -> None:
    with pytest.raises(InvalidSignature, match="0x and lower-case hex digits"):
        recover(bytes(32), signature)


@pytest.mark.parametrize("size", [0, 31, 33, 64])
def test_only_a_digest_of_32_bytes_recovers(size: int) -> None:
    with pytest.raises(InvalidSignature):
        recover(bytes(size), signed_event("access.used").signature)


def test_only_the_actor_can_sign_an_event() -> None:
    with pytest.raises(WrongSigner, match=f"{STEWARD.address} must sign this event, not"):
        sign(signed_event("access.used"), LAB, DOMAIN)


@pytest.mark.parametrize(
    "secret",
    [b"", bytes(32), b"\x01" * 31, b"\x01" * 33, N.to_bytes(32, "big"), b"\xff" * 32],
    ids=["empty", "zero", "short", "long", "the order", "beyond it"],
)
def test_what_is_no_private_key_is_refused_without_being_repeated(secret: bytes) -> None:
    with pytest.raises(InvalidKey) as caught:
        SigningKey(secret)
    message = f"{caught.value} {caught.value.__cause__}"
    assert "32 bytes, from 1 to the order of secp256k1 less 1" in message
    assert caught.value.__suppress_context__
    assert str(int.from_bytes(secret, "big")) not in message or len(secret) != 32 or not any(secret)


@pytest.mark.parametrize("secret", [1, 2, N - 1])
def test_the_smallest_and_largest_keys_work(secret: int) -> None:
    key = SigningKey(secret.to_bytes(32, "big"))
    assert recover(bytes(32), key.sign_digest(bytes(32))) == key.address
    assert key.secret == secret.to_bytes(32, "big")


def test_a_key_is_never_shown() -> None:
    assert repr(LAB) == str(LAB) == f"SigningKey({LAB.address})"
    assert LAB.secret.hex() not in repr(vars(type(LAB)))


def test_the_first_key_has_the_address_that_everyone_knows() -> None:
    key = SigningKey((1).to_bytes(32, "big"))
    assert key.address == "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf"


def test_errors_have_stable_codes_and_kinds() -> None:
    assert (InvalidSignature.code, WrongSigner.code, InvalidKey.code) == (
        "invalid-signature",
        "wrong-signer",
        "invalid-key",
    )
    assert issubclass(InvalidSignature, InvalidInput)
    assert issubclass(WrongSigner, Refused)
