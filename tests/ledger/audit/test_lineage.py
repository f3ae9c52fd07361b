"""Lineage both ways, as PROV; and never called complete where it is not."""

from __future__ import annotations

import hashlib

import orjson
import pytest

from ledger.audit import Lineage, MemoryRows, lineage, lineage_json
from ledger.audit.errors import UnknownNode
from ledger.audit.manifests import supplied
from ledger.events.canonical import JsonObject
from tests.support.histories import History, used

M: JsonObject = {"model": "m", "version": "1"}
N: JsonObject = {"model": "n", "version": "1"}


@pytest.fixture
def chain(granted: History) -> History:
    """d → run → m → run → n → o."""
    granted.train("m", inputs=[used("d", "g")])
    granted.train("n", inputs=[M], base=[M])
    granted.publish("o", "1", base=[N], relation="quantized")
    return granted


def ancestors(history: History, start: str = "model:o@1", **options: object) -> Lineage:
    fields = {"direction": "ancestors", "size": history.size} | options
    return lineage(MemoryRows(history.state), start, **fields)  # type: ignore[arg-type]


def names(answer: Lineage, *sorts: str) -> list[str]:
    return [n.node for n in answer.nodes if n.sort in (sorts or ("model", "run", "dataset"))]


def test_ancestors_come_nearest_first(chain: History) -> None:
    answer = ancestors(chain)
    assert answer.is_complete
    assert names(answer) == [
        "model:o@1",
        "model:n@1",
        "run:run-n-1",
        "model:m@1",
        "run:run-m-1",
        "dataset:d@1",
    ]
    assert {n.depth for n in answer.nodes if n.node == "dataset:d@1"} == {4}
    assert {n.depth for n in answer.nodes if n.node == "model:o@1"} == {0}


def test_grants_and_agents_stand_beside(chain: History) -> None:
    answer = ancestors(chain)
    relations = {(e.relation, e.source, e.target) for e in answer.edges}
    lab, steward = chain.consortium.labs[0].address, chain.consortium.stewards[0].address
    assert ("used", "run:run-m-1", "grant:g") in relations
    assert ("wasAttributedTo", "grant:g", f"agent:{steward}") in relations
    assert ("wasAssociatedWith", "run:run-m-1", f"agent:{lab}") in relations
    assert ("wasDerivedFrom", "model:o@1", "model:n@1") in relations
    known = {n.node for n in answer.nodes}
    assert all(e.source in known and e.target in known for e in answer.edges)


def test_as_of_then_what_was_told_later_does_not_stand_beside(chain: History) -> None:
    before = chain.size
    chain.revoke("g")
    told = {e.relation: e.index for e in ancestors(chain).edges}
    assert told["wasInvalidatedBy"] == before
    assert all(e.index < before for e in ancestors(chain, size=before).edges)


def test_descendants_of_a_dataset_are_all_that_came_of_it(chain: History) -> None:
    answer = ancestors(chain, "dataset:d@1", direction="descendants")
    assert answer.is_complete
    assert names(answer) == [
        "dataset:d@1",
        "run:run-m-1",
        "model:m@1",
        "run:run-n-1",
        "model:n@1",
        "model:o@1",
    ]


@pytest.mark.parametrize(
    ("depth", "complete", "count"), [(0, False, 1), (2, False, 4), (4, True, 6)]
)
def test_a_depth_that_cuts_says_so(chain: History, depth: int, complete: bool, count: int) -> None:
    answer = ancestors(chain, depth=depth)
    assert answer.is_complete is complete
    assert len(names(answer)) == count


@pytest.mark.parametrize(("limit", "complete"), [(5, False), (6, True)])
def test_a_limit_that_cuts_says_so(chain: History, limit: int, complete: bool) -> None:
    answer = ancestors(chain, limit=limit)
    assert answer.is_complete is complete
    assert len(names(answer)) == limit


def test_circles_end(granted: History) -> None:
    granted.publish("m", "1", base=[N], relation="merged")
    granted.publish("n", "1", base=[M], relation="merged")
    answer = ancestors(granted, "model:m@1")
    assert names(answer) == ["model:m@1", "model:n@1"]
    assert answer.is_complete


def test_as_of_then_later_edges_are_not_there(chain: History) -> None:
    answer = ancestors(chain, "dataset:d@1", direction="descendants", size=chain.size - 1)
    assert "model:o@1" not in names(answer)


def test_a_manifest_that_is_not_read_leaves_it_incomplete(granted: History) -> None:
    digest = hashlib.sha256(b"manifest").hexdigest()
    granted.train(inputs=[used("d", "g")], inputsManifest={"digest": {"sha256": digest}})
    answer = ancestors(granted, "model:m@1")
    assert not answer.is_complete
    assert answer.unread == ("run-m-1",)


def listing(history: History, model: str, *inputs: JsonObject) -> bytes:
    """Trains a model by a run that lists its inputs in a manifest alone; the manifest."""
    document = b"".join(orjson.dumps(item) + b"\n" for item in inputs)
    digest = hashlib.sha256(document).hexdigest()
    history.train(model, inputs=[], inputsManifest={"digest": {"sha256": digest}})
    return document


def test_what_manifests_at_hand_list_went_in(granted: History) -> None:
    first = listing(granted, "m", used("d", "g"))
    second = listing(granted, "n", M)
    answer = ancestors(granted, "model:n@1", manifests=supplied([first, second]))
    assert (answer.is_complete, answer.unread) == (True, ())
    assert names(answer) == [
        *("model:n@1", "run:run-n-1", "model:m@1", "run:run-m-1", "dataset:d@1")
    ]
    assert "grant:g" in names(answer, "grant")
    # Without the first one, that something is missing further up is told.
    part = ancestors(granted, "model:n@1", manifests=supplied([second]))
    assert (part.is_complete, part.unread) == (False, ("run-m-1",))
    assert "model:m@1" in names(part)


def test_manifests_of_runs_that_have_no_part_in_it_are_not_missed(chain: History) -> None:
    listing(chain, "q", used("d", "g"))
    answer = ancestors(chain)
    assert (answer.is_complete, answer.unread) == (True, ())


def test_what_manifests_at_hand_list_came_of_it(chain: History) -> None:
    document = listing(chain, "q", N)
    came = {"direction": "descendants"}
    missing = ancestors(chain, "model:n@1", **came)
    assert (missing.is_complete, missing.unread) == (False, ("run-q-1",))
    answer = ancestors(chain, "model:n@1", **came, manifests=supplied([document]))
    assert (answer.is_complete, answer.unread) == (True, ())
    assert {"run:run-q-1", "model:q@1", "model:o@1"} <= set(names(answer))


def test_a_manifest_of_more_than_the_limit_is_cut_and_said_to_be(granted: History) -> None:
    many = [used("d", f"g-{n}") | {"version": str(n)} for n in range(9)]
    document = listing(granted, "m", *many)
    answer = ancestors(granted, "model:m@1", manifests=supplied([document]), limit=5)
    assert not answer.is_complete
    assert len(names(answer)) == 5
    assert len(names(answer, "grant")) == 5


def test_a_node_that_nothing_tells_of_is_unknown(chain: History) -> None:
    with pytest.raises(UnknownNode):
        ancestors(chain, "model:ghost@1")
    with pytest.raises(UnknownNode):
        ancestors(chain, "model:o@1", size=chain.size - 1)


def test_its_json_names_what_the_api_promises(chain: History) -> None:
    document = lineage_json(ancestors(chain), {"model:m@1": "A model"})
    assert set(document) == {
        "start", "direction", "size", "isComplete", "nodes", "edges", "unread",
    }  # fmt: skip
    assert isinstance(document["nodes"], list)
    titles = {node["node"]: node["title"] for node in document["nodes"]}
    assert titles.pop("model:m@1") == "A model"
    assert set(titles.values()) == {None}
