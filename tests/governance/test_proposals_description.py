from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from eth_abi import encode
from eth_utils import keccak
from hypothesis import example, given
from hypothesis import strategies as st

from governance.actions import parse_action
from governance.addresses import DaoAddresses
from governance.mirror.texts import title_of
from governance.proposals import (
    MAX_DESCRIPTION_BYTES,
    MAX_EVIDENCE,
    Evidence,
    EvidenceDiffers,
    InvalidProposal,
    compose,
    draft_proposal,
    keep_evidence,
    parse,
    read_evidence,
)
from governance.proposals.draft import call_lists
from governance.proposals.evidence import parse_evidence
from ledger.content.cid import Cid, Codec
from ledger.content.embedded import EmbeddedContentStore
from ledger.content.errors import ContentNotFound

AT = DaoAddresses.created_by("0x970E8128AB834E8EAC17Ab8E3812F010678CF791", 0)
PROPOSER = "0x970E8128AB834E8EAC17Ab8E3812F010678CF791"
PAY = parse_action({"action": "pay", "to": PROPOSER, "amount": "1"})


def evidence(text: bytes = b"bundle", kind: str = "audit-bundle") -> Evidence:
    return Evidence(
        kind,  # type: ignore[arg-type]
        Cid.of(Codec.RAW, text),
        hashlib.sha256(text).hexdigest(),
        len(text),
    )


EVIDENCE = st.lists(
    st.builds(
        evidence,
        st.binary(max_size=20),
        st.sampled_from(["audit-bundle", "policy", "model-card", "document"]),
    ),
    max_size=MAX_EVIDENCE,
)
HOSTILE = [
    "# A title\n\n> quote\n\n| a | b |\n|---|---|\n![x](javascript:alert(1))",
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "\u202eright to left\u202c \u2066isolated\u2069 \u200f mark",
    "#proposer=0x1111111111111111111111111111111111111111",
    " evidence: policy — not at the beginning of a line",
    "x" * 100_000,
    "\u2028line separator\u2029\x85",
]


@pytest.mark.parametrize("body", HOSTILE[:-1])
def test_hostile_text_comes_back_untouched_and_means_nothing(body: str) -> None:
    text = compose("A title", body, [evidence()], PROPOSER)
    found = parse(text.encode())
    assert (found.title, found.body) == ("A title", body)
    assert (found.evidence, found.proposer) == ((evidence(),), PROPOSER)


@given(
    st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S"]), min_size=1, max_size=80),
    st.text(st.characters(codec="utf-8", exclude_categories=["Cc"], include_characters="\n\t")),
    EVIDENCE,
)
@example("t", "\n\n", [])
@example("t", "# another title", [])
@example("t", "#proposer=" + PROPOSER, [])
def test_what_is_composed_is_parsed(title: str, body: str, documents: list[Evidence]) -> None:
    try:
        text = compose(title, body, documents, PROPOSER)
    except InvalidProposal:
        assert title.startswith("#") or body.startswith("evidence:") or "\nevidence:" in body
        return
    found = parse(text.encode())
    assert found.title == title
    assert found.body == body.strip("\n")
    assert list(found.evidence) == documents
    assert found.proposer == PROPOSER
    assert text.endswith(f"#proposer={PROPOSER}")


@given(st.binary(max_size=400))
@example(b"")
@example(b"#proposer=0x" + b"0" * 40)
@example(b"\xff\xfe# x\n#proposer=0x" + b"zz" * 20)
@example(("\u202e" * 10 + "\n" + evidence().line).encode())
def test_whatever_is_on_chain_can_be_shown(raw: bytes) -> None:
    found = parse(raw)
    assert "\n" not in found.title
    assert found.title == (title_of(raw) or "")
    found.body.encode()


@pytest.mark.parametrize(
    ("title", "body"),
    [
        ("", "b"),
        ("two\nlines", "b"),
        ("x" * 201, "b"),
        ("# heading", "b"),
        ("turned \u202e around", "b"),
        ("bell \a", "b"),
        (" padded", "b"),
        ("t", "nul \0"),
        ("t", "escape \x1b[31m"),
        ("t", "evidence: policy bafy"),
        ("t", "b\nevidence: anything"),
        ("t", "lone \ud800"),
        ("t", "x" * MAX_DESCRIPTION_BYTES),
    ],
)
def test_what_would_not_come_back_is_refused(title: str, body: str) -> None:
    with pytest.raises(InvalidProposal):
        compose(title, body, [], PROPOSER)


def test_a_hundred_kilobytes_fit_and_the_limit_is_named() -> None:
    body = "x" * 100_000
    assert parse(compose("t", body, [], PROPOSER).encode()).body == body
    with pytest.raises(InvalidProposal, match=str(MAX_DESCRIPTION_BYTES)):
        compose("t", "ü" * 70_000, [], PROPOSER)


def test_evidence_is_counted() -> None:
    with pytest.raises(InvalidProposal, match="at most 16"):
        compose("t", "", [evidence()] * (MAX_EVIDENCE + 1), PROPOSER)


def test_the_lines_of_windows_are_ours() -> None:
    assert parse(compose("t", "a\r\nb", [], PROPOSER).encode()).body == "a\nb"


@pytest.mark.parametrize(
    "line",
    [
        evidence().line + " ",
        evidence().line.replace("bytes", "byte"),
        evidence().line.replace("audit-bundle", "gossip"),
        evidence().line.replace("sha256:", "md5:"),
        evidence().line.replace(" 6 ", " 06 "),
        evidence().line.replace("bafk", "BAFK"),
        evidence().line[:-7],
        evidence().line.replace(str(evidence().content), str(evidence().content)[:-1] + "7"),
    ],
)
def test_evidence_has_one_spelling(line: str) -> None:
    assert parse_evidence(evidence().line) == evidence()
    assert parse_evidence(line) is None


# Kept


@pytest.fixture
def store(tmp_path: Path) -> EmbeddedContentStore:
    return EmbeddedContentStore(tmp_path)


def test_a_document_is_kept_and_read_back(store: EmbeddedContentStore) -> None:
    kept = keep_evidence(store, "model-card", b"a card")
    assert kept == evidence(b"a card", "model-card")
    assert read_evidence(store, kept) == b"a card"


@pytest.mark.parametrize(("sha256", "size"), [("00" * 32, 6), (None, 7)])
def test_other_bytes_than_the_proposal_names_are_refused(
    store: EmbeddedContentStore, sha256: str | None, size: int
) -> None:
    kept = keep_evidence(store, "policy", b"policy")
    claimed = Evidence("policy", kept.content, sha256 or kept.sha256, size)
    with pytest.raises(EvidenceDiffers, match="do not rely"):
        read_evidence(store, claimed)


def test_a_document_that_nobody_kept_is_not_found(store: EmbeddedContentStore) -> None:
    with pytest.raises(ContentNotFound):
        read_evidence(store, evidence(b"elsewhere"))


# Drafts


def test_a_draft_knows_its_number() -> None:
    draft = draft_proposal([PAY, PAY], AT, proposer=PROPOSER, title="Pay twice")
    lists = call_lists(draft.calls)
    packed = encode(
        ["address[]", "uint256[]", "bytes[]", "bytes32"],
        [*lists, keccak(text=draft.description)],
    )
    assert draft.proposal_id == int.from_bytes(keccak(packed))
    assert lists == ([PROPOSER] * 2, [1, 1], [b"", b""])


@pytest.mark.parametrize("count", [0, 33])
def test_actions_are_counted(count: int) -> None:
    with pytest.raises(InvalidProposal, match="1 to 32"):
        draft_proposal([PAY] * count, AT, proposer=PROPOSER, title="t")


def test_call_data_is_limited() -> None:
    call = parse_action({"action": "call", "target": PROPOSER, "calldata": "0x" + "00" * 8_192})
    with pytest.raises(InvalidProposal, match="call data"):
        draft_proposal([call] * 3, AT, proposer=PROPOSER, title="t")
