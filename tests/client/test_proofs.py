"""Proofs that a reader is shown step by step: each step is hashed here, and no lie gets through."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymerkle import InmemoryTree

from client.proofs import (
    EventProof,
    UnknownDocument,
    prove_consistency,
    prove_document,
    prove_event,
)
from client.trust import Trust
from ledger.audit.errors import ForgedEvent
from ledger.errors import ConcordError, IntegrityError
from ledger.events import encode_leaf
from ledger.merkle import (
    Checkpoint,
    MerkleTree,
    build_receipt,
    leaf_hash,
    node_hash,
    sign_checkpoint,
)
from ledger.merkle.tiles import TILE_HEIGHT, TileAddress, parse_tile_path
from tests.support.examples import DOMAIN, signed_event
from tests.support.ledgers import log_key

KEY = log_key(DOMAIN.origin)
TRUST = Trust(DOMAIN.origin, str(KEY.verifier), DOMAIN.chain_id)


def leaves(count: int) -> list[bytes]:
    return [
        encode_leaf(signed_event("access.suspended", number=n), recorded_at=1_790_000_000_000 + n)
        for n in range(count)
    ]


def tree_of(entries: list[bytes]) -> MerkleTree:
    return MerkleTree([leaf_hash(entry) for entry in entries])


def receipt_of(entries: list[bytes], index: int) -> bytes:
    tree = tree_of(entries)
    note = sign_checkpoint(Checkpoint(DOMAIN.origin, len(entries), tree.root()), KEY)
    return build_receipt(entries[index], index, tree.inclusion(index), note)


ENTRIES = [b"%d" % n for n in range(600)]
TREE = tree_of(ENTRIES)


def oracle_of(entries: list[bytes]) -> InmemoryTree:
    """An independent tree with the same leaves."""
    tree = InmemoryTree(algorithm="sha256")
    for entry in entries:
        tree.append_entry(entry)
    return tree


ORACLE = oracle_of(ENTRIES)


@settings(max_examples=25)
@given(st.integers(1, 40), st.data())
def test_the_steps_are_those_of_another_implementation(count: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, count - 1))
    entries = leaves(count)
    oracle = oracle_of(entries)
    proof = prove_event(receipt_of(entries, index), TRUST)
    assert proof.checkpoint.root == oracle.get_root(count)
    # pymerkle counts from 1 and puts the leaf's own hash before the path.
    own, *path = oracle.prove_inclusion(index + 1, count).path
    assert proof.leaf_hash == own
    assert [step.sibling for step in proof.steps] == path


@settings(max_examples=25)
@given(st.integers(1, 600), st.integers(1, 600))
def test_the_roots_of_two_sizes_are_those_of_another_implementation(one: int, other: int) -> None:
    first, second = sorted((one, other))
    checkpoint = Checkpoint(DOMAIN.origin, 600, ORACLE.get_root(600))
    found = prove_consistency(first, second, checkpoint, fetcher())
    assert found.first_root == ORACLE.get_root(first)
    assert found.second_root == ORACLE.get_root(second)


@pytest.mark.parametrize("count", [1, 2, 5, 8, 21])
def test_the_steps_lead_from_the_leaf_to_the_signed_root(count: int) -> None:
    entries = leaves(count)
    for index in range(count):
        proof = prove_event(receipt_of(entries, index), TRUST)
        reached = proof.leaf_hash
        for step in proof.steps:
            pair = (step.sibling, reached) if step.side == "left" else (reached, step.sibling)
            reached = node_hash(*pair)
            assert step.result == reached
        assert reached == proof.checkpoint.root
        assert proof.event["kind"] == "access.suspended"


def test_a_receipt_with_one_byte_changed_proves_nothing() -> None:
    document = receipt_of(leaves(5), 3)
    for at in range(0, len(document), 7):
        broken = document[:at] + bytes([document[at] ^ 1]) + document[at + 1 :]
        with pytest.raises(ConcordError):
            prove_event(broken, TRUST)


def test_an_event_that_no_key_has_signed_is_in_the_log_and_said_to_be_unconfirmed() -> None:
    entries = leaves(5)
    unsigned = replace(signed_event("access.suspended"), signature="0x" + "11" * 90)
    entries[3] = encode_leaf(unsigned, recorded_at=1_790_000_000_003)
    proof = prove_document(receipt_of(entries, 3), TRUST)
    assert isinstance(proof, EventProof)
    assert proof.unconfirmed
    assert proof.checkpoint.root == oracle_of(entries).get_root(5)
    assert not prove_event(receipt_of(entries, 2), TRUST).unconfirmed


def test_a_leaf_that_is_no_event_proves_nothing_though_it_is_in_the_log() -> None:
    entries = [*leaves(2), b"{}"]
    with pytest.raises(ForgedEvent):
        prove_event(receipt_of(entries, 2), TRUST)


@pytest.mark.parametrize("document", [b"{}", b'{"v": 1}'])
def test_what_is_neither_a_receipt_nor_a_bundle_is_named(document: bytes) -> None:
    with pytest.raises(UnknownDocument):
        prove_document(document, TRUST)


def fetcher(*, lies: bool = False) -> Callable[[str], bytes]:
    """A server's tiles, made from the entries; one bit of each is wrong where it lies."""

    def fetch(path: str) -> bytes:
        address = parse_tile_path(path.removeprefix("/"))
        assert isinstance(address, TileAddress)
        span = 1 << TILE_HEIGHT * address.level
        start = address.n * 256
        hashes = [
            tree_of(ENTRIES[at * span : (at + 1) * span]).root()
            for at in range(start, start + address.width)
        ]
        tile = b"".join(hashes)
        return bytes([tile[0] ^ 1]) + tile[1:] if lies else tile

    return fetch


@given(st.integers(1, 600), st.integers(1, 600))
def test_two_sizes_are_tied_to_the_signed_root(one: int, other: int) -> None:
    first, second = sorted((one, other))
    checkpoint = Checkpoint(DOMAIN.origin, 600, TREE.root())
    found = prove_consistency(first, second, checkpoint, fetcher())
    assert found.first_root == TREE.root(first)
    assert found.second_root == TREE.root(second)


def test_hashes_that_do_not_lead_to_the_signed_root_are_refused() -> None:
    checkpoint = Checkpoint(DOMAIN.origin, 600, TREE.root())
    with pytest.raises(IntegrityError):
        prove_consistency(100, 300, checkpoint, fetcher(lies=True))
