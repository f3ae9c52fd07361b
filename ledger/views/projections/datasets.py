"""Views of datasets and their versions."""

from __future__ import annotations

import dataclasses

from ledger.events.bodies.base import Value
from ledger.events.bodies.datasets import (
    DatasetRegistered,
    DatasetVersionPublished,
    DatasetWithdrawn,
    StewardshipTransferred,
)
from ledger.events.canonical import canonical_plain
from ledger.views.projections.registry import Placed, add_edges, projects, text_of
from ledger.views.records import Dataset, DatasetVersion, Stewardship, dataset_node
from ledger.views.state import State


def canonical_value(value: Value) -> str:
    """Canonical JSON of a part of a body, as signed: absent fields stay absent."""
    dumped = value.model_dump(mode="json", by_alias=True, exclude_unset=True)
    return canonical_plain(dumped).decode()


def canonical_values(values: list[Value]) -> str:
    """Canonical JSON of a list of parts of a body."""
    return f"[{','.join(canonical_value(v) for v in values)}]"


@projects(DatasetRegistered)
def _registered(placed: Placed, body: DatasetRegistered, state: State) -> None:
    state.put(
        Dataset(
            dataset=body.dataset,
            title=text_of(body.title) or "",
            description=text_of(body.description),
            license=body.license,
            usage=canonical_value(body.usage),
            personal_data=body.personal_data,
            steward=body.steward,
            withdrawn_index=None,
            withdrawn_at=None,
            index=placed.index,
        )
    )
    state.add(Stewardship(placed.index, body.dataset, body.steward))


@projects(DatasetVersionPublished)
def _version_published(placed: Placed, body: DatasetVersionPublished, state: State) -> None:
    state.put(
        DatasetVersion(
            dataset=body.dataset,
            version=body.version,
            distribution=canonical_values([*body.distribution]),
            digests=tuple(d.digest.sha256 for d in body.distribution),
            record_count=body.record_count,
            croissant=body.croissant,
            revision_of=body.revision_of,
            index=placed.index,
        )
    )
    node = dataset_node(body.dataset, body.version)
    edges = [("wasAttributedTo", node, f"agent:{placed.principal}")]
    if body.revision_of is not None:
        edges.append(("wasRevisionOf", node, dataset_node(body.dataset, body.revision_of)))
    add_edges(placed, edges, state)


@projects(StewardshipTransferred)
def _transferred(placed: Placed, body: StewardshipTransferred, state: State) -> None:
    dataset = state.get(Dataset, body.dataset)
    if dataset is not None:
        state.put(dataclasses.replace(dataset, steward=body.to))
        state.add(Stewardship(placed.index, body.dataset, body.to))


@projects(DatasetWithdrawn)
def _withdrawn(placed: Placed, body: DatasetWithdrawn, state: State) -> None:
    dataset = state.get(Dataset, body.dataset)
    if dataset is not None and dataset.withdrawn_index is None:
        state.put(
            dataclasses.replace(
                dataset, withdrawn_index=placed.index, withdrawn_at=placed.recorded_at
            )
        )
