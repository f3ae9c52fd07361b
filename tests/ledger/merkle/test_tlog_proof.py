from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.merkle.checkpoints import Checkpoint
from ledger.merkle.errors import (
    IndexBeyondSize,
    MalformedNote,
    MalformedProof,
    NoKnownSignature,
    WrongProofLength,
    WrongRoot,
)
from ledger.merkle.keys import SigningKey
from ledger.merkle.tlog_proof import TlogProof, verify_tlog_proof
from ledger.merkle.tree import MerkleTree

TamperCheck: TypeAlias = Callable[[bytes, Callable[[bytes], object], range], list[int]]
Sign: TypeAlias = Callable[[MerkleTree, int], str]

# The example of C2SP tlog-proof, its extra data cut to whole base64.
EXAMPLE = """\
c2sp.org/tlog-proof@v1
extra YWdlLXYxLjIuMS1kYXJ3aW4tYXJtNjQudGFyLmd6
index 73894
gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=
B95lDa8R83lS8n0eG+o0buTxRKQTYFi//1U8anccXmA=
EKNzoDWG8LGC0Yp9o+sv3qllpMP9uHQ9B20KNL+Q1zs=
RoopEkOdqkYqMB4MJXrbt/hMjOxsVn0IrWjpz1ZMMes=
AHCioX9nLjsrse6YhjRRmk1WUEirVOLLRoOQ6vfO5vk=

example.com/fancylog
109482
sFodV/vSp5O8n9a8QpW6PRY97tfOSW5bsc2Xl/EQi08=

— example.com/fancylog hI2DJw==
"""
HASH = "gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ="


@pytest.fixture(scope="module")
def proof(big_tree: MerkleTree, sign_tree: Sign) -> TlogProof:
    return TlogProof(3, big_tree.inclusion(3, 6), sign_tree(big_tree, 6))


def test_the_example_of_the_specification_is_read_and_written() -> None:
    proof = TlogProof.parse(EXAMPLE)
    assert proof.index == 73_894
    assert len(proof.hashes) == 5
    assert proof.extra == b"age-v1.2.1-darwin-arm64.tar.gz"
    assert proof.checkpoint.startswith("example.com/fancylog\n109482\n")
    assert str(proof) == EXAMPLE
    assert TlogProof.parse(EXAMPLE.encode()) == proof


@given(
    st.integers(0, 2**63 - 1),
    st.lists(st.binary(min_size=32, max_size=32), max_size=63),
    st.none() | st.binary(max_size=40),
)
def test_any_proof_is_read_back(index: int, hashes: list[bytes], extra: bytes | None) -> None:
    proof = TlogProof(index, tuple(hashes), "checkpoint\n\n— x y\n", extra)
    assert TlogProof.parse(str(proof)) == proof


def test_every_leaf_of_small_trees_is_proven(
    big_tree: MerkleTree, sign_tree: Sign, log_key: SigningKey
) -> None:
    for size in range(1, 20):
        checkpoint = sign_tree(big_tree, size)
        for index in range(size):
            text = str(TlogProof(index, big_tree.inclusion(index, size), checkpoint))
            verified = verify_tlog_proof(
                TlogProof.parse(text), big_tree.leaf(index), [log_key.verifier]
            )
            assert verified == Checkpoint(log_key.name, size, big_tree.root(size))


def test_a_proof_of_another_leaf_is_refused(
    proof: TlogProof, big_tree: MerkleTree, log_key: SigningKey, other_key: SigningKey
) -> None:
    keys = [log_key.verifier]
    with pytest.raises(WrongRoot):
        verify_tlog_proof(proof, big_tree.leaf(2), keys)
    with pytest.raises(WrongRoot):
        verify_tlog_proof(TlogProof(2, proof.hashes, proof.checkpoint), big_tree.leaf(3), keys)
    with pytest.raises(IndexBeyondSize):
        verify_tlog_proof(TlogProof(6, proof.hashes, proof.checkpoint), big_tree.leaf(3), keys)
    with pytest.raises(NoKnownSignature):
        verify_tlog_proof(proof, big_tree.leaf(3), [other_key.verifier])


def test_a_proof_of_the_wrong_length_is_refused(
    proof: TlogProof, big_tree: MerkleTree, log_key: SigningKey
) -> None:
    for hashes in ((), proof.hashes[1:], proof.hashes[:-1], (*proof.hashes, bytes(32))):
        with pytest.raises(WrongProofLength):
            verify_tlog_proof(
                TlogProof(3, hashes, proof.checkpoint), big_tree.leaf(3), [log_key.verifier]
            )


def test_a_proof_without_a_checkpoint_proves_nothing(
    proof: TlogProof, big_tree: MerkleTree, log_key: SigningKey
) -> None:
    with pytest.raises(MalformedNote):
        verify_tlog_proof(TlogProof(3, proof.hashes, ""), big_tree.leaf(3), [log_key.verifier])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "c2sp.org/tlog-proof@v1",
        "c2sp.org/tlog-proof@v1\n",
        "c2sp.org/tlog-proof@v1\n\ncheckpoint\n",
        "c2sp.org/tlog-proof@v1\nindex 1\n",
        "c2sp.org/tlog-proof@v1\nextra YQ==\n\ncheckpoint\n",
        "c2sp.org/tlog-proof@v1\nindex 1\nextra YQ==\n\ncheckpoint\n",
        "c2sp.org/tlog-proof@v1\nextra YQ==\nextra YQ==\nindex 1\n\ncheckpoint\n",
        "c2sp.org/tlog-proof@v1\nextra YR==\nindex 1\n\ncheckpoint\n",
        "c2sp.org/tlog-proof@v1\nextra\nindex 1\n\ncheckpoint\n",
        f"c2sp.org/tlog-proof@v1\n{HASH}\nindex 1\n\ncheckpoint\n",
        f"c2sp.org/tlog-proof@v1\n{HASH}\n\ncheckpoint\n",
        "c2sp.org/tlog-proof@v2\nindex 1\n\ncheckpoint\n",
        "C2SP.org/tlog-proof@v1\nindex 1\n\ncheckpoint\n",
        " c2sp.org/tlog-proof@v1\nindex 1\n\ncheckpoint\n",
        "c2sp.org/tlog-proof@v1 \nindex 1\n\ncheckpoint\n",
        "c2sp.org/tlog-proof@v1\r\nindex 1\r\n\r\ncheckpoint\r\n",
        "c2sp.org/tlog-proof@v1\nindex 1\r\n\ncheckpoint\n",
        *(
            f"c2sp.org/tlog-proof@v1\nindex{index}\n\ncheckpoint\n"
            for index in (
                "",
                " ",
                "  1",
                "1",
                " +7",
                " -1",
                " 0_7",
                " 07",
                " 1 ",
                " 1.0",
                " \u0667",
            )
        ),
        f"c2sp.org/tlog-proof@v1\nindex {2**63}\n\ncheckpoint\n",
        f"c2sp.org/tlog-proof@v1\nindex 1\n{HASH[:-1]}\n\ncheckpoint\n",
        f"c2sp.org/tlog-proof@v1\nindex 1\n{HASH} \n\ncheckpoint\n",
        f"c2sp.org/tlog-proof@v1\nindex 1\n{HASH[4:]}\n\ncheckpoint\n",
        f"c2sp.org/tlog-proof@v1\nindex 1\nAAAA{HASH}\n\ncheckpoint\n",
        f"c2sp.org/tlog-proof@v1\nindex 1\n{HASH}{HASH}\n\ncheckpoint\n",
        f"c2sp.org/tlog-proof@v1\nindex 1\n{HASH.replace('Q=', 'R=')}\n\ncheckpoint\n",
        "c2sp.org/tlog-proof@v1\nindex 1\n" + f"{HASH}\n" * 64 + "\ncheckpoint\n",
    ],
)
def test_what_is_not_exactly_a_proof_is_refused(text: str) -> None:
    with pytest.raises(MalformedProof):
        TlogProof.parse(text)


def test_bytes_that_are_not_utf_8_are_refused() -> None:
    with pytest.raises(MalformedProof, match="UTF-8"):
        TlogProof.parse(EXAMPLE.encode() + b"\xff")


def test_a_short_hash_is_refused() -> None:
    with pytest.raises(MalformedProof):
        TlogProof(0, (bytes(31),), "")


def test_every_altered_byte_of_a_proof_is_refused(
    assert_tamper_proof: TamperCheck,
    proof: TlogProof,
    big_tree: MerkleTree,
    log_key: SigningKey,
) -> None:
    def verified(data: bytes) -> tuple[int, Checkpoint]:
        read = TlogProof.parse(data)
        return read.index, verify_tlog_proof(read, big_tree.leaf(3), [log_key.verifier])

    document = str(proof).encode()
    flips = [1, 2, 4, 8, 16, 32, 64, 128]
    assert assert_tamper_proof(document, verified, flips) == []
