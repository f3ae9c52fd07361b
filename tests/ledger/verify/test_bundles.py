"""Bundles with no server; and everything that must not get through."""

from __future__ import annotations

import copy
import dataclasses
import json
from collections.abc import Iterator
from typing import Any

import pytest

from ledger.audit import build_bundle, parse_bundle
from ledger.audit.errors import AnswerCut, AnswerDiffers, BundleContradiction, MalformedBundle
from ledger.errors import ConcordError
from ledger.events import Event, decode_leaf
from ledger.events.canonical import InvalidJson, JsonObject
from ledger.merkle.errors import NoKnownSignature
from ledger.verify import confirm_with_log, verify_bundle
from tests.support.bundles import KEYS, bundle_of, rebuilt, tiles_of
from tests.support.histories import DAY, History, used
from tests.support.ledgers import log_key, member_key


def test_an_honest_bundle_gives_its_answer(rich: tuple[History, bytes]) -> None:
    history, document = rich
    verified = verify_bundle(document, KEYS)
    assert verified.answer.verdict == "tainted"
    assert {f.code.value for f in verified.answer.findings} == {
        "grant-revoked-after-use",
        "policy-violated",
    }
    assert verified.answer.tree.size == history.size - 2
    assert verified.checkpoint.size == history.size
    assert verified.anchor is not None
    assert [policy.policy for policy in verified.policies] == ["finite-grants", "short-grants"]
    subjects = {recorded.event.subject for recorded in verified.events}
    assert subjects >= {"ledger", "d", "q", "g", "m", "r", member_key("job").address}
    assert not subjects & {"unrelated", "later"}


def test_the_whole_log_confirms_it(rich: tuple[History, bytes]) -> None:
    history, document = rich
    confirm_with_log(verify_bundle(document, KEYS), history.leaves, history.checkpoint(), KEYS)


def test_no_field_can_be_changed(rich: tuple[History, bytes]) -> None:
    """Each single value, but what only the chain can tell: where the anchor stands."""
    original = json.loads(rich[1])
    tried = 0
    for path, change in tamperings(original):
        if path[:1] == ("anchor",) and path[1:2] not in {("size",), ("root",)}:
            continue
        document = copy.deepcopy(original)
        at = document
        for step in path[:-1]:
            at = at[step]
        at[path[-1]] = change
        with pytest.raises(ConcordError):
            verify_bundle(json.dumps(document), KEYS)
        tried += 1
    assert tried > 150


def test_no_field_or_item_can_be_taken_away_or_added(rich: tuple[History, bytes]) -> None:
    original = json.loads(rich[1])
    for path, value in containers(original):
        if path[:1] == ("anchor",) and len(path) == 1:
            continue
        for document in shortened_and_lengthened(original, path, value):
            with pytest.raises(ConcordError):
                verify_bundle(json.dumps(document), KEYS)


def in_order() -> History:
    """One model, from one dataset that it was granted."""
    history = History()
    history.begin()
    history.dataset("d")
    history.grant("g", "d")
    history.pass_time(DAY)
    history.train(inputs=[used("d", "g")])
    return history


def test_a_member_who_was_admitted_later_is_part_of_what_its_model_rests_on() -> None:
    history = in_order()
    c, late = history.consortium, member_key("late")
    admitted = history.sign(c.operator, "member.admitted", member=late.address, roles=["developer"])
    model: JsonObject = {"model": "q", "title": "Q", "owner": late.address, "license": "MIT"}
    history.sign(late, "model.registered", **model)
    body = c.model_version("q", "1", relation="quantized", base=[{"model": "m", "version": "1"}])
    history.sign(late, "model.version_published", **json.loads(body.body_bytes))
    verified = verify_bundle(bundle_of(history, history.audit("q")), KEYS)
    assert verified.answer.verdict == "clean"
    assert admitted in {recorded.index for recorded in verified.events}


def test_the_anchor_may_be_left_out_and_nothing_else(rich: tuple[History, bytes]) -> None:
    document = json.loads(rich[1])
    document["anchor"] = None
    assert verify_bundle(json.dumps(document), KEYS).anchor is None


def test_another_logs_key_is_refused(rich: tuple[History, bytes]) -> None:
    with pytest.raises(NoKnownSignature):
        verify_bundle(rich[1], [log_key("other.test/log").verifier])


def test_a_better_verdict_is_named_as_what_differs(rich: tuple[History, bytes]) -> None:
    document = json.loads(rich[1])
    document["answer"]["verdict"] = "clean"
    with pytest.raises(
        AnswerDiffers,
        match="verdict differs: the bundle says 'clean', the replay of its events",
    ):
        verify_bundle(json.dumps(document), KEYS)


def test_a_number_in_place_of_a_truth_value_is_another_answer(rich: tuple[History, bytes]) -> None:
    document = json.loads(rich[1])
    assert document["answer"]["isComplete"] is True
    document["answer"]["isComplete"] = 1
    with pytest.raises(AnswerDiffers, match=r"isComplete differs: the bundle says 1, .* True"):
        verify_bundle(json.dumps(document), KEYS)


def test_a_finding_left_out_is_named(rich: tuple[History, bytes]) -> None:
    document = json.loads(rich[1])
    del document["answer"]["findings"][0]
    with pytest.raises(AnswerDiffers, match="findings differs: the bundle says 1 of them"):
        verify_bundle(json.dumps(document), KEYS)


def test_an_answer_that_a_limit_cut_is_not_bundled(rich: tuple[History, bytes]) -> None:
    history, _ = rich
    with pytest.raises(AnswerCut, match="stops at 1 ancestors"):
        bundle_of(history, history.audit(limit=1))


def test_an_event_that_nothing_rests_on_is_refused(rich: tuple[History, bytes]) -> None:
    history, document = rich
    bundle = parse_bundle(document)
    unrelated = next(index for index, leaf in enumerate(history.leaves) if b'"unrelated"' in leaf)
    padded = rebuilt(history, document, {*bundle.leaves, unrelated})
    with pytest.raises(BundleContradiction, match=f"rests on event {unrelated}"):
        verify_bundle(padded, KEYS)


def test_an_event_from_after_the_answer_is_refused(rich: tuple[History, bytes]) -> None:
    history, document = rich
    answered = json.loads(document)["answer"]["size"]
    padded = rebuilt(history, document, {*parse_bundle(document).leaves, answered})
    with pytest.raises(BundleContradiction, match=f"size {answered}, and an event comes after it"):
        verify_bundle(padded, KEYS)


def test_policies_in_another_order_than_the_answers_are_refused(
    rich: tuple[History, bytes],
) -> None:
    document = json.loads(rich[1])
    document["policies"].reverse()
    with pytest.raises(BundleContradiction, match="not those of the answer, in its order"):
        verify_bundle(json.dumps(document), KEYS)


@pytest.mark.parametrize(
    ("name", "value", "refusal"),
    [
        ("size", "7", "names no tree"),
        ("size", True, "names no tree"),
        ("size", None, "names no tree"),
        ("root", 7, "names no tree"),
        ("root", "*", "root is not base64"),
        ("model", 7, "names no model"),
        ("version", None, "names no version"),
    ],
)
def test_an_answer_to_no_question_is_named(
    rich: tuple[History, bytes], name: str, value: object, refusal: str
) -> None:
    document = json.loads(rich[1])
    document["answer"][name] = value
    with pytest.raises(MalformedBundle, match=refusal):
        verify_bundle(json.dumps(document), KEYS)


def test_a_revocation_left_out_shows_against_the_whole_log() -> None:
    """The honest limit of a bundle, and the remedy."""
    history = in_order()
    clean = history.audit()
    revocation = history.revoke("g", "retroactive")
    # The answer of before, told at the size of after, without the revocation.
    partial = dataclasses.replace(clean, tree=history.tree())
    fresh = History()
    for index in range(revocation):
        fresh.force(_event(history, index))
    document = build_bundle(
        fresh.state,
        partial,
        leaves=lambda indices: {i: history.leaves[i] for i in indices},
        tiles=tiles_of(history),
        checkpoint=history.checkpoint(),
        manifests={},
    )
    verified = verify_bundle(document, KEYS)
    assert verified.answer.verdict == "clean"
    with pytest.raises(AnswerDiffers, match="whole log"):
        confirm_with_log(verified, history.leaves, history.checkpoint(), KEYS)


@pytest.mark.parametrize("document", [b"", b"[]", b"{}", b'{"v":1}', b'{"v":2}', b"\xff"])
def test_what_is_no_bundle_is_refused(document: bytes) -> None:
    with pytest.raises((MalformedBundle, InvalidJson)):
        verify_bundle(document, KEYS)


def test_a_key_that_stands_twice_is_refused(rich: tuple[History, bytes]) -> None:
    twice = rich[1].replace(b'{"v":1,', b'{"v":1,"v":1,', 1)
    with pytest.raises(InvalidJson, match="stands twice"):
        verify_bundle(twice, KEYS)


def _event(history: History, index: int) -> Event:
    return decode_leaf(history.leaves[index], index).event


def tamperings(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Every single value of a document, changed in a way that keeps its type."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield from tamperings(item, (*path, name))
    elif isinstance(value, list):
        for position, item in enumerate(value):
            yield from tamperings(item, (*path, position))
    elif isinstance(value, bool):
        yield path, not value
    elif isinstance(value, int):
        yield path, value + 1
        yield path, -1
    elif isinstance(value, str):
        middle = len(value) // 2
        other = "A" if value[middle : middle + 1] != "A" else "B"
        yield path, value[:middle] + other + value[middle + 1 :]
        yield path, value + "A"
        yield path, ""
    else:
        yield path, 1


def containers(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Every object and list of a document."""
    if isinstance(value, dict | list):
        yield path, value
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for name, item in items:
            yield from containers(item, (*path, name))


def shortened_and_lengthened(original: Any, path: tuple[Any, ...], value: Any) -> Iterator[Any]:
    """The document with one item less, or one more, in one container."""
    for change in ("less", "more"):
        if change == "less" and not value:
            continue
        document = copy.deepcopy(original)
        at = document
        for step in path:
            at = at[step]
        if change == "less" and isinstance(at, dict):
            del at[next(iter(at))]
        elif change == "less":
            at.pop()
        elif isinstance(at, dict):
            at["more"] = 1
        else:
            at.append(at[0] if at else "AA==")
        yield document
