"""Who records runs and publishes models."""

from __future__ import annotations

import pytest

from ledger.events.canonical import JsonValue
from ledger.rules.errors import AlreadyEnded, IdTaken, MissingRole, NotOwner, UnknownId
from tests.support.histories import History


def run(ledger: History, what: str, name: str = "run", lab: int = 0) -> int:
    c = ledger.consortium
    body: dict[str, JsonValue] = {"run": name, "job": "fit", "inputs": [], "startedAt": c.at()}
    if what != "started":
        body["endedAt"] = c.at()
    if what == "failed":
        body["reason"] = "no memory"
    if what == "completed":
        body["outputs"] = []
    return ledger.sign(c.labs[lab], f"run.{what}", **body)


@pytest.mark.parametrize("end", ["completed", "failed"])
def test_a_run_starts_once_and_ends_once_by_whoever_started_it(ledger: History, end: str) -> None:
    run(ledger, "started")
    with pytest.raises(IdTaken):
        run(ledger, "started")
    with pytest.raises(NotOwner):
        run(ledger, end, lab=1)
    run(ledger, end)
    for again in ("completed", "failed"):
        with pytest.raises(AlreadyEnded):
            run(ledger, again)
    with pytest.raises(IdTaken):
        run(ledger, "started")


@pytest.mark.parametrize("end", ["completed", "failed"])
def test_a_run_may_be_told_of_when_it_is_over(ledger: History, end: str) -> None:
    run(ledger, end)
    with pytest.raises(NotOwner):
        run(ledger, end, lab=1)


@pytest.mark.parametrize("what", ["started", "completed", "failed"])
def test_runs_are_for_developers(ledger: History, what: str) -> None:
    c = ledger.consortium
    ledger.sign(
        c.operator, "member.roles_changed", member=c.labs[0].address, roles=["auditor", "steward"]
    )
    with pytest.raises(MissingRole):
        run(ledger, what)
    with pytest.raises(MissingRole):
        ledger.record(c.model("m"))


def test_a_model_is_registered_once_in_its_owners_name(ledger: History) -> None:
    c = ledger.consortium
    with pytest.raises(NotOwner):
        ledger.sign(
            c.labs[0],
            "model.registered",
            model="m",
            title="M",
            owner=c.labs[1].address,
            license="MIT",
        )
    ledger.record(c.model("m"))
    with pytest.raises(IdTaken):
        ledger.record(c.model("m", lab=1))


def test_a_version_is_published_once_by_the_models_owner(ledger: History) -> None:
    c = ledger.consortium
    with pytest.raises(UnknownId):
        ledger.record(c.model_version("m", "1"))
    ledger.record(c.model("m"))
    with pytest.raises(NotOwner):
        ledger.record(c.model_version("m", "1", lab=1))
    ledger.record(c.model_version("m", "1"))
    with pytest.raises(IdTaken):
        ledger.record(c.model_version("m", "1"))
    ledger.record(c.model_version("m", "2"))
