"""What a node came from, or what came of it: nodes and PROV relations, level by level.

`used`, `wasGeneratedBy` and `wasDerivedFrom` are followed; agents, revisions and the grants that
runs relied on stand at the edge of the picture and are not followed further. What a run lists in a
manifest that is at hand counts as if it stood in its event. An answer that depth, limit or a
manifest that was not read cut short says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from ledger.audit.errors import UnknownNode
from ledger.audit.manifest_rows import ManifestRows
from ledger.audit.sources import LINEAGE, RowSource
from ledger.events.canonical import JsonObject
from ledger.views.records import Edge, RunInput, split_node

Direction = Literal["ancestors", "descendants"]
MAX_NODES = 2_000
"""Nodes that an answer holds unless told otherwise."""

_NO_MANIFESTS: Mapping[str, bytes] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class LineageNode:
    """A node with its sort (`dataset`, `model`, `run`, `grant`, `agent`) and distance."""

    node: str
    sort: str
    depth: int


@dataclass(frozen=True, slots=True)
class Relation:
    """A PROV relation, and the event that tells of it."""

    relation: str
    source: str
    target: str
    index: int


@dataclass(frozen=True, slots=True)
class Lineage:
    """The part of the graph that was asked for.

    Attributes:
        start: where it begins.
        direction: `ancestors` or `descendants`.
        size: events with a smaller index are in it.
        nodes: nearest first.
        edges: between these nodes.
        is_complete: whether nothing was cut short.
        unread: runs one of whose manifests of inputs was not read, or not all of it: of those in
            the picture; among descendants of any, for it may have read the start.
    """

    start: str
    direction: Direction
    size: int
    nodes: tuple[LineageNode, ...]
    edges: tuple[Relation, ...]
    is_complete: bool
    unread: tuple[str, ...]


def lineage(
    source: RowSource,
    start: str,
    *,
    direction: Direction,
    size: int,
    depth: int | None = None,
    limit: int = MAX_NODES,
    manifests: Mapping[str, bytes] = _NO_MANIFESTS,
) -> Lineage:
    """Follows lineage from a node.

    Args:
        source: the views.
        start: lineage node, such as `model:tumours@1`.
        direction: which way.
        size: as of when.
        depth: the most steps; None for all.
        limit: the most nodes; and the most grants beside them.
        manifests: inputs manifests at hand, by their SHA-256 (hex).

    Raises:
        UnknownNode: if nothing tells of the node as of that size.
        Unavailable: whoever keeps the manifests does not answer.
    """
    # What went in, a run's own manifests tell; what came of it, anybody's.
    ahead = direction == "descendants"
    rows = ManifestRows(source, manifests, size=size, ahead=ahead)
    walk = _Walk(rows, direction, size, limit)
    frontier = [start]
    walk.depths[start] = 0
    steps = 0
    while frontier:
        edges = walk.edges_at(frontier)
        if steps == 0 and not edges and not walk.edges_at(frontier, other_way=True):
            raise UnknownNode(f"Nothing tells of {start} as of size {size}.")
        if depth is not None and steps >= depth:
            walk.cut = walk.cut or any(walk.follows(edge) for edge in edges)
            break
        steps += 1
        frontier = walk.take(edges, steps)
    walk.add_surroundings()
    unread = rows.runs_with_manifests(size, limit=limit)
    return Lineage(
        start=start,
        direction=direction,
        size=size,
        nodes=tuple(LineageNode(node, split_node(node)[0], at) for node, at in walk.depths.items()),
        edges=tuple(walk.relations),
        is_complete=not walk.cut and not unread,
        unread=tuple(unread),
    )


def lineage_json(answer: Lineage, titles: Mapping[str, str]) -> JsonObject:
    """The answer as the API gives it.

    Args:
        answer: of `lineage`.
        titles: what nodes are called, where they are called anything.
    """
    return {
        "start": answer.start,
        "direction": answer.direction,
        "size": answer.size,
        "isComplete": answer.is_complete,
        "nodes": [
            {"node": n.node, "sort": n.sort, "depth": n.depth, "title": titles.get(n.node)}
            for n in answer.nodes
        ],
        "edges": [
            {"relation": e.relation, "source": e.source, "target": e.target, "index": e.index}
            for e in answer.edges
        ],
        "unread": [*answer.unread],
    }


class _Walk:
    """Nodes and relations so far."""

    def __init__(self, source: ManifestRows, direction: Direction, size: int, limit: int) -> None:
        self.depths: dict[str, int] = {}
        self.relations: dict[Relation, None] = {}
        self.cut = False
        self._source = source
        self._upstream = direction == "ancestors"
        self._size = size
        self._limit = limit

    def edges_at(self, nodes: Iterable[str], *, other_way: bool = False) -> list[Edge]:
        """Lineage edges at these nodes, in the order of the log."""
        nodes = list(nodes)
        if self._upstream:
            self._source.read(name for sort, name, _ in map(split_node, nodes) if sort == "run")
        field = "source" if self._upstream is not other_way else "target"
        rows = self._source.rows(Edge, (field,), {(node,) for node in nodes})
        kept = [e for e in rows if e.index < self._size and e.relation in LINEAGE]
        return sorted(kept, key=lambda edge: (edge.index, edge.position))

    def far(self, edge: Edge) -> str:
        """The end of an edge that the walk goes to."""
        return edge.target if self._upstream else edge.source

    def follows(self, edge: Edge) -> bool:
        """Whether an edge leads to a node that is not in the picture yet."""
        return self.far(edge) not in self.depths

    def take(self, edges: Iterable[Edge], depth: int) -> list[str]:
        """Takes edges in as far as the limit allows; the nodes that are new."""
        fresh = []
        for edge in edges:
            far = self.far(edge)
            if far not in self.depths:
                if len(self.depths) >= self._limit:
                    self.cut = True
                    continue
                self.depths[far] = depth
                fresh.append(far)
            self._relate(edge)
        return fresh

    def _relate(self, edge: Edge) -> None:
        relation = Relation(edge.relation, edge.source, edge.target, edge.index)
        self.relations[relation] = None

    def add_surroundings(self) -> None:
        """Agents, revisions and grants beside the nodes found."""
        nodes = list(self.depths)
        runs = {(name,) for sort, name, _ in map(split_node, nodes) if sort == "run"}
        grants: dict[str, int] = {}
        for item in self._source.rows(RunInput, ("run",), runs):
            # A descendant's other inputs are not part of what came of the start.
            seen = self._upstream or item.node in self.depths
            if item.grant is not None and item.index < self._size and seen:
                grant = f"grant:{item.grant}"
                run = f"run:{item.run}"
                if grant not in grants and len(grants) >= self._limit:
                    self.cut = True
                    continue
                grants.setdefault(grant, self.depths[run] + 1)
                self.relations[Relation("used", run, grant, item.index)] = None
        self._surround(nodes)
        for grant, depth in grants.items():
            self.depths.setdefault(grant, depth)
        self._surround(grants)

    def _surround(self, nodes: Iterable[str]) -> None:
        rows = self._source.rows(Edge, ("source",), {(node,) for node in nodes})
        for edge in sorted(rows, key=lambda edge: (edge.index, edge.position)):
            if edge.index < self._size and edge.relation not in LINEAGE:
                self.depths.setdefault(edge.target, self.depths[edge.source] + 1)
                self._relate(edge)
