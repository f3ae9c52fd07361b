"""What a withdrawal or a revocation would reach, before anybody does it."""

from __future__ import annotations

import hashlib

import orjson
import pytest
from hypothesis import given, settings

from ledger.audit import Impact, ManifestRows, MemoryRows, impact, impact_json, supplied
from ledger.audit.errors import UnknownNode
from ledger.errors import ConcordError
from ledger.events.canonical import JsonObject
from ledger.views.records import ModelVersion, ReleaseChange
from tests.support.histories import DAY, HOUR, History, used
from tests.support.random_histories import histories, published

M: JsonObject = {"model": "m", "version": "1"}


def reach(history: History, dataset: str = "d", **options: object) -> Impact:
    fields = {"dataset": dataset, "size": history.size} | options
    return impact(MemoryRows(history.state), **fields)  # type: ignore[arg-type]


def models(answer: Impact) -> list[str]:
    return [m.node for m in answer.models]


@pytest.fixture
def family(granted: History) -> History:
    """m from d under g, n from m; o from d under another grant, p from other data."""
    granted.grant("h", "d", lab=1)
    granted.dataset("e", 1)
    granted.grant("k", "e", steward=1)
    granted.pass_time(HOUR)
    granted.record(granted.consortium.use("g", run="run-m-1"))
    granted.train("m", inputs=[used("d", "g")])
    granted.train("n", inputs=[M], base=[M])
    granted.train("o", inputs=[used("d", "h")], lab=1)
    granted.train("p", inputs=[used("e", "k")])
    return granted


def test_a_dataset_reaches_all_that_came_of_it(family: History) -> None:
    answer = reach(family)
    assert models(answer) == ["model:m@1", "model:o@1", "model:n@1"]
    assert [r.node for r in answer.runs] == ["run:run-m-1", "run:run-o-1", "run:run-n-1"]
    assert [m.depth for m in answer.models] == [2, 2, 3]
    assert answer.grants == ("g", "h")
    assert answer.uses == 1
    assert answer.is_complete
    assert answer.sentence == (
        "Withdrawing dataset d reaches 3 runs and 3 model versions, 0 of them released."
    )


def test_a_grant_reaches_what_came_of_it_alone(family: History) -> None:
    answer = reach(family, grant="h")
    assert models(answer) == ["model:o@1"]
    assert answer.grants == ("h",)


def test_a_grant_reaches_those_under_it(family: History) -> None:
    family.grant("top", "d", lab=1, delegable=True)
    below = {
        "grant": "sub",
        "dataset": "d",
        "assignee": family.consortium.labs[0].address,
        "actions": ["train"],
        "purpose": {"duo": ["HMB"]},
        "notBefore": family.consortium.at(),
        "expiresAt": family.consortium.at(DAY),
        "delegable": False,
        "parent": "top",
    }
    family.sign(family.consortium.labs[1], "access.granted", **below)
    family.train("q", inputs=[used("d", "sub")])
    answer = reach(family, grant="top")
    assert answer.grants == ("sub", "top")
    assert models(answer) == ["model:q@1"]


def test_releases_among_them_are_named(family: History) -> None:
    released = family.state.get(ModelVersion, "n", "1")
    assert released is not None
    change = ReleaseChange(
        family.size, "n", None, "released", released.leaf_hash, family.now + DAY, family.now
    )
    family.state.add(change)
    assert reach(family, size=family.size + 1).releases == ("model:n@1",)
    assert reach(family).releases == ()


def test_as_of_then_later_models_are_not_reached(family: History) -> None:
    assert "model:o@1" not in models(reach(family, size=family.size - 6))


def test_another_members_claim_reaches_no_model(family: History) -> None:
    claim = family.consortium.run_completed("evil", [used("d", "h")], [("p", "1")], lab=1)
    family.record(claim)
    assert "model:p@1" not in models(reach(family))


def test_a_revoked_grant_is_not_among_those_that_would_end(family: History) -> None:
    family.revoke("h")
    answer = reach(family)
    assert answer.grants == ("g",)
    assert "model:o@1" in models(answer)


def test_a_limit_that_cuts_says_so(family: History) -> None:
    answer = reach(family, limit=3)
    assert not answer.is_complete
    assert len(answer.runs) + len(answer.models) <= 3


def test_runs_with_manifests_leave_it_incomplete(family: History) -> None:
    digest = hashlib.sha256(b"manifest").hexdigest()
    family.train("q", inputs=[], inputsManifest={"digest": {"sha256": digest}})
    answer = reach(family)
    assert not answer.is_complete
    assert answer.unread == ("run-q-1",)


def listing(history: History, model: str, *inputs: JsonObject, tail: bytes = b"") -> bytes:
    """Trains a model by a run that lists its inputs in a manifest alone; the manifest."""
    document = b"".join(orjson.dumps(item) + b"\n" for item in inputs) + tail
    digest = hashlib.sha256(document).hexdigest()
    history.train(model, inputs=[], inputsManifest={"digest": {"sha256": digest}})
    return document


def reach_with(history: History, *documents: bytes, **options: object) -> Impact:
    size = history.size
    rows = ManifestRows(MemoryRows(history.state), supplied(documents), size=size)
    fields = {"dataset": "d", "size": size} | options
    return impact(rows, **fields)  # type: ignore[arg-type]


class TestManifestsAtHand:
    def test_what_they_list_is_reached_and_the_answer_complete(self, family: History) -> None:
        first = listing(family, "q", used("e", "k"), used("d", "h"))
        # Reached over q, which its manifest alone names.
        second = listing(family, "r", {"model": "q", "version": "1"})
        answer = reach_with(family, first, second)
        assert answer.is_complete
        assert answer.unread == ()
        assert models(answer) == [f"model:{name}@1" for name in ("m", "o", "q", "n", "r")]
        assert models(reach_with(family, first, second, grant="h")) == [
            *("model:o@1", "model:q@1", "model:r@1")
        ]
        assert models(reach(family)) == ["model:m@1", "model:o@1", "model:n@1"]

    def test_one_that_is_missing_is_told_and_the_others_count(self, family: History) -> None:
        first = listing(family, "q", used("d", "h"))
        listing(family, "r", used("d", "g"))
        answer = reach_with(family, first)
        assert not answer.is_complete
        assert answer.unread == ("run-r-1",)
        assert "model:q@1" in models(answer)
        assert "model:r@1" not in models(answer)

    def test_a_line_that_is_no_input_leaves_its_run_unread(self, family: History) -> None:
        document = listing(family, "q", used("d", "h"), tail=b'{"dataset": 1}\n')
        answer = reach_with(family, document)
        assert answer.unread == ("run-q-1",)
        assert "model:q@1" in models(answer)

    def test_lines_beyond_the_limit_leave_their_run_unread(self, family: History) -> None:
        document = listing(family, "q", used("e", "k"), used("d", "h"))
        rows = ManifestRows(
            MemoryRows(family.state), supplied([document]), size=family.size, max_lines=1
        )
        answer = impact(rows, dataset="d", size=family.size)
        assert answer.unread == ("run-q-1",)
        assert "model:q@1" not in models(answer)

    def test_as_of_then_a_later_manifest_is_not_read(self, family: History) -> None:
        size = family.size
        document = listing(family, "q", used("d", "h"))
        rows = ManifestRows(MemoryRows(family.state), supplied([document]), size=size)
        answer = impact(rows, dataset="d", size=size)
        assert (answer.is_complete, "model:q@1" in models(answer)) == (True, False)


def test_what_is_not_recorded_is_unknown(family: History) -> None:
    for options in ({"dataset": "ghost"}, {"grant": "ghost"}, {"grant": "k"}, {"size": 1}):
        with pytest.raises(UnknownNode):
            reach(family, **options)


def test_its_json_names_what_the_api_promises(family: History) -> None:
    document = impact_json(reach(family))
    assert document["isComplete"] is True
    assert document["models"][0] == {"node": "model:m@1", "depth": 2, "index": 11}  # type: ignore[index, call-overload]


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(histories())
def test_every_model_that_a_retroactive_revocation_taints_was_foretold(history: History) -> None:
    for dataset, grant in (("d0", "g0"), ("d1", "g1")):
        clean = [k for k in published(history) if history.audit(*k).verdict != "tainted"]
        foretold = models(reach(history, dataset, grant=grant))
        for steward in history.consortium.stewards:
            now = history.consortium.at()
            body = {"grant": grant, "effectiveAt": now, "effect": "retroactive"}
            try:
                history.sign(steward, "access.revoked", **body)
                break
            except ConcordError:
                continue
        for model, version in clean:
            if history.audit(model, version).verdict == "tainted":
                assert f"model:{model}@{version}" in foretold
