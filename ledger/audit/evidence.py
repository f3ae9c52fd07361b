"""Which events an answer rests on: all that its replay needs, and nothing else.

From the rows, the indices of:
- the first leaf, and every event about the models, runs and datasets that are ancestors, claims of
  others to have made them included;
- the grants named there with all that happened to them, the grants above them, the requests they
  answer, and where a limit counts uses, all uses;
- the standing of every member that signed or is named;
- the adoption of every policy the answer was judged by.

Keys that sign on behalf of a member are added by whoever has read the leaves: rows tell of members
only.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ledger.audit.ancestry import walk
from ledger.audit.answer import ModelAudit
from ledger.audit.grants import changes_of, grant_chain
from ledger.audit.metering import is_metered
from ledger.audit.past import Past
from ledger.views.records import (
    AccessRequest,
    AuthorizedKey,
    Dataset,
    DatasetVersion,
    Grant,
    LedgerInfo,
    MemberChange,
    Model,
    ModelVersion,
    RunChange,
    RunInput,
    RunOutput,
    Stewardship,
    Use,
    split_node,
)
from ledger.views.state import MemoryState


@dataclass(frozen=True, slots=True)
class Evidence:
    """What an answer rests on.

    Attributes:
        indices: of events, keys' apart.
        manifests: digests (hex) of the manifests that were read, ascending.
    """

    indices: frozenset[int]
    manifests: tuple[str, ...]


def evidence_of(
    state: MemoryState, answer: ModelAudit, *, manifests: Mapping[str, bytes]
) -> Evidence:
    """What an answer rests on.

    Args:
        state: the rows that it was answered from.
        answer: complete as far as limits go.
        manifests: inputs manifests by their SHA-256 (hex).
    """
    past = Past(state, answer.tree.size)
    version = past.one(ModelVersion, answer.model, answer.version)
    found = _Evidence(past)
    read: set[str] = set()
    if version is not None:
        nodes = {ancestor.node: None for ancestor in answer.ancestors}
        ancestry = walk(past, version, manifests=manifests, limit=len(nodes), within=nodes)
        for node in nodes:
            found.node(node)
        for run in ancestry.runs.values():
            for item in run.inputs:
                found.grant(item.grant)
            for use in run.uses:
                found.use(use)
            changes = past.rows(RunChange, "run", run.run)
            named = {c.inputs_manifest for c in changes if c.inputs_manifest is not None}
            read |= named & manifests.keys()
    found.indices.update(policy.index for policy in answer.policies)
    return Evidence(found.closed(), tuple(sorted(read)))


def key_events(state: MemoryState, actors: Iterable[str], size: int) -> frozenset[int]:
    """Indices of the events that let keys sign, or stopped them, for those actors that are keys."""
    past = Past(state, size)
    indices: set[int] = set()
    for actor in actors:
        key = past.one(AuthorizedKey, actor)
        if key is None:
            continue
        indices.add(key.index)
        if key.revoked_index is not None and key.revoked_index < size:
            indices.add(key.revoked_index)
        indices.update(row.index for row in past.rows(MemberChange, "member", key.member))
    return frozenset(indices)


class _Evidence:
    """Indices so far."""

    def __init__(self, past: Past) -> None:
        self.indices: set[int] = set()
        self._past = past
        self._members: set[str] = set()
        self._seen: set[tuple[str, str]] = set()

    def closed(self) -> frozenset[int]:
        """All of them, members' standing included."""
        ledger = self._past.one(LedgerInfo, "ledger")
        if ledger is not None:
            self.indices.add(ledger.index)
        for member in self._members:
            rows = self._past.rows(MemberChange, "member", member)
            self.indices.update(row.index for row in rows)
        return frozenset(self.indices)

    def _first_time(self, sort: str, name: str) -> bool:
        key = (sort, name)
        if key in self._seen:
            return False
        self._seen.add(key)
        return True

    def node(self, node: str) -> None:
        sort, name, version = split_node(node)
        if sort == "run":
            self._run(name)
        elif sort == "model":
            self._model_version(node, name, version)
        else:
            self._dataset(name)
            self._dataset_version(name, version)

    def _model_version(self, node: str, name: str, version: str) -> None:
        row = self._past.one(ModelVersion, name, version)
        model = self._past.one(Model, name)
        if model is not None:
            self.indices.add(model.index)
            self._members.add(model.owner)
        if row is not None:
            self.indices.add(row.index)
            for output in self._past.rows(RunOutput, "node", node):
                self._run(output.run)

    def _run(self, run: str) -> None:
        if self._first_time("run", run):
            for change in self._past.rows(RunChange, "run", run):
                self.indices.add(change.index)
                self._members.add(change.developer)

    def _dataset(self, name: str) -> None:
        row = self._past.one(Dataset, name)
        if row is None or not self._first_time("dataset", name):
            return
        self.indices.add(row.index)
        for held in self._past.rows(Stewardship, "dataset", name):
            self.indices.add(held.index)
            self._members.add(held.steward)
        withdrawal = self._past.withdrawal(row)
        if withdrawal is not None:
            self.indices.add(withdrawal[0])

    def _dataset_version(self, name: str, version: str) -> None:
        row = self._past.one(DatasetVersion, name, version)
        # A revision is let in only after what it revises.
        while row is not None and row.index not in self.indices:
            self.indices.add(row.index)
            if row.revision_of is None:
                break
            row = self._past.one(DatasetVersion, name, row.revision_of)

    def use(self, use: Use) -> None:
        self.indices.add(use.index)
        self._members.add(use.user)
        self.grant(use.grant)

    def grant(self, name: str | None) -> None:
        grant = self._past.one(Grant, name) if name is not None else None
        if grant is None or not self._first_time("grant", grant.grant):
            return
        for above in grant_chain(self._past, grant):
            self.indices.update(c.index for c in changes_of(self._past, above.grant))
            self._members |= {above.assignee, above.granted_by}
            self._dataset(above.dataset)
            self._request(above.request)
        if is_metered(grant, self._past.one(Dataset, grant.dataset)):
            self._uses_of(grant)

    def _request(self, name: str | None) -> None:
        row = self._past.one(AccessRequest, name) if name is not None else None
        if row is not None:
            self.indices.add(row.index)
            self._members.add(row.requester)

    def _uses_of(self, grant: Grant) -> None:
        for item in self._past.rows(RunInput, "grant", grant.grant):
            self._run(item.run)
        for use in self._past.rows(Use, "grant", grant.grant):
            self.indices.add(use.index)
            self._members.add(use.user)
