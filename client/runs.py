"""Lineage from a training script: what a run read and what it made, recorded as it happens.

    with ledger.run(job="train-cnn", parameters={"lr": 0.01}) as run:
        run.used("wdbc-north", "1", grant="g-12", file=Path("north.csv"))
        …
        run.produced("tumour-classifier", "3", file=Path("model.bin"))

`run.started` is recorded when the block is entered, `run.completed` when it is left, `run.failed`
with the exception sealed into it if it raises. So even a run that is killed leaves its start in the
log.
"""

from __future__ import annotations

import math
import platform
import re
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from client.drafts import Draft, publish_model_version
from client.files import describe_file, sha256_of
from ledger.errors import ConcordError
from ledger.events.canonical import JsonObject, JsonValue
from ledger.events.identifiers import format_instant

if TYPE_CHECKING:
    from client.answers import Recorded
    from client.sync import Ledger

MAX_REASON = 2_000
"""Characters of a failure's text that are kept."""


class TrackedRun:
    """One run. Made by `Ledger.run`; use it as a context.

    Attributes:
        id: of the run.
        receipts: of every event recorded so far.
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
        clock: Callable[[], int],
    ) -> None:
        self._ledger = ledger
        self._clock = clock
        self._job = job
        self._parameters = parameters
        self._source = describe_file(source) if source is not None else None
        self._environment = environment or {"python": platform.python_version()}
        self._inputs: list[JsonValue] = []
        self._outputs: list[JsonValue] = []
        self._publications: list[Draft] = []
        self._metrics: JsonObject = {}
        self._started_at = clock()
        slug = re.sub(r"[^a-z0-9._-]+", "-", job.lower()).strip("-._")[:80] or "run"
        self.id = run or f"{slug}-{self._started_at}-{secrets.token_hex(3)}"
        self.receipts: list[Recorded] = []

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
        item: JsonObject = {"dataset": dataset, "version": version}
        if grant is not None:
            item["grant"] = grant
        self._add_input(item, file, digest)

    def started_from(
        self, model: str, version: str, *, file: Path | None = None, digest: str | None = None
    ) -> None:
        """Names a model version that the run starts from."""
        self._add_input({"model": model, "version": version}, file, digest)

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
        artifact = describe_file(file)
        self._outputs.append({"model": model, "version": version, "digest": artifact["digest"]})
        if publish:
            draft = publish_model_version(
                model, version, artifact=artifact, relation=relation, run=self.id, base=base
            )
            self._publications.append(draft)

    def measured(self, **metrics: float) -> None:
        """Adds metrics, such as `measured(accuracy=0.93)`; NaN and infinities become null."""
        for name, value in metrics.items():
            if isinstance(value, int):
                self._metrics[name] = value
            else:
                # Also what numpy and torch call a float.
                number = float(value)
                self._metrics[name] = number if math.isfinite(number) else None

    def __enter__(self) -> Self:
        self._record("run.started", {})
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        ended: JsonObject = {"endedAt": format_instant(max(self._clock(), self._started_at))}
        if self._metrics:
            ended["metrics"] = self._metrics
        if error is not None:
            self._record_failure(error, ended)
            return
        self._record("run.completed", {**ended, "outputs": self._outputs})
        for draft in self._publications:
            self.receipts.append(self._ledger.record(draft))

    def _record_failure(self, failure: BaseException, ended: JsonObject) -> None:
        # Its text may tell of people, hence sealed; its type is needed to tell runs apart.
        reason: JsonValue = f"{type(failure).__name__}: {failure}"[:MAX_REASON]
        try:
            self._record("run.failed", ended, {"reason": reason})
        except ConcordError as error:
            # What went wrong first is what the script's author has to see.
            failure.add_note(f"That run {self.id} failed could not be recorded: {error}")

    def _add_input(self, item: JsonObject, file: Path | None, digest: str | None) -> None:
        if file is not None:
            digest = sha256_of(file)
        if digest is not None:
            item["digest"] = {"sha256": digest}
        self._inputs.append(item)

    def _record(
        self, kind: str, more: JsonObject, sealed: Mapping[str, JsonValue] | None = None
    ) -> None:
        body: JsonObject = {
            "run": self.id,
            "job": self._job,
            "inputs": [*self._inputs],
            "startedAt": format_instant(self._started_at),
            "environment": dict(self._environment),
            **more,
        }
        if self._parameters is not None:
            body["parameters"] = self._parameters
        if self._source is not None:
            body["source"] = self._source
        draft = Draft(kind, body, sealed or {}, data_subject=self.id)
        self.receipts.append(self._ledger.record(draft))
