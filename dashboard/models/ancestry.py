"""Where a model version came from: a graph that is filtered, opened and clicked; and a list."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import partial

import streamlit as st

from client import JsonObject
from client.fields import inner, number, objects, texts
from client.fields import text as text_of
from dashboard.components.explain import meaning
from dashboard.components.graph import CLUSTER, Picture, clustered, draw, filtered, sort_of
from dashboard.components.markup import (
    Markup,
    badge,
    code,
    dated,
    facts,
    joined,
    line,
    show,
    table,
    text,
)
from dashboard.components.states import empty, guarded
from dashboard.models.lineage import Node, judged
from dashboard.models.node_titles import node_title, shown_titles, told_titles
from dashboard.models.verdicts import path_of
from dashboard.navigation import link
from dashboard.reading.connection import read, read_as_of
from dashboard.reading.names import named
from dashboard.reading.titles import dataset_title
from dashboard.words.terms import actions_in_words, purpose_in_words
from dashboard.words.times import instant_ms

SORTS = {
    "dataset": "Datasets",
    "grant": "Permissions",
    "run": "Training runs",
    "model": "Models",
}
MARKS = {
    "ok": ("In order", "good", "✓"),
    "affected": ("Affected", "bad", "!"),
    "problem": ("Problem", "bad", "✕"),
    "unknown": ("Unknown", "open", "?"),
}
_HEIGHT = 420
_LISTED = 500
_NAMED = 20


@st.fragment
def lineage_view(audit: JsonObject, at: int) -> None:
    """The graph as of an event, left to right, and what was clicked in it. A click draws this part
    of the page again and no other.
    """
    guarded(lambda: _lineage(audit, at), "lineage")


def _lineage(audit: JsonObject, at: int) -> None:
    model, version = text_of(audit, "model"), text_of(audit, "version")
    key = f"graph-{model}-{version}"
    with st.container(horizontal=True, vertical_alignment="bottom"):
        sorts = st.pills(
            "Show", list(SORTS), format_func=SORTS.__getitem__, selection_mode="multi",
            default=list(SORTS), key=f"sorts-{key}",
        )  # fmt: skip
        depth = st.slider("Steps back", 1, 12, 6, key=f"depth-{key}")
        meaning("lineage", "grant")
    path = f"{path_of(model, version)}/lineage"
    answer = read_as_of(path, at, direction="ancestors", depth=depth)
    everything, told = picture_of(answer, audit), told_titles(answer)
    _graph(everything, told, sorts, key, f"{at}-{depth}")
    _as_list(everything, told, sorts, key)


def _graph(
    everything: Picture,
    told: Mapping[str, str],
    sorts: Collection[str],
    key: str,
    moment: str,
) -> None:
    opened: Mapping[str, int] = st.session_state.get(f"opened-{key}", {})
    picture = filtered(clustered(everything, opened), sorts)
    if len(picture.nodes) < 2:
        empty("Nothing behind this version is recorded.", "Or too little of it is shown.")
    chosen: str | None = st.session_state.get(f"chosen-{key}")
    if picture.nodes:
        draw(
            picture, key=key, subject=f"{key}-{moment}-{'-'.join(sorts)}", chosen=chosen,
            height=_HEIGHT, on_click=partial(_clicked, key),
            titles=shown_titles(_single(picture), told),
        )  # fmt: skip
    show(
        line(
            "Time runs from left to right. ✓ in order, ✕ a problem, ! made with one, ? unknown. "
            "Click a box to see what it is.",
            cls="c-small",
        )
    )
    if opened:
        st.button("Close the groups", key=f"close-{key}",
                  on_click=lambda: st.session_state.pop(f"opened-{key}"))  # fmt: skip
    if chosen is not None and chosen in everything.nodes:
        _node(chosen, everything)


def _single(picture: Picture) -> dict[str, int]:
    """The nodes that do not stand for a crowd."""
    return {node: at for node, at in picture.nodes.items() if not node.startswith(CLUSTER)}


def _clicked(key: str, node: str) -> None:
    """Opens a group a bit further; describes anything else."""
    if node.startswith(CLUSTER):
        opened: Mapping[str, int] = st.session_state.get(f"opened-{key}", {})
        st.session_state[f"opened-{key}"] = {**opened, node: opened.get(node, 0) + 1}
    else:
        st.session_state[f"chosen-{key}"] = node


def picture_of(answer: JsonObject, audit: JsonObject) -> Picture:
    """The API's lineage as a picture: data goes through the permission it was used by.

    Args:
        answer: of the lineage.
        audit: of the same version.
    """
    faults = judged(audit)
    nodes = {
        text_of(n, "node"): number(n, "depth")
        for n in objects(answer, "nodes")
        if text_of(n, "sort") in SORTS
    }
    # The log says "the run used the dataset"; time runs the other way.
    edges = dict.fromkeys(
        (text_of(e, "target"), text_of(e, "source"))
        for e in objects(answer, "edges")
        if text_of(e, "source") in nodes and text_of(e, "target") in nodes
    )
    for coverage in objects(audit, "coverages"):
        dataset, run = text_of(coverage, "dataset"), f"run:{text_of(coverage, 'run')}"
        grant = f"grant:{text_of(coverage, 'grant')}"
        if grant in nodes and dataset in nodes and (dataset, run) in edges:
            del edges[dataset, run]
            edges |= {(dataset, grant): None, (grant, run): None}
    return Picture(nodes, list(edges), {node: faults.state(node) for node in nodes})


def _node(node: str, picture: Picture) -> None:
    parts = Node.parse(node)
    with st.container(border=True, key="chosen-node"):
        state = badge(*MARKS[picture.states[node]])
        show(
            line(state, " ", text(node_title(parts)), cls="c-lead"),
            line(SORTS[parts.sort][:-1], " ", code(parts.title), cls="c-line c-soft"),
        )
        if parts.sort == "dataset":
            link("datasets", "Open the dataset", dataset=parts.name)
        elif parts.sort == "model":
            link("models", "Open the model", model=parts.name, version=parts.version)
        elif parts.sort == "run":
            _run(read(f"/v1/runs/{parts.name}"))
        elif parts.sort == "grant":
            _grant(read(f"/v1/grants/{parts.name}"))


def _run(run: JsonObject) -> None:
    show(
        facts(
            [
                ("Job", text(text_of(run, "job"))),
                ("State", text(text_of(run, "status"))),
                ("Read", text(_titles(objects(run, "inputs")))),
                ("Made", text(_titles(objects(run, "outputs")))),
            ]
        )
    )
    link("audit", "Its event and proof", event=number(run, "index"))


def _grant(grant: JsonObject) -> None:
    dataset = text_of(grant, "dataset")
    show(
        facts(
            [
                ("Given to", named(text_of(grant, "assignee"))),
                ("May", text(actions_in_words(texts(grant, "actions")))),
                ("For", text(purpose_in_words(inner(grant, "purpose")))),
                ("Until", dated(instant_ms(text_of(grant, "expiresAt")))),
            ]
        )
    )
    link("datasets", f"Open dataset {dataset_title(dataset)}", dataset=dataset)
    link("audit", "Its event and proof", event=number(grant, "index"))


def _titles(items: Sequence[JsonObject]) -> str:
    nodes = [Node.parse(text_of(item, "node")) for item in items]
    titles = [node_title(node) for node in nodes[:_NAMED]]
    more = [f"{len(nodes) - _NAMED:,} more"] if len(nodes) > _NAMED else []
    return "; ".join(titles + more) or "nothing"


def _as_list(picture: Picture, told: Mapping[str, str], sorts: Collection[str], key: str) -> None:
    shown = [node for node in picture.nodes if sort_of(node) in sorts]
    # What is inside is drawn once it is opened: hundreds of rows slow the rest of the page.
    listed = st.expander(
        "The same as a list", icon=":material/list:", key=f"listed-{key}", on_change="rerun"
    )
    if not listed.open:
        return
    with listed:
        titles = shown_titles({node: picture.nodes[node] for node in shown}, told)
        rows = [
            (
                text(SORTS[sort_of(node)][:-1]),
                _called(node, titles),
                badge(*MARKS[picture.states[node]]),
            )
            for node in shown[:_LISTED]
        ]
        show(table(("What", "Name", "State"), rows, "Everything in the picture"))
        if len(shown) > _LISTED:
            show(line(f"And {len(shown) - _LISTED:,} more; the proof has them all."))


def _called(node: str, titles: Mapping[str, str]) -> Markup:
    """A node's title, if it was asked for, and its id."""
    identifier = Node.parse(node).title
    title = titles.get(node, identifier)
    if title == identifier:
        return text(identifier)
    return joined(text(title), " ", code(identifier))
