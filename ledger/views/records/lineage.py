"""Rows of views: runs, models and the edges between them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ledger.views.records.record import Record


@dataclass(frozen=True, slots=True)
class Run(Record):
    """A training run: `started`, `completed` or `failed`.

    Attributes:
        index: its first event.
        ended_index: the event that ended it.
        recorded_at: when its first event was recorded.
        inputs_manifest: SHA-256 of the manifest that lists further inputs.
    """

    TABLE: ClassVar[str] = "run"
    KEY: ClassVar[tuple[str, ...]] = ("run",)

    run: str
    job: str
    developer: str
    status: str
    started_at: int
    ended_at: int | None
    inputs_manifest: str | None
    ended_index: int | None
    recorded_at: int
    index: int


@dataclass(frozen=True, slots=True)
class RunChange(Record):
    """Fact: what one event says of a run: it `started`, `completed` or `failed`.

    Attributes:
        developer: the member whose act the event is.
        inputs_manifest: as of `Run`.
        spatial: where the run took place, by the entry `spatial` of its environment.
    """

    TABLE: ClassVar[str] = "run_change"
    KEY: ClassVar[tuple[str, ...]] = ("index", "run")

    index: int
    run: str
    change: str
    developer: str
    started_at: int
    ended_at: int | None
    inputs_manifest: str | None
    spatial: str | None
    recorded_at: int


@dataclass(frozen=True, slots=True)
class RunInput(Record):
    """Fact: what a run read, as one of its events says. `node` is the lineage node of the input."""

    TABLE: ClassVar[str] = "run_input"
    KEY: ClassVar[tuple[str, ...]] = ("index", "position")

    index: int
    position: int
    run: str
    node: str
    grant: str | None
    digest: str | None


@dataclass(frozen=True, slots=True)
class RunOutput(Record):
    """Fact: what a run made."""

    TABLE: ClassVar[str] = "run_output"
    KEY: ClassVar[tuple[str, ...]] = ("index", "position")

    index: int
    position: int
    run: str
    node: str
    digest: str


@dataclass(frozen=True, slots=True)
class Model(Record):
    """A model and its owner."""

    TABLE: ClassVar[str] = "model"
    KEY: ClassVar[tuple[str, ...]] = ("model",)

    model: str
    title: str
    owner: str
    license: str
    task: str | None
    index: int


@dataclass(frozen=True, slots=True)
class ModelVersion(Record):
    """The exact bytes of one version. `leaf_hash` (hex) is what a release proposal names."""

    TABLE: ClassVar[str] = "model_version"
    KEY: ClassVar[tuple[str, ...]] = ("model", "version")

    model: str
    version: str
    digest: str
    artifact: str
    relation: str
    run: str | None
    base: tuple[str, ...]
    card: str | None
    leaf_hash: str
    index: int


@dataclass(frozen=True, slots=True)
class ReleaseChange(Record):
    """Fact: the DAO released a model version or took that back, as the mirror recorded it."""

    TABLE: ClassVar[str] = "release_change"
    KEY: ClassVar[tuple[str, ...]] = ("index", "model")

    index: int
    model: str
    version: str | None
    change: str
    record_leaf: str
    valid_until: int | None
    recorded_at: int


@dataclass(frozen=True, slots=True)
class Edge(Record):
    """Fact: a PROV relation from `source` to `target`, both lineage nodes.

    A node is `dataset:<id>@<version>`, `model:<id>@<version>`, `run:<id>`, `grant:<id>` or
    `agent:<address>`.
    """

    TABLE: ClassVar[str] = "edge"
    KEY: ClassVar[tuple[str, ...]] = ("index", "position")

    index: int
    position: int
    relation: str
    source: str
    target: str


def dataset_node(dataset: str, version: str) -> str:
    """Lineage node of a dataset version."""
    return f"dataset:{dataset}@{version}"


def model_node(model: str, version: str) -> str:
    """Lineage node of a model version."""
    return f"model:{model}@{version}"


def split_node(node: str) -> tuple[str, str, str]:
    """`dataset:d@1` → `("dataset", "d", "1")`; nodes without a version give an empty one."""
    sort, _, rest = node.partition(":")
    name, _, version = rest.partition("@")
    return sort, name, version
