"""What withdrawing a dataset or revoking a grant would reach, before anybody does it.

Forward from the runs that read the dataset, or relied on the grant or on one under it: the model
versions that came out of them, the runs that read those, and so on; and which of them are released.
A run's claim to have made somebody else's model counts for nothing here, as in the audit.

`isComplete` is false where a limit cut the walk, or where any run lists inputs in a manifest that
was not read: it may have read the data too. `ManifestRows` reads those that are at hand.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from ledger.audit.errors import UnknownNode
from ledger.audit.sources import LINEAGE, RowSource
from ledger.events.canonical import JsonObject
from ledger.views.records import (
    Dataset,
    DatasetVersion,
    Edge,
    Grant,
    GrantChange,
    Model,
    ModelVersion,
    ReleaseChange,
    RunChange,
    RunInput,
    Use,
    dataset_node,
    model_node,
    split_node,
)

MAX_REACHED = 10_000
"""Nodes that are reached for unless told otherwise."""

MAX_UNREAD = 100
"""Runs with unread manifests that are named."""


@dataclass(frozen=True, slots=True)
class Reached:
    """A run or model version that the revocation reaches.

    Attributes:
        node: lineage node.
        depth: 1 for the runs that used the data, and so on.
        index: the event that made it known; None where an output was never published.
    """

    node: str
    depth: int
    index: int | None


@dataclass(frozen=True, slots=True)
class Impact:
    """What would be reached.

    Attributes:
        dataset: whose data.
        grant: the grant, where one was asked about.
        size: as of when.
        grants: grants that are in force by what is recorded, and would end.
        uses: how many uses are recorded under any grant concerned.
        runs: nearest first.
        models: model versions, nearest first.
        releases: nodes among them that are released now.
        unread: runs whose manifest of inputs was not read, or not all of it; the first hundred.
        is_complete: whether nothing else can be reached.
        sentence: the same for people.
    """

    dataset: str
    grant: str | None
    size: int
    grants: tuple[str, ...]
    uses: int
    runs: tuple[Reached, ...]
    models: tuple[Reached, ...]
    releases: tuple[str, ...]
    unread: tuple[str, ...]
    is_complete: bool
    sentence: str


def impact(
    source: RowSource,
    *,
    dataset: str,
    size: int,
    grant: str | None = None,
    limit: int = MAX_REACHED,
) -> Impact:
    """Finds what a withdrawal of a dataset, or a revocation of one grant on it, would reach.

    Args:
        source: the views.
        dataset: its id.
        size: as of when.
        grant: only this grant and those under it.
        limit: the most nodes that are reached for.

    Raises:
        UnknownNode: if the dataset, or that grant on it, is not recorded as of the size.
    """
    known = [row for row in source.rows(Dataset, ("dataset",), {(dataset,)}) if row.index < size]
    grants = _grants(source, dataset, grant, size)
    if not known or (grant is not None and grant not in grants):
        what = f"dataset {dataset}" if grant is None else f"grant {grant} on dataset {dataset}"
        raise UnknownNode(f"No {what} is recorded as of size {size}.")
    starts = _direct_runs(source, dataset, grants, size, by_grant_only=grant is not None)
    reach = _Reach(source, size, limit)
    runs, models = reach.forward(starts)
    releases = _released(source, [split_node(m.node)[1:] for m in models], size)
    unread = source.runs_with_manifests(size, limit=MAX_UNREAD)
    return Impact(
        dataset=dataset,
        grant=grant,
        size=size,
        grants=_in_force(source, grants, size),
        uses=source.count(Use, "grant", grants, size),
        runs=tuple(runs),
        models=tuple(models),
        releases=releases,
        unread=tuple(unread),
        is_complete=not reach.cut and not unread,
        sentence=_sentence(dataset, grant, len(runs), len(models), len(releases)),
    )


def impact_json(answer: Impact) -> JsonObject:
    """The answer as the API gives it."""
    return {
        "dataset": answer.dataset,
        "grant": answer.grant,
        "size": answer.size,
        "isComplete": answer.is_complete,
        "sentence": answer.sentence,
        "grants": [*answer.grants],
        "uses": answer.uses,
        "runs": [{"node": r.node, "depth": r.depth, "index": r.index} for r in answer.runs],
        "models": [{"node": m.node, "depth": m.depth, "index": m.index} for m in answer.models],
        "releases": [*answer.releases],
        "unread": [*answer.unread],
    }


def _sentence(dataset: str, grant: str | None, runs: int, models: int, releases: int) -> str:
    what = f"Withdrawing dataset {dataset}" if grant is None else f"Revoking grant {grant}"

    def counted(number: int, noun: str) -> str:
        return f"{number} {noun}{'' if number == 1 else 's'}"

    return (
        f"{what} reaches {counted(runs, 'run')} and {counted(models, 'model version')}, "
        f"{releases} of them released."
    )


def _grants(source: RowSource, dataset: str, grant: str | None, size: int) -> dict[str, Grant]:
    """The grants concerned, by id: all on a dataset, or one and those under it."""
    if grant is None:
        rows: Sequence[Grant] = source.rows(Grant, ("dataset",), {(dataset,)})
        return {row.grant: row for row in rows if row.index < size}
    found: dict[str, Grant] = {}
    rows = source.rows(Grant, ("grant",), {(grant,)})
    while rows:
        fresh = [
            r for r in rows if r.index < size and r.dataset == dataset and r.grant not in found
        ]
        found |= {row.grant: row for row in fresh}
        under = {(row.grant,) for row in fresh}
        rows = source.rows(Grant, ("parent",), under) if under else ()
    return found


def _in_force(source: RowSource, grants: dict[str, Grant], size: int) -> tuple[str, ...]:
    """Those that nobody has revoked and whose end is not recorded."""
    rows = source.rows(GrantChange, ("grant",), {(grant,) for grant in grants})
    last: dict[str, GrantChange] = {}
    for row in sorted(rows, key=lambda row: row.index):
        if row.index < size:
            last[row.grant] = row
    return tuple(sorted(g for g, row in last.items() if row.change not in {"revoked", "expired"}))


def _direct_runs(
    source: RowSource, dataset: str, grants: dict[str, Grant], size: int, *, by_grant_only: bool
) -> list[str]:
    inputs = list(source.rows(RunInput, ("grant",), {(grant,) for grant in grants}))
    if not by_grant_only:
        versions = source.rows(DatasetVersion, ("dataset",), {(dataset,)})
        nodes = {(dataset_node(row.dataset, row.version),) for row in versions}
        inputs += source.rows(RunInput, ("node",), nodes)
    runs = {
        item.run: item.index
        for item in sorted(inputs, key=lambda item: -item.index)
        if item.index < size and split_node(item.node)[:2] == ("dataset", dataset)
    }
    return [f"run:{run}" for run in sorted(runs, key=lambda run: (runs[run], run))]


def _released(source: RowSource, versions: list[tuple[str, str]], size: int) -> tuple[str, ...]:
    rows = source.rows(ReleaseChange, ("model",), {(model,) for model, _ in versions})
    published = source.rows(ModelVersion, ("model", "version"), {*versions})
    leaf = {row.leaf_hash: (row.model, row.version) for row in published}
    state: dict[tuple[str, str], str] = {}
    for row in sorted(rows, key=lambda row: row.index):
        key = leaf.get(row.record_leaf)
        if row.index < size and key is not None:
            state[key] = row.change
    return tuple(model_node(*key) for key in versions if state.get(key) == "released")


class _Reach:
    """Walks forward over edges that the audit would believe."""

    def __init__(self, source: RowSource, size: int, limit: int) -> None:
        self.cut = False
        self._source = source
        self._size = size
        self._limit = limit
        self._made: dict[str, list[Edge]] = {}
        self._developers: dict[str, RunChange] = {}
        self._versions: dict[str, ModelVersion] = {}
        self._owners: dict[str, str] = {}

    def forward(self, starts: list[str]) -> tuple[list[Reached], list[Reached]]:
        """Runs and model versions that are reached from runs, nearest first."""
        self._read(starts)
        depths = dict.fromkeys(starts[: self._limit], 1)
        queue = deque(depths)
        while queue:
            node = queue.popleft()
            for edge in self._made.get(node, ()):
                if edge.source in depths or not self._believed(edge):
                    continue
                if len(depths) >= self._limit:
                    self.cut = True
                    continue
                depths[edge.source] = depths[node] + 1
                queue.append(edge.source)
        self.cut = self.cut or len(starts) > self._limit
        reached = [Reached(node, depth, self._index(node)) for node, depth in depths.items()]
        runs = [r for r in reached if split_node(r.node)[0] == "run"]
        models = [r for r in reached if split_node(r.node)[0] == "model"]
        return runs, models

    def _read(self, starts: list[str]) -> None:
        nodes = self._source.downstream(starts, self._limit) if starts else []
        self.cut = len(nodes) >= self._limit
        parts = {node: split_node(node) for node in nodes}
        for edge in self._source.rows(Edge, ("target",), {(node,) for node in nodes}):
            if edge.index < self._size and edge.relation in LINEAGE:
                self._made.setdefault(edge.target, []).append(edge)
        for edges in self._made.values():
            edges.sort(key=lambda edge: (edge.index, edge.position))
        runs = {(name,) for sort, name, _ in parts.values() if sort == "run"}
        changes = self._source.rows(RunChange, ("run",), runs)
        for change in sorted(changes, key=lambda change: -change.index):
            if change.index < self._size:
                self._developers[f"run:{change.run}"] = change
        models = {(name, version) for sort, name, version in parts.values() if sort == "model"}
        for row in self._source.rows(ModelVersion, ("model", "version"), {*models}):
            if row.index < self._size:
                self._versions[model_node(row.model, row.version)] = row
        for model in self._source.rows(Model, ("model",), {(name,) for name, _ in models}):
            self._owners[model.model] = model.owner

    def _believed(self, edge: Edge) -> bool:
        """Whether a run's claim to have made a published version counts."""
        version = self._versions.get(edge.source)
        if edge.relation != "wasGeneratedBy" or version is None:
            return True
        run = self._developers.get(edge.target)
        own = run is not None and run.developer == self._owners.get(version.model)
        return own or edge.target == f"run:{version.run}"

    def _index(self, node: str) -> int | None:
        run, version = self._developers.get(node), self._versions.get(node)
        if run is not None:
            return run.index
        return version.index if version is not None else None
