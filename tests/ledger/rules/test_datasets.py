"""Who registers, publishes, hands over and withdraws datasets."""

from __future__ import annotations

import pytest

from ledger.events.canonical import JsonObject
from ledger.rules.errors import (
    AlreadyEnded,
    BodyNotAllowed,
    IdTaken,
    MissingRole,
    NotSteward,
    UnknownId,
)
from tests.support.histories import History
from tests.support.ledgers import digest_of


def publish(ledger: History, version: str, revision_of: str, steward: int = 0) -> int:
    files: JsonObject = {"digest": {"sha256": digest_of(version)}, "name": "r.csv"}
    return ledger.sign(
        ledger.consortium.stewards[steward],
        "dataset.version_published",
        dataset="d",
        version=version,
        distribution=[files],
        revisionOf=revision_of,
    )


def transfer(ledger: History, to: str, steward: int = 0) -> int:
    signer = ledger.consortium.stewards[steward]
    return ledger.sign(signer, "dataset.stewardship_transferred", dataset="d", to=to)


def test_a_dataset_is_registered_once_by_a_steward_in_its_own_name(ledger: History) -> None:
    c = ledger.consortium
    body = c.dataset("d", 1).body.model_dump(mode="json", by_alias=True, exclude_unset=True)
    with pytest.raises(NotSteward):
        ledger.sign(c.stewards[0], "dataset.registered", **body)
    ledger.record(c.dataset("d"))
    with pytest.raises(IdTaken):
        ledger.record(c.dataset("d", 1))
    ledger.sign(c.operator, "member.roles_changed", member=c.stewards[1].address, roles=["auditor"])
    with pytest.raises(MissingRole):
        ledger.record(c.dataset("e", 1))


def test_a_version_is_published_once_by_the_steward(ledger: History) -> None:
    c = ledger.consortium
    with pytest.raises(UnknownId):
        ledger.record(c.dataset_version("d", "1"))
    ledger.record(c.dataset("d"))
    with pytest.raises(NotSteward):
        ledger.record(c.dataset_version("d", "1", 1))
    with pytest.raises(UnknownId, match="to revise"):
        publish(ledger, "2", "1")
    ledger.record(c.dataset_version("d", "1"))
    with pytest.raises(IdTaken):
        ledger.record(c.dataset_version("d", "1"))
    publish(ledger, "2", "1")


def test_what_was_withdrawn_is_published_and_withdrawn_no_more(ledger: History) -> None:
    c = ledger.consortium
    ledger.dataset("d")
    with pytest.raises(NotSteward):
        ledger.sign(c.stewards[1], "dataset.withdrawn", dataset="d", reason="x")
    ledger.sign(c.stewards[0], "dataset.withdrawn", dataset="d", reason="consent ended")
    with pytest.raises(AlreadyEnded):
        ledger.sign(c.stewards[0], "dataset.withdrawn", dataset="d", reason="again")
    with pytest.raises(AlreadyEnded):
        ledger.record(c.dataset_version("d", "2"))


def test_a_dataset_goes_to_an_active_steward_alone(ledger: History) -> None:
    c = ledger.consortium
    ledger.dataset("d")
    gone = c.stewards[2]
    ledger.sign(c.operator, "member.removed", member=gone.address)
    for key in (c.labs[0], c.outsider, gone):
        with pytest.raises(BodyNotAllowed):
            transfer(ledger, key.address)
    with pytest.raises(NotSteward):
        transfer(ledger, c.stewards[1].address, steward=1)
    transfer(ledger, c.stewards[1].address)
    with pytest.raises(NotSteward):
        ledger.record(c.dataset_version("d", "2"))
    ledger.record(c.dataset_version("d", "2", 1))
