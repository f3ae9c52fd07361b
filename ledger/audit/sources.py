"""Where an audit's rows come from: in memory, or a database that is asked in large steps.

The audit itself reads a `MemoryState`. `gather` fills one with all rows that the answer about one
model version can depend on, and as few others as can be told without judging: first the closure of
lineage, then every view by the ids found, many ids at a time.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from ledger.audit.manifests import read_manifest
from ledger.audit.metering import is_metered
from ledger.rules.access import MAX_DELEGATION_DEPTH
from ledger.views.records import (
    AccessRequest,
    AuthorizedKey,
    Dataset,
    DatasetVersion,
    Edge,
    Grant,
    GrantChange,
    LedgerInfo,
    MemberChange,
    Model,
    ModelVersion,
    Record,
    RunChange,
    RunInput,
    RunOutput,
    Stewardship,
    Use,
    model_node,
    split_node,
)
from ledger.views.state import MemoryState

R = TypeVar("R", bound=Record)

LINEAGE = ("used", "wasGeneratedBy", "wasDerivedFrom")
"""Relations whose target went into their source."""


class RowSource(Protocol):
    """Reads views, many ids at a time."""

    def rows(
        self, record: type[R], fields: tuple[str, ...], keys: Collection[tuple[str, ...]]
    ) -> Sequence[R]:
        """Rows whose `fields` have one of these values, in any order."""

    def upstream(self, nodes: Collection[str], limit: int) -> list[str]:
        """Nodes and all that went into them over `LINEAGE`, nearest first.

        Fewer than `limit` are all of them; else there may be more.
        """

    def downstream(self, nodes: Collection[str], limit: int) -> list[str]:
        """Nodes and all that they went into, in the same way."""

    def count(self, record: type[Record], field: str, values: Collection[str], size: int) -> int:
        """How many rows of events below a size have one of these values."""

    def runs_with_manifests(self, size: int, *, limit: int) -> list[str]:
        """Runs that list inputs in a manifest that nobody looked into, as events below a size
        tell; at most so many, by name.
        """


class MemoryRows:
    """A `RowSource` over rows in memory.

    Args:
        state: the rows.
    """

    def __init__(self, state: MemoryState) -> None:
        self._state = state

    def rows(
        self, record: type[R], fields: tuple[str, ...], keys: Collection[tuple[str, ...]]
    ) -> Sequence[R]:
        """Rows whose `fields` have one of these values."""
        return [
            row
            for key in keys
            for row in self._state.where(record, fields[0], key[0])
            if all(getattr(row, f) == k for f, k in zip(fields, key, strict=True))
        ]

    def count(self, record: type[Record], field: str, values: Collection[str], size: int) -> int:
        """How many rows of events below a size have one of these values."""
        return sum(
            row.index < size for value in values for row in self._state.where(record, field, value)
        )

    def runs_with_manifests(self, size: int, *, limit: int) -> list[str]:
        """Runs that list inputs in a manifest, as events below a size tell."""
        rows = self._state.all(RunChange)
        runs = {r.run for r in rows if r.inputs_manifest is not None and r.index < size}
        return sorted(runs)[:limit]

    def upstream(self, nodes: Collection[str], limit: int) -> list[str]:
        """Nodes and all that went into them over `LINEAGE`, nearest first."""
        return self._walk(nodes, limit, "source")

    def downstream(self, nodes: Collection[str], limit: int) -> list[str]:
        """Nodes and all that they went into, in the same way."""
        return self._walk(nodes, limit, "target")

    def _walk(self, nodes: Collection[str], limit: int, near: str) -> list[str]:
        reached = dict.fromkeys(nodes)
        queue = deque(reached)
        while queue and len(reached) < limit:
            for edge in self._state.where(Edge, near, queue.popleft()):
                far = edge.target if near == "source" else edge.source
                if edge.relation in LINEAGE and far not in reached:
                    reached[far] = None
                    queue.append(far)
        return list(reached)[:limit]


@dataclass(frozen=True, slots=True)
class Gathered:
    """What `gather` found.

    Attributes:
        state: the rows.
        within: the lineage nodes whose rows it holds, where there were more; None where it holds
            all.
    """

    state: MemoryState
    within: frozenset[str] | None


def gather(
    source: RowSource, *, model: str, version: str, manifests: Mapping[str, bytes], limit: int
) -> Gathered:
    """Reads all rows that an audit of a model version can depend on.

    Args:
        source: the views.
        model: id of the model.
        version: its version.
        manifests: inputs manifests by their SHA-256 (hex).
        limit: the most lineage nodes that are read.
    """
    found = _Gathering(source, limit)
    found.follow([model_node(model, version)], manifests)
    found.read_data()
    found.read_grants(found.grants_named())
    found.read_members()
    within = frozenset(found.nodes) if found.cut else None
    return Gathered(found.state, within)


class _Gathering:
    """The rows so far."""

    def __init__(self, source: RowSource, limit: int) -> None:
        self.state = MemoryState()
        self.nodes: dict[str, None] = {}
        self.cut = False
        self._source = source
        self._limit = limit
        self._members: set[str] = set()
        self._manifest_grants: set[str] = set()

    def read(self, record: type[R], field: str, values: Iterable[str]) -> Sequence[R]:
        """Reads rows by one field and keeps them."""
        keys: set[tuple[str, ...]] = {(value,) for value in values}
        return self.read_keys(record, (field,), keys)

    def read_keys(
        self, record: type[R], fields: tuple[str, ...], keys: set[tuple[str, ...]]
    ) -> Sequence[R]:
        """Reads rows by several fields and keeps them."""
        rows = self._source.rows(record, fields, keys) if keys else ()
        for row in rows:
            self.state.put(row)
        return rows

    def follow(self, start: Iterable[str], manifests: Mapping[str, bytes]) -> None:
        """Reads models and runs upstream, those behind manifests too."""
        wanted = list(start)
        while wanted and not self.cut:
            reached = self._source.upstream(wanted, self._limit)
            self.cut = len(reached) >= self._limit
            fresh = [node for node in reached if node not in self.nodes]
            self.nodes.update(dict.fromkeys(fresh))
            runs = self._read_lineage(fresh)
            wanted = [node for node in self._listed(runs, manifests) if node not in self.nodes]

    def _read_lineage(self, nodes: Iterable[str]) -> Sequence[RunChange]:
        models: set[tuple[str, ...]] = set()
        runs: set[str] = set()
        for node in nodes:
            sort, name, version = split_node(node)
            if sort == "model":
                models.add((name, version))
            elif sort == "run":
                runs.add(name)
        versions = self.read_keys(ModelVersion, ("model", "version"), models)
        owners = self.read(Model, "model", {name for name, _ in models})
        self._members |= {row.owner for row in owners}
        names = {model_node(row.model, row.version) for row in versions}
        runs |= {row.run for row in self.read(RunOutput, "node", names)}
        changes = self.read(RunChange, "run", runs)
        self._members |= {row.developer for row in changes}
        self.read(RunInput, "run", runs)
        self._members |= {row.user for row in self.read(Use, "run", runs)}
        return changes

    def _listed(self, changes: Iterable[RunChange], manifests: Mapping[str, bytes]) -> list[str]:
        nodes: dict[str, None] = {}
        for change in changes:
            document = manifests.get(change.inputs_manifest or "")
            if document is None:
                continue
            manifest = read_manifest(document, index=change.index, limit=self._limit)
            nodes.update(dict.fromkeys(item.node for item in manifest.inputs))
            self._manifest_grants |= {i.grant for i in manifest.inputs if i.grant is not None}
        return list(nodes)

    def read_data(self) -> None:
        """Reads datasets that runs used."""
        parts = [split_node(node) for node in self.nodes]
        versions = {(name, version) for sort, name, version in parts if sort == "dataset"}
        while versions:
            rows = self.read_keys(DatasetVersion, ("dataset", "version"), {*versions})
            # A revision is let in only after what it revises.
            versions = {(r.dataset, r.revision_of) for r in rows if r.revision_of is not None}
            versions = {key for key in versions if self.state.get(DatasetVersion, *key) is None}
        self._read_datasets({name for sort, name, _ in parts if sort == "dataset"})

    def _read_datasets(self, names: set[str]) -> None:
        missing = {name for name in names if self.state.get(Dataset, name) is None}
        self._members |= {row.steward for row in self.read(Dataset, "dataset", missing)}
        stewards = self.read(Stewardship, "dataset", missing)
        self._members |= {row.steward for row in stewards}

    def grants_named(self) -> set[str]:
        """The grants that uses and inputs name."""
        wanted = {row.grant for row in self.state.all(RunInput) if row.grant is not None}
        return wanted | {row.grant for row in self.state.all(Use)} | self._manifest_grants

    def read_grants(self, named: Iterable[str]) -> None:
        """Reads grants, those above them, and what meters count."""
        wanted = set(named)
        grants: dict[str, Grant] = {}
        for _ in range(MAX_DELEGATION_DEPTH + 1):
            rows = self.read(Grant, "grant", wanted - grants.keys())
            grants |= {row.grant: row for row in rows}
            wanted = {row.parent for row in rows if row.parent is not None}
        self.read(GrantChange, "grant", grants)
        self._read_datasets({grant.dataset for grant in grants.values()})
        requests = {grant.request for grant in grants.values() if grant.request is not None}
        self._members |= {row.requester for row in self.read(AccessRequest, "request", requests)}
        for grant in grants.values():
            self._members |= {grant.assignee, grant.granted_by}
        self._read_meters(grants.values())

    def _read_meters(self, grants: Iterable[Grant]) -> None:
        metered = {
            grant.grant
            for grant in grants
            if is_metered(grant, self.state.get(Dataset, grant.dataset))
        }
        inputs = self.read(RunInput, "grant", metered)
        runs = self.read(RunChange, "run", {row.run for row in inputs})
        self._members |= {row.developer for row in runs}
        self._members |= {row.user for row in self.read(Use, "grant", metered)}

    def read_members(self) -> None:
        """Reads everyone who took part, and the keys that sign for them."""
        self.read(MemberChange, "member", self._members)
        self.read(AuthorizedKey, "member", self._members)
        self.read(LedgerInfo, "ledger", {"ledger"})


def gather_decision(source: RowSource, *, subject: str, dataset: str) -> MemoryState:
    """Reads all rows that a decision about one member and one dataset can depend on.

    Args:
        source: the views.
        subject: address of a member, or of a key that acts for one.
        dataset: its id.
    """
    found = _Gathering(source, limit=0)
    keys = found.read(AuthorizedKey, "key", {subject})
    members = {subject, *(key.member for key in keys)}
    found.read(MemberChange, "member", members)
    found.read(Dataset, "dataset", {dataset})
    found.read(Stewardship, "dataset", {dataset})
    found.read(DatasetVersion, "dataset", {dataset})
    held = {(member, dataset) for member in members}
    grants = found.read_keys(Grant, ("assignee", "dataset"), {*held})
    found.read_grants(grant.grant for grant in grants)
    return found.state
