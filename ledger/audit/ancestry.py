"""Every ancestor of a model version: models, runs and datasets, breadth first.

Cycles, self-references, diamonds and any depth are walked once each; a limit on the number of nodes
cuts the walk and is told. Nothing is judged here.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

import rustworkx

from ledger.audit.answer import Ancestor, Sort
from ledger.audit.past import Past
from ledger.audit.provenance import Origins, RunFacts, origins_of, run_facts
from ledger.views.records import DatasetVersion, ModelVersion, model_node, split_node

MAX_PATH = 64
"""Nodes of a finding's path that are written out; a longer one is abbreviated."""
_ELLIPSIS = "…"


@dataclass(slots=True)
class Ancestry:
    """What a walk has found.

    Attributes:
        limit: the most nodes it may hold.
        within: the only nodes whose rows are at hand; None where all are.
        ancestors: every node by its name, nearest first.
        versions: published model versions by node.
        origins: the runs behind each of them, by node.
        runs: recorded runs by node.
        edges: (node, what went into it), each once.
        cut: whether the limit left anything out.
    """

    limit: int
    within: Collection[str] | None = None
    ancestors: dict[str, Ancestor] = field(default_factory=dict)
    versions: dict[str, ModelVersion] = field(default_factory=dict)
    origins: dict[str, Origins] = field(default_factory=dict)
    runs: dict[str, RunFacts] = field(default_factory=dict)
    edges: dict[tuple[str, str], None] = field(default_factory=dict)
    cut: bool = False
    _nearer: dict[str, str] = field(default_factory=dict)
    # By node, the one half a path's length from the start on its way: deep paths stay cheap.
    _near_start: dict[str, str] = field(default_factory=dict)

    def path(self, node: str, *further: str) -> tuple[str, ...]:
        """The shortest way from the audited version to a node, and on from there."""
        way = self._upwards(node, MAX_PATH)
        if self.ancestors[node].depth >= len(way):
            half = MAX_PATH // 2
            way = [*way[:half], _ELLIPSIS, *self._upwards(self._near_start[node], half)]
        way.reverse()
        return (*way, *further)

    def _upwards(self, node: str, steps: int) -> list[str]:
        way = [node]
        while len(way) < steps and way[-1] in self._nearer:
            way.append(self._nearer[way[-1]])
        return way

    def indices_beside(self, node: str) -> tuple[int, ...]:
        """The event of the next node on the way back; none for the audited version itself."""
        nearer = self._nearer.get(node)
        index = self.ancestors[nearer].index if nearer is not None else None
        return () if index is None else (index,)

    def admit(self, node: str, *, nearer: str | None) -> bool:
        """Takes a node in, if it is new and the limit allows; whether it is new."""
        if nearer is not None:
            self.edges[nearer, node] = None
        if node in self.ancestors:
            return False
        beyond = self.within is not None and node not in self.within
        if beyond or len(self.ancestors) >= self.limit:
            self.cut = True
            return False
        depth = 0
        if nearer is not None:
            self._nearer[node] = nearer
            depth = self.ancestors[nearer].depth + 1
        deep = depth >= MAX_PATH // 2
        self._near_start[node] = self._near_start[nearer] if deep and nearer else node
        self.ancestors[node] = Ancestor(node, _sort(node), depth, None)
        return True


def _sort(node: str) -> Sort:
    sort = split_node(node)[0]
    if sort == "model":
        return "model"
    return "run" if sort == "run" else "dataset"


def walk(
    past: Past,
    version: ModelVersion,
    *,
    manifests: Mapping[str, bytes],
    limit: int,
    within: Collection[str] | None = None,
) -> Ancestry:
    """Finds every ancestor of a version.

    Args:
        past: the rows.
        version: where to begin.
        manifests: documents by their SHA-256 (hex).
        limit: the most nodes that are taken in.
        within: the only nodes whose rows are at hand; None where all are.
    """
    found = Ancestry(limit, within)
    start = model_node(version.model, version.version)
    found.admit(start, nearer=None)
    queue = deque([start])
    while queue:
        node = queue.popleft()
        index, further = _look_at(past, node, found, manifests)
        known = found.ancestors[node]
        found.ancestors[node] = Ancestor(node, known.sort, known.depth, index)
        queue.extend(next_ for next_ in further if found.admit(next_, nearer=node))
    return found


def _look_at(
    past: Past, node: str, found: Ancestry, manifests: Mapping[str, bytes]
) -> tuple[int | None, list[str]]:
    """The event that made a node known, and what went into it."""
    sort, name, version = split_node(node)
    if sort == "run":
        run = run_facts(past, name, manifests=manifests, limit=found.limit)
        if run is None:
            return None, []
        found.runs[node] = run
        found.cut = found.cut or run.cut
        return run.first, list(dict.fromkeys(item.node for item in run.inputs))
    if sort == "dataset":
        dataset = past.one(DatasetVersion, name, version)
        return (dataset.index if dataset else None), []
    model = past.one(ModelVersion, name, version)
    if model is None:
        return None, []
    origins = origins_of(past, model)
    found.versions[node] = model
    found.origins[node] = origins
    return model.index, list(dict.fromkeys([*(f"run:{r}" for r in origins.own), *model.base]))


def circles(found: Ancestry) -> list[list[str]]:
    """The groups of nodes that go into each other, each group in the order of the walk."""
    names = list(found.ancestors)
    number = {name: position for position, name in enumerate(names)}
    graph = rustworkx.PyDiGraph()
    graph.add_nodes_from(range(len(names)))
    graph.add_edges_from_no_data(
        [(number[a], number[b]) for a, b in found.edges if a in number and b in number]
    )
    groups = [sorted(g) for g in rustworkx.strongly_connected_components(graph)]
    return [
        [names[position] for position in group]
        for group in sorted(groups)
        if len(group) > 1 or (names[group[0]], names[group[0]]) in found.edges
    ]


def reaching(found: Ancestry, bad: Iterable[str]) -> set[str]:
    """The nodes that some of the bad nodes went into, the bad ones included."""
    made: dict[str, list[str]] = {}
    for node, source in found.edges:
        made.setdefault(source, []).append(node)
    reached = set(bad)
    queue = deque(reached)
    while queue:
        for node in made.get(queue.popleft(), ()):
            if node not in reached:
                reached.add(node)
                queue.append(node)
    return reached
