"""A receipt proves that exactly what was sent is in the log, or it is refused by name."""

from __future__ import annotations

import base64
import dataclasses
import json
from collections.abc import Callable
from typing import Any

import pytest

from client import Signed, drafts
from client.errors import UnexpectedAnswer, WrongReceipt
from ledger.errors import ConcordError
from ledger.events import Event, SigningKey, build_event, digest, encode_leaf, sign
from ledger.events.identifiers import Milliseconds
from ledger.merkle import VerifierKey, build_receipt, parse_receipt, verify_receipt
from tests.support.adversary import LogServer, change, log_key, swap_proof
from tests.support.examples import LAB, STEWARD

Connect = Callable[..., Any]
Lie = Callable[[LogServer, dict[str, Any]], Any]
DRAFT = drafts.revoke_key(LAB.address)


def test_a_receipt_that_was_returned_verifies_with_no_server(
    server: LogServer, connect: Connect
) -> None:
    server.grow(4)
    recorded = connect().record(DRAFT)
    verified = verify_receipt(parse_receipt(recorded.receipt), (server.key.verifier,))
    assert verified.index == recorded.index == 4
    assert verified.leaf == server.history.leaves[4]
    assert server.events()[0].id.hex() == recorded.event_id
    assert not recorded.duplicate


def another_leaf(server: LogServer, receipt: dict[str, Any]) -> Any:
    """A valid receipt of somebody else's leaf."""
    honest, server.receipt = server.receipt, lambda r: r
    other = server.receipt_of(0)
    server.receipt = honest
    return other


def wrong_index(server: LogServer, receipt: dict[str, Any]) -> Any:
    return {**receipt, "index": receipt["index"] - 1}


def wrong_index_everywhere(server: LogServer, receipt: dict[str, Any]) -> Any:
    index = receipt["index"]
    changed = swap_proof(receipt, lambda t: t.replace(f"index {index}\n", f"index {index - 1}\n"))
    return {**changed, "index": index - 1}


def short_proof(server: LogServer, receipt: dict[str, Any]) -> Any:
    lines = receipt["proof"].split("\n")
    return {**receipt, "proof": "\n".join(lines[:2] + lines[3:])}


def flipped_proof(server: LogServer, receipt: dict[str, Any]) -> Any:
    lines = receipt["proof"].split("\n")
    raw = bytearray(base64.b64decode(lines[2]))
    raw[0] ^= 1
    lines[2] = base64.b64encode(raw).decode()
    return {**receipt, "proof": "\n".join(lines)}


def changed_leaf(server: LogServer, receipt: dict[str, Any]) -> Any:
    leaf = base64.b64decode(receipt["leaf"]) + b" "
    return {**receipt, "leaf": base64.b64encode(leaf).decode()}


def unsigned(server: LogServer, receipt: dict[str, Any]) -> Any:
    return swap_proof(receipt, lambda text: text[: text.rindex("— ")])


def signed_by_another_key(server: LogServer, receipt: dict[str, Any]) -> Any:
    right, server.key = server.key, log_key(server.origin, 8)
    honest, server.receipt = server.receipt, lambda r: r
    forged = server.receipt_of(receipt["index"])
    server.key, server.receipt = right, honest
    return forged


def bad_signature(server: LogServer, receipt: dict[str, Any]) -> Any:
    def spoil(text: str) -> str:
        start, name, encoded = text.rstrip("\n").rsplit(" ", 2)
        raw = bytearray(base64.b64decode(encoded))
        raw[-1] ^= 1
        return f"{start} {name} {base64.b64encode(raw).decode()}\n"

    return swap_proof(receipt, spoil)


def larger_size(server: LogServer, receipt: dict[str, Any]) -> Any:
    return swap_proof(receipt, lambda t: t.replace(f"\n{server.size}\n", f"\n{server.size + 1}\n"))


def version_two(server: LogServer, receipt: dict[str, Any]) -> Any:
    return {**receipt, "v": 2}


def extra_field(server: LogServer, receipt: dict[str, Any]) -> Any:
    return {**receipt, "more": 1}


def nothing(server: LogServer, receipt: dict[str, Any]) -> Any:
    return None


def a_list(server: LogServer, receipt: dict[str, Any]) -> Any:
    return [receipt]


def false_anchor(server: LogServer, receipt: dict[str, Any]) -> Any:
    return {**receipt, "anchor": {"chainId": 1}}


LIES = [
    another_leaf, wrong_index, wrong_index_everywhere, short_proof, flipped_proof, changed_leaf,
    unsigned, signed_by_another_key, bad_signature, larger_size, version_two, extra_field, nothing,
    a_list, false_anchor,
]  # fmt: skip


@pytest.mark.parametrize("lie", LIES)
def test_a_wrong_receipt_of_a_sent_event_is_refused_by_name(
    server: LogServer, connect: Connect, lie: Lie
) -> None:
    server.grow(6)
    server.receipt = lambda receipt: lie(server, receipt)
    with pytest.raises(WrongReceipt):
        connect().record(DRAFT)


@pytest.mark.parametrize("lie", LIES)
def test_a_wrong_receipt_of_an_asked_leaf_is_refused_by_name(
    server: LogServer, connect: Connect, lie: Lie
) -> None:
    server.grow(6)
    server.receipt = lambda receipt: lie(server, receipt)
    with pytest.raises(WrongReceipt):
        connect().receipt(5)


@pytest.mark.parametrize("lie", LIES)
def test_a_wrong_receipt_in_a_batch_is_refused_by_name(
    server: LogServer, connect: Connect, lie: Lie
) -> None:
    server.grow(6)
    ledger = connect()
    signed = [ledger.sign(DRAFT) for _ in range(2)]
    server.receipt = lambda receipt: lie(server, receipt)
    with pytest.raises(WrongReceipt):
        ledger.send_batch(signed)


def test_every_single_byte_of_a_receipt_counts(server: LogServer, connect: Connect) -> None:
    server.grow(3)
    ledger = connect()
    document = json.dumps(server.receipt_of(1), ensure_ascii=False).encode()
    ledger.receipt(1)
    for position in range(0, len(document), 7):
        changed = bytearray(document)
        changed[position] ^= 1
        try:
            value = json.loads(changed)
        except ValueError:
            continue
        if value == json.loads(document):
            continue
        server.receipt = lambda _, value=value: value
        with pytest.raises(WrongReceipt):
            ledger.receipt(1)


@pytest.mark.parametrize("index", [0, 99, None, "6", True])
def test_an_index_that_is_not_the_receipts_is_refused(
    server: LogServer, connect: Connect, index: object
) -> None:
    server.grow(6)
    ledger = connect()
    signed = ledger.sign(DRAFT)
    server.faults.append(change(index=index))
    with pytest.raises((WrongReceipt, UnexpectedAnswer)):
        ledger.send(signed)


def leaf_signed_by(signer: SigningKey, server: LogServer, event: Event) -> bytes:
    """The leaf of an event that somebody else signed in the actor's name."""
    forged = dataclasses.replace(event, signature=signer.sign_digest(digest(event, server.domain)))
    return encode_leaf(forged, Milliseconds(server.clock))


def test_an_event_that_was_recorded_with_a_strangers_signature_is_refused(
    server: LogServer, connect: Connect
) -> None:
    ledger = connect()
    signed = ledger.sign(DRAFT)
    leaf = leaf_signed_by(LAB, server, signed.event)

    def forge(receipt: dict[str, Any]) -> Any:
        server.history.leaves[-1] = leaf
        tree = server.history.tree
        document = build_receipt(leaf, 0, tree.inclusion(0), server.note)
        return json.loads(document)

    server.receipt = forge
    with pytest.raises(WrongReceipt, match="does not hold the event as it was sent"):
        ledger.send(signed)
    server.history.leaves.clear()


def test_the_same_event_signed_twice_is_one_event(server: LogServer, connect: Connect) -> None:
    ledger = connect()
    event = build_event(
        kind=DRAFT.kind, body=DRAFT.body, actor=STEWARD.address, issued_at=1, nonce=bytes(32)
    )
    ledger.connect()
    first = ledger.send(Signed(sign(event, STEWARD, server.domain)))
    again = ledger.send(Signed(sign(event, STEWARD, server.domain)))
    assert (again.index, again.event_id, again.duplicate) == (first.index, first.event_id, True)


def test_a_receipt_needs_the_trusted_key(server: LogServer, connect: Connect) -> None:
    recorded = connect().record(DRAFT)
    stranger = VerifierKey(server.origin, bytes(32))
    with pytest.raises(ConcordError):
        verify_receipt(parse_receipt(recorded.receipt), (stranger,))
