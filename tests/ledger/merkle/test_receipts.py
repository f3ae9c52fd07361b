from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeAlias

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.merkle.anchors import Anchor
from ledger.merkle.checkpoints import Checkpoint, sign_checkpoint
from ledger.merkle.encoding import encode_base64
from ledger.merkle.entries import MAX_ENTRY_BYTES
from ledger.merkle.errors import (
    EntryTooLong,
    IndexBeyondSize,
    InvalidHash,
    InvalidSignature,
    MalformedProof,
    MalformedReceipt,
    NoKnownSignature,
    SizeShrank,
    WrongProofLength,
    WrongRoot,
)
from ledger.merkle.hashing import leaf_hash
from ledger.merkle.keys import SigningKey
from ledger.merkle.receipts import (
    Receipt,
    VerifiedReceipt,
    build_receipt,
    parse_receipt,
    verify_receipt,
)
from ledger.merkle.tlog_proof import TlogProof
from ledger.merkle.tree import MerkleTree

TamperCheck: TypeAlias = Callable[[bytes, Callable[[bytes], object], range], list[int]]
Sign: TypeAlias = Callable[[MerkleTree, int], str]

INDEX, SIZE, ANCHORED_SIZE = 3, 6, 11


@pytest.fixture(scope="module")
def anchor(big_tree: MerkleTree) -> Anchor:
    return Anchor(
        chain_id=2**52 - 1,
        contract="0x" + "aB" * 20,
        block_number=17,
        block_hash="0x" + "12" * 32,
        transaction_hash="0x" + "ef" * 32,
        size=ANCHORED_SIZE,
        root=big_tree.root(ANCHORED_SIZE),
        consistency=big_tree.consistency(SIZE, ANCHORED_SIZE),
    )


@pytest.fixture(scope="module")
def plain(big_tree: MerkleTree, sign_tree: Sign) -> bytes:
    """A receipt for the entry b"3" in a tree of six."""
    return build_receipt(b"3", INDEX, big_tree.inclusion(INDEX, SIZE), sign_tree(big_tree, SIZE))


@pytest.fixture(scope="module")
def anchored(big_tree: MerkleTree, sign_tree: Sign, anchor: Anchor) -> bytes:
    checkpoint = sign_tree(big_tree, SIZE)
    return build_receipt(b"3", INDEX, big_tree.inclusion(INDEX, SIZE), checkpoint, anchor)


def altered(document: bytes, **fields: Any) -> bytes:
    return json.dumps({**json.loads(document), **fields}).encode()


def altered_anchor(document: bytes, **fields: Any) -> bytes:
    return altered(document, anchor={**json.loads(document)["anchor"], **fields})


def test_a_receipt_is_one_json_document_with_a_tlog_proof(
    plain: bytes, anchored: bytes, big_tree: MerkleTree, sign_tree: Sign
) -> None:
    proof = TlogProof(INDEX, big_tree.inclusion(INDEX, SIZE), sign_tree(big_tree, SIZE))
    expected = {"v": 1, "leaf": "Mw==", "index": 3, "proof": str(proof), "anchor": None}
    assert json.loads(plain) == expected
    assert list(json.loads(plain)) == ["v", "leaf", "index", "proof", "anchor"]
    assert json.loads(anchored)["anchor"] == {
        "chainId": 2**52 - 1,
        "contract": "0x" + "aB" * 20,
        "blockNumber": 17,
        "blockHash": "0x" + "12" * 32,
        "transactionHash": "0x" + "ef" * 32,
        "size": 11,
        "root": encode_base64(big_tree.root(11)),
        "consistency": [encode_base64(value) for value in big_tree.consistency(6, 11)],
    }


def test_a_receipt_is_verified_with_nothing_but_the_key(
    plain: bytes, anchored: bytes, anchor: Anchor, big_tree: MerkleTree, log_key: SigningKey
) -> None:
    checkpoint = Checkpoint(log_key.name, SIZE, big_tree.root(SIZE))
    for document, expected in ((plain, None), (anchored, anchor)):
        receipt = parse_receipt(document)
        assert parse_receipt(document.decode()) == receipt
        verified = verify_receipt(receipt, [log_key.verifier])
        assert verified == VerifiedReceipt(INDEX, b"3", checkpoint, expected)


@settings(deadline=None, max_examples=50)
@given(st.lists(st.binary(max_size=300), min_size=1, max_size=40), st.data())
def test_every_leaf_of_any_log_has_a_receipt(entries: list[bytes], data: st.DataObject) -> None:
    key = SigningKey('quo"te.example/\\n—é', bytes(32))
    tree = MerkleTree([leaf_hash(entry) for entry in entries])
    size = data.draw(st.integers(1, tree.size))
    index = data.draw(st.integers(0, size - 1))
    note = sign_checkpoint(Checkpoint(key.name, size, tree.root(size)), key)
    document = build_receipt(entries[index], index, tree.inclusion(index, size), note)
    verified = verify_receipt(parse_receipt(document), [key.verifier])
    assert (verified.index, verified.leaf) == (index, entries[index])


def test_a_receipt_may_be_reformatted(anchored: bytes, log_key: SigningKey) -> None:
    pretty = json.dumps(json.loads(anchored), indent=2, sort_keys=True)
    assert parse_receipt(pretty) == parse_receipt(anchored)
    assert verify_receipt(parse_receipt(pretty), [log_key.verifier])


def test_a_receipt_for_another_leaf_or_index_is_refused(
    plain: bytes, log_key: SigningKey, other_key: SigningKey
) -> None:
    receipt, keys = parse_receipt(plain), [log_key.verifier]
    with pytest.raises(WrongRoot, match="leaf 3"):
        verify_receipt(replace(receipt, leaf=b"4"), keys)
    with pytest.raises(WrongRoot):
        verify_receipt(replace(receipt, proof=replace(receipt.proof, index=2)), keys)
    with pytest.raises(IndexBeyondSize):
        verify_receipt(replace(receipt, proof=replace(receipt.proof, index=6)), keys)
    with pytest.raises(WrongProofLength):
        verify_receipt(replace(receipt, proof=replace(receipt.proof, hashes=())), keys)
    with pytest.raises(NoKnownSignature):
        verify_receipt(receipt, [other_key.verifier])


def test_a_forged_checkpoint_is_refused(plain: bytes, log_key: SigningKey) -> None:
    receipt = parse_receipt(plain)
    forged = replace(receipt.proof, checkpoint=receipt.proof.checkpoint.replace("\n6\n", "\n7\n"))
    with pytest.raises(InvalidSignature):
        verify_receipt(replace(receipt, proof=forged), [log_key.verifier])


@pytest.mark.parametrize(
    "fields",
    [
        {"v": 2},
        {"v": 0},
        {"v": "1"},
        {"v": True},
        {"v": 1.0},
        {"v": None},
        {"index": 4},
        {"index": "3"},
        {"index": 3.0},
        {"index": -3},
        {"index": None},
        {"leaf": None},
        {"leaf": "Mw"},
        {"leaf": "Mx=="},
        {"leaf": "Mw==\n"},
        {"leaf": ["Mw=="]},
        {"proof": None},
        {"proof": {}},
        {"anchor": {}},
        {"anchor": []},
        {"anchor": False},
        {"anchor": "null"},
        {"more": None},
        {"Leaf": "Mw=="},
    ],
)
def test_a_field_of_another_form_is_refused(plain: bytes, fields: dict[str, Any]) -> None:
    with pytest.raises(MalformedReceipt):
        parse_receipt(altered(plain, **fields))


@pytest.mark.parametrize("name", ["v", "leaf", "index", "proof", "anchor"])
def test_a_missing_field_is_refused(plain: bytes, name: str) -> None:
    fields = json.loads(plain)
    del fields[name]
    with pytest.raises(MalformedReceipt, match="exactly the fields"):
        parse_receipt(json.dumps(fields))


def test_a_field_that_stands_twice_is_refused(plain: bytes) -> None:
    with pytest.raises(MalformedReceipt, match="twice"):
        parse_receipt(plain.replace(b'"index":3', b'"index":3,"index":3'))


def test_a_proof_that_is_none_is_refused(plain: bytes) -> None:
    for proof in ("", "c2sp.org/tlog-proof@v2\n", "c2sp.org/tlog-proof@v1\r\nindex 3\r\n\r\n"):
        with pytest.raises(MalformedProof):
            parse_receipt(altered(plain, proof=proof))


def test_extra_data_is_refused_as_nothing_authenticates_it(plain: bytes) -> None:
    proof = json.loads(plain)["proof"].replace("index", "extra YQ==\nindex", 1)
    assert TlogProof.parse(proof).extra == b"a"
    with pytest.raises(MalformedReceipt, match="extra"):
        parse_receipt(altered(plain, proof=proof))


def test_a_leaf_no_log_can_hold_is_refused(plain: bytes) -> None:
    longest = altered(plain, leaf=encode_base64(bytes(MAX_ENTRY_BYTES)))
    assert len(parse_receipt(longest).leaf) == MAX_ENTRY_BYTES
    with pytest.raises(EntryTooLong):
        parse_receipt(altered(plain, leaf=encode_base64(bytes(MAX_ENTRY_BYTES + 1))))


@pytest.mark.parametrize("document", ["", "null", "[]", "{}", "1", '"receipt"', b"\xff", b"\0"])
def test_what_is_no_receipt_is_refused(document: str | bytes) -> None:
    with pytest.raises(MalformedReceipt):
        parse_receipt(document)


@pytest.mark.parametrize(
    "fields",
    [
        {"chainId": "1"},
        {"chainId": -1},
        {"chainId": True},
        {"contract": "0x" + "ab" * 19},
        {"contract": "ab" * 20},
        {"contract": "0x" + "ab" * 20 + "\n"},
        {"contract": 5},
        {"blockNumber": 1.5},
        {"blockHash": "0x" + "AB" * 32},
        {"blockHash": "0x" + "ab" * 31},
        {"transactionHash": "0x" + "ag" * 32},
        {"transactionHash": None},
        {"size": "11"},
        {"size": 2**63},
        {"root": "AAA"},
        {"root": None},
        {"consistency": None},
        {"consistency": "AAAA"},
        {"consistency": [1]},
        {"consistency": ["AAA"]},
        {"more": 1},
    ],
)
def test_an_anchor_of_another_form_is_refused(anchored: bytes, fields: dict[str, Any]) -> None:
    with pytest.raises(MalformedReceipt):
        parse_receipt(altered_anchor(anchored, **fields))


def test_an_anchor_that_does_not_extend_the_receipt_is_refused(
    anchored: bytes, anchor: Anchor, big_tree: MerkleTree, log_key: SigningKey
) -> None:
    receipt = parse_receipt(anchored)

    def verify(**changes: Any) -> None:
        wrong = replace(receipt, anchor=replace(anchor, **changes))
        verify_receipt(wrong, [log_key.verifier])

    with pytest.raises(WrongRoot, match="two histories"):
        verify(root=big_tree.root(12))
    with pytest.raises(WrongRoot):
        verify(size=SIZE, consistency=())
    with pytest.raises(WrongProofLength):
        verify(size=17)
    with pytest.raises(WrongProofLength):
        verify(consistency=anchor.consistency[:-1])
    with pytest.raises(WrongProofLength):
        verify(consistency=(*anchor.consistency, bytes(32)))
    with pytest.raises(SizeShrank, match="from 6 to 5"):
        verify(size=5, root=big_tree.root(5), consistency=())
    with pytest.raises(InvalidHash):
        verify(root=anchor.root[:-1])
    with pytest.raises(InvalidHash):
        verify(consistency=(anchor.consistency[0][1:], *anchor.consistency[1:]))


def test_an_anchor_at_the_size_of_the_receipt_needs_no_proof(
    anchored: bytes, anchor: Anchor, big_tree: MerkleTree, log_key: SigningKey
) -> None:
    same = replace(anchor, size=SIZE, root=big_tree.root(SIZE), consistency=())
    receipt = replace(parse_receipt(anchored), anchor=same)
    assert verify_receipt(receipt, [log_key.verifier]).anchor == same


def read_fully(document: bytes, key: SigningKey) -> VerifiedReceipt:
    return verify_receipt(parse_receipt(document), [key.verifier])


def test_every_altered_bit_of_a_receipt_is_refused(
    assert_tamper_proof: TamperCheck, plain: bytes, log_key: SigningKey
) -> None:
    flips = [1, 2, 4, 8, 16, 32, 64, 128]
    assert assert_tamper_proof(plain, lambda data: read_fully(data, log_key), flips) == []


@pytest.mark.slow
def test_every_altered_byte_of_a_receipt_is_refused(
    assert_tamper_proof: TamperCheck, plain: bytes, log_key: SigningKey
) -> None:
    harmless = assert_tamper_proof(plain, lambda data: read_fully(data, log_key), range(1, 256))
    assert harmless == []


def test_an_altered_anchor_is_refused_or_makes_another_claim_about_the_chain(
    assert_tamper_proof: TamperCheck, anchored: bytes, log_key: SigningKey
) -> None:
    def bound(document: bytes) -> tuple[object, ...]:
        verified = read_fully(document, log_key)
        assert verified.anchor is not None
        at = verified.anchor
        return verified.index, verified.leaf, verified.checkpoint, at.root, at.consistency

    flips = [1, 2, 4, 8, 16, 32, 64, 128]
    harmless = assert_tamper_proof(anchored, bound, flips)
    claims = range(anchored.index(b'"chainId":'), anchored.index(b',"root":'))
    assert set(harmless) <= set(claims)


def test_a_receipt_cut_anywhere_is_refused(plain: bytes) -> None:
    for length in range(len(plain)):
        with pytest.raises(MalformedReceipt):
            parse_receipt(plain[:length])


def test_a_receipt_can_be_taken_apart_without_a_key(plain: bytes) -> None:
    receipt = parse_receipt(plain)
    assert isinstance(receipt, Receipt)
    assert (receipt.index, receipt.leaf, receipt.anchor) == (3, b"3", None)
