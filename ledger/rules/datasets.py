"""Who may register, publish, hand over and withdraw datasets."""

from __future__ import annotations

from ledger.events.bodies.datasets import (
    DatasetRegistered,
    DatasetVersionPublished,
    DatasetWithdrawn,
    StewardshipTransferred,
)
from ledger.rules.authority import Act, rule_for
from ledger.rules.errors import AlreadyEnded, BodyNotAllowed, IdTaken, NotSteward, UnknownId
from ledger.views.records import Dataset, DatasetVersion, Member
from ledger.views.state import State


def require_dataset(dataset: str, state: State) -> Dataset:
    """The dataset by that id.

    Raises:
        UnknownId: if none is registered.
    """
    row = state.get(Dataset, dataset)
    if row is None:
        raise UnknownId(f"No dataset {dataset} is registered; register it first, or check the id.")
    return row


def require_steward(act: Act, dataset: str, state: State) -> Dataset:
    """The dataset, for its steward.

    Raises:
        UnknownId: if none is registered.
        NotSteward: if somebody else acts.
    """
    row = require_dataset(dataset, state)
    if row.steward != act.principal:
        raise NotSteward(
            f"{row.steward} is the steward of dataset {dataset}, not {act.principal}; "
            "have it sign this."
        )
    return row


def _refuse_withdrawn(dataset: Dataset) -> None:
    if dataset.withdrawn_index is not None:
        raise AlreadyEnded(
            f"Dataset {dataset.dataset} was withdrawn in event {dataset.withdrawn_index}."
        )


@rule_for(DatasetRegistered)
def _registered(act: Act, body: DatasetRegistered, state: State) -> None:
    act.require_role("steward")
    if body.steward != act.principal:
        raise NotSteward("A steward registers datasets in its own name; transfer them afterwards.")
    if state.get(Dataset, body.dataset) is not None:
        raise IdTaken(f"A dataset {body.dataset} is registered already; choose another id.")


@rule_for(DatasetVersionPublished)
def _version_published(act: Act, body: DatasetVersionPublished, state: State) -> None:
    _refuse_withdrawn(require_steward(act, body.dataset, state))
    if state.get(DatasetVersion, body.dataset, body.version) is not None:
        raise IdTaken(
            f"Version {body.version} of dataset {body.dataset} is published already; "
            "choose another version."
        )
    if body.revision_of is not None and not state.get(
        DatasetVersion, body.dataset, body.revision_of
    ):
        raise UnknownId(
            f"Dataset {body.dataset} has no version {body.revision_of} to revise; check it."
        )


@rule_for(StewardshipTransferred)
def _transferred(act: Act, body: StewardshipTransferred, state: State) -> None:
    require_steward(act, body.dataset, state)
    receiver = state.get(Member, body.to)
    if receiver is None or not receiver.active or "steward" not in receiver.roles:
        raise BodyNotAllowed(f"{body.to} is not a member with the role steward; name one.")


@rule_for(DatasetWithdrawn)
def _withdrawn(act: Act, body: DatasetWithdrawn, state: State) -> None:
    _refuse_withdrawn(require_steward(act, body.dataset, state))
