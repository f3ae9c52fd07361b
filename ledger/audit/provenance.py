"""What the log tells of a run, and which runs made a model version.

Rules:
- What a run read is the union over all its events and manifests: a later event hides nothing that
  an earlier one told.
- A run was under way when its first event was recorded, whatever later beginning it claims.
- A model version was made by the run that it names, and by every run of the model's owner that
  lists it as an output. What others claim to have made is told, and counts for nothing: else anyone
  could taint anyone's model.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ledger.audit.grants import Interval
from ledger.audit.manifests import ListedInput, read_manifest
from ledger.audit.past import Past
from ledger.rules.authority import AHEAD_MS
from ledger.views.records import (
    Model,
    ModelVersion,
    RunChange,
    RunInput,
    RunOutput,
    Use,
    model_node,
)


@dataclass(frozen=True, slots=True)
class RunFacts:
    """A run, as told by all its events.

    Attributes:
        run: its id.
        developer: whose run it is.
        first: index of its first event.
        ended: the event that ended it; None while it goes on.
        use: from its beginning to its end; a run that has not ended counts to its beginning only.
        spatial: where it took place, as told last.
        inputs: each once, in the order of the log, then in that of the manifests.
        unread: digests of manifests that were not supplied.
        bad_lines: (digest of a manifest, number of a line that is no input).
        cut: whether a manifest was longer than the limit.
        uses: recorded uses of data in this run.
        events: indices of its events.
    """

    run: str
    developer: str
    first: int
    ended: RunChange | None
    use: Interval
    spatial: str | None
    inputs: tuple[ListedInput, ...]
    unread: tuple[str, ...]
    bad_lines: tuple[tuple[str, int], ...]
    cut: bool
    uses: tuple[Use, ...]
    events: tuple[int, ...]

    @property
    def node(self) -> str:
        """Its lineage node."""
        return f"run:{self.run}"


def run_facts(
    past: Past, run: str, *, manifests: Mapping[str, bytes], limit: int
) -> RunFacts | None:
    """All that is told of a run; None if no event tells of it.

    Args:
        past: the rows.
        run: its id.
        manifests: documents by their SHA-256 (hex).
        limit: the most lines of a manifest that are read.
    """
    changes = past.rows(RunChange, "run", run)
    if not changes:
        return None
    rows = sorted(past.rows(RunInput, "run", run), key=lambda row: (row.index, row.position))
    listed = [ListedInput(row.node, row.grant, row.digest, row.index) for row in rows]
    unread: list[str] = []
    bad_lines: list[tuple[str, int]] = []
    cut = False
    named = {c.inputs_manifest: c.index for c in reversed(changes) if c.inputs_manifest}
    for digest, index in reversed(named.items()):
        document = manifests.get(digest)
        if document is None:
            unread.append(digest)
            continue
        manifest = read_manifest(document, index=index, limit=limit)
        listed += manifest.inputs
        bad_lines += [(digest, number) for number in manifest.bad_lines]
        cut = cut or manifest.cut
    return RunFacts(
        run=run,
        developer=changes[0].developer,
        first=changes[0].index,
        ended=next((c for c in changes if c.change != "started"), None),
        use=use_interval(changes),
        spatial=next((c.spatial for c in reversed(changes) if c.spatial), None),
        inputs=_each_once(listed),
        unread=tuple(unread),
        bad_lines=tuple(bad_lines),
        cut=cut,
        uses=tuple(past.rows(Use, "run", run)),
        events=tuple(change.index for change in changes),
    )


def use_interval(changes: Iterable[RunChange]) -> Interval:
    """When a run used its inputs, as far as its events tell."""
    begins, ends = [], []
    for change in changes:
        begins.append(change.started_at)
        if change.started_at > change.recorded_at + AHEAD_MS:
            begins.append(change.recorded_at)
        if change.ended_at is not None:
            ends.append(change.ended_at)
    begin = min(begins + ends)
    return Interval(begin, max(ends, default=begin))


def _each_once(listed: Iterable[ListedInput]) -> tuple[ListedInput, ...]:
    first: dict[tuple[str, str | None, str | None], ListedInput] = {}
    for item in listed:
        first.setdefault((item.node, item.grant, item.digest), item)
    return tuple(first.values())


@dataclass(frozen=True, slots=True)
class Origins:
    """The runs behind a model version, by id.

    Attributes:
        own: those that count, the one that the version names first.
        claimed: outputs of others' runs that name the version as well.
        outputs: outputs of `own` that name it.
    """

    own: tuple[str, ...]
    claimed: tuple[RunOutput, ...]
    outputs: tuple[RunOutput, ...]


def origins_of(past: Past, version: ModelVersion) -> Origins:
    """Which runs made a model version."""
    model = past.one(Model, version.model)
    owner = model.owner if model is not None else None
    own = [version.run] if version.run is not None else []
    claimed, outputs = [], []
    for output in past.rows(RunOutput, "node", model_node(version.model, version.version)):
        if output.run == version.run or _developer(past, output.run) == owner:
            outputs.append(output)
            if output.run not in own:
                own.append(output.run)
        else:
            claimed.append(output)
    return Origins(tuple(own), tuple(claimed), tuple(outputs))


def _developer(past: Past, run: str) -> str | None:
    changes = past.rows(RunChange, "run", run)
    return changes[0].developer if changes else None
