"""Where the nodes of a lineage graph stand: columns by time from left to right, few crossings.

A node's column is the longest way to it from anything that nothing went into, so that every edge
points to the right; edges that would close a circle are left out of account. Within a column nodes
are ordered by the mean place of their neighbours (the barycentre heuristic of Sugiyama, Tagawa and
Toda, 1981), in a few sweeps.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

_SWEEPS = 4

Place = tuple[int, float]
"""Column from the left, row from the middle: columns are centred on each other."""


def places(nodes: Iterable[str], edges: Sequence[tuple[str, str]]) -> dict[str, Place]:
    """The place of each node.

    Args:
        nodes: all of them.
        edges: (from, to) in the direction of time; both ends among the nodes.
    """
    column = _columns(list(nodes), edges)
    rows: dict[int, list[str]] = defaultdict(list)
    for node, at in column.items():
        rows[at].append(node)
    before, after = defaultdict(list), defaultdict(list)
    for a, b in edges:
        before[b].append(a)
        after[a].append(b)
    for sweep in range(_SWEEPS):
        forward = sweep % 2 == 0
        for at in sorted(rows, reverse=not forward):
            _order(rows[at], before if forward else after, _heights(rows))
    heights = _heights(rows)
    return {node: (column[node], heights[node]) for node in column}


def _columns(nodes: Sequence[str], edges: Sequence[tuple[str, str]]) -> dict[str, int]:
    after: dict[str, list[str]] = defaultdict(list)
    waiting = dict.fromkeys(nodes, 0)
    for a, b in edges:
        after[a].append(b)
        waiting[b] += 1
    column = dict.fromkeys(nodes, 0)
    ready = [node for node in nodes if not waiting[node]]
    done: set[str] = set()
    while len(done) < len(nodes):
        if not ready:
            # A circle: the first node that is left goes where it has got to.
            ready = [next(node for node in nodes if node not in done)]
        node = ready.pop()
        if node in done:
            continue
        done.add(node)
        for following in after[node]:
            if following in done:
                continue
            column[following] = max(column[following], column[node] + 1)
            waiting[following] -= 1
            if not waiting[following]:
                ready.append(following)
    return column


def _heights(rows: Mapping[int, Sequence[str]]) -> dict[str, float]:
    return {
        node: at - (len(members) - 1) / 2
        for members in rows.values()
        for at, node in enumerate(members)
    }


def _order(
    members: list[str], neighbours: Mapping[str, Sequence[str]], heights: Mapping[str, float]
) -> None:
    def mean(node: str) -> float:
        around = neighbours.get(node)
        return sum(heights[n] for n in around) / len(around) if around else heights[node]

    members.sort(key=mean)
