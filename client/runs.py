"""Lineage from a training script: what a run read and what it made, recorded as it happens.

    with ledger.run(job="train-cnn", parameters={"lr": 0.01}) as run:
        run.used("wdbc-north", "1", grant="g-12", file=Path("north.csv"))
        …
        run.produced("tumour-classifier", "3", file=Path("model.bin"))

`run.started` is recorded when the block is entered, `run.completed` when it is left, `run.failed`
with the exception sealed into it if it raises. So even a run that is killed leaves its start in the
log. What nobody took at the end is kept in a file (`client.unrecorded`), and the error says where.

Inputs that an event has no room for go into a manifest (`client.manifests`): written to a file
beside the run, and uploaded where the server keeps content. `client.aio_runs` is the same for
async scripts.
"""

from __future__ import annotations

import secrets
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from client.files import describe_file, sha256_of
from client.manifests import Manifest
from client.run_notes import Ending, RunNotes
from client.unrecorded import keep_beside
from ledger.errors import ConcordError, InvalidInput
from ledger.events.canonical import JsonObject

if TYPE_CHECKING:
    from client.answers import Recorded, Signed
    from client.drafts import Draft
    from client.sync import Ledger


class ManifestWarning(UserWarning):
    """An inputs manifest is not where an audit will look for it."""


@dataclass(frozen=True, slots=True)
class KeptManifest:
    """Where the manifest of a run's further inputs is.

    Attributes:
        manifest: what it holds.
        file: on this machine; None if it could not be written.
        problem: why the server does not keep it; None if it does.
    """

    manifest: Manifest
    file: Path | None
    problem: str | None

    @property
    def advice(self) -> str | None:
        """What to do where an audit will lack it."""
        if self.problem is None:
            return None
        where = f"It is in {self.file}: keep it, and give" if self.file else "Give"
        return (
            f"The server does not keep the manifest of {self.manifest.count} further inputs "
            f"({self.problem}). {where} it to whoever audits, or the audit stays incomplete. Its "
            f"SHA-256 is {self.manifest.sha256}."
        )

    def warn(self) -> None:
        """Says so in a script's warnings."""
        if self.advice is not None:
            warnings.warn(self.advice, ManifestWarning, stacklevel=3)


def keep_file(manifest: Manifest, folder: Path) -> Path | None:
    """Writes a manifest to a file of its name; None if the folder does not take it."""
    file = folder / manifest.name
    try:
        file.write_bytes(manifest.document)
    except OSError as error:
        # The run itself is worth more than its copy here.
        warnings.warn(
            f"The manifest of the run's inputs cannot be written: {error}",
            ManifestWarning,
            stacklevel=3,
        )
        return None
    return file


def note_unrecorded(failure: BaseException, run: str, error: ConcordError) -> None:
    """Keeps what went wrong first in front: that is what the script's author has to see."""
    failure.add_note(f"That run {run} failed could not be recorded: {error}")
    for note in getattr(error, "__notes__", ()):
        failure.add_note(note)


class TrackedRun:
    """One run. Made by `Ledger.run`; use it as a context.

    Attributes:
        id: of the run.
        receipts: of every event recorded so far.
        manifest: of inputs that the run's event has no room for, once it has ended.
    """

    def __init__(
        self,
        ledger: Ledger,
        *,
        job: str,
        run: str | None,
        parameters: JsonObject | None,
        source: Path | None,
        environment: dict[str, str] | None,
        keep_in: Path | None,
        clock: Callable[[], int],
    ) -> None:
        self._ledger = ledger
        self._clock = clock
        self._keep_in = keep_in or Path.cwd()
        self._notes = RunNotes(
            job=job,
            run=run,
            parameters=parameters,
            source=describe_file(source) if source is not None else None,
            environment=environment,
            started_at=clock(),
            suffix=secrets.token_hex(3),
        )
        self.id = self._notes.id
        self.receipts: list[Recorded] = []
        self.manifest: KeptManifest | None = None

    def used(
        self,
        dataset: str,
        version: str,
        *,
        grant: str | None = None,
        file: Path | None = None,
        digest: str | None = None,
    ) -> None:
        """Names a dataset version that the run reads.

        Args:
            dataset: id.
            version: of it.
            grant: that allows it.
            file: as read; its digest is recorded, so that the audit can compare it.
            digest: hex SHA-256, where the file is not at hand.
        """
        digest = sha256_of(file) if file is not None else digest
        self._notes.read_dataset(dataset, version, grant=grant, digest=digest)

    def started_from(
        self, model: str, version: str, *, file: Path | None = None, digest: str | None = None
    ) -> None:
        """Names a model version that the run starts from."""
        digest = sha256_of(file) if file is not None else digest
        self._notes.read_model(model, version, digest=digest)

    def produced(
        self,
        model: str,
        version: str,
        *,
        file: Path,
        relation: str = "trained",
        base: tuple[tuple[str, str], ...] = (),
        publish: bool = True,
    ) -> None:
        """Names a model version that the run made; published when the run completes, unless
        `publish` is False.
        """
        self._notes.made(
            model,
            version,
            artifact=describe_file(file),
            relation=relation,
            base=base,
            publish=publish,
        )

    def measured(self, **metrics: float) -> None:
        """Adds metrics, such as `measured(accuracy=0.93)`; NaN and infinities become null."""
        self._notes.measured(metrics)

    def __enter__(self) -> Self:
        self.receipts.append(self._ledger.record(self._notes.started()))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        failure: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if failure is None:
            self._end(self._notes.completed(self._clock()))
            return
        try:
            self._end(self._notes.failed(self._clock(), failure))
        except ConcordError as error:
            note_unrecorded(failure, self.id, error)

    def _end(self, ending: Ending) -> None:
        # Kept before it is named: who reads the event can then have it.
        if ending.manifest is not None:
            self.manifest = self._keep(ending.manifest)
        drafts = (ending.draft, *ending.publications)
        for done, draft in enumerate(drafts, 1):
            signed = self._ledger.sign(draft)
            try:
                self.receipts.append(self._ledger.send(signed))
            except ConcordError as error:
                self._keep_unrecorded(signed, drafts[done:], error)
                raise

    def _keep_unrecorded(
        self, first: Signed, further: Sequence[Draft], failure: ConcordError
    ) -> None:
        signed = [first]
        for draft in further:
            try:
                signed.append(self._ledger.sign(draft))
            except InvalidInput as error:
                failure.add_note(f"{draft.kind} is not kept: {error}")
        keep_beside(failure, signed, self.id, self._keep_in)

    def _keep(self, manifest: Manifest) -> KeptManifest:
        file = keep_file(manifest, self._keep_in)
        problem: str | None = None
        try:
            self._ledger.dao.upload(manifest.document)
        except ConcordError as error:
            problem = str(error)
        kept = KeptManifest(manifest, file, problem)
        kept.warn()
        return kept
