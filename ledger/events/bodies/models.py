"""Training runs and the models that come out of them."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Discriminator, Field, StringConstraints, Tag, model_validator

from ledger.events.bodies.base import (
    Body,
    Digest,
    License,
    Line,
    ResourceDescriptor,
    Text,
    Title,
    Value,
    Version,
    event_kind,
)
from ledger.events.canonical import FreeJson
from ledger.events.identifiers import (
    Address,
    Cid,
    Identifier,
    Instant,
    parse_instant,
)
from ledger.events.sealed import Sealable

MAX_INPUTS = 1024
"""Inputs listed in one run; a run with more names an `inputsManifest`."""

Job = Annotated[Line, StringConstraints(min_length=1, max_length=200)]
Relation = Literal["trained", "finetuned", "adapter", "quantized", "merged", "distilled"]


class DatasetInput(Value):
    """A dataset version that a run read, and the grant it relied on.

    `digest` is what the run saw of the bytes; the audit compares it with what the steward
    published.
    """

    dataset: Identifier
    version: Version
    grant: Identifier | None = None
    digest: Digest | None = None


class ModelInput(Value):
    """A model version that a run started from."""

    model: Identifier
    version: Version
    digest: Digest | None = None


def _input_kind(value: object) -> str | None:
    if isinstance(value, DatasetInput) or (isinstance(value, dict) and "dataset" in value):
        return "<dataset>"
    if isinstance(value, ModelInput) or (isinstance(value, dict) and "model" in value):
        return "<model>"
    return None


RunInput = Annotated[
    Annotated[DatasetInput, Tag("<dataset>")] | Annotated[ModelInput, Tag("<model>")],
    Discriminator(
        _input_kind,
        custom_error_type="run_input",
        custom_error_message="an input names a dataset or a model",
    ),
]


class RunOutput(Value):
    """A model version that a run made."""

    model: Identifier
    version: Version
    digest: Digest


class ModelReference(Value):
    """A version of a model."""

    model: Identifier
    version: Version


class _RunBody(Body):
    """What the three events of a run share (OpenLineage's START, COMPLETE and FAIL)."""

    HOLDS_FLOATS: ClassVar[bool] = True

    run: Identifier
    job: Job
    inputs: Annotated[list[RunInput], Field(max_length=MAX_INPUTS)]
    started_at: Instant
    inputs_manifest: ResourceDescriptor | None = None
    source: ResourceDescriptor | None = None
    parameters: Sealable[FreeJson] | None = None
    environment: Sealable[dict[str, str]] | None = None


@event_kind("run.started", subject="run")
class RunStarted(_RunBody):
    """A run begins."""

    def summary(self) -> str:
        return f"Start run {self.run} of job {self.job} with {_inputs(self)}."


@event_kind("run.completed", subject="run")
class RunCompleted(_RunBody):
    """A run turned these inputs into these outputs.

    Recorded even where a grant is missing: the audit says so.
    """

    outputs: Annotated[list[RunOutput], Field(max_length=64)]
    ended_at: Instant
    metrics: Sealable[FreeJson] | None = None

    @model_validator(mode="after")
    def _ends_after_it_starts(self) -> RunCompleted:
        if parse_instant(self.ended_at) < parse_instant(self.started_at):
            raise ValueError("endedAt must not be before startedAt")
        return self

    def summary(self) -> str:
        made = ", ".join(f"{o.model} {o.version}" for o in self.outputs[:5]) or "no model"
        more = f" and {len(self.outputs) - 5} more" if len(self.outputs) > 5 else ""
        return f"Complete run {self.run} of job {self.job}: {_inputs(self)} became {made}{more}."


@event_kind("run.failed", subject="run")
class RunFailed(_RunBody):
    """A run ended without a result; what it read stays read."""

    ended_at: Instant
    reason: Sealable[Text] | None = None
    metrics: Sealable[FreeJson] | None = None

    def summary(self) -> str:
        return f"Record that run {self.run} of job {self.job} failed after reading {_inputs(self)}."


def _inputs(body: _RunBody) -> str:
    names = [
        f"{i.dataset} {i.version}" if isinstance(i, DatasetInput) else f"{i.model} {i.version}"
        for i in body.inputs[:5]
    ]
    more = f" and {len(body.inputs) - 5} more" if len(body.inputs) > 5 else ""
    manifest = " and a manifest of inputs" if body.inputs_manifest else ""
    return (", ".join(names) or "no listed inputs") + more + manifest


@event_kind("model.registered", subject="model")
class ModelRegistered(Body):
    """A model exists and has an owner."""

    model: Identifier
    title: Sealable[Title]
    owner: Address
    license: License
    task: Annotated[str, StringConstraints(min_length=1, max_length=128)] | None = None

    def summary(self) -> str:
        return f"Register model {self.model}, licence {self.license}, owner {self.owner}."


@event_kind("model.version_published", subject="model")
class ModelVersionPublished(Body):
    """The exact bytes of one version, and how it came about."""

    model: Identifier
    version: Version
    artifact: ResourceDescriptor
    relation: Relation
    run: Identifier | None = None
    base: Annotated[list[ModelReference], Field(max_length=64)] = []
    card: Cid | None = None

    @model_validator(mode="after")
    def _derived_versions_name_their_base(self) -> ModelVersionPublished:
        if self.relation != "trained" and not self.base:
            raise ValueError(f"relation {self.relation} needs at least one base")
        return self

    def summary(self) -> str:
        run = f" by run {self.run}" if self.run else ""
        base = ", ".join(f"{b.model} {b.version}" for b in self.base[:5])
        return (
            f"Publish version {self.version} of model {self.model}, {self.relation}{run}"
            f"{f' from {base}' if base else ''}, SHA-256 {self.artifact.digest.sha256}."
        )
