"""Receipts, bundles and whole logs with no server; and everything that must not get through."""

from __future__ import annotations

import base64
import copy
import dataclasses
import hashlib
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from ledger.audit import ModelAudit, Policy, build_bundle, parse_bundle, parse_policy, supplied
from ledger.audit.errors import (
    AnswerCut,
    AnswerDiffers,
    BundleContradiction,
    ForgedEvent,
    LogContradiction,
    MalformedBundle,
    UnauthorisedEvent,
)
from ledger.audit.inclusion import prove_together
from ledger.errors import ConcordError
from ledger.events import Event, decode_leaf
from ledger.events.canonical import InvalidJson, JsonObject
from ledger.merkle import (
    Anchor,
    FetchedTiles,
    TileEdge,
    build_receipt,
    leaf_hash,
)
from ledger.merkle.errors import NoKnownSignature, WrongRoot
from ledger.verify import (
    audit_whole_log,
    confirm_with_log,
    replay_log,
    verify_bundle,
    verify_receipt,
)
from tests.support.histories import DAY, History, used
from tests.support.ledgers import CHAIN_ID, Consortium, ManualClock, log_key, member_key

KEYS = [log_key().verifier]
POLICY = b'{"v":1,"policy":"short-grants","rules":[{"rule":"longest-grant","days":30}]}'
MANIFEST = json.dumps(used("d", "g")).encode() + b"\n"


def tiles_of(history: History) -> FetchedTiles:
    _, tiles = TileEdge().append([leaf_hash(leaf) for leaf in history.leaves])
    return FetchedTiles({(tile.level, tile.n): tile.hashes for tile in tiles})


def bundle_of(
    history: History,
    answer: ModelAudit,
    *,
    policies: tuple[Policy, ...] = (),
    anchor: Anchor | None = None,
    leaves: Callable[[Any], dict[int, bytes]] | None = None,
) -> bytes:
    return build_bundle(
        history.state,
        answer,
        leaves=leaves or (lambda indices: {i: history.leaves[i] for i in indices}),
        tiles=tiles_of(history),
        checkpoint=history.checkpoint(),
        manifests=supplied([MANIFEST]),
        policies=policies,
        anchor=anchor,
    )


@pytest.fixture(scope="module")
def rich() -> tuple[History, bytes]:
    """A history with everything that a bundle can hold, and the bundle."""
    operator = member_key("mirror").address
    consortium = Consortium(ManualClock(), contracts={"PolicyRegistry": operator})
    history = History(consortium)
    history.begin()
    adoption = history.sign(
        consortium.mirror,
        "policy.adopted",
        policy="short-grants",
        version=1,
        digest="0x" + hashlib.sha256(POLICY).hexdigest(),
        chain={
            "chainId": CHAIN_ID,
            "contract": operator,
            "blockNumber": 1,
            "blockHash": "0x" + "aa" * 32,
            "transactionHash": "0x" + "bb" * 32,
            "logIndex": 0,
        },
    )
    job = member_key("job")
    until = consortium.at(300 * DAY)
    kinds = ["run.completed"]
    history.sign(consortium.labs[0], "key.authorized", key=job.address, kinds=kinds, until=until)
    history.dataset("d")
    history.record(consortium.request("q", "d"))
    history.grant("g", "d", request="q")
    history.dataset("unrelated", 1)
    history.pass_time(DAY)
    manifest = {"digest": {"sha256": hashlib.sha256(MANIFEST).hexdigest()}}
    completed = consortium.run_completed("r", [], [("m", "1")], inputsManifest=manifest)
    body = json.loads(completed.body_bytes)
    history.sign(job, "run.completed", **body)
    history.publish("m", "1", run="r")
    history.revoke("g", "retroactive")
    answered = history.size
    history.dataset("later", 2)
    policy = parse_policy(POLICY, version=1, index=adoption)
    answer = history.audit(size=answered, manifests=supplied([MANIFEST]), policies=(policy,))
    assert answer.verdict == "tainted"
    anchor = Anchor(
        CHAIN_ID, operator, 7, "0x" + "cc" * 32, "0x" + "dd" * 32, history.size,
        history.merkle.root(), (),
    )  # fmt: skip
    return history, bundle_of(history, answer, policies=(policy,), anchor=anchor)


class TestReceipts:
    def receipt(self, history: History, index: int) -> bytes:
        proof = history.merkle.inclusion(index)
        return build_receipt(history.leaves[index], index, proof, history.checkpoint())

    def test_a_receipt_gives_its_event(self, rich: tuple[History, bytes]) -> None:
        history, _ = rich
        verified = verify_receipt(self.receipt(history, 3), KEYS, chain_id=CHAIN_ID)
        assert verified.recorded.event.kind == "dataset.registered"
        assert verified.signature_checked
        assert verified.checkpoint.size == history.size

    def test_without_the_chains_id_the_members_signature_is_not_checked(
        self, rich: tuple[History, bytes]
    ) -> None:
        assert not verify_receipt(self.receipt(rich[0], 3), KEYS).signature_checked

    def test_an_event_of_another_deployment_is_refused(self, rich: tuple[History, bytes]) -> None:
        with pytest.raises(ForgedEvent, match="recovers to"):
            verify_receipt(self.receipt(rich[0], 3), KEYS, chain_id=1)

    def test_another_logs_key_is_refused(self, rich: tuple[History, bytes]) -> None:
        with pytest.raises(NoKnownSignature):
            verify_receipt(self.receipt(rich[0], 3), [log_key("other.test/log").verifier])


class TestBundles:
    def test_an_honest_bundle_gives_its_answer(self, rich: tuple[History, bytes]) -> None:
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
        assert [policy.policy for policy in verified.policies] == ["short-grants"]
        subjects = {recorded.event.subject for recorded in verified.events}
        assert subjects >= {"ledger", "d", "q", "g", "m", "r", member_key("job").address}
        assert not subjects & {"unrelated", "later"}

    def test_the_whole_log_confirms_it(self, rich: tuple[History, bytes]) -> None:
        history, document = rich
        confirm_with_log(verify_bundle(document, KEYS), history.leaves, history.checkpoint(), KEYS)

    def test_no_field_can_be_changed(self, rich: tuple[History, bytes]) -> None:
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

    def test_no_field_or_item_can_be_taken_away_or_added(self, rich: tuple[History, bytes]) -> None:
        original = json.loads(rich[1])
        for path, value in containers(original):
            if path[:1] == ("anchor",) and len(path) == 1:
                continue
            for document in shortened_and_lengthened(original, path, value):
                with pytest.raises(ConcordError):
                    verify_bundle(json.dumps(document), KEYS)

    def test_the_anchor_may_be_left_out_and_nothing_else(self, rich: tuple[History, bytes]) -> None:
        document = json.loads(rich[1])
        document["anchor"] = None
        assert verify_bundle(json.dumps(document), KEYS).anchor is None

    def test_another_logs_key_is_refused(self, rich: tuple[History, bytes]) -> None:
        with pytest.raises(NoKnownSignature):
            verify_bundle(rich[1], [log_key("other.test/log").verifier])

    def test_a_better_verdict_is_named_as_what_differs(self, rich: tuple[History, bytes]) -> None:
        document = json.loads(rich[1])
        document["answer"]["verdict"] = "clean"
        with pytest.raises(
            AnswerDiffers,
            match="verdict differs: the bundle says 'clean', the replay of its events",
        ):
            verify_bundle(json.dumps(document), KEYS)

    def test_a_finding_left_out_is_named(self, rich: tuple[History, bytes]) -> None:
        document = json.loads(rich[1])
        del document["answer"]["findings"][0]
        with pytest.raises(AnswerDiffers, match="findings differs: the bundle says 1 of them"):
            verify_bundle(json.dumps(document), KEYS)

    def test_an_answer_that_a_limit_cut_is_not_bundled(self, rich: tuple[History, bytes]) -> None:
        history, _ = rich
        with pytest.raises(AnswerCut, match="stops at 1 ancestors"):
            bundle_of(history, history.audit(limit=1))

    def test_an_event_that_nothing_rests_on_is_refused(self, rich: tuple[History, bytes]) -> None:
        history, document = rich
        bundle = parse_bundle(document)
        unrelated = next(
            index for index, leaf in enumerate(history.leaves) if b'"unrelated"' in leaf
        )
        padded = rebuilt(history, document, {*bundle.leaves, unrelated})
        with pytest.raises(BundleContradiction, match=f"rests on event {unrelated}"):
            verify_bundle(padded, KEYS)

    def test_a_revocation_left_out_shows_against_the_whole_log(self) -> None:
        """The honest limit of a bundle, and the remedy."""
        history = History()
        history.begin()
        history.dataset("d")
        history.grant("g", "d")
        history.pass_time(DAY)
        history.train(inputs=[used("d", "g")])
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
    def test_what_is_no_bundle_is_refused(self, document: bytes) -> None:
        with pytest.raises((MalformedBundle, InvalidJson)):
            verify_bundle(document, KEYS)

    def test_a_key_that_stands_twice_is_refused(self, rich: tuple[History, bytes]) -> None:
        twice = rich[1].replace(b'{"v":1,', b'{"v":1,"v":1,', 1)
        with pytest.raises(InvalidJson, match="stands twice"):
            verify_bundle(twice, KEYS)


class TestDishonestOperators:
    def history(self) -> History:
        history = History()
        history.begin()
        history.dataset("d")
        history.grant("g", "d")
        history.pass_time(DAY)
        return history

    def test_an_event_that_the_rules_forbid_is_named(self) -> None:
        history = self.history()
        lab = history.consortium.labs[0]
        now = history.consortium.at()
        body: JsonObject = {"grant": "g", "effectiveAt": now, "effect": "prospective"}
        forced = history.force(history.consortium.event(lab, "access.revoked", body))
        history.train(inputs=[used("d", "g")])
        with pytest.raises(UnauthorisedEvent, match=f"Event {forced} should never"):
            verify_bundle(bundle_of(history, history.audit()), KEYS)

    def test_an_event_that_its_actor_did_not_sign_is_named(self) -> None:
        history = self.history()
        genuine = history.consortium.run_completed("r", [used("d", "g")], [("m", "1")])
        other = history.consortium.model("m")
        forged = history.force(dataclasses.replace(genuine, signature=other.signature))
        history.publish("m", "1", run="r")
        with pytest.raises(ForgedEvent, match=f"Event {forged} is not genuine"):
            verify_bundle(bundle_of(history, history.audit()), KEYS)
        with pytest.raises(ForgedEvent, match=f"Event {forged} is not genuine"):
            replay_log(history.leaves, history.checkpoint(), KEYS)

    def test_a_clock_that_runs_back_is_named(self) -> None:
        history = self.history()
        history.pass_time(-2 * DAY)
        history.train(inputs=[used("d", "g")])
        with pytest.raises(LogContradiction, match="never runs back"):
            verify_bundle(bundle_of(history, history.audit()), KEYS)

    def test_another_logs_first_leaf_is_refused(self) -> None:
        history = self.history()
        stranger = History(Consortium(origin="other.test/log"))
        stranger.begin()
        with pytest.raises(LogContradiction, match=r"is of other.test/log, the checkpoint of"):
            replay_log(stranger.leaves, history.checkpoint(), KEYS)

    def test_a_log_without_its_first_leaf_is_refused(self) -> None:
        history = self.history()
        with pytest.raises(LogContradiction, match=r"ledger.created, is missing"):
            replay_log(history.leaves[1:], history.checkpoint(), KEYS)


class TestWholeLogs:
    def test_altered_leaves_lead_to_another_root(self, rich: tuple[History, bytes]) -> None:
        history, _ = rich
        other = History(Consortium(ManualClock(), seed=2, contracts=history.consortium.contracts))
        other.begin()
        leaves = [*other.leaves, *history.leaves[1:]]
        with pytest.raises(WrongRoot, match="were altered, or are of another log"):
            replay_log(leaves, history.checkpoint(), KEYS)

    def test_missing_leaves_are_told(self, rich: tuple[History, bytes]) -> None:
        history, _ = rich
        with pytest.raises(LogContradiction, match=f"end after {history.size - 1}"):
            replay_log(history.leaves[:-1], history.checkpoint(), KEYS)

    def test_leaves_beyond_the_checkpoint_are_not_read(self, rich: tuple[History, bytes]) -> None:
        history, _ = rich
        log = replay_log([*history.leaves, b"junk"], history.checkpoint(), KEYS)
        assert log.checkpoint.size == history.size

    def test_trees_of_earlier_sizes_come_with_it(self, rich: tuple[History, bytes]) -> None:
        history, _ = rich
        log = replay_log(history.leaves, history.checkpoint(), KEYS, sizes=(1, 5))
        assert [log.trees[size] for size in (1, 5)] == [history.tree(1), history.tree(5)]

    def test_a_size_beyond_the_checkpoint_is_refused(self, rich: tuple[History, bytes]) -> None:
        history, _ = rich
        with pytest.raises(LogContradiction, match="leaves only"):
            audit_whole_log(
                history.leaves,
                history.checkpoint(),
                KEYS,
                model="m",
                version="1",
                size=history.size + 1,
            )

    def test_a_policy_that_was_not_adopted_is_refused(self, rich: tuple[History, bytes]) -> None:
        history, _ = rich
        looser = parse_policy(POLICY.replace(b"30", b"300"), version=1, index=1)
        with pytest.raises(BundleContradiction, match="Event 1 does not adopt"):
            audit_whole_log(
                history.leaves,
                history.checkpoint(),
                KEYS,
                model="m",
                version="1",
                policies=(looser,),
            )


def _event(history: History, index: int) -> Event:
    return decode_leaf(history.leaves[index], index).event


def rebuilt(history: History, document: bytes, indices: set[int]) -> str:
    """The bundle with other events, rightly proven."""
    value = json.loads(document)
    ordered = sorted(indices)
    value["events"] = [
        {"index": i, "leaf": base64.b64encode(history.leaves[i]).decode()} for i in ordered
    ]
    proof = prove_together(ordered, history.size, tiles_of(history))
    value["proof"] = [base64.b64encode(item).decode() for item in proof]
    return json.dumps(value)


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
