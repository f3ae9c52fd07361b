"""Rows of the views together with what runs list in manifests.

A manifest's line counts as if it stood in the event that names the manifest: one `RunInput`, one
`used` edge. So whoever asks forward from a dataset finds the runs that read it by a manifest alone.

Rules:
- Runs one of whose manifests is not at hand, has a line that is no input, or goes beyond a limit
  are told by `runs_with_manifests`: they may have read anything.
- What is at hand is read once: of all runs when this is made, or run by run as they are asked for.
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
        ahead: whether the manifests of all runs are read now; otherwise `read` reads them.
    """

    def __init__(
        self,
        source: RowSource,
        manifests: Mapping[str, bytes],
        *,
        size: int,
        max_lines: int = MAX_LINES,
        ahead: bool = True,
    ) -> None:
        self._source = source
        self._manifests = manifests
        self._size = size
        self._lines_left = max_lines
        self._looked_at: set[str] = set()
        self._with_manifests = 0
        self._unread: set[str] = set()
        self._inputs: list[RunInput] = []
        self._edges: list[Edge] = []
        # By the fields that were asked for: rows by their values, and how many are sorted in.
        self._sorted: dict[tuple[type[Record], tuple[str, ...]], _Sorted] = {}
        if ahead:
            self.read(source.runs_with_manifests(size, limit=MAX_RUNS + 1))

    def read(self, runs: Iterable[str]) -> None:
        """Reads what manifests of these runs list, if it was not read yet.

        Raises:
            Unavailable: whoever keeps the manifests does not answer.
        """
        fresh = {run for run in runs if run not in self._looked_at}
        self._looked_at |= fresh
        named: dict[str, list[RunChange]] = {}
        found = self._source.rows(RunChange, ("run",), {(run,) for run in fresh})
        for change in sorted(found, key=lambda change: change.index):
            if change.index < self._size and change.inputs_manifest is not None:
                named.setdefault(change.run, []).append(change)
        for run, changes in sorted(named.items(), key=lambda item: (item[1][0].index, item[0])):
            self._with_manifests += 1
            if self._with_manifests > MAX_RUNS:
                self._unread.add(run)
                continue
            for change in changes:
                self._read(change, self._manifests.get(change.inputs_manifest or ""))

    def rows(
        self, record: type[R], fields: tuple[str, ...], keys: Collection[tuple[str, ...]]
    ) -> Sequence[R]:
        """Rows whose `fields` have one of these values, in any order."""
        found = list(self._source.rows(record, fields, keys))
        listed: Sequence[Record] = ()
        if record is RunInput:
            listed = self._inputs
        elif record is Edge:
            listed = self._edges
        if listed:
            by_values = self._sorted.setdefault((record, fields), _Sorted(fields)).of(listed)
            for key in keys:
                found.extend(row for row in by_values.get(key, ()) if isinstance(row, record))
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


class _Sorted:
    """Rows of a list that only grows, by the values of some fields."""

    def __init__(self, fields: tuple[str, ...]) -> None:
        self._fields = fields
        self._done = 0
        self._rows: dict[tuple[str, ...], list[Record]] = {}

    def of(self, rows: Sequence[Record]) -> Mapping[tuple[str, ...], Sequence[Record]]:
        for row in rows[self._done :]:
            values = tuple(getattr(row, name) for name in self._fields)
            self._rows.setdefault(values, []).append(row)
        self._done = len(rows)
        return self._rows
