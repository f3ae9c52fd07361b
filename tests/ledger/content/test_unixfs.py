"""What is read as a file's node, and what must not be."""

import urllib.request
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.content.cid import Cid, Codec
from ledger.content.errors import ContentTooLarge, MalformedNode, UnsupportedContent
from ledger.content.protobuf import bytes_field, varint, varint_field
from ledger.content.store import ContentLimits
from ledger.content.tree import file_chunks, read_root, tree_blocks
from ledger.content.unixfs import Child, decode_file_node, encode_file_node

LEAF = Cid.of(Codec.RAW, b"leaf")
FILE, DIRECTORY = varint_field(1, 2), varint_field(1, 1)


def _node(unixfs: bytes, *links: bytes) -> bytes:
    return b"".join(bytes_field(2, link) for link in links) + bytes_field(1, unixfs)


def _link(cid: bytes = LEAF.to_bytes()) -> bytes:
    return bytes_field(1, cid) + bytes_field(2, b"") + varint_field(3, 4)


children = st.builds(
    Child,
    st.builds(Cid, st.sampled_from(Codec), st.binary(min_size=32, max_size=32)),
    st.integers(0, 1 << 40),
    st.integers(0, 1 << 40),
)


@given(st.lists(children, max_size=174))
def test_a_node_is_read_as_it_was_written(links: list[Child]) -> None:
    node = decode_file_node(encode_file_node(links))
    assert list(node.children) == links
    assert node.size == sum(child.size for child in links)


@given(st.integers(0, (1 << 64) - 1))
def test_a_size_of_up_to_64_bits_survives(size: int) -> None:
    node = decode_file_node(_node(FILE + varint_field(3, size) + varint_field(4, size), _link()))
    assert node.size == size


@given(st.binary(max_size=200))
def test_arbitrary_bytes_are_read_or_refused_by_name(block: bytes) -> None:
    try:
        node = decode_file_node(block)
    except (MalformedNode, UnsupportedContent):
        return
    assert node.size == len(node.data) + sum(child.size for child in node.children)


@given(st.lists(children, min_size=1, max_size=3), st.data())
def test_a_node_cut_short_is_refused(links: list[Child], data: st.DataObject) -> None:
    block = encode_file_node(links)
    with pytest.raises(MalformedNode):
        decode_file_node(block[: data.draw(st.integers(0, len(block) - 1))])


@pytest.mark.parametrize(
    "block",
    [
        _node(FILE + varint_field(3, 4)),
        _node(FILE + varint_field(3, 4), _link()),
        _node(FILE + varint_field(3, 5) + varint_field(4, 4), _link()),
        _node(FILE + varint_field(4, 4) + varint_field(4, 4), _link()),
        _node(FILE + varint_field(4, 4), bytes_field(2, b"name only")),
        _node(FILE + varint_field(4, 4), _link(b"\x01\x71" + LEAF.to_bytes()[2:])),
        _node(FILE + varint_field(4, 4), _link(LEAF.to_bytes()[:-1])),
        _node(FILE + varint_field(4, 4), _link() + varint_field(9, 1)),
        _node(FILE + bytes_field(3, b"4")),
        _node(varint_field(1, 77)),
        _node(b""),
        b"",
        varint_field(7, 7),
        varint(1 << 3 | 5) + b"1234",
        varint(1 << 3 | 2) + b"\xff" * 11,
        varint(1 << 3 | 2) + b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f",
        b"\x80",
    ],
)
def test_a_node_that_contradicts_itself_is_refused(block: bytes) -> None:
    with pytest.raises(MalformedNode):
        decode_file_node(block)


def test_a_directory_is_refused_as_one() -> None:
    with pytest.raises(UnsupportedContent, match="a directory"):
        decode_file_node(_node(DIRECTORY))


def _stored(*blocks: bytes) -> tuple[list[Cid], Callable[[Cid], bytes]]:
    cids = [Cid.of(Codec.DAG_PB, block) for block in blocks]
    return cids, dict(zip(cids, blocks, strict=True)).__getitem__


def test_a_leaf_with_other_bytes_than_its_parent_claims_is_refused() -> None:
    leaf = _node(FILE + bytes_field(2, b"four") + varint_field(3, 4))
    parent = encode_file_node([Child(Cid.of(Codec.DAG_PB, leaf), 5, 4)])
    (_, cid), fetch = _stored(leaf, parent)
    limits = ContentLimits()
    with pytest.raises(MalformedNode, match="holds 4 bytes of the file, its parent says 5"):
        list(file_chunks(cid, read_root(cid, fetch, limits), fetch, limits))


def test_a_tree_without_end_is_left_at_the_limit() -> None:
    blocks = [_node(FILE + bytes_field(2, b"x") + varint_field(3, 1))]
    for _ in range(40):
        blocks.append(encode_file_node([Child(Cid.of(Codec.DAG_PB, blocks[-1]), 1, 1)]))
    cids, fetch = _stored(*blocks)
    limits = ContentLimits(tree_depth=32)
    with pytest.raises(MalformedNode, match="deeper than 32 levels"):
        list(file_chunks(cids[-1], read_root(cids[-1], fetch, limits), fetch, limits))
    with pytest.raises(MalformedNode, match="deeper than 32 levels"):
        list(tree_blocks(cids[-1], fetch, limits))
    assert (
        b"".join(file_chunks(cids[30], read_root(cids[30], fetch, limits), fetch, limits)) == b"x"
    )


def test_a_few_blocks_that_unfold_to_exabytes_are_refused_before_a_byte_is_read() -> None:
    blocks = [_node(FILE + bytes_field(2, b"x" * 1000) + varint_field(3, 1000))]
    size = 1000
    for _ in range(6):
        child = Child(Cid.of(Codec.DAG_PB, blocks[-1]), size, size)
        blocks.append(encode_file_node([child] * 174))
        size *= 174
    cids, fetch = _stored(*blocks)
    with pytest.raises(ContentTooLarge):
        read_root(cids[-1], fetch, ContentLimits())
    assert len(list(tree_blocks(cids[-1], fetch, ContentLimits()))) == 7


@pytest.mark.kubo
@pytest.mark.slow
def test_files_that_others_laid_out_differently_are_read(kubo: Any, bytes_of: Any) -> None:
    content, limits = bytes_of(1_000_000), ContentLimits()
    for options in (
        ["--cid-version=1", "--raw-leaves=false"],
        ["--cid-version=1", "--trickle"],
        ["--cid-version=1", "--raw-leaves=false", "--trickle", "--max-file-links=3"],
        ["--cid-version=0", "--chunker=size-1000"],
        ["--cid-version=1", "--chunker=rabin-2000-4000-8000"],
        ["--cid-version=1", "--chunker=buzhash", "--preserve-mode", "--mtime=1700000000"],
    ):
        path = kubo.repository / "file"
        path.write_bytes(content)
        added = kubo.ipfs("add", "-Q", *options, str(path))
        cid = Cid.parse(kubo.ipfs("cid", "base32", added))
        fetch = _rpc_fetch(kubo)
        root = read_root(cid, fetch, limits)
        assert b"".join(file_chunks(cid, root, fetch, limits)) == content, options
        assert b"".join(file_chunks(cid, root, fetch, limits, start=654_321)) == content[654_321:]


def _rpc_fetch(kubo: Any) -> Callable[[Cid], bytes]:
    def fetch(cid: Cid) -> bytes:
        url = f"{kubo.url.removeprefix('ipfs+')}/api/v0/block/get?arg={cid}"
        with urllib.request.urlopen(urllib.request.Request(url, method="POST")) as answer:  # noqa: S310 - loopback
            block: bytes = answer.read()
        assert cid.names(block)
        return block

    return fetch
