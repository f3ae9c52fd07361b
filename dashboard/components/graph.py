"""A lineage graph, left to right: what went in stands left of what came out.

Shape and a word tell the sorts apart, a mark and a border the states; colour only repeats them. A
column with many nodes of one sort is drawn as one that can be opened some at a time, so that
thousands stay usable.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from streamlit_flow import streamlit_flow  # type: ignore[import-untyped]
from streamlit_flow.elements import (  # type: ignore[import-untyped]
    StreamlitFlowEdge,
    StreamlitFlowNode,
)
from streamlit_flow.layouts import ManualLayout  # type: ignore[import-untyped]
from streamlit_flow.state import StreamlitFlowState  # type: ignore[import-untyped]

from dashboard.components.markup import label
from dashboard.models.layout import Place, places
from dashboard.models.lineage import Node

CLUSTERED_FROM = 9
"""So many of one sort in one column are drawn as one."""

OPENED_AT_ONCE = 20
"""So many more of them are drawn with each click: what fits into the frame and can be read."""

CLUSTER = "cluster:"

_NODE_WIDTH, _COLUMN_WIDTH, _ROW_HEIGHT = 250, 330, 140
_READABLE_ZOOM, _FARTHEST_ZOOM = 0.5, 0.1
_FEW = 20

_SORTS = {
    "dataset": ("Dataset", "1rem"),
    "run": ("Training run", "1.6rem"),
    "model": ("Model", "0"),
    "grant": ("Permission", "0.4rem"),
    "agent": ("Member", "2rem"),
}
_STATES = {
    "ok": ("✓", "#e4f2e9", "#1a6b38", "solid"),
    "problem": ("✕ problem", "#fbe3e3", "#a61b1b", "double"),
    "affected": ("! affected", "#fbe9e3", "#a61b1b", "dotted"),
    "unknown": ("? unknown", "#fdf0dc", "#7a4a00", "dashed"),
}


@dataclass(frozen=True, slots=True)
class Picture:
    """What is drawn.

    Attributes:
        nodes: lineage node to its column, counted from the audited version.
        edges: (from, to), in the direction of time.
        states: `problem`, `affected` or `unknown` of those that are not in order.
        sizes: for clusters, how many they stand for.
    """

    nodes: Mapping[str, int]
    edges: Sequence[tuple[str, str]]
    states: Mapping[str, str]
    sizes: Mapping[str, int] = field(default_factory=dict)


def sort_of(node: str) -> str:
    """`dataset`, `grant`, `run`, `model` or `agent`; of a crowd, that of its members."""
    if node.startswith(CLUSTER):
        return node.removeprefix(CLUSTER).partition("-")[0]
    return Node.parse(node).sort


def filtered(picture: Picture, sorts: Collection[str]) -> Picture:
    """The picture with some sorts only; ways that led through others lead past them."""
    nodes = {node: column for node, column in picture.nodes.items() if sort_of(node) in sorts}
    after: dict[str, list[str]] = defaultdict(list)
    for a, b in picture.edges:
        after[a].append(b)
    edges = [(node, following) for node in nodes for following in _following(node, after, nodes)]
    return replace(picture, nodes=nodes, edges=edges)


def _following(
    node: str, after: Mapping[str, Sequence[str]], shown: Collection[str]
) -> Iterator[str]:
    """The next nodes that are shown, along every way."""
    waiting, seen = list(after.get(node, ())), {node}
    while waiting:
        one = waiting.pop()
        if one in seen:
            continue
        seen.add(one)
        if one in shown:
            yield one
        else:
            waiting += after.get(one, ())


def clustered(picture: Picture, opened: Mapping[str, int]) -> Picture:
    """The picture with crowds of one sort and state in one column drawn as one node each.

    Args:
        picture: everything.
        opened: id of a crowd to how often it was opened; each time shows `OPENED_AT_ONCE` more.
    """
    crowds: dict[str, list[str]] = defaultdict(list)
    for node, column in picture.nodes.items():
        state = picture.states.get(node, "ok")
        crowds[f"{CLUSTER}{sort_of(node)}-{column}-{state}"].append(node)
    hidden = {
        crowd: members[OPENED_AT_ONCE * opened.get(crowd, 0) :]
        for crowd, members in crowds.items()
        if len(members) >= CLUSTERED_FROM
    }
    stands_for = {node: crowd for crowd, members in hidden.items() for node in members}
    nodes = {stands_for.get(node, node): column for node, column in picture.nodes.items()}
    edges = dict.fromkeys((stands_for.get(a, a), stands_for.get(b, b)) for a, b in picture.edges)
    states = {stands_for.get(node, node): state for node, state in picture.states.items()}
    sizes = {crowd: len(members) for crowd, members in hidden.items() if members}
    return replace(picture, nodes=nodes, edges=list(edges), states=states, sizes=sizes)


def draw(picture: Picture, key: str, *, chosen: str | None, height: int) -> str | None:
    """Draws it; answers the node that was clicked, if any.

    Args:
        picture: what to draw.
        key: of the widget; another one for another picture.
        chosen: the node that is described beside it.
        height: in pixels.
    """
    at = places(picture.nodes, picture.edges)
    nodes = [_node(node, picture, at[node], is_chosen=node == chosen) for node in picture.nodes]
    edges = [
        StreamlitFlowEdge(f"{a}>{b}", a, b, marker_end={"type": "arrowclosed"}, deletable=False)
        for a, b in picture.edges
    ]
    state = streamlit_flow(
        key,
        # The same time for the same picture: another one would make the browser start over.
        StreamlitFlowState(nodes, edges, timestamp=0),
        height=height,
        fit_view=True,
        show_minimap=len(nodes) > 40,
        layout=ManualLayout(),
        get_node_on_click=True,
        # A few boxes stay readable on a phone, to be dragged; a crowd is seen as a whole.
        min_zoom=_READABLE_ZOOM if len(nodes) <= _FEW else _FARTHEST_ZOOM,
        hide_watermark=True,
    )
    clicked = state.selected_id
    return clicked if isinstance(clicked, str) and clicked in picture.nodes else None


def caption(node: str, picture: Picture) -> tuple[str, str]:
    """A node's two lines: which sort and state, and its name."""
    mark = _STATES[picture.states.get(node, "ok")][0]
    sort = sort_of(node)
    name = _SORTS.get(sort, (sort, ""))[0]
    if node.startswith(CLUSTER):
        return f"{name}s {mark}", f"{picture.sizes.get(node, 0):,} together: click to open"
    return f"{name} {mark}", Node.parse(node).title


def _node(node: str, picture: Picture, at: Place, *, is_chosen: bool) -> StreamlitFlowNode:
    _, background, ink, stroke = _STATES[picture.states.get(node, "ok")]
    first, second = caption(node, picture)
    return StreamlitFlowNode(
        node,
        (at[0] * _COLUMN_WIDTH, at[1] * _ROW_HEIGHT),
        # The component reads Markdown: names are taken out of its force.
        {"content": f"**{first}**\n\n{label(second)}"},
        source_position="right",
        target_position="left",
        draggable=False,
        selectable=True,
        deletable=False,
        style={
            "background": background,
            "color": "#1b2430",
            "border": f"{4 if is_chosen or stroke == 'double' else 2}px {stroke} {ink}",
            "borderRadius": _SORTS.get(sort_of(node), ("", "0"))[1],
            "padding": "6px 14px",
            "width": f"{_NODE_WIDTH}px",
            "overflowWrap": "anywhere",
            "fontSize": "16px",
        },
    )
