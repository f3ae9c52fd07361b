"""Who and what may wait for a block; every refusal by name."""

from __future__ import annotations

from pathlib import Path

import pytest
import rlp
from eth_account import Account
from eth_account.signers.local import LocalAccount
from eth_typing import Address
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.chain.admission import (
    MAX_INIT_CODE_BYTES,
    MAX_TRANSACTION_BYTES,
    Admission,
)
from ledger.chain.errors import (
    InsufficientFunds,
    SenderNotPermitted,
    TransactionForOtherChain,
    TransactionMalformed,
)
from ledger.chain.evm import TRANSACTION_GAS_LIMIT
from ledger.chain.node import EmbeddedNode
from ledger.chain.signing import KeySigner, TransactionDraft
from tests.support.chains import CHAIN_ID, embedded_node, everyone, new_signer

SECP256K1_N = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
ADMISSION = Admission(CHAIN_ID, everyone)


@pytest.fixture
def account() -> LocalAccount:
    return Account.create()


def signed(account: LocalAccount, **changes: object) -> bytes:
    fields: dict[str, object] = {
        "chainId": CHAIN_ID,
        "nonce": 0,
        "to": account.address,
        "value": 0,
        "gas": 21_000,
        "maxFeePerGas": 0,
        "maxPriorityFeePerGas": 0,
        **changes,
    }
    return bytes(account.sign_transaction(fields).raw_transaction)


def legacy(account: LocalAccount, **changes: object) -> bytes:
    fields = {"nonce": 0, "to": account.address, "value": 0, "gas": 21_000, "gasPrice": 0}
    return bytes(account.sign_transaction({**fields, **changes}).raw_transaction)


def test_a_proper_transaction_is_admitted_with_its_sender(account: LocalAccount) -> None:
    for raw in (signed(account), legacy(account, chainId=CHAIN_ID)):
        assert ADMISSION.admit(raw).sender == bytes.fromhex(account.address[2:])


@pytest.mark.parametrize("other", [1, CHAIN_ID + 1, 2**52 - 1])
def test_a_transaction_for_another_chain_is_refused(account: LocalAccount, other: int) -> None:
    for raw in (signed(account, chainId=other), legacy(account, chainId=other)):
        with pytest.raises(TransactionForOtherChain, match=str(CHAIN_ID)):
            ADMISSION.admit(raw)


def test_a_transaction_for_any_chain_is_refused(account: LocalAccount) -> None:
    with pytest.raises(TransactionForOtherChain, match="for any"):
        ADMISSION.admit(legacy(account))


def test_only_permitted_senders_are_admitted_and_the_list_is_asked_each_time(
    account: LocalAccount,
) -> None:
    members: set[Address] = set()
    admission = Admission(CHAIN_ID, members.__contains__)
    with pytest.raises(SenderNotPermitted, match=account.address):
        admission.admit(signed(account))
    members.add(Address(bytes.fromhex(account.address[2:])))
    admission.admit(signed(account))
    members.clear()
    with pytest.raises(SenderNotPermitted):
        admission.admit(signed(account))


def test_a_draft_of_an_unpermitted_signer_is_refused(tmp_path: Path) -> None:
    operator, stranger = new_signer(), new_signer()
    node = embedded_node(tmp_path / "closed", is_permitted=lambda each: each == operator.address)
    draft = TransactionDraft(operator.address)
    with pytest.raises(SenderNotPermitted):
        node.send_drafts([draft], stranger)
    (outcome,) = node.send_drafts([draft], operator)
    assert isinstance(outcome, bytes)
    node.close()


def test_what_a_node_has_signed_itself_bears_a_signature_of_its_sender(node: EmbeddedNode) -> None:
    signer = new_signer()
    draft = TransactionDraft(signer.address, data=b"anything")
    (outcome,) = node.send_drafts([draft], signer)
    number = node.head().block_number
    stored = node.chain.get_canonical_transaction_by_index(number, 0)
    assert stored.hash == outcome
    assert stored.sender == signer.address
    assert node.transaction(node.head(), 0).sender == signer.address


def test_blobs_and_set_code_authorisations_are_refused(account: LocalAccount) -> None:
    authorization = account.sign_authorization(
        {"chainId": CHAIN_ID, "address": account.address, "nonce": 1}
    )
    raw = signed(account, type=4, gas=100_000, authorizationList=[authorization])
    with pytest.raises(TransactionMalformed, match="type not supported: 4"):
        ADMISSION.admit(raw)
    blob = [CHAIN_ID, 0, 0, 0, 21_000, bytes(20), 0, b"", [], 1, [b"\1" + bytes(31)], 0, 1, 1]
    with pytest.raises(TransactionMalformed, match="type not supported: 3"):
        ADMISSION.admit(b"\3" + rlp.encode(blob))


def test_too_little_and_too_much_gas_is_refused(account: LocalAccount) -> None:
    with pytest.raises(TransactionMalformed, match="intrinsic gas too low"):
        ADMISSION.admit(signed(account, gas=20_999))
    # EIP-7623: 100 bytes that are not zero cost at least 40 gas each.
    with pytest.raises(TransactionMalformed, match="it takes 25000 gas"):
        ADMISSION.admit(signed(account, gas=24_999, data=b"\1" * 100))
    ADMISSION.admit(signed(account, gas=25_000, data=b"\1" * 100))
    ADMISSION.admit(signed(account, gas=TRANSACTION_GAS_LIMIT))
    with pytest.raises(TransactionMalformed, match="exceeds gas limit"):
        ADMISSION.admit(signed(account, gas=TRANSACTION_GAS_LIMIT + 1))


def test_too_much_data_is_refused(account: LocalAccount) -> None:
    code = bytes(MAX_INIT_CODE_BYTES + 1)
    with pytest.raises(TransactionMalformed, match="max initcode size"):
        ADMISSION.admit(signed(account, to=None, data=code, gas=5_000_000))
    ADMISSION.admit(signed(account, to=None, data=code[1:], gas=5_000_000))
    with pytest.raises(TransactionMalformed, match="oversized data"):
        ADMISSION.admit(bytes(MAX_TRANSACTION_BYTES + 1))


def test_the_last_nonce_is_refused(account: LocalAccount) -> None:
    with pytest.raises(TransactionMalformed, match="nonce"):
        ADMISSION.admit(signed(account, nonce=2**64 - 1))
    ADMISSION.admit(signed(account, nonce=2**64 - 2))


def test_the_other_signature_of_the_same_transaction_is_refused(account: LocalAccount) -> None:
    """s and n - s both verify; only the lower one is a transaction (EIP-2)."""
    raw = signed(account)
    fields = rlp.decode(raw[1:])
    s = int.from_bytes(fields[-1], "big")
    fields[-1] = (SECP256K1_N - s).to_bytes(32, "big").lstrip(b"\0")
    fields[-3] = b"" if fields[-3] == b"\1" else b"\1"
    with pytest.raises(TransactionMalformed, match="invalid signature"):
        ADMISSION.admit(raw[:1] + rlp.encode(fields))


@pytest.mark.parametrize(("r", "s"), [(0, 1), (1, 0), (0, 0), (SECP256K1_N, 1), (2**256, 1)])
def test_a_signature_out_of_range_is_refused(account: LocalAccount, r: int, s: int) -> None:
    for raw in (signed(account), legacy(account, chainId=CHAIN_ID)):
        prefix, payload = (raw[:1], raw[1:]) if raw[0] == 2 else (b"", raw)
        fields = rlp.decode(payload)
        fields[-2:] = [number.to_bytes(33, "big").lstrip(b"\0") for number in (r, s)]
        with pytest.raises(TransactionMalformed):
            ADMISSION.admit(prefix + rlp.encode(fields))


@pytest.mark.parametrize(
    "raw",
    [b"", b"\0", b"\2", b"\2\xc0", b"\x05\xc0", b"\xc0", b"\xff" * 10, b"\x80", b"\xb8\x00"],
)
def test_bytes_that_are_no_transaction_are_refused(raw: bytes) -> None:
    with pytest.raises(TransactionMalformed):
        ADMISSION.admit(raw)


def test_trailing_bytes_and_superfluous_zeros_are_refused(account: LocalAccount) -> None:
    raw = signed(account)
    with pytest.raises(TransactionMalformed):
        ADMISSION.admit(raw + b"\0")
    fields = rlp.decode(raw[1:])
    fields[4] = b"\0" + fields[4]
    with pytest.raises(TransactionMalformed):
        ADMISSION.admit(raw[:1] + rlp.encode(fields))


@settings(max_examples=200)
@given(position=st.integers(0, 10_000), value=st.integers(1, 255))
def test_a_changed_byte_never_passes_as_the_same_sender(position: int, value: int) -> None:
    account = Account.from_key(b"\7" * 32)
    raw = bytearray(signed(account, data=b"some call data"))
    raw[position % len(raw)] ^= value
    try:
        sender = ADMISSION.admit(bytes(raw)).sender
    except (TransactionMalformed, TransactionForOtherChain):
        return
    assert sender != bytes.fromhex(account.address[2:])


@given(raw=st.binary(max_size=300))
def test_arbitrary_bytes_are_refused_and_never_crash(raw: bytes) -> None:
    with pytest.raises((TransactionMalformed, TransactionForOtherChain)):
        ADMISSION.admit(raw)


@given(
    nonce=st.integers(0, 2**64 - 2),
    fees=st.tuples(st.integers(0, 2**128), st.integers(0, 2**128)),
    gas=st.integers(100_000, TRANSACTION_GAS_LIMIT),
    to=st.none() | st.binary(min_size=20, max_size=20),
    value=st.integers(0, 2**255),
    call_data=st.binary(max_size=100),
)
def test_our_signer_writes_the_bytes_that_eth_account_writes(
    *,
    nonce: int,
    fees: tuple[int, int],
    gas: int,
    to: bytes | None,
    value: int,
    call_data: bytes,
) -> None:
    account = Account.from_key(b"\7" * 32)
    signer = KeySigner.from_bytes(b"\7" * 32)
    target = None if to is None else Address(to)
    transaction = TransactionDraft(target, call_data, value).with_nonce(
        chain_id=CHAIN_ID, nonce=nonce, gas=gas, max_fee=fees[0], priority_fee=fees[1]
    )
    expected = signed(
        account,
        nonce=nonce,
        gas=gas,
        value=value,
        data=call_data,
        maxFeePerGas=fees[0],
        maxPriorityFeePerGas=fees[1],
        to=b"" if to is None else to,
    )
    assert signer.sign(transaction) == expected
    assert ADMISSION.admit(expected).sender == signer.address


def test_a_signer_does_not_show_its_key() -> None:
    signer = KeySigner.from_bytes(b"\7" * 32)
    assert "07" * 32 not in repr(signer)
    assert signer.address.hex() in repr(signer)


def test_value_that_the_sender_does_not_have_is_refused(
    node: EmbeddedNode, account: LocalAccount
) -> None:
    (outcome,) = node.send_raw([signed(account, value=1)])
    assert isinstance(outcome, InsufficientFunds)


def test_fees_that_a_wallet_offers_are_not_charged(
    node: EmbeddedNode, account: LocalAccount
) -> None:
    """A member without a coin can send whatever fees its wallet fills in."""
    generous = {"maxFeePerGas": 10**12, "maxPriorityFeePerGas": 10**10}
    (outcome,) = node.send_raw([signed(account, **generous)])
    assert isinstance(outcome, bytes)
    state = node.past(node.head()).state
    assert state.get_balance(bytes(20)) == 0
    assert node.head().base_fee_per_gas == 0
