"""Who is admitted, and by whom; which keys sign for whom; what is erased."""

from __future__ import annotations

import pytest

from ledger.events import SigningKey
from ledger.events.canonical import JsonObject
from ledger.rules.errors import (
    AlreadyEnded,
    BodyNotAllowed,
    IdTaken,
    KeyNotAuthorized,
    MissingRole,
    NotMirror,
    NotOwner,
    UnknownId,
)
from ledger.views.records import AuthorizedKey, Member
from tests.support.histories import History
from tests.support.ledgers import DAY, member_key

NEW, JOB = member_key("new"), member_key("job")


def admit(ledger: History, signer: SigningKey, new: SigningKey = NEW, **more: JsonObject) -> int:
    return ledger.sign(signer, "member.admitted", member=new.address, roles=["auditor"], **more)


def authorise(ledger: History, key: SigningKey = JOB, **more: object) -> int:
    body: dict[str, object] = {"kinds": ["run.started"], "until": ledger.consortium.at(DAY)}
    body |= more
    return ledger.sign(ledger.consortium.labs[0], "key.authorized", key=key.address, **body)


def test_without_contracts_the_operator_admits_and_nobody_else(ledger: History) -> None:
    c = ledger.consortium
    for signer in (c.auditor, c.mirror):
        with pytest.raises(MissingRole):
            admit(ledger, signer)
    with pytest.raises(BodyNotAllowed, match="names no contracts"):
        admit(ledger, c.operator, chain=c.chain_reference(0))
    admit(ledger, c.operator)
    with pytest.raises(IdTaken, match="member already"):
        admit(ledger, c.operator)


def test_with_contracts_the_mirror_admits_once_for_each_contract_log(mirrored: History) -> None:
    c = mirrored.consortium
    with pytest.raises(NotMirror):
        admit(mirrored, c.operator, chain=c.chain_reference(0))
    with pytest.raises(BodyNotAllowed, match="where on chain"):
        admit(mirrored, c.mirror)
    admit(mirrored, c.mirror, chain=c.chain_reference(0))
    with pytest.raises(IdTaken, match="contract log"):
        admit(mirrored, c.mirror, JOB, chain=c.chain_reference(0))


@pytest.mark.parametrize("field", ["chainId", "contract"])
def test_a_contract_log_of_elsewhere_is_refused(mirrored: History, field: str) -> None:
    c = mirrored.consortium
    elsewhere = {"chainId": 1, "contract": NEW.address}[field]
    with pytest.raises(BodyNotAllowed):
        admit(mirrored, c.mirror, chain=c.chain_reference(0) | {field: elsewhere})


def test_who_is_no_member_is_neither_changed_nor_removed(ledger: History) -> None:
    c = ledger.consortium
    with pytest.raises(UnknownId):
        ledger.sign(c.operator, "member.roles_changed", member=NEW.address, roles=["auditor"])
    ledger.sign(c.operator, "member.removed", member=c.labs[0].address)
    with pytest.raises(UnknownId):
        ledger.sign(c.operator, "member.removed", member=c.labs[0].address)
    admit(ledger, c.operator, c.labs[0])


def test_the_operator_admits_no_key_and_the_dao_whom_it_likes(
    ledger: History, mirrored: History
) -> None:
    for history in (ledger, mirrored):
        authorise(history)
    with pytest.raises(IdTaken, match="is a key"):
        admit(ledger, ledger.consortium.operator, JOB)
    c = mirrored.consortium
    admit(mirrored, c.mirror, JOB, chain=c.chain_reference(0))
    assert mirrored.state.get(Member, JOB.address) is not None


def test_a_key_authorises_no_key(ledger: History) -> None:
    authorise(ledger)
    until = ledger.consortium.at(DAY)
    with pytest.raises(KeyNotAuthorized):
        ledger.sign(JOB, "key.authorized", key=NEW.address, kinds=["run.started"], until=until)
    assert ledger.state.get(AuthorizedKey, NEW.address) is None


@pytest.mark.parametrize(
    "kind", ["key.authorized", "key.revoked", "member.admitted", "ledger.created", "no.such_kind"]
)
def test_what_makes_members_and_keys_is_delegated_to_no_key(ledger: History, kind: str) -> None:
    with pytest.raises(BodyNotAllowed, match="cannot be delegated"):
        authorise(ledger, kinds=["run.started", kind])


def test_a_key_is_new_and_its_time_is_to_come(ledger: History) -> None:
    with pytest.raises(IdTaken):
        authorise(ledger, ledger.consortium.stewards[0])
    with pytest.raises(BodyNotAllowed, match="past"):
        authorise(ledger, until=ledger.consortium.at())
    authorise(ledger, until=ledger.consortium.at(1))
    with pytest.raises(IdTaken):
        authorise(ledger)


def test_a_key_is_revoked_once_by_its_member(ledger: History) -> None:
    c = ledger.consortium
    with pytest.raises(UnknownId):
        ledger.sign(c.labs[0], "key.revoked", key=JOB.address)
    authorise(ledger)
    with pytest.raises(NotOwner):
        ledger.sign(c.labs[1], "key.revoked", key=JOB.address)
    ledger.sign(c.labs[0], "key.revoked", key=JOB.address)
    with pytest.raises(AlreadyEnded):
        ledger.sign(c.labs[0], "key.revoked", key=JOB.address)


def test_the_operator_erases_each_commitment_once(ledger: History) -> None:
    c = ledger.consortium
    sealed, _ = c.sealed("a value", "person")
    commitment = str(sealed["$sealed"])

    def erase(name: str, *commitments: str, signer: SigningKey = c.operator) -> int:
        return ledger.sign(
            signer,
            "erasure.performed",
            erasure=name,
            commitments=[*commitments],
            legalBasis="GDPR article 17",
        )

    with pytest.raises(MissingRole):
        erase("e", commitment, signer=c.auditor)
    with pytest.raises(BodyNotAllowed, match="twice"):
        erase("e", commitment, commitment)
    erase("e", commitment)
    with pytest.raises(AlreadyEnded, match="was erased"):
        erase("f", commitment)
