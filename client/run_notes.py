"""What a run says of itself: noted while it goes on, told by the drafts of its events.

Does no I/O; `client.runs` and `client.aio_runs` digest the files and record the drafts.
"""

from __future__ import annotations

import math
import platform
import re
from collections.abc import Mapping
from dataclasses import dataclass

from client.drafts import Draft, publish_model_version
from client.manifests import Manifest, split_inputs
from ledger.events.canonical import JsonObject, JsonValue
from ledger.events.identifiers import format_instant

MAX_REASON = 2_000
"""Characters of a failure's text that are kept."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How a run ends.

    Attributes:
        draft: `run.completed` or `run.failed`.
        manifest: of the inputs that the draft has no room for.
        publications: of the model versions that it made, to be recorded after it.
    """

    draft: Draft
    manifest: Manifest | None
    publications: tuple[Draft, ...] = ()


class RunNotes:
    """One run as far as it has come.

    Args:
        job: what kind of run it is.
        run: id; made up from job, time and `suffix` where absent.
        parameters: of the training.
        source: ResourceDescriptor of what ran.
        environment: versions of what it ran on.
        started_at: milliseconds since the epoch.
        suffix: makes an id unique.

    Attributes:
        id: of the run.
    """

    def __init__(
        self,
        *,
        job: str,
        run: str | None,
        parameters: JsonObject | None,
        source: JsonObject | None,
        environment: dict[str, str] | None,
        started_at: int,
        suffix: str,
    ) -> None:
        slug = re.sub(r"[^a-z0-9._-]+", "-", job.lower()).strip("-._")[:80] or "run"
        self.id = run or f"{slug}-{started_at}-{suffix}"
        self._started_at = started_at
        self._common: JsonObject = {
            "run": self.id,
            "job": job,
            "startedAt": format_instant(started_at),
            "environment": dict(environment or {"python": platform.python_version()}),
        }
        if parameters is not None:
            self._common["parameters"] = parameters
        if source is not None:
            self._common["source"] = source
        self._inputs: list[JsonValue] = []
        self._outputs: list[JsonValue] = []
        self._publications: list[Draft] = []
        self._metrics: JsonObject = {}

    def read_dataset(
        self, dataset: str, version: str, *, grant: str | None, digest: str | None
    ) -> None:
        """Notes an input; `digest` is the hex SHA-256 of what was read."""
        item: JsonObject = {"dataset": dataset, "version": version}
        if grant is not None:
            item["grant"] = grant
        self._add_input(item, digest)

    def read_model(self, model: str, version: str, *, digest: str | None) -> None:
        """Notes an input; `digest` is the hex SHA-256 of what was read."""
        self._add_input({"model": model, "version": version}, digest)

    def made(
        self,
        model: str,
        version: str,
        *,
        artifact: JsonObject,
        relation: str,
        base: tuple[tuple[str, str], ...],
        publish: bool,
    ) -> None:
        """Notes a model version, to be published or not; `artifact` is its ResourceDescriptor."""
        self._outputs.append({"model": model, "version": version, "digest": artifact["digest"]})
        if publish:
            draft = publish_model_version(
                model, version, artifact=artifact, relation=relation, run=self.id, base=base
            )
            self._publications.append(draft)

    def measured(self, metrics: Mapping[str, float]) -> None:
        """Notes metrics; NaN and infinities become null."""
        for name, value in metrics.items():
            if isinstance(value, int):
                self._metrics[name] = value
            else:
                # Also what numpy and torch call a float.
                number = float(value)
                self._metrics[name] = number if math.isfinite(number) else None

    def started(self) -> Draft:
        """`run.started`."""
        return Draft("run.started", {**self._common, "inputs": []}, data_subject=self.id)

    def completed(self, now: int) -> Ending:
        """`run.completed`, as of milliseconds since the epoch."""
        body = {**self._ended(now), "outputs": self._outputs}
        inputs, manifest = self._split(body)
        draft = Draft("run.completed", {**body, **inputs}, data_subject=self.id)
        return Ending(draft, manifest, tuple(self._publications))

    def failed(self, now: int, failure: BaseException) -> Ending:
        """`run.failed`, as of milliseconds since the epoch.

        The failure's text may tell of people, hence it is sealed; its type tells runs apart.
        """
        body = self._ended(now)
        inputs, manifest = self._split(body)
        reason = f"{type(failure).__name__}: {failure}"[:MAX_REASON]
        sealed: Mapping[str, JsonValue] = {"reason": reason}
        return Ending(Draft("run.failed", {**body, **inputs}, sealed, self.id), manifest)

    def _add_input(self, item: JsonObject, digest: str | None) -> None:
        if digest is not None:
            item["digest"] = {"sha256": digest}
        self._inputs.append(item)

    def _ended(self, now: int) -> JsonObject:
        ended: JsonObject = {
            **self._common,
            "endedAt": format_instant(max(now, self._started_at)),
        }
        if self._metrics:
            ended["metrics"] = self._metrics
        return ended

    def _split(self, body: JsonObject) -> tuple[JsonObject, Manifest | None]:
        listed, manifest = split_inputs(self._inputs, body=body, name=f"{self.id}.inputs.jsonl")
        inputs: JsonObject = {"inputs": listed}
        if manifest is not None:
            inputs["inputsManifest"] = manifest.descriptor()
        return inputs, manifest
