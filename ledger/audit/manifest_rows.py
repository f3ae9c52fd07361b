"""Rows of the views together with what runs list in manifests.

A manifest's line counts as if it stood in the event that names the manifest: one `RunInput`, one
`used` edge. So whoever asks forward from a dataset finds the runs that read it by a manifest alone.

Rules:
- Runs one of whose manifests is not at hand, has a line that is no input, or goes beyond a limit
  are told by `runs_with_manifests`: they may have read anything.
- What is at hand is read once, when this is made.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TypeVar

from ledger.audit.manifests import ListedInput, read_manifest
from ledger.audit.sources import RowSource
from ledger.views.records import Edge, Record, RunChange, RunInput

MAX_RUNS = 1_000
"""Runs with manifests that are looked into for one answer; what others list stays unread."""

MAX_LINES = 200_000
"""Of all manifests together, likewise."""

_AFTER_THE_BODY = 1_000_000
"""Position of a manifest's first line: after every input that stands in the event itself."""

R = TypeVar("R", bound=Record)


class ManifestRows:
    """A `RowSource` that knows what manifests list.

    Args:
        source: the views.
        manifests: documents by their SHA-256 (hex).
        size: as of when: manifests that later events name are not read.
        max_lines: of all manifests together.
    """

    def __init__(
        self,
        source: RowSource,
        manifests: Mapping[str, bytes],
        *,
        size: int,
        max_lines: int = MAX_LINES,
    ) -> None:
        self._source = source
        self._lines_left = max_lines
        self._unread: set[str] = set()
        self._inputs: list[RunInput] = []
        self._edges: list[Edge] = []
        runs = source.runs_with_manifests(size, limit=MAX_RUNS + 1)
        self._unread.update(runs[MAX_RUNS:])
        changes = source.rows(RunChange, ("run",), {(run,) for run in runs[:MAX_RUNS]})
        for change in sorted(changes, key=lambda change: change.index):
            if change.index < size and change.inputs_manifest is not None:
                self._read(change, manifests.get(change.inputs_manifest))

    def rows(
        self, record: type[R], fields: tuple[str, ...], keys: Collection[tuple[str, ...]]
    ) -> Sequence[R]:
        """Rows whose `fields` have one of these values, in any order."""
        found = list(self._source.rows(record, fields, keys))
        listed: Iterable[Record] = ()
        if record is RunInput:
            listed = self._inputs
        elif record is Edge:
            listed = self._edges
        found.extend(
            row
            for row in listed
            if isinstance(row, record) and tuple(getattr(row, f) for f in fields) in keys
        )
        return found

    def upstream(self, nodes: Collection[str], limit: int) -> list[str]:
        """See `RowSource.upstream`; what only manifests link comes last."""
        reached = dict.fromkeys(self._source.upstream(nodes, limit))
        while len(reached) < limit:
            further = {e.target for e in self._edges if e.source in reached} - reached.keys()
            if not further:
                break
            reached.update(dict.fromkeys(self._source.upstream(sorted(further), limit)))
        return list(reached)[:limit]

    def downstream(self, nodes: Collection[str], limit: int) -> list[str]:
        """See `RowSource.downstream`; what only manifests link comes last."""
        reached = dict.fromkeys(self._source.downstream(nodes, limit))
        while len(reached) < limit:
            further = {e.source for e in self._edges if e.target in reached} - reached.keys()
            if not further:
                break
            reached.update(dict.fromkeys(self._source.downstream(sorted(further), limit)))
        return list(reached)[:limit]

    def count(self, record: type[Record], field: str, values: Collection[str], size: int) -> int:
        """How many rows of events below a size have one of these values; of the views alone."""
        return self._source.count(record, field, values, size)

    def runs_with_manifests(self, size: int, *, limit: int) -> list[str]:
        """Runs of whose manifests something is unread, at most so many, by name."""
        del size
        return sorted(self._unread)[:limit]

    def _read(self, change: RunChange, document: bytes | None) -> None:
        if document is None:
            self._unread.add(change.run)
            return
        manifest = read_manifest(document, index=change.index, limit=self._lines_left)
        self._lines_left -= len(manifest.inputs) + len(manifest.bad_lines)
        if manifest.cut or manifest.bad_lines:
            self._unread.add(change.run)
        for position, item in enumerate(manifest.inputs, start=_AFTER_THE_BODY):
            self._take(change.run, position, item)

    def _take(self, run: str, position: int, item: ListedInput) -> None:
        row = RunInput(item.index, position, run, item.node, item.grant, item.digest)
        self._inputs.append(row)
        self._edges.append(Edge(item.index, position, "used", f"run:{run}", item.node))
