"""Which nodes an audit finds fault with, and where the graph's nodes stand."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from client import JsonObject
from dashboard.components.graph import (
    CLUSTER,
    CLUSTERED_FROM,
    OPENED_AT_ONCE,
    Picture,
    caption,
    clustered,
    filtered,
)
from dashboard.models.ancestry import picture_of
from dashboard.models.layout import places
from dashboard.models.lineage import Node, events_behind, inputs_of, judged

AUDIT: JsonObject = {
    "ancestors": [
        {"node": "model:m@1", "sort": "model", "depth": 0, "index": 9},
        {"node": "run:r", "sort": "run", "depth": 1, "index": 8},
        {"node": "dataset:a@1", "sort": "dataset", "depth": 2, "index": 2},
        {"node": "dataset:b@1", "sort": "dataset", "depth": 2, "index": None},
    ],
    "coverages": [
        {"run": "r", "dataset": "dataset:a@1", "grant": "g", "basis": "grant", "holds": False,
         "events": [4, 6]},
    ],
    "findings": [
        {"code": "grant-expired", "severity": "error", "sentence": "",
         "path": ["model:m@1", "run:r", "dataset:a@1"], "events": [6]},
        {"code": "input-unresolved", "severity": "gap", "sentence": "",
         "path": ["model:m@1", "run:r", "dataset:b@1"], "events": []},
    ],
}  # fmt: skip


def test_a_problem_marks_where_it_is_and_affects_what_was_made_with_it() -> None:
    faults = judged(AUDIT)
    states = {n: faults.state(n) for n in ("model:m@1", "run:r", "dataset:a@1", "dataset:b@1")}
    assert states == {
        "model:m@1": "affected",
        "run:r": "affected",
        "dataset:a@1": "problem",
        "dataset:b@1": "unknown",
    }
    assert faults.state("dataset:elsewhere@1") == "ok"


def test_what_went_in_names_the_right_it_was_used_by() -> None:
    assert inputs_of(AUDIT) == {"dataset:a@1": "permission g (does not hold)", "dataset:b@1": ""}


def test_the_moments_of_an_audit_are_the_events_that_it_turns_on() -> None:
    assert events_behind(AUDIT) == [2, 4, 6, 8, 9]


def test_nodes_are_told_apart() -> None:
    assert Node.parse("dataset:wdbc@1.0").title == "wdbc, version 1.0"
    assert Node.parse("run:train-1").title == "train-1"


def test_time_runs_to_the_right_along_the_longest_way() -> None:
    edges = [("a", "run1"), ("run1", "m"), ("m", "run2"), ("a", "run2"), ("run2", "n")]
    column = {node: at[0] for node, at in places(["n", "run2", "m", "run1", "a"], edges).items()}
    assert column == {"a": 0, "run1": 1, "m": 2, "run2": 3, "n": 4}


@given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), max_size=40))
def test_any_graph_gets_places_of_its_own_even_with_circles(pairs: list[tuple[int, int]]) -> None:
    nodes = [str(n) for n in range(13)]
    edges = [(str(a), str(b)) for a, b in pairs]
    found = places(nodes, edges)
    assert set(found) == set(nodes)
    assert len(set(found.values())) == len(nodes)


@given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), max_size=40))
def test_without_circles_every_edge_points_right(pairs: list[tuple[int, int]]) -> None:
    edges = [(str(min(p)), str(max(p))) for p in pairs if p[0] != p[1]]
    found = places([str(n) for n in range(13)], edges)
    assert all(found[a][0] < found[b][0] for a, b in edges)


def crowd(count: int) -> Picture:
    nodes = {"run:r": 1, "model:m@1": 0} | {f"dataset:d{n}@1": 2 for n in range(count)}
    edges = [("run:r", "model:m@1"), *((f"dataset:d{n}@1", "run:r") for n in range(count))]
    return Picture(nodes, edges, dict.fromkeys(nodes, "ok"))


def test_a_crowd_is_drawn_as_one_node_that_says_how_many_it_is() -> None:
    drawn = clustered(crowd(2_000), {})
    group = f"{CLUSTER}dataset-2-ok"
    assert set(drawn.nodes) == {"run:r", "model:m@1", group}
    assert list(drawn.edges) == [("run:r", "model:m@1"), (group, "run:r")]
    assert caption(group, drawn, {}) == ("Datasets ✓", "2,000 together: click to open", "")


def test_a_node_is_called_by_its_title_and_tells_its_id_to_who_points_at_it() -> None:
    picture = crowd(2)
    titles = {"dataset:d0@1": "Records, version 1"}
    named = caption("dataset:d0@1", picture, titles)
    assert named == ("Dataset ✓", "Records, version 1", "d0, version 1")
    assert caption("dataset:d1@1", picture, titles)[1] == "d1, version 1"


def test_a_long_title_leaves_room_for_the_version_that_it_is_of() -> None:
    long = {"dataset:d0@1": f"{'word ' * 18}, version 1"}
    _, shown, identifier = caption("dataset:d0@1", crowd(2), long)
    assert shown.startswith("word word")
    assert shown.endswith("…, version 1")
    assert len(shown) <= 56
    assert identifier == "d0, version 1"
    fits = "Breast cancer records, South Hospital, version 1"
    assert caption("dataset:d0@1", crowd(2), {"dataset:d0@1": fits})[1] == fits


def test_a_crowd_is_opened_some_at_a_time_until_nothing_of_it_is_left() -> None:
    group = f"{CLUSTER}dataset-2-ok"
    once = clustered(crowd(2_000), {group: 1})
    assert len(once.nodes) == 2 + OPENED_AT_ONCE + 1
    assert once.sizes == {group: 2_000 - OPENED_AT_ONCE}
    assert group not in clustered(crowd(2_000), {group: 2_000 // OPENED_AT_ONCE}).nodes
    assert len(clustered(crowd(2_000), {group: 2_000 // OPENED_AT_ONCE}).nodes) == 2_002


def test_a_small_crowd_is_drawn_in_full() -> None:
    assert len(clustered(crowd(CLUSTERED_FROM - 1), {}).nodes) == CLUSTERED_FROM + 1


def test_what_has_a_problem_is_never_hidden_in_a_crowd_that_has_none() -> None:
    picture = crowd(100)
    states = dict(picture.states) | {"dataset:d7@1": "problem"}
    drawn = clustered(Picture(picture.nodes, picture.edges, states), {})
    assert drawn.states["dataset:d7@1"] == "problem"


def test_ways_lead_past_the_sorts_that_are_not_shown() -> None:
    drawn = filtered(crowd(3), {"dataset", "model"})
    assert sorted(drawn.edges) == [(f"dataset:d{n}@1", "model:m@1") for n in range(3)]
    assert "run:r" not in drawn.nodes
    group = f"{CLUSTER}dataset-2-ok"
    together = filtered(clustered(crowd(2_000), {}), {"dataset", "model"})
    assert list(together.edges) == [(group, "model:m@1")]


@given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), max_size=40))
def test_filtering_keeps_what_can_be_reached(pairs: list[tuple[int, int]]) -> None:
    names = [f"{('dataset', 'run', 'model')[n % 3]}:{n}" for n in range(13)]
    picture = Picture(dict.fromkeys(names, 0), [(names[a], names[b]) for a, b in pairs], {})
    drawn = filtered(picture, {"dataset", "model"})
    for node in drawn.nodes:
        assert reached(node, drawn.edges) == reached(node, picture.edges) & set(drawn.nodes)


def reached(node: str, edges: Sequence[tuple[str, str]]) -> set[str]:
    found, waiting = {node}, [node]
    while waiting:
        one = waiting.pop()
        for a, b in edges:
            if a == one and b not in found:
                found.add(b)
                waiting.append(b)
    return found


def test_data_goes_through_the_permission_that_it_was_used_by() -> None:
    nodes = [("model:m@1", "model", 0), ("run:r", "run", 1), ("dataset:a@1", "dataset", 2),
             ("grant:g", "grant", 2), ("agent:0x0", "agent", 3)]  # fmt: skip
    answer: JsonObject = {
        "nodes": [{"node": node, "sort": sort, "depth": depth} for node, sort, depth in nodes],
        "edges": [
            {"source": "model:m@1", "target": "run:r"},
            {"source": "run:r", "target": "dataset:a@1"},
            {"source": "run:r", "target": "grant:g"},
            {"source": "run:r", "target": "agent:0x0"},
        ],
    }
    picture = picture_of(answer, AUDIT)
    assert set(picture.edges) == {
        ("run:r", "model:m@1"), ("dataset:a@1", "grant:g"), ("grant:g", "run:r"),
    }  # fmt: skip
    assert "agent:0x0" not in picture.nodes
