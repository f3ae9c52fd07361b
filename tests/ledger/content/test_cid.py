import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.content.cid import Cid, Codec
from ledger.content.errors import InvalidCid

# The empty file, as every IPFS node names it.
EMPTY = "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku"

cids = st.builds(Cid, st.sampled_from(Codec), st.binary(min_size=32, max_size=32))


def test_the_empty_block_has_its_well_known_name() -> None:
    assert str(Cid.of(Codec.RAW, b"")) == EMPTY
    assert Cid.parse(EMPTY).digest == hashlib.sha256(b"").digest()


@given(cids)
def test_text_and_binary_forms_lead_back_to_the_same_cid(cid: Cid) -> None:
    assert Cid.parse(str(cid)) == cid
    assert Cid.from_bytes(cid.to_bytes()) == cid
    assert len(str(cid)) == 59


@given(cids, st.integers(0, 58), st.sampled_from("abcdefghijklmnopqrstuvwxyz234567ABZ01-_/=."))
def test_no_other_text_is_read_as_the_same_cid(cid: Cid, at: int, char: str) -> None:
    text = str(cid)
    changed = text[:at] + char + text[at + 1 :]
    try:
        assert (Cid.parse(changed) == cid) == (changed == text)
    except InvalidCid:
        assert changed != text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "b",
        EMPTY[:-1],
        EMPTY + "a",
        EMPTY.upper(),
        "B" + EMPTY[1:],
        EMPTY + "======",
        f" {EMPTY}",
        f"/ipfs/{EMPTY}",
        EMPTY[:-1] + "v",  # the same 36 bytes with a stray bit after them
        "QmbFMke1KXqnYyBBWxB74N4c5SBnJMVAiMNRcGu6x1AwQH",  # CIDv0
        "zb2rhmy65F3REf8SZp7De11gxtECBGgUKaLdiDj7MCGCHxbDW",  # base58
        "bafyreigbtj4x7ip5legnfznufuopl4sg4knzc2cof6duas4b3q2fy6swua",  # dag-cbor
        "bafkqaaa",  # identity hash
        "é" * 59,
        "\u0131" * 59,
    ],
)
def test_other_forms_are_refused(text: str) -> None:
    with pytest.raises(InvalidCid):
        Cid.parse(text)


def test_a_link_to_an_older_node_is_a_cid_of_the_same_node() -> None:
    cid = Cid.of(Codec.DAG_PB, b"")
    assert Cid.from_bytes(b"\x12\x20" + cid.digest) == cid


@given(st.binary(max_size=40))
def test_bytes_that_are_no_cid_are_refused(binary: bytes) -> None:
    try:
        cid = Cid.from_bytes(binary)
    except InvalidCid:
        return
    assert binary in {cid.to_bytes(), cid.to_bytes()[2:]}
