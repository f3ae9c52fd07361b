"""A lineage graph, left to right: what went in stands left of what came out.

Shape and a word tell the sorts apart, a mark and a border the states; colour only repeats them. A
column with many nodes of one sort is drawn as one that can be opened some at a time, so that
thousands stay usable.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from dashboard.components.diagram import Box, diagram
from dashboard.components.markup import visible
from dashboard.models.layout import places
from dashboard.models.lineage import Node

CLUSTERED_FROM = 9
"""So many of one sort in one column are drawn as one."""

OPENED_AT_ONCE = 20
"""So many more of them are drawn with each click: what fits into the frame and can be read."""

CLUSTER = "cluster:"

_FITTING = 56
"""Characters of a name that a box has room for, on its two lines."""

_LABEL = "What went in, from left to right"

_SORTS = {
    "dataset": "Dataset",
    "run": "Training run",
    "model": "Model",
    "grant": "Permission",
    "agent": "Member",
}
_STATES = {"ok": "✓", "problem": "✕ problem", "affected": "! affected", "unknown": "? unknown"}


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


def draw(
    picture: Picture,
    *,
    key: str,
    subject: str,
    chosen: str | None,
    height: int,
    on_click: Callable[[str], None],
    titles: Mapping[str, str],
) -> None:
    """Draws it.

    Args:
        picture: what to draw.
        key: of the widget.
        subject: what the picture is of; another one is looked at from its beginning.
        chosen: the node that is described beside it.
        height: in pixels.
        on_click: is told the node that was clicked.
        titles: what nodes are called; the others are called by their ids.
    """
    at = places(picture.nodes, picture.edges)

    def clicked(node: str) -> None:
        if node in picture.nodes:
            on_click(node)

    diagram(
        [_box(node, picture, titles, *at[node]) for node in picture.nodes],
        picture.edges,
        key=key,
        subject=subject,
        label=_LABEL,
        chosen=chosen,
        height=height,
        on_click=clicked,
    )


def caption(node: str, picture: Picture, titles: Mapping[str, str]) -> tuple[str, str, str]:
    """A node's two lines: which sort and state, and its title; and its id, for whoever points at
    it.
    """
    mark = _STATES[picture.states.get(node, "ok")]
    sort = sort_of(node)
    name = _SORTS.get(sort, sort)
    if node.startswith(CLUSTER):
        return f"{name}s {mark}", f"{picture.sizes.get(node, 0):,} together: click to open", ""
    parts = Node.parse(node)
    return f"{name} {mark}", _fitting(titles.get(node, parts.title), parts.version), parts.title


def _fitting(title: str, version: str) -> str:
    """The title as a box has room for it: which version it is stays to be read."""
    ending = f", version {version}"
    if len(title) <= _FITTING or not version or not title.endswith(ending):
        return title
    room = max(_FITTING - len(ending), _FITTING // 2)
    stem = title.removesuffix(ending)
    return title if len(stem) <= room else f"{stem[: room - 1].rstrip()}…{ending}"


def _box(node: str, picture: Picture, titles: Mapping[str, str], column: int, row: float) -> Box:
    first, second, hint = map(visible, caption(node, picture, titles))
    sort, state = sort_of(node), picture.states.get(node, "ok")
    return Box(node, column, row, sort if sort in _SORTS else "", state, first, second, hint)
