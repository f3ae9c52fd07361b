"""Who may act at all, and when."""

from __future__ import annotations

import pytest

from ledger.events import SigningKey
from ledger.events.canonical import JsonObject
from ledger.rules.authority import AHEAD_MS, BEHIND_MS
from ledger.rules.errors import (
    BodyNotAllowed,
    KeyNotAuthorized,
    MissingRole,
    NotMirror,
    TimeOutOfWindow,
    UnknownActor,
)
from ledger.rules.wallets import may_be_contract
from tests.support.histories import History
from tests.support.ledgers import DAY, Consortium, member_key

JOB = member_key("job")


def authorised(ledger: History, *kinds: str, key: SigningKey = JOB, life: int = DAY) -> None:
    """The first lab authorises a key."""
    until = ledger.consortium.at(life)
    lab = ledger.consortium.labs[0]
    ledger.sign(lab, "key.authorized", key=key.address, kinds=[*kinds], until=until)


def start(ledger: History, signer: SigningKey, run: str = "run") -> int:
    at = ledger.consortium.at()
    return ledger.sign(signer, "run.started", run=run, job="fit", inputs=[], startedAt=at)


def test_the_first_event_creates_the_ledger_and_no_other_does(ledger: History) -> None:
    with pytest.raises(BodyNotAllowed, match="first event"):
        History().record(ledger.consortium.dataset("d"))
    with pytest.raises(BodyNotAllowed, match="exists already"):
        ledger.record(ledger.consortium.genesis())


@pytest.mark.parametrize(
    ("offset", "is_in"),
    [(AHEAD_MS, True), (AHEAD_MS + 1, False), (-BEHIND_MS, True), (-BEHIND_MS - 1, False)],
)
def test_an_event_is_issued_within_the_window_to_the_millisecond(
    ledger: History, offset: int, is_in: bool
) -> None:
    c = ledger.consortium
    body = c.dataset("d").body.model_dump(mode="json", by_alias=True, exclude_unset=True)
    event = c.event(c.stewards[0], "dataset.registered", body, issued_at=ledger.now + offset)
    if is_in:
        ledger.record(event)
        return
    with pytest.raises(TimeOutOfWindow) as refused:
        ledger.record(event)
    limit = (
        "ahead of the ledger's clock; 10 is" if offset > 0 else "behind the ledger's clock; 24 is"
    )
    assert limit in str(refused.value)


def test_who_is_no_member_may_nothing(ledger: History) -> None:
    with pytest.raises(UnknownActor) as refused:
        start(ledger, ledger.consortium.outsider)
    assert "any more" not in str(refused.value)


def test_who_was_removed_may_nothing_and_is_told_so(ledger: History) -> None:
    c = ledger.consortium
    ledger.sign(c.operator, "member.removed", member=c.labs[0].address)
    with pytest.raises(UnknownActor, match="any more"):
        start(ledger, c.labs[0])


def test_a_member_without_the_role_is_refused(ledger: History) -> None:
    with pytest.raises(MissingRole, match="developer"):
        start(ledger, ledger.consortium.stewards[0])


@pytest.mark.parametrize(
    ("contracts", "advice"),
    [({}, r"The operator, 0x.*, gives roles"), ({"registry": JOB.address}, "given by a vote")],
)
def test_a_member_without_the_role_is_told_who_gives_it(contracts: JsonObject, advice: str) -> None:
    ledger = History(Consortium(contracts=contracts))
    ledger.begin()
    with pytest.raises(MissingRole, match=advice):
        start(ledger, ledger.consortium.stewards[0])


def test_the_operator_who_is_no_member_has_no_other_role(ledger: History) -> None:
    with pytest.raises(MissingRole, match="none"):
        start(ledger, ledger.consortium.operator)


def test_a_member_with_the_operators_role_acts_as_operator(ledger: History) -> None:
    c = ledger.consortium
    new = member_key("second operator")
    ledger.sign(c.operator, "member.admitted", member=new.address, roles=["operator"])
    ledger.sign(new, "member.admitted", member=JOB.address, roles=["auditor"])
    with pytest.raises(MissingRole, match="operator"):
        ledger.sign(c.auditor, "member.removed", member=JOB.address)


def test_a_key_signs_what_it_was_authorised_for_on_its_members_behalf(ledger: History) -> None:
    authorised(ledger, "run.started")
    start(ledger, JOB)
    at = ledger.consortium.at()
    ended: JsonObject = {"run": "run", "job": "fit", "inputs": [], "startedAt": at, "endedAt": at}
    with pytest.raises(KeyNotAuthorized, match=r"not for run\.failed"):
        ledger.sign(JOB, "run.failed", reason="no memory", **ended)


def test_a_key_has_the_roles_of_its_member_and_no_others(ledger: History) -> None:
    authorised(ledger, "dataset.registered")
    with pytest.raises(MissingRole, match="steward"):
        ledger.sign(
            JOB,
            "dataset.registered",
            dataset="d",
            title="D",
            license="MIT",
            usage={"duo": ["GRU"]},
            personalData=False,
            steward=ledger.consortium.labs[0].address,
        )


def test_a_keys_time_ends_to_the_millisecond(ledger: History) -> None:
    authorised(ledger, "run.started", life=1_000)
    ledger.pass_time(999)
    start(ledger, JOB)
    ledger.pass_time(1)
    with pytest.raises(KeyNotAuthorized, match="over"):
        start(ledger, JOB, "another")


def test_a_revoked_key_and_one_of_a_removed_member_sign_nothing(ledger: History) -> None:
    c = ledger.consortium
    other = member_key("another job")
    authorised(ledger, "run.started")
    authorised(ledger, "run.started", key=other)
    ledger.sign(c.labs[0], "key.revoked", key=JOB.address)
    with pytest.raises(KeyNotAuthorized, match="revoked"):
        start(ledger, JOB)
    ledger.sign(c.operator, "member.removed", member=c.labs[0].address)
    with pytest.raises(UnknownActor, match="whose key"):
        start(ledger, other)


def test_only_the_mirror_tells_what_contracts_did(ledger: History, mirrored: History) -> None:
    for history, signer in (
        (ledger, ledger.consortium.mirror),
        (mirrored, mirrored.consortium.operator),
    ):
        with pytest.raises(NotMirror):
            history.sign(
                signer,
                "proposal.executed",
                proposal="1",
                chain=history.consortium.chain_reference(0),
            )


def test_members_and_their_keys_may_be_contracts_where_there_is_a_chain(
    ledger: History, mirrored: History
) -> None:
    c = mirrored.consortium
    authorised(mirrored, "run.started")

    def may(*keys: SigningKey) -> list[bool]:
        return [may_be_contract(key.address, mirrored.state) for key in keys]

    assert may(c.labs[0], JOB) == [True, True]
    for n, key in enumerate((c.operator, c.mirror)):
        body: JsonObject = {"member": key.address, "roles": ["operator"]}
        mirrored.sign(c.mirror, "member.admitted", chain=c.chain_reference(1 + n), **body)
    assert may(c.operator, c.mirror, c.outsider) == [False, False, False]
    assert not may_be_contract(c.labs[0].address, ledger.state)
    assert not may_be_contract(c.labs[0].address, History().state)
    mirrored.sign(c.labs[0], "key.revoked", key=JOB.address)
    gone = c.labs[1]
    mirrored.sign(c.mirror, "member.removed", member=gone.address, chain=c.chain_reference(0))
    assert may(JOB, gone) == [False, False]
