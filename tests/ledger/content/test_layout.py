"""The tree's shape and every byte of its nodes, by the CIDs that Kubo gives the same bytes."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.content.cid import Cid, Codec
from ledger.content.layout import CHUNK_BYTES, LINKS_PER_NODE, TreeBuilder, name_of
from ledger.content.source import read_chunks
from ledger.content.store import ContentLimits
from ledger.content.tree import file_chunks, read_root, tree_blocks
from ledger.content.unixfs import decode_file_node

# Printed by Kubo 0.40.1 for the first bytes of SHAKE-128("concord"):
# ipfs add -Q --only-hash --cid-version=1 --raw-leaves --chunker=size-262144
KUBO_CIDS = [
    (0, "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku"),
    (1, "bafkreifmvsdmbzqjzkig6yzlbyw2ztfsw56sfmdcd4qox3hbusbvxe7w6a"),
    (262143, "bafkreihny7yc5ah7uc2hxmwc7k3gie7aw4obwpnzep5uoagsqorwvgbkv4"),
    (262144, "bafkreid6vf35vu656goixqbu3boecasxbvmqyc2jn5remr2xbhwcmt7vxu"),
    (262145, "bafybeihr6nzrzue4nk2ubvojugxfj5zcpwgmppfw6kjrtjova7wzzggv3e"),
    (524287, "bafybeif43wzwna4htvqkfnzrydpn2yj7djs5fh342trvonzwxbm4whorjq"),
    (524288, "bafybeid2kf5hzhl4qwagop7luml4xy33vshykpvimszbibgkylnakykiz4"),
    (524289, "bafybeiedlzdtrkja2ucumizaqiancjc7u6us7qdszvxpms4kliike5gcse"),
    (10485760, "bafybeicyx3arge6sxxgegjkzfoksh6xrpn53rhfaf5qqwaubc7jvsxmq3i"),
    (45613055, "bafybeictvh54a53kzl6na6n7huii5wiwjaimcmvuviijb6jimlz3iwebqm"),
    (45613056, "bafybeidoj7dkqx4c3dyr7pao22yuveb4rz2hoz45ee6ftqqepsa6b6mgsq"),
    (45613057, "bafybeicpoo3vxpry46aje7dezpjrgvx6chgabenlekmca2ireg4htfqw7e"),
    (45875200, "bafybeifrmyg4xmv7w7rl27myb3gzyt25w24eb75xom6x25mw2dpr3cdgsq"),
    (52428800, "bafybeiebuh6j773dxskicm4x5hawa33wfmazcydb3453wqkhqea7afjp7a"),
]
# The same with --chunker=size-<second> --max-file-links=<third>: trees as deep as those of
# files of many gigabytes.
KUBO_DEEP_CIDS = [
    (2784, 16, 174, "bafybeifztdszrnz2eslt7syuqtfb73p2nrqgbr7jfiqndkv262r5jgnk3q"),
    (2785, 16, 174, "bafybeief73w2tfzfycazpvzfwwjosykqd6ttoqdkmadkllolxd65tfyyta"),
    (484416, 16, 174, "bafybeifjanfsbf5uvygu7uscvwnrcdqfptovs3ctfglkp2xub3vlfokj5i"),
    (484417, 16, 174, "bafybeigywvcr5gx3dvarqvyrrjiqhuamntkxrckih3wiudh5jfikedfeii"),
    (487205, 16, 174, "bafybeigaaa7jdhyyel7e4a7eezkfmmfphjy2pmlqc46hbzphonizwil22e"),
    (1000, 1, 10, "bafybeihoeeqqty5pc2ijgchnsilcruj3ic6o5tkiuhefeiu7rtpsgk7bwe"),
    (1001, 1, 10, "bafybeigi7i7iutbo5x4sh2g2dy3gzihsiq2h22m6a7zmrc24754tjzueju"),
    (4096, 1, 2, "bafybeibyqkacncmqyfrw4wsewz5mvy2dk6aao23rvwhtpghp5fosvaocay"),
]


def _build(
    content: bytes, chunk_bytes: int = CHUNK_BYTES, width: int = LINKS_PER_NODE
) -> tuple[Cid, dict[Cid, bytes]]:
    blocks: dict[Cid, bytes] = {}
    tree = TreeBuilder(blocks.__setitem__, width=width)
    for chunk in read_chunks(content, chunk_bytes=chunk_bytes, limit_bytes=1 << 40):
        tree.add(chunk)
    return tree.finish(), blocks


@pytest.mark.parametrize(("size", "cid"), KUBO_CIDS)
def test_a_file_has_the_cid_that_kubo_gives_it(
    size: int, cid: str, bytes_of: Callable[[int], bytes]
) -> None:
    assert str(_build(bytes_of(size))[0]) == cid


@pytest.mark.parametrize(("size", "cid"), KUBO_CIDS[:9])
def test_content_is_named_without_being_kept(
    size: int, cid: str, bytes_of: Callable[[int], bytes]
) -> None:
    assert str(name_of(bytes_of(size))) == cid


@pytest.mark.parametrize(("size", "chunk_bytes", "width", "cid"), KUBO_DEEP_CIDS)
def test_a_deep_tree_has_the_cid_that_kubo_gives_it(
    size: int, chunk_bytes: int, width: int, cid: str, bytes_of: Callable[[int], bytes]
) -> None:
    assert str(_build(bytes_of(size), chunk_bytes, width)[0]) == cid


@pytest.mark.kubo
@pytest.mark.slow
def test_any_file_and_layout_has_the_cid_that_a_live_kubo_gives_it(
    kubo: Any, bytes_of: Callable[[int], bytes]
) -> None:
    cases = [(size, CHUNK_BYTES, LINKS_PER_NODE) for size, _ in KUBO_CIDS]
    cases += [(size, chunk, width) for size, chunk, width, _ in KUBO_DEEP_CIDS]
    cases += [(n * 7 + 3, 1 + n % 5, 2 + n % 9) for n in range(1, 40)]
    for size, chunk_bytes, width in cases:
        options = (f"--chunker=size-{chunk_bytes}", f"--max-file-links={width}", "--only-hash")
        theirs = kubo.ipfs(
            "add", "-Q", "--cid-version=1", "--raw-leaves", *options, stdin=bytes_of(size)
        )
        assert str(_build(bytes_of(size), chunk_bytes, width)[0]) == theirs, (size, options)


@given(st.binary(max_size=400), st.integers(1, 20), st.integers(2, 6), st.integers(0, 450))
def test_a_tree_read_from_any_byte_gives_the_file_from_there(
    content: bytes, chunk_bytes: int, width: int, start: int
) -> None:
    limits = ContentLimits()
    cid, blocks = _build(content, chunk_bytes, width)
    root = read_root(cid, blocks.__getitem__, limits)
    chunks = file_chunks(cid, root, blocks.__getitem__, limits, start=start)
    assert root.size == len(content)
    assert b"".join(chunks) == content[start:]
    assert set(tree_blocks(cid, blocks.__getitem__, limits)) == blocks.keys()


@given(st.binary(min_size=1, max_size=400), st.integers(1, 20), st.integers(2, 6))
def test_children_come_before_their_parent_and_the_root_last(
    content: bytes, chunk_bytes: int, width: int
) -> None:
    cid, blocks = _build(content, chunk_bytes, width)
    seen: set[Cid] = set()
    for at, block in blocks.items():
        seen.add(at)
        if at.codec is Codec.DAG_PB:
            node = decode_file_node(block)
            assert len(node.children) <= width
            assert {child.cid for child in node.children} <= seen
    assert list(blocks)[-1] == cid


@settings(deadline=None)
@given(st.binary(min_size=1, max_size=200), st.integers(0, 10_000))
def test_one_changed_bit_changes_the_cid(content: bytes, position: int) -> None:
    changed = bytearray(content)
    changed[position // 8 % len(content)] ^= 1 << position % 8
    assert _build(content, 16)[0] != _build(bytes(changed), 16)[0]


def test_a_tree_without_a_chunk_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one chunk"):
        TreeBuilder(lambda _cid, _block: None).finish()
