"""Every draft is an event that the ledger reads, and what may tell of people is sealed in it."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import pytest

from client import Draft, drafts
from ledger.errors import InvalidInput
from ledger.events import BODIES, build_event
from ledger.events.canonical import JsonObject
from ledger.events.sealed import check_opening, seal
from tests.support.examples import ISSUED_AT, LAB, STEWARD, body_of

DESCRIPTOR: JsonObject = {"name": "a.csv", "digest": {"sha256": "aa" * 32}, "size": 3}
PURPOSE = drafts.purpose("DS", "NPU", disease="MONDO:0007254", broader=["MONDO:0004992"])
SECRET = "Dr. Who knows this patient"
LATER = ISSUED_AT + 86_400_000

_GRANT = {
    "dataset": "d", "assignee": LAB.address, "actions": ["read", "train"], "purpose": PURPOSE,
    "not_before": ISSUED_AT, "expires_at": LATER,
}  # fmt: skip

DRAFTS: Mapping[str, Draft] = MappingProxyType(
    {
        "register_dataset": drafts.register_dataset(
            "d", title="T", steward=STEWARD.address, usage={"duo": ["HMB"]}, license="CC-BY-4.0",
            personal_data=True, description="What is in it.",
        ),
        "publish_dataset_version": drafts.publish_dataset_version(
            "d", "1", distribution=[DESCRIPTOR], record_count=3,
            croissant=str(body_of("dataset.version_published")["croissant"]), revision_of="0",
        ),
        "withdraw_dataset": drafts.withdraw_dataset("d", reason=SECRET),
        "transfer_stewardship": drafts.transfer_stewardship("d", to=LAB.address),
        "request_access": drafts.request_access(
            "r", dataset="d", actions=["read"], purpose=PURPOSE, until=LATER, justification=SECRET
        ),
        "answer_request": drafts.answer_request("r", deny=True, reason=SECRET),
        "grant_access": drafts.grant_access(
            "g", **_GRANT, versions=["1"], request="r", terms="bb" * 32, delegable=True, parent="p",
            constraints=[{"leftOperand": "count", "operator": "lteq", "rightOperand": 5}],
        ),
        "renew_grant": drafts.renew_grant(
            "g", expires_at=LATER, effective_at=ISSUED_AT, reason=SECRET
        ),
        "suspend_grant": drafts.suspend_grant("g", effective_at=ISSUED_AT, reason=SECRET),
        "resume_grant": drafts.resume_grant("g", effective_at=ISSUED_AT, reason=SECRET),
        "revoke_grant": drafts.revoke_grant(
            "g", effective_at=ISSUED_AT, retroactive=True, reason=SECRET
        ),
        "use_grant": drafts.use_grant(
            "g", action="train", purpose=PURPOSE, run="r", records=3, bytes_read=100
        ),
        "register_model": drafts.register_model(
            "m", title="T", owner=LAB.address, license="MIT", task="classification"
        ),
        "publish_model_version": drafts.publish_model_version(
            "m", "2", artifact=DESCRIPTOR, relation="finetuned", run="r", base=[("m", "1")],
            card=str(body_of("model.version_published")["card"]),
        ),
        "authorize_key": drafts.authorize_key(
            LAB.address, kinds=["access.used"], until=LATER, label=SECRET
        ),
        "revoke_key": drafts.revoke_key(LAB.address, reason=SECRET),
        "admit_member": drafts.admit_member(LAB.address, roles=["developer"], name="Lab"),
        "change_roles": drafts.change_roles(LAB.address, roles=[]),
        "remove_member": drafts.remove_member(LAB.address, reason=SECRET),
        "erase": drafts.erase(
            "e", commitments=[str(seal("x", salt=bytes(32), data_subject="s")[0]["$sealed"])],
            legal_basis="GDPR article 17 (1) (b)",
        ),
    }
)  # fmt: skip

SEALS_A_REASON = {
    "withdraw_dataset": lambda **o: drafts.withdraw_dataset("d", **o),
    "answer_request": lambda **o: drafts.answer_request("r", deny=False, **o),
    "renew_grant": lambda **o: drafts.renew_grant("g", expires_at=1, effective_at=0, **o),
    "suspend_grant": lambda **o: drafts.suspend_grant("g", effective_at=0, **o),
    "resume_grant": lambda **o: drafts.resume_grant("g", effective_at=0, **o),
    "revoke_grant": lambda **o: drafts.revoke_grant("g", effective_at=0, retroactive=False, **o),
    "remove_member": lambda **o: drafts.remove_member(LAB.address, **o),
}


def complete(draft: Draft) -> JsonObject:
    """The body as it would be signed."""
    body = dict(draft.body)
    for name, value in draft.sealed.items():
        body[name], opening = seal(value, salt=bytes(32), data_subject=draft.data_subject)
        check_opening(opening)
    return body


def event_of(draft: Draft) -> Any:
    return build_event(
        kind=draft.kind, body=complete(draft), actor=STEWARD.address, issued_at=ISSUED_AT,
        nonce=bytes(32),
    )  # fmt: skip


def test_every_function_that_drafts_is_tried_here() -> None:
    functions = {
        name
        for name, function in inspect.getmembers(drafts, inspect.isfunction)
        if inspect.signature(function).return_annotation == "Draft" and not name.startswith("_")
    }
    assert functions == set(DRAFTS)


@pytest.mark.parametrize("name", DRAFTS)
def test_every_draft_is_a_valid_event(name: str) -> None:
    event = event_of(DRAFTS[name])
    assert event.kind in BODIES
    assert event.subject
    assert event.summary


@pytest.mark.parametrize("name", DRAFTS)
def test_no_draft_leaves_text_about_people_in_the_leaf(name: str) -> None:
    assert SECRET.encode() not in event_of(DRAFTS[name]).encode()


@pytest.mark.parametrize("name", SEALS_A_REASON)
def test_a_reason_is_sealed_unless_it_is_to_be_public(name: str) -> None:
    make = SEALS_A_REASON[name]
    assert make(reason="why").sealed == {"reason": "why"}
    public = make(reason="why", public_reason=True)
    assert (public.body["reason"], dict(public.sealed)) == ("why", {})
    assert "reason" not in make().body
    assert not make().sealed
    event_of(make(reason="why"))
    event_of(public)


def test_a_justification_can_only_be_sealed() -> None:
    draft = DRAFTS["request_access"]
    with pytest.raises(InvalidInput):
        event_of(Draft(draft.kind, {**draft.body, "justification": SECRET}))


def test_what_is_not_said_is_not_in_the_body() -> None:
    draft = drafts.grant_access("g", **_GRANT)
    assert set(draft.body) == {
        "grant", "dataset", "assignee", "actions", "purpose", "notBefore", "expiresAt", "delegable",
    }  # fmt: skip
    assert drafts.purpose("HMB") == {"duo": ["HMB"]}


@pytest.mark.parametrize(("deny", "kind"), [(True, "access.denied"), (False, "access.returned")])
def test_a_request_is_denied_or_returned(deny: bool, kind: str) -> None:
    assert drafts.answer_request("r", deny=deny).kind == kind
