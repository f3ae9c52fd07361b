"""Who may record runs and publish models. What a run read is never refused: the audit judges it."""

from __future__ import annotations

from ledger.events.bodies.models import (
    ModelRegistered,
    ModelVersionPublished,
    RunCompleted,
    RunFailed,
    RunStarted,
)
from ledger.rules.authority import Act, register, rule_for
from ledger.rules.errors import AlreadyEnded, IdTaken, NotOwner, UnknownId
from ledger.views.records import Model, ModelVersion, Run
from ledger.views.state import State


@rule_for(RunStarted)
def _started(act: Act, body: RunStarted, state: State) -> None:
    act.require_role("developer")
    if state.get(Run, body.run) is not None:
        raise IdTaken(f"A run {body.run} is recorded already; choose another id.")


def _ended(act: Act, body: RunCompleted | RunFailed, state: State) -> None:
    act.require_role("developer")
    run = state.get(Run, body.run)
    if run is None:
        return
    if run.developer != act.principal:
        raise NotOwner(f"Run {body.run} is {run.developer}'s; have it sign this.")
    if run.ended_index is not None:
        raise AlreadyEnded(f"Run {body.run} {run.status} in event {run.ended_index}.")


register(RunCompleted, _ended)
register(RunFailed, _ended)


@rule_for(ModelRegistered)
def _registered(act: Act, body: ModelRegistered, state: State) -> None:
    act.require_role("developer")
    if body.owner != act.principal:
        raise NotOwner("A developer registers models in its own name; let the owner sign this.")
    if state.get(Model, body.model) is not None:
        raise IdTaken(f"A model {body.model} is registered already; choose another id.")


@rule_for(ModelVersionPublished)
def _version_published(act: Act, body: ModelVersionPublished, state: State) -> None:
    model = state.get(Model, body.model)
    if model is None:
        raise UnknownId(f"No model {body.model} is registered; register it first, or check the id.")
    if model.owner != act.principal:
        raise NotOwner(f"Model {body.model} is {model.owner}'s; have it sign this.")
    if state.get(ModelVersion, body.model, body.version) is not None:
        raise IdTaken(
            f"Version {body.version} of model {body.model} is published already; choose "
            "another version."
        )
