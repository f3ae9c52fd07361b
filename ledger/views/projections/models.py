"""Views of runs, models and their lineage."""

from __future__ import annotations

import dataclasses

from ledger.events.bodies.governance import ModelReleased, ModelWithdrawn
from ledger.events.bodies.models import (
    DatasetInput,
    ModelRegistered,
    ModelVersionPublished,
    RunCompleted,
    RunFailed,
    RunStarted,
)
from ledger.events.identifiers import parse_instant
from ledger.events.sealed import Sealed
from ledger.views.projections.datasets import canonical_value
from ledger.views.projections.registry import Placed, add_edges, projects, text_of
from ledger.views.records import (
    Model,
    ModelVersion,
    ReleaseChange,
    Run,
    RunChange,
    RunInput,
    RunOutput,
    dataset_node,
    model_node,
)
from ledger.views.state import State


@projects(ModelRegistered)
def _registered(placed: Placed, body: ModelRegistered, state: State) -> None:
    state.put(
        Model(
            model=body.model,
            title=text_of(body.title) or "",
            owner=body.owner,
            license=body.license,
            task=body.task,
            index=placed.index,
        )
    )


@projects(ModelVersionPublished)
def _version_published(placed: Placed, body: ModelVersionPublished, state: State) -> None:
    base = tuple(model_node(b.model, b.version) for b in body.base)
    state.put(
        ModelVersion(
            model=body.model,
            version=body.version,
            digest=body.artifact.digest.sha256,
            artifact=canonical_value(body.artifact),
            relation=body.relation,
            run=body.run,
            base=base,
            card=body.card,
            leaf_hash=placed.leaf_hash.hex(),
            index=placed.index,
        )
    )
    node = model_node(body.model, body.version)
    edges = [("wasAttributedTo", node, f"agent:{placed.principal}")]
    edges += [("wasDerivedFrom", node, parent) for parent in base]
    if body.run is not None:
        edges.append(("wasGeneratedBy", node, f"run:{body.run}"))
    add_edges(placed, edges, state)


def _spatial(body: RunStarted | RunCompleted | RunFailed) -> str | None:
    if body.environment is None or isinstance(body.environment, Sealed):
        return None
    return body.environment.get("spatial")


def _run_event(
    placed: Placed,
    body: RunStarted | RunCompleted | RunFailed,
    state: State,
    *,
    status: str,
    ended_at: int | None,
) -> None:
    known = state.get(Run, body.run)
    manifest = body.inputs_manifest.digest.sha256 if body.inputs_manifest else None
    run = Run(
        run=body.run,
        job=body.job,
        developer=placed.principal,
        status=status,
        started_at=parse_instant(body.started_at),
        ended_at=ended_at,
        inputs_manifest=manifest,
        ended_index=placed.index if ended_at is not None else None,
        recorded_at=placed.recorded_at,
        index=placed.index,
    )
    if known is not None:
        run = dataclasses.replace(
            run,
            inputs_manifest=manifest or known.inputs_manifest,
            started_at=min(run.started_at, known.started_at),
            recorded_at=known.recorded_at,
            index=known.index,
        )
    state.put(run)
    state.add(
        RunChange(
            index=placed.index,
            run=body.run,
            change=status,
            developer=placed.principal,
            started_at=parse_instant(body.started_at),
            ended_at=ended_at,
            inputs_manifest=manifest,
            spatial=_spatial(body),
            recorded_at=placed.recorded_at,
        )
    )
    _run_lineage(placed, body, state)


def _run_lineage(placed: Placed, body: RunStarted | RunCompleted | RunFailed, state: State) -> None:
    edges = [("wasAssociatedWith", f"run:{body.run}", f"agent:{placed.principal}")]
    if placed.event.actor != placed.principal:
        acting = ("actedOnBehalfOf", f"agent:{placed.event.actor}", f"agent:{placed.principal}")
        edges.append(acting)
    for position, item in enumerate(body.inputs):
        node = (
            dataset_node(item.dataset, item.version)
            if isinstance(item, DatasetInput)
            else model_node(item.model, item.version)
        )
        grant = item.grant if isinstance(item, DatasetInput) else None
        digest = item.digest.sha256 if item.digest else None
        state.add(RunInput(placed.index, position, body.run, node, grant, digest))
        edges.append(("used", f"run:{body.run}", node))
    if isinstance(body, RunCompleted):
        for position, output in enumerate(body.outputs):
            node = model_node(output.model, output.version)
            state.add(RunOutput(placed.index, position, body.run, node, output.digest.sha256))
            edges.append(("wasGeneratedBy", node, f"run:{body.run}"))
    add_edges(placed, edges, state)


@projects(RunStarted)
def _started(placed: Placed, body: RunStarted, state: State) -> None:
    _run_event(placed, body, state, status="started", ended_at=None)


@projects(RunCompleted)
def _completed(placed: Placed, body: RunCompleted, state: State) -> None:
    _run_event(placed, body, state, status="completed", ended_at=parse_instant(body.ended_at))


@projects(RunFailed)
def _failed(placed: Placed, body: RunFailed, state: State) -> None:
    _run_event(placed, body, state, status="failed", ended_at=parse_instant(body.ended_at))


@projects(ModelReleased)
def _released(placed: Placed, body: ModelReleased, state: State) -> None:
    state.add(
        ReleaseChange(
            index=placed.index,
            model=body.model,
            version=body.version,
            change="released",
            record_leaf=body.record_leaf[2:],
            valid_until=parse_instant(body.valid_until),
            recorded_at=placed.recorded_at,
        )
    )


@projects(ModelWithdrawn)
def _withdrawn(placed: Placed, body: ModelWithdrawn, state: State) -> None:
    state.add(
        ReleaseChange(
            index=placed.index,
            model=body.model,
            version=body.version,
            change="withdrawn",
            record_leaf=body.record_leaf[2:],
            valid_until=None,
            recorded_at=placed.recorded_at,
        )
    )
