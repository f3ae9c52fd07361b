"""EIP-712: the shortcut gives what eth-account's general encoder gives, and binds to one ledger."""

from __future__ import annotations

import dataclasses
import hashlib
import json

import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import InvalidInput
from ledger.events import Domain, Event, digest, typed_data
from ledger.events.canonical import JsonObject, canonical
from ledger.events.identifiers import LATEST, to_checksum_address
from ledger.events.typed_data import body_hash, sealed_read_digest, sealed_read_typed_data
from ledger.keccak import keccak
from tests.support import jcs
from tests.support.examples import DOMAIN, EXAMPLES, LAB, body_of, signed_event

addresses = st.binary(min_size=20, max_size=20).map(to_checksum_address)
words = st.binary(min_size=32, max_size=32)
domains = st.builds(
    Domain, chain_id=st.integers(1, 2**53 - 1), origin=st.text(st.characters(codec="utf-8"))
)
# Beyond what parsing would let in: the digest is right for any strings.
events = st.builds(
    lambda kind, **changes: dataclasses.replace(signed_event(kind), **changes),
    kind=st.sampled_from(sorted(EXAMPLES)),
    subject=jcs.text,
    summary=jcs.text,
    actor=addresses,
    issued_at=st.integers(0, LATEST),
    nonce=words.map(lambda word: "0x" + word.hex()),
    body_bytes=jcs.objects(jcs.integers | jcs.floats).map(canonical),
)


def reference_digest(data: JsonObject) -> bytes:
    """EIP-712 by eth-account, from the JSON text that a wallet is given."""
    message = encode_typed_data(full_message=json.loads(json.dumps(data)))
    return keccak(b"\x19" + message.version + message.header + message.body)


@given(events, domains)
def test_a_digest_equals_eth_accounts(event: Event, domain: Domain) -> None:
    assert digest(event, domain) == reference_digest(typed_data(event, domain))


@pytest.mark.parametrize("kind", sorted(EXAMPLES))
def test_a_digest_of_each_kind_equals_eth_accounts(kind: str) -> None:
    event = signed_event(kind)
    assert digest(event, DOMAIN) == reference_digest(typed_data(event, DOMAIN))


@given(addresses, words, st.integers(0, LATEST), domains)
def test_a_sealed_read_equals_eth_accounts(
    reader: str, commitment: bytes, issued_at: int, domain: Domain
) -> None:
    ours = sealed_read_digest(
        reader=reader, commitment=commitment, issued_at=issued_at, domain=domain
    )
    data = sealed_read_typed_data(
        reader=reader, commitment=commitment, issued_at=issued_at, domain=domain
    )
    assert ours == reference_digest(data)


def test_the_digest_is_the_formula_of_eip_712_written_out() -> None:
    event = signed_event("access.used")
    type_text = (
        b"Event(string kind,string subject,string summary,address actor,uint64 issuedAt,"
        b"bytes32 nonce,bytes32 bodyHash)"
    )
    domain_text = b"EIP712Domain(string name,string version,uint256 chainId,bytes32 salt)"
    separator = keccak(
        keccak(domain_text)
        + keccak(b"Concord Ledger")
        + keccak(b"1")
        + DOMAIN.chain_id.to_bytes(32, "big")
        + hashlib.sha256(DOMAIN.origin.encode()).digest()
    )
    struct = keccak(
        keccak(type_text)
        + keccak(b"access.used")
        + keccak(event.subject.encode())
        + keccak(event.summary.encode())
        + bytes(12)
        + bytes.fromhex(event.actor[2:])
        + event.issued_at.to_bytes(32, "big")
        + bytes.fromhex(event.nonce[2:])
        + hashlib.sha256(jcs.jcs(EXAMPLES["access.used"])).digest()
    )
    assert digest(event, DOMAIN) == keccak(b"\x19\x01" + separator + struct)
    assert separator == DOMAIN.separator


def test_the_digest_of_one_event_never_changes() -> None:
    """Recorded once: another value here would break every signature in every ledger."""
    event = signed_event("access.used")
    assert digest(event, DOMAIN).hex() == (
        "3aaa15c3478fddb7261b192ea280db9dc05b17d1739efacd9b28033bba524c74"
    )
    assert event.id.hex() == "fd982ee907b23b57698d7083afdcbfc1f7da841c2468bb4f3ba7c4436d5a38d0"


@given(events, domains, domains)
def test_two_ledgers_never_share_a_digest(event: Event, one: Domain, other: Domain) -> None:
    assert (digest(event, one) == digest(event, other)) == (one == other)


def test_chain_id_and_origin_each_separate_ledgers() -> None:
    event = signed_event("access.used")
    others = [
        dataclasses.replace(DOMAIN, chain_id=DOMAIN.chain_id + 1),
        dataclasses.replace(DOMAIN, origin=DOMAIN.origin + "/"),
        dataclasses.replace(DOMAIN, origin=DOMAIN.origin.upper()),
    ]
    digests = {digest(event, domain) for domain in [DOMAIN, *others]}
    assert len(digests) == 4


def test_every_signed_field_moves_the_digest() -> None:
    event = signed_event("access.used")
    changes: list[dict[str, object]] = [
        {"kind": "access.denied"},
        {"subject": "grant-2"},
        {"summary": event.summary + " "},
        {"actor": LAB.address},
        {"issued_at": event.issued_at + 1},
        {"nonce": "0x" + "00" * 32},
        {"body_bytes": b"{}"},
    ]
    digests = {digest(dataclasses.replace(event, **change), DOMAIN) for change in changes}  # type: ignore[arg-type]
    assert len(digests | {digest(event, DOMAIN)}) == len(changes) + 1


def test_text_cannot_move_from_one_field_to_its_neighbour() -> None:
    event = signed_event("access.used")
    one = dataclasses.replace(event, subject="ab", summary="c")
    other = dataclasses.replace(event, subject="a", summary="bc")
    assert digest(one, DOMAIN) != digest(other, DOMAIN)


def test_an_event_and_a_sealed_read_never_share_a_digest() -> None:
    event = signed_event("access.used")
    read = sealed_read_digest(
        reader=event.actor, commitment=body_hash(event), issued_at=0, domain=DOMAIN
    )
    assert read != digest(event, DOMAIN)


def test_a_wallet_is_given_numbers_and_text_that_json_carries() -> None:
    data = typed_data(signed_event("access.used"), DOMAIN)
    assert json.loads(json.dumps(data)) == data
    domain, message = data["domain"], data["message"]
    assert isinstance(domain, dict)
    assert isinstance(message, dict)
    assert domain["chainId"] == DOMAIN.chain_id
    assert message["summary"] == signed_event("access.used").summary
    types = data["types"]
    assert isinstance(types, dict)
    assert set(types) == {"EIP712Domain", "Event"}


def test_a_wallets_signature_is_ours() -> None:
    for kind in ("access.used", "run.completed"):
        event = signed_event(kind, body_of(kind), key=LAB)
        wallet = Account.sign_typed_data(LAB.secret, full_message=typed_data(event, DOMAIN))
        assert wallet.signature.hex() == event.signature[2:]


@pytest.mark.parametrize("chain_id", [0, -1, 2**53, 2**64, 2**256])
def test_a_chain_id_that_wallets_cannot_read_is_refused(chain_id: int) -> None:
    with pytest.raises(InvalidInput, match="A chain id is between 1 and 2"):
        Domain(chain_id, "ledger.example/test")


def test_domains_are_equal_by_what_they_name() -> None:
    assert Domain(5, "a") == Domain(5, "a")
    assert Domain(5, "a") != Domain(5, "b")
    assert Domain(5, "a") != Domain(6, "a")
