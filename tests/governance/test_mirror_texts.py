"""Whatever is said on chain is told, and nothing that is said can stall the mirror."""

from __future__ import annotations

import unicodedata

import pytest
from eth_utils import keccak
from hypothesis import given
from hypothesis import strategies as st

from governance.mirror.texts import instant, tidy, title_of
from ledger.events import parse_body
from ledger.events.canonical import canonical, parse_object
from ledger.events.identifiers import LATEST, parse_instant
from tests.governance.dao import ALICE, BOB, FOR, TOKEN, Call, Dao
from tests.governance.mirrored import MirroredLog
from tests.support.examples import body_of


@pytest.mark.parametrize(
    ("reason", "shown"),
    [
        ("nul \0 byte", "nul � byte"),
        ("turned \u202egnorw", "turned �gnorw"),
        ("\x1b[31mred\x07", "�[31mred�"),
        ("two\nlines\tand <b>marks</b>", None),
        ("שלום and مرحبا", None),
        ("x" * 10_000, "x" * 3_999 + "…"),
        ("é" * 4_001, "é" * 3_999 + "…"),
    ],
)
def test_whatever_a_voter_writes_is_told_and_what_was_changed_is_named(
    dao: Dao, mirrored: MirroredLog, reason: str, shown: str | None
) -> None:
    proposal = dao.propose(dao.token.functions.mint(ALICE.address, TOKEN))
    dao.open(proposal)
    dao.send(ALICE, dao.governor.functions.castVoteWithReason(proposal.id, FOR, reason))
    dao.vote(BOB, proposal)
    mirrored.mirror().catch_up()
    vote, after = mirrored.bodies("vote.cast")
    assert vote["reason"] == (shown or reason)
    digest = "0x" + keccak(text=reason).hex()
    assert vote.get("reasonDigest") == (digest if shown else None)
    assert after["voter"] == BOB.address


def test_a_reason_that_is_no_text_at_all_stalls_nothing(dao: Dao, mirrored: MirroredLog) -> None:
    proposal = dao.propose(dao.token.functions.mint(ALICE.address, TOKEN))
    dao.open(proposal)
    raw = b"\xff\xfe\x00\xc3"
    sent = dao.governor.functions.castVoteWithReason(proposal.id, FOR, "ABCD")
    data = bytes.fromhex(sent._encode_transaction_data()[2:]).replace(b"ABCD", raw)
    dao.send_call(ALICE, Call(dao.at.governor, data))
    mirrored.mirror().catch_up()
    (vote,) = mirrored.bodies("vote.cast")
    assert (vote["reason"], vote["reasonDigest"]) == ("����", "0x" + keccak(raw).hex())


def test_a_huge_proposal_is_told_as_far_as_a_leaf_holds_it(dao: Dao, mirrored: MirroredLog) -> None:
    large = Call(dao.at.timelock, b"\1" * 9_000)
    medium = Call(dao.at.timelock, b"\2" * 7_000)
    calls = [large, medium, medium, medium] + [Call(dao.at.timelock, b"\3" * 100)] * 40
    title = "\u202e\0" + "T" * 300
    text = f"# {title}\n<script>alert(1)</script>{'x' * 30_000}\n#proposer={ALICE.address}"
    dao.propose(*calls, description=text)
    mirrored.mirror().catch_up()
    (body,) = mirrored.bodies("proposal.created")
    told = body["calls"]
    assert isinstance(told, list)
    shown = [call.get("calldata") for call in told if isinstance(call, dict)]
    assert shown[:4] == [None, "0x" + "02" * 7_000, "0x" + "02" * 7_000, None]
    assert shown[4:] == ["0x" + "03" * 100] * 23 + [None] * 5
    assert body["callsOmitted"] == 12
    assert body["title"] == "��" + "T" * 197 + "…"
    assert body["descriptionHash"] == "0x" + keccak(text=text).hex()


@given(raw=st.binary(max_size=400) | st.text(max_size=120).map(str.encode))
def test_any_bytes_become_a_text_that_a_leaf_may_hold(raw: bytes) -> None:
    told = tidy(raw, 100)
    assert len(told.text) <= 100
    assert told.is_whole == (told.text.encode() == raw)
    assert tidy(told.text.encode(), 100).text == told.text
    assert not {"Cc"} & {unicodedata.category(c) for c in told.text if c not in "\n\t"}
    # No mark is left that turns the reading direction of what follows.
    turning = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
    assert not turning & {unicodedata.bidirectional(c) for c in told.text}
    parsed = parse_body("vote.cast", body_of("vote.cast", reason=told.text))
    assert parse_object(canonical(parsed.model_dump(mode="json", by_alias=True)))


@given(raw=st.binary(max_size=400) | st.text(max_size=300).map(str.encode))
def test_any_description_has_a_title_of_one_line_or_none(raw: bytes) -> None:
    title = title_of(raw)
    assert title is None or (0 < len(title) <= 200 and "\n" not in title and "\t" not in title)


@pytest.mark.parametrize(
    ("description", "title"),
    [
        (b"", None),
        (b"#proposer=0xabc", None),
        (b"\n\n  \n## Release *it*  \nbecause", "Release *it*"),
        (b"# #proposer=0x00\nSecond line", "Second line"),
        (b"###\r\nplain", "plain"),
        ("ü".encode() * 300, "ü" * 199 + "…"),
    ],
)
def test_the_title_is_the_first_line_that_says_something(
    description: bytes, title: str | None
) -> None:
    assert title_of(description) == title


@pytest.mark.parametrize("seconds", [0, 1, 1_790_000_000, 2**48, 2**256 - 1])
def test_every_time_of_a_chain_can_be_written(seconds: int) -> None:
    told = parse_instant(instant(seconds))
    assert told == min(seconds * 1000, LATEST // 1000 * 1000)
