"""Receipts with no server."""

from __future__ import annotations

import pytest

from ledger.audit.errors import ForgedEvent
from ledger.merkle import Checkpoint, build_receipt, leaf_hash, sign_checkpoint
from ledger.merkle.errors import NoKnownSignature
from ledger.verify import verify_receipt
from tests.support.bundles import KEYS
from tests.support.histories import History
from tests.support.ledgers import CHAIN_ID, log_key


def receipt(history: History, index: int) -> bytes:
    proof = history.merkle.inclusion(index)
    return build_receipt(history.leaves[index], index, proof, history.checkpoint())


def test_a_receipt_gives_its_event(rich: tuple[History, bytes]) -> None:
    history, _ = rich
    verified = verify_receipt(receipt(history, 4), KEYS, chain_id=CHAIN_ID)
    assert verified.recorded.event.kind == "dataset.registered"
    assert verified.signature_checked
    assert verified.checkpoint.size == history.size


def test_without_the_chains_id_the_members_signature_is_not_checked(
    rich: tuple[History, bytes],
) -> None:
    assert not verify_receipt(receipt(rich[0], 4), KEYS).signature_checked


def test_an_event_of_another_deployment_is_refused(rich: tuple[History, bytes]) -> None:
    with pytest.raises(ForgedEvent, match="recovers to"):
        verify_receipt(receipt(rich[0], 4), KEYS, chain_id=1)


def test_another_logs_key_is_refused(rich: tuple[History, bytes]) -> None:
    with pytest.raises(NoKnownSignature):
        verify_receipt(receipt(rich[0], 4), [log_key("other.test/log").verifier])


def test_a_leaf_that_is_no_event_is_named_though_the_log_has_signed_for_it() -> None:
    history = History()
    history.begin()
    leaf = b'{"v":1}'
    index = history.merkle.append(leaf_hash(leaf))
    signed = sign_checkpoint(
        Checkpoint(history.consortium.origin, history.merkle.size, history.merkle.root()),
        history.consortium.log_key,
    )
    forged = build_receipt(leaf, index, history.merkle.inclusion(index), signed)
    with pytest.raises(ForgedEvent, match=f"Event {index} is not genuine"):
        verify_receipt(forged, KEYS)
