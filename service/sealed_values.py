"""Who may be shown what stands behind a commitment.

- whoever signed the event that carries it;
- the ledger's operator;
- an active member on whose behalf it was signed, or who is the steward of the event's dataset, or
  who is an auditor or an operator.
"""

from __future__ import annotations

from ledger.errors import NotFound, Refused
from ledger.events import Event
from ledger.store.reads import Snapshot
from ledger.views.records import (
    AccessRequest,
    AuthorizedKey,
    Dataset,
    Emergency,
    Grant,
    LedgerInfo,
    Member,
)


class NotForReader(Refused):
    """The value is for its signer, the dataset's steward, auditors and the operator."""

    code = "not-for-reader"
    remedy = "Ask the signer or the dataset's steward for the value."


class ValueErased(NotFound):
    """The opening was destroyed; the commitment proves nothing about the value any more."""

    code = "value-erased"
    remedy = "Nothing: the value was destroyed for good, and the event's proof still holds."


class StaleQuestion(Refused):
    """The question was signed too long ago, or in the future."""

    code = "stale-question"
    remedy = "Set the clock, and sign the question again."


def check_reader(reader: str, event: Event, views: Snapshot) -> None:
    """Lets a reader through or says why not.

    Args:
        reader: who signed the question.
        event: the event that carries the commitment.
        views: as they stand.

    Raises:
        NotForReader: the value is for others.
    """
    ledger = views.get(LedgerInfo, "ledger")
    if reader == event.actor or (ledger is not None and reader == ledger.operator):
        return
    member = views.get(Member, reader)
    if member is not None and member.active:
        if {"auditor", "operator"} & set(member.roles):
            return
        if reader in {_principal(event.actor, views), _steward(event, views)}:
            return
    raise NotForReader(
        "This value is for its signer, the dataset's steward, auditors and the operator."
    )


def _principal(actor: str, views: Snapshot) -> str:
    key = views.get(AuthorizedKey, actor)
    return key.member if key is not None else actor


def _steward(event: Event, views: Snapshot) -> str | None:
    """Who answers for the dataset that an event is about, if it is about one."""
    dataset = _dataset(event, views)
    row = views.get(Dataset, dataset) if dataset is not None else None
    return row.steward if row is not None else None


def _dataset(event: Event, views: Snapshot) -> str | None:
    named = getattr(event.body, "dataset", None)
    if isinstance(named, str):
        return named
    for record, field in ((Grant, "grant"), (AccessRequest, "request"), (Emergency, "emergency")):
        identifier = getattr(event.body, field, None)
        row = views.get(record, identifier) if isinstance(identifier, str) else None
        if isinstance(row, Grant | AccessRequest | Emergency):
            return row.dataset
    return None
