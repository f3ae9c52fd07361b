"""The sentences that wallets show: they are signed, so a changed one is a broken ledger."""

from __future__ import annotations

import unicodedata

import pytest

from ledger.events import BODIES, parse_body
from ledger.events.bodies import InvalidBody
from tests.support.examples import EXAMPLES, GATEWAY, LAB, OPERATOR, STEWARD, body_of

_PROPOSAL = EXAMPLES["vote.cast"]["proposal"]
_A = "aa" * 32
_INPUTS = "tumours 1.0, base 3 and a manifest of inputs"

GOLDEN = {
    "ledger.created": "Create the ledger ledger.example/test with 1 member on chain 4201337001337.",
    "member.admitted": f"Admit {STEWARD.address} as steward, auditor.",
    "member.roles_changed": f"Set the roles of {STEWARD.address} to steward.",
    "member.removed": f"Remove {STEWARD.address}.",
    "key.authorized": (
        f"Authorise key {GATEWAY.address} to sign access.used, run.completed until "
        "2027-10-01T08:00:00Z."
    ),
    "key.revoked": f"Revoke key {GATEWAY.address}.",
    "dataset.registered": (
        "Register dataset tumours (personal data) under DS, NPU, licence CC-BY-4.0, steward "
        f"{STEWARD.address}."
    ),
    "dataset.version_published": (
        f"Publish version 1.0 of dataset tumours: 1 file, first SHA-256 {_A}."
    ),
    "dataset.stewardship_transferred": (
        f"Transfer the stewardship of dataset tumours to {LAB.address}."
    ),
    "dataset.withdrawn": "Withdraw dataset tumours.",
    "access.requested": (
        "Request request-1 to read, train dataset tumours for DS, NPU (disease MONDO:0007254) "
        "until 2027-10-01T08:00:00Z."
    ),
    "access.returned": "Return access request request-1 for amendment.",
    "access.denied": "Deny access request request-1.",
    "access.granted": (
        f"Grant grant-1: {LAB.address} may read, train dataset tumours version 1.0 for DS, NPU "
        "(disease MONDO:0007254) from 2026-10-01T08:00:00Z until 2027-10-01T08:00:00Z, 1 "
        "constraint, delegable, under grant grant-0."
    ),
    "access.renewed": (
        "Renew grant grant-1 until 2027-10-01T08:00:00Z, effective 2026-10-01T08:00:00Z."
    ),
    "access.suspended": "Suspend grant grant-1, effective 2026-10-01T08:00:00Z.",
    "access.resumed": "Resume grant grant-1, effective 2026-10-01T08:00:00Z.",
    "access.revoked": (
        "Revoke grant grant-1 (retroactive; every model made under it is tainted), effective "
        "2026-10-01T08:00:00Z."
    ),
    "access.expired": "Record that grant grant-1 has expired.",
    "access.emergency_opened": (
        "Open dataset tumours in emergency emergency-1 until 2027-10-01T08:00:00Z."
    ),
    "access.emergency_reviewed": "Find emergency access emergency-1 justified.",
    "access.used": "Use grant grant-1 to train for DS, NPU (disease MONDO:0007254) in run run-1.",
    "model.registered": (
        f"Register model tumour-classifier, licence Apache-2.0, owner {LAB.address}."
    ),
    "run.started": f"Start run run-1 of job train tumour classifier with {_INPUTS}.",
    "run.completed": (
        f"Complete run run-1 of job train tumour classifier: {_INPUTS} became "
        "tumour-classifier 1.0."
    ),
    "run.failed": (
        f"Record that run run-1 of job train tumour classifier failed after reading {_INPUTS}."
    ),
    "model.version_published": (
        "Publish version 1.0 of model tumour-classifier, finetuned by run run-1 from base 3, "
        f"SHA-256 {_A}."
    ),
    "proposal.created": f"Proposal {_PROPOSAL} was created by {LAB.address}.",
    "vote.cast": f"{LAB.address} voted for proposal {_PROPOSAL} with weight 1000000000000000000.",
    "proposal.queued": f"Proposal {_PROPOSAL} was queued until 2026-10-01T08:00:00Z.",
    "proposal.executed": f"Proposal {_PROPOSAL} was executed.",
    "proposal.canceled": f"Proposal {_PROPOSAL} was canceled.",
    "policy.adopted": "Version 2 of policy release was adopted.",
    "model.released": f"Model tumour-classifier was released by vote: record 0x{_A}.",
    "model.withdrawn": f"The release of model tumour-classifier was withdrawn: record 0x{_A}.",
    "token.transferred": (
        f"1000000000000000000 token units moved from {OPERATOR.address} to {LAB.address}."
    ),
    "delegation.changed": f"{LAB.address} delegated its votes to {STEWARD.address}.",
    "erasure.performed": "Record erasure erasure-1 of 1 sealed value.",
}


@pytest.mark.parametrize("kind", sorted(EXAMPLES))
def test_the_sentence_of_each_kind_stays_what_it_is(kind: str) -> None:
    assert parse_body(kind, body_of(kind)).summary() == GOLDEN[kind]


@pytest.mark.parametrize("kind", sorted(EXAMPLES))
def test_a_sentence_is_one_line_names_its_subject_and_ends_in_a_full_stop(kind: str) -> None:
    body = parse_body(kind, body_of(kind))
    assert body.summary().isprintable()
    assert body.summary().endswith(".")
    assert body.subject in body.summary()


@pytest.mark.parametrize("kind", sorted(EXAMPLES))
def test_two_kinds_never_share_a_sentence(kind: str) -> None:
    assert list(GOLDEN.values()).count(GOLDEN[kind]) == 1
    assert set(GOLDEN) == set(BODIES)


@pytest.mark.parametrize(
    ("support", "words"),
    [
        (0, "voted against proposal"),
        (1, "voted for proposal"),
        (2, "abstained on proposal"),
        (255, "split its votes on proposal"),
        (7, "voted on proposal"),
    ],
)
def test_a_ballot_says_how_it_was_cast(support: int, words: str) -> None:
    assert words in parse_body("vote.cast", body_of("vote.cast", support=support)).summary()


def test_long_lists_are_cut_and_counted() -> None:
    inputs = [{"model": f"m{n}", "version": "1"} for n in range(9)]
    body = body_of("run.started", inputs=inputs)
    del body["inputsManifest"]
    assert parse_body("run.started", body).summary() == (
        "Start run run-1 of job train tumour classifier with "
        "m0 1, m1 1, m2 1, m3 1, m4 1 and 4 more."
    )
    versions = [str(n) for n in range(7)]
    granted = parse_body("access.granted", body_of("access.granted", versions=versions))
    assert "dataset tumours versions 0, 1, 2, 3, 4 and 2 more for" in granted.summary()


def test_an_empty_list_is_said_in_words() -> None:
    admitted = parse_body("member.admitted", body_of("member.admitted", roles=[]))
    assert admitted.summary() == f"Admit {STEWARD.address} as member without roles."
    changed = parse_body("member.roles_changed", body_of("member.roles_changed", roles=[]))
    assert changed.summary() == f"Set the roles of {STEWARD.address} to none."
    completed = parse_body("run.completed", body_of("run.completed", outputs=[]))
    assert completed.summary().endswith("became no model.")


def test_one_and_many_are_counted_in_english() -> None:
    created = parse_body("ledger.created", body_of("ledger.created", members=[]))
    assert "with 0 members" in created.summary()
    commitment = EXAMPLES["erasure.performed"]["commitments"][0]  # type: ignore[index]
    erased = body_of("erasure.performed", commitments=[commitment] * 2)
    assert parse_body("erasure.performed", erased).summary() == (
        "Record erasure erasure-1 of 2 sealed values."
    )


@pytest.mark.parametrize(
    "text",
    [
        "line\nbreak",
        "carriage\rreturn",
        "tab\t",
        "nul\x00",
        "escape\x1b[2J",
        "right-to-left \u202e",
        "isolate \u2066",
        "zero width \u200b",
        "line separator \u2028",
        "no-break \u00a0",
        "private \ue000",
    ],
    ids=lambda text: unicodedata.name(text[-1], "control"),
)
def test_what_could_disguise_a_sentence_never_gets_into_one(text: str) -> None:
    for kind, field in [
        ("run.started", "job"),
        ("dataset.registered", "license"),
        ("model.registered", "license"),
    ]:
        with pytest.raises(InvalidBody, match=f"{field}: must be one line of printable characters"):
            parse_body(kind, body_of(kind, **{field: text}))


def test_letters_of_any_script_may_stand_in_a_sentence() -> None:
    body = parse_body("run.started", body_of("run.started", job="Größe 大きさ μέγεθος 🧬"))
    assert "Größe 大きさ μέγεθος 🧬" in body.summary()


@pytest.mark.parametrize("kind", sorted(EXAMPLES))
def test_what_may_be_sealed_is_never_in_a_sentence(kind: str) -> None:
    for name in ("reason", "title", "label", "description", "justification", "environment"):
        if name in EXAMPLES[kind] and kind not in {"vote.cast", "proposal.created"}:
            assert str(EXAMPLES[kind][name]) not in GOLDEN[kind]
