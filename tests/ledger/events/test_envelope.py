"""The envelope and its leaf: what is signed is what is stored, byte for byte."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable

import pytest
import rfc8785
from hypothesis import given

from ledger.events import (
    Event,
    build_event,
    decode_leaf,
    encode_leaf,
    parse_body,
    parse_event,
    verify_signature,
)
from ledger.events.bodies import InvalidBody, UnknownKind
from ledger.events.canonical import JsonObject, JsonValue, parse_object
from ledger.events.envelope import InvalidEvent, LeafTooLarge, SummaryDiffers
from ledger.events.identifiers import LATEST, Milliseconds
from tests.support import jcs
from tests.support.examples import (
    DOMAIN,
    EXAMPLES,
    ISSUED_AT,
    LAB,
    STEWARD,
    body_of,
    nonce,
    required_only,
    signed_event,
)

KINDS = sorted(EXAMPLES)
RECORDED_AT = Milliseconds(ISSUED_AT + 250)


def wire(event: Event) -> JsonObject:
    """The event as its JSON object."""
    return parse_object(event.encode())


def build(kind: str, body: JsonObject) -> Event:
    return build_event(body=body, kind=kind, actor=LAB.address, issued_at=ISSUED_AT, nonce=nonce(0))


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_goes_into_a_leaf_and_comes_back_whole(kind: str) -> None:
    for body in (body_of(kind), required_only(kind)):
        event = signed_event(kind, body)
        recorded = decode_leaf(encode_leaf(event, RECORDED_AT), 7)
        assert (recorded.index, recorded.recorded_at) == (7, RECORDED_AT)
        assert recorded.event == event
        assert recorded.event.id == event.id
        verify_signature(recorded.event, DOMAIN)


@pytest.mark.parametrize("kind", KINDS)
def test_a_leaf_is_the_canonical_form_of_what_it_says(kind: str) -> None:
    event = signed_event(kind)
    leaf = encode_leaf(event, RECORDED_AT)
    assert json.loads(leaf) == {
        "event": {
            "kind": kind,
            "actor": STEWARD.address,
            "subject": event.body.subject,
            "issuedAt": ISSUED_AT,
            "nonce": "0x" + nonce(0).hex(),
            "body": EXAMPLES[kind],
            "summary": event.body.summary(),
            "signature": event.signature,
        },
        "recordedAt": RECORDED_AT,
        "v": 1,
    }
    assert leaf == rfc8785.dumps(json.loads(leaf)) == jcs.jcs(json.loads(leaf))


@pytest.mark.parametrize("kind", KINDS)
def test_the_id_is_the_digest_of_the_event_without_its_signature(kind: str) -> None:
    event = signed_event(kind)
    unsigned = {name: value for name, value in wire(event).items() if name != "signature"}
    assert event.id == hashlib.sha256(jcs.jcs(unsigned)).digest()
    assert dataclasses.replace(event, signature="0x").id == event.id
    assert event.body_bytes == jcs.jcs(EXAMPLES[kind])


def test_the_id_changes_with_every_field_but_the_signature() -> None:
    event = signed_event("access.used")
    changes: list[dict[str, object]] = [
        {"kind": "access.denied"},
        {"actor": LAB.address},
        {"subject": "grant-2"},
        {"issued_at": ISSUED_AT + 1},
        {"nonce": "0x" + nonce(1).hex()},
        {"summary": "Another sentence."},
        {"body_bytes": b"{}"},
    ]
    ids = {dataclasses.replace(event, **change).id for change in changes}  # type: ignore[arg-type]
    assert len(ids | {event.id}) == len(changes) + 1


@given(jcs.text)
def test_any_text_in_a_plain_body_is_written_canonically(text: str) -> None:
    event = signed_event("vote.cast", body_of("vote.cast", reason=text))
    leaf = encode_leaf(event, RECORDED_AT)
    assert leaf == jcs.jcs(json.loads(leaf)) == rfc8785.dumps(json.loads(leaf))
    assert decode_leaf(leaf, 0).event == event


@pytest.mark.parametrize("text", ["\x01\x1f\x7f\x80\x9f", "\u2028\u2029", "😀\ufb33", '"\\/\b\f'])
def test_awkward_text_is_written_canonically(text: str) -> None:
    for kind, field in [("vote.cast", "reason"), ("access.denied", "reason")]:
        leaf = encode_leaf(signed_event(kind, body_of(kind, **{field: text})), RECORDED_AT)
        assert leaf == jcs.jcs(json.loads(leaf))
        assert decode_leaf(leaf, 0)


@given(jcs.objects(jcs.integers | jcs.floats).filter(lambda value: "$sealed" not in value))
def test_parameters_and_metrics_of_any_shape_are_written_canonically(free: JsonObject) -> None:
    event = signed_event("run.completed", body_of("run.completed", parameters=free, metrics=free))
    leaf = encode_leaf(event, RECORDED_AT)
    assert leaf == jcs.jcs(json.loads(leaf))
    assert decode_leaf(leaf, 0).event == event
    verify_signature(decode_leaf(leaf, 0).event, DOMAIN)


def test_an_event_from_a_typed_body_equals_one_from_json() -> None:
    for kind in KINDS:
        for body in (body_of(kind), required_only(kind)):
            typed = build_event(
                body=parse_body(kind, body),
                kind=kind,
                actor=LAB.address,
                issued_at=ISSUED_AT,
                nonce=nonce(0),
            )
            assert typed == build(kind, body)


@pytest.mark.parametrize("name", [*wire(signed_event("access.used"))])
def test_each_field_of_the_envelope_is_required(name: str) -> None:
    value = wire(signed_event("access.used"))
    del value[name]
    with pytest.raises(InvalidEvent, match=f"{name}: is missing"):
        parse_event(value)


def test_an_unknown_field_of_the_envelope_is_refused() -> None:
    with pytest.raises(InvalidEvent, match="note: is not a field here"):
        parse_event({**wire(signed_event("access.used")), "note": "x"})


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("kind", [1, None, ["access.used"], "x" * 65]),
        ("actor", [STEWARD.address.lower(), STEWARD.address + "\n", "0x", 1, None]),
        ("subject", [1, None, "", "x" * 129]),
        ("issuedAt", ["1", 1.0, True, None, -1, LATEST + 1]),
        ("nonce", ["0x" + "AA" * 32, "0x" + "aa" * 31, "aa" * 32, "0x" + "aa" * 32 + "\n", 1]),
        ("body", [None, [], "x", 1]),
        ("summary", [None, 1, "x" * 4097]),
        ("signature", ["", "0x0", "0xGG", "0X00", "0xAA", "0x00\n", "0x" + "00" * 4097, 1, None]),
    ],
)
def test_each_field_of_the_envelope_has_one_form(name: str, values: list[JsonValue]) -> None:
    for value in values:
        with pytest.raises(InvalidEvent, match=f"{name}: "):
            parse_event({**wire(signed_event("access.used")), name: value})


@pytest.mark.parametrize("at", [0, 1, LATEST])
def test_an_event_may_be_issued_from_the_epoch_to_the_last_year(at: int) -> None:
    event = signed_event("access.used", issued_at=at)
    assert parse_event(wire(event)).issued_at == at


@pytest.mark.parametrize("subject", ["grant-2", "grant-1 ", "GRANT-1", "run-1"])
def test_a_subject_other_than_the_bodys_is_refused_with_both(subject: str) -> None:
    with pytest.raises(InvalidEvent, match=r"but this access\.used is about 'grant-1'"):
        parse_event({**wire(signed_event("access.used")), "subject": subject})


@pytest.mark.parametrize(
    "change", [str.lower, lambda s: s + " ", lambda s: s[:-1], lambda s: s.replace("1", "2"), len]
)
def test_a_summary_that_differs_is_refused_with_the_right_one(
    change: Callable[[str], object],
) -> None:
    event = signed_event("access.used")
    value = {**wire(event), "summary": str(change(event.summary))}
    with pytest.raises(SummaryDiffers) as caught:
        parse_event(value)
    assert str(caught.value) == f"summary must be exactly: {event.summary}"


def test_a_body_of_another_kind_is_refused() -> None:
    with pytest.raises(InvalidBody, match=r"The body of access\.denied"):
        parse_event({**wire(signed_event("access.used")), "kind": "access.denied"})
    with pytest.raises(UnknownKind, match=r"access\.stolen"):
        parse_event({**wire(signed_event("access.used")), "kind": "access.stolen"})


def test_errors_have_stable_codes() -> None:
    assert InvalidEvent.code == "invalid-event"
    assert LeafTooLarge.code == "leaf-too-large"
    assert SummaryDiffers.code == "summary-differs"
