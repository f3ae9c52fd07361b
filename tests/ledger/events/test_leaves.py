"""Leaves: how large and deep they may be, and that no other bytes pass for one."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable

import orjson
import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import ConcordError, InvalidInput
from ledger.events import (
    MAX_LEAF_BYTES,
    Event,
    build_event,
    decode_leaf,
    encode_leaf,
    parse_event,
    verify_signature,
)
from ledger.events.canonical import InvalidJson, JsonObject, JsonValue, parse_object
from ledger.events.envelope import MAX_BODY_DEPTH, InvalidEvent, LeafTooLarge
from ledger.events.identifiers import LATEST, Milliseconds
from tests.support import jcs
from tests.support.examples import (
    DOMAIN,
    ISSUED_AT,
    LAB,
    body_of,
    nonce,
    signed_event,
)

RECORDED_AT = Milliseconds(ISSUED_AT + 250)


def wire(event: Event) -> JsonObject:
    """The event as its JSON object."""
    return parse_object(event.encode())


def build(kind: str, body: JsonObject) -> Event:
    return build_event(body=body, kind=kind, actor=LAB.address, issued_at=ISSUED_AT, nonce=nonce(0))


def padded(size: int, character: str = "x", at: Milliseconds = LATEST) -> Event:
    """A signed run whose leaf has exactly so many bytes when it is recorded at that time."""

    def run(padding: str) -> Event:
        # A short sentence, so that nothing but the padding brings it near the limit.
        body: JsonObject = {
            "run": "r",
            "job": "j",
            "inputs": [],
            "startedAt": "2026-10-01T08:00:00Z",
        }
        return signed_event("run.started", {**body, "parameters": {"p": padding}})

    empty = len(encode_leaf(run(""), at))
    count, rest = divmod(size - empty, len(character.encode()))
    event = run(character * count + "x" * rest)
    assert len(event.body_bytes) - len(run("").body_bytes) == size - empty
    return event


@pytest.mark.parametrize("character", ["x", "é", "😀"])
def test_a_leaf_of_65535_bytes_is_taken(character: str) -> None:
    leaf = encode_leaf(padded(MAX_LEAF_BYTES, character), LATEST)
    assert len(leaf) == 65_535
    assert encode_leaf(decode_leaf(leaf, 0).event, LATEST) == leaf
    assert parse_event(wire(padded(MAX_LEAF_BYTES, character)))


@pytest.mark.parametrize("character", ["x", "é", "😀"])
def test_a_leaf_of_65536_bytes_is_refused_with_the_way_out(character: str) -> None:
    event = padded(MAX_LEAF_BYTES, character)
    value = wire(event)
    body = value["body"]
    assert isinstance(body, dict)
    parameters = body["parameters"]
    assert isinstance(parameters, dict)
    parameters["p"] = f"{parameters['p']}x"
    with pytest.raises(LeafTooLarge, match=r"leaf of 65536 bytes; 65535 is the limit.*manifest"):
        parse_event(value)
    longer = dataclasses.replace(event, signature=event.signature + "0")
    with pytest.raises(LeafTooLarge, match="65536"):
        encode_leaf(longer, LATEST)


def test_a_leaf_that_would_outgrow_the_limit_only_later_is_refused_at_once() -> None:
    """Whether an event fits may not depend on the moment it is recorded."""
    event = padded(MAX_LEAF_BYTES + 1)
    assert len(encode_leaf(event, RECORDED_AT)) <= MAX_LEAF_BYTES
    with pytest.raises(LeafTooLarge):
        parse_event(wire(event))


def test_whatever_an_event_is_made_of_its_leaf_fits_or_it_is_refused() -> None:
    """Each part as long as it may be: the body's length alone does not decide."""
    inputs = [{"model": "m" * 128, "version": "v" * 64}] * 6
    outputs = [{**item, "digest": {"sha256": "a" * 64}} for item in inputs]
    job, run = "😀" * 200, "r" * 128
    for room in range(0, 24_000, 400):
        body = body_of("run.completed", job=job, run=run, inputs=inputs, outputs=outputs)
        body["parameters"] = {"p": "x" * (MAX_LEAF_BYTES - room)}
        try:
            event = build("run.completed", body)
            value = {**wire(event), "signature": "0x" + "ab" * 4096}
            long_signature = parse_event(value)
        except LeafTooLarge:
            continue
        assert len(encode_leaf(long_signature, LATEST)) <= MAX_LEAF_BYTES


def nested(levels: int) -> JsonObject:
    value: JsonObject = {}
    for _ in range(levels - 1):
        value = {"a": value}
    return value


def test_what_is_accepted_on_its_own_can_be_read_back_from_its_leaf() -> None:
    event = signed_event(
        "run.started", body_of("run.started", parameters=nested(MAX_BODY_DEPTH - 1))
    )
    assert decode_leaf(encode_leaf(event, RECORDED_AT), 0).event == event
    batch = b'{"events":[{"event":%s}]}' % encode_leaf(event, RECORDED_AT)
    assert parse_object(batch)


def test_a_body_nested_deeper_than_that_is_refused() -> None:
    value = wire(signed_event("run.started"))
    body = value["body"]
    assert isinstance(body, dict)
    body["parameters"] = nested(MAX_BODY_DEPTH)
    with pytest.raises(InvalidJson, match="deeper than 24 levels"):
        parse_event(value)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (float("nan"), "nan is not representable"),
        (float("inf"), "inf is not representable"),
        (2**53, "exceeds safe integer domain"),
        (1e17, "outside ±"),
        ("\x00", "U\\+0000"),
        ("\ud800", "non-UTF-8"),
        (b"x", "no canonical JSON form"),
        ({1: 2}, "keys must be strings"),
    ],
)
def test_what_python_can_hold_but_a_leaf_cannot_is_refused_before_signing(
    value: object, reason: str
) -> None:
    with pytest.raises(InvalidJson, match=reason):
        build("run.started", body_of("run.started", parameters={"x": value}))


@pytest.mark.parametrize("text", ["\x00", "a\x00b", "\ud800"])
def test_hostile_text_from_a_chain_never_makes_a_leaf_that_cannot_be_read(text: str) -> None:
    with pytest.raises(InvalidJson):
        build("vote.cast", body_of("vote.cast", reason=text))


def test_whole_floats_are_signed_as_the_integers_they_are_read_back_as() -> None:
    event = build("run.started", body_of("run.started", parameters={"x": 5.0, "y": -0.0}))
    assert decode_leaf(encode_leaf(event, RECORDED_AT), 0).event == event
    assert b'"parameters":{"x":5,"y":0}' in event.body_bytes


def test_free_values_that_come_over_the_wire_are_hashed_in_canonical_form() -> None:
    value = wire(signed_event("run.started"))
    body = value["body"]
    assert isinstance(body, dict)
    body["parameters"] = parse_object('{"😀":5.0,"\ufb33":-0.0,"a":1E2}'.encode())
    event = parse_event(value)
    assert '"parameters":{"a":100,"😀":5,"\ufb33":0}'.encode() in event.body_bytes
    assert event.body_bytes == jcs.jcs(body)
    assert decode_leaf(encode_leaf(event, RECORDED_AT), 0).event.id == event.id


def leaf_json(**changes: JsonValue) -> dict[str, JsonValue]:
    leaf: dict[str, JsonValue] = json.loads(encode_leaf(signed_event("access.used"), RECORDED_AT))
    return leaf | changes


@pytest.mark.parametrize(
    "changes",
    [
        {"v": 2},
        {"v": 0},
        {"v": "1"},
        {"v": None},
        {"recordedAt": -1},
        {"recordedAt": LATEST + 1},
        {"recordedAt": "1"},
        {"recordedAt": None},
        {"recordedAt": True},
        {"recordedAt": 1.5},
        {"event": []},
        {"event": None},
        {"extra": 1},
    ],
)
def test_what_is_not_a_version_1_leaf_is_refused(changes: dict[str, JsonValue]) -> None:
    with pytest.raises(InvalidEvent, match="Leaf 9 is not a version 1 leaf"):
        decode_leaf(rfc8785.dumps(leaf_json(**changes)), 9)


@pytest.mark.parametrize("name", ["v", "recordedAt", "event"])
def test_a_leaf_without_one_of_its_parts_is_refused(name: str) -> None:
    leaf = leaf_json()
    del leaf[name]
    with pytest.raises(InvalidEvent, match="not a version 1 leaf"):
        decode_leaf(rfc8785.dumps(leaf), 0)


def rewritten(write: Callable[[dict[str, JsonValue]], bytes]) -> bytes:
    return write(leaf_json())


@pytest.mark.parametrize(
    "leaf",
    [
        rewritten(lambda v: json.dumps(v).encode()),
        rewritten(lambda v: orjson.dumps(dict(reversed(v.items())))),
        rewritten(lambda v: orjson.dumps(v | {"event": dict(reversed(v["event"].items()))})),  # type: ignore[union-attr]
        rewritten(lambda v: rfc8785.dumps(v) + b"\n"),
        rewritten(lambda v: b" " + rfc8785.dumps(v)),
        rewritten(lambda v: rfc8785.dumps(v).replace(b"grant-1", b"\\u0067rant-1", 1)),
        rewritten(lambda v: rfc8785.dumps(v).replace(b'"v":1', b'"v":1.0')),
        rewritten(lambda v: rfc8785.dumps(v).replace(b'"v":1', b'"v":true')),
        rewritten(lambda v: rfc8785.dumps(v).replace(b'"v":1', b'"v":1e0')),
        rewritten(
            lambda v: rfc8785.dumps(v).replace(b'"records":190', b'"records":190,"run":null', 1)
        ),
    ],
)
def test_the_same_event_in_any_other_bytes_is_refused(leaf: bytes) -> None:
    with pytest.raises(InvalidInput):
        decode_leaf(leaf, 3)


def test_a_float_leaf_in_another_spelling_is_refused() -> None:
    leaf = encode_leaf(signed_event("run.completed"), RECORDED_AT)
    for canonical, other in [
        (b":0.97", b":0.970"),
        (b":1e-7", b":0.0000001"),
        (b":0.001", b":1e-3"),
    ]:
        assert leaf.count(canonical) >= 1
        with pytest.raises(InvalidEvent, match="Leaf 4 is not in canonical form"):
            decode_leaf(leaf.replace(canonical, other), 4)


@given(st.binary(max_size=80) | jcs.objects(jcs.integers | jcs.floats).map(jcs.jcs))
def test_any_other_bytes_are_no_leaf(data: bytes) -> None:
    with pytest.raises(InvalidInput):
        decode_leaf(data, 0)


def check(leaf: bytes) -> None:
    verify_signature(decode_leaf(leaf, 0).event, DOMAIN)


def survivors(leaf: bytes, alter: Callable[[int], range | list[int]]) -> set[int]:
    """Positions at which some altered byte still gives a leaf with a good signature."""
    found = set()
    altered = bytearray(leaf)
    for position, byte in enumerate(leaf):
        for other in alter(byte):
            if other == byte:
                continue
            altered[position] = other
            try:
                check(bytes(altered))
            except ConcordError:
                continue
            found.add(position)
        altered[position] = byte
    return found


def signed_nowhere(leaf: bytes) -> set[int]:
    """The digits of `recordedAt`: the ledger's own word, which the tree's hash protects."""
    start = leaf.index(b'"recordedAt":') + len(b'"recordedAt":')
    return set(range(start, leaf.index(b",", start)))


@pytest.mark.parametrize("kind", ["access.denied", "run.completed"])
def test_no_flipped_bit_of_a_leaf_goes_unnoticed(kind: str) -> None:
    leaf = encode_leaf(signed_event(kind), RECORDED_AT)
    assert survivors(leaf, lambda byte: [byte ^ 1 << bit for bit in range(8)]) <= signed_nowhere(
        leaf
    )


def test_no_altered_byte_of_a_leaf_goes_unnoticed() -> None:
    leaf = encode_leaf(signed_event("access.denied"), RECORDED_AT)
    assert survivors(leaf, lambda _: range(256)) == signed_nowhere(leaf)


def test_no_removed_or_doubled_byte_of_a_leaf_goes_unnoticed() -> None:
    leaf = encode_leaf(signed_event("access.denied"), RECORDED_AT)
    for position in range(len(leaf)):
        for altered in (
            leaf[:position] + leaf[position + 1 :],
            leaf[: position + 1] + leaf[position:],
            leaf[:position],
        ):
            if position in signed_nowhere(leaf) and altered != leaf[:position]:
                continue
            with pytest.raises(ConcordError):
                check(altered)
