from __future__ import annotations

import pytest

from governance.parameters import ROLES, role_id
from tests.governance.dao import (
    ALICE,
    BOB,
    DAVE,
    DEPLOYER,
    MALLORY,
    PARAMETERS,
    Dao,
    Member,
    events,
    member,
    refused,
)

NEWCOMER = member("newcomer")
PROFILE = bytes(range(32))
ADMIN = bytes(32)


def ids(*roles: str) -> list[bytes]:
    return [role_id(role) for role in roles]  # type: ignore[arg-type]


def test_founders_are_members_with_their_roles(dao: Dao) -> None:
    functions = dao.membership.functions
    assert functions.members().call() == [each.member for each in PARAMETERS.founders]
    for founder in PARAMETERS.founders:
        assert functions.rolesOf(founder.member).call() == ids(*founder.roles)


def test_the_roles_are_those_of_the_ledger(dao: Dao) -> None:
    assert dao.membership.functions.memberRoles().call() == ids(*ROLES)
    for role in ROLES:
        name = f"{role.upper()}_ROLE"
        assert dao.membership.functions[name]().call() == role_id(role)


def test_a_vote_admits(dao: Dao) -> None:
    receipt = dao.carry_out(
        dao.membership.functions.admit(NEWCOMER.address, ids("operator", "steward"), PROFILE)
    )
    functions = dao.membership.functions
    assert functions.isMember(NEWCOMER.address).call()
    assert functions.profileDigestOf(NEWCOMER.address).call() == PROFILE
    assert events(dao.membership, "MemberAdmitted", receipt) == [
        {
            "member": NEWCOMER.address,
            "roles": ids("steward", "operator"),
            "profileDigest": PROFILE,
        }
    ]


def test_a_vote_changes_roles_to_exactly_those_named(dao: Dao) -> None:
    receipt = dao.carry_out(
        dao.membership.functions.changeRoles(DAVE.address, ids("gateway", "operator"))
    )
    assert dao.membership.functions.rolesOf(DAVE.address).call() == ids("gateway", "operator")
    assert events(dao.membership, "MemberRolesChanged", receipt) == [
        {"member": DAVE.address, "roles": ids("gateway", "operator")}
    ]


def test_a_vote_removes_a_member_and_every_role(dao: Dao) -> None:
    functions = dao.membership.functions
    receipt = dao.carry_out(functions.remove(DAVE.address))
    assert not functions.isMember(DAVE.address).call()
    assert functions.rolesOf(DAVE.address).call() == []
    assert DAVE.address not in functions.getRoleMembers(role_id("operator")).call()
    assert events(dao.membership, "MemberRemoved", receipt) == [{"member": DAVE.address}]
    dao.carry_out(functions.admit(DAVE.address, [], PROFILE))
    assert functions.isMember(DAVE.address).call()


def test_a_vote_changes_a_profile(dao: Dao) -> None:
    dao.carry_out(dao.membership.functions.changeProfile(BOB.address, PROFILE))
    assert dao.membership.functions.profileDigestOf(BOB.address).call() == PROFILE


@pytest.mark.parametrize("sender", [ALICE, DEPLOYER, MALLORY])
def test_nobody_admits_changes_or_removes_without_a_vote(dao: Dao, sender: Member) -> None:
    functions = dao.membership.functions
    for attempt in (
        functions.admit(NEWCOMER.address, ids("operator"), PROFILE),
        functions.changeRoles(sender.address, ids("operator")),
        functions.changeProfile(sender.address, PROFILE),
        functions.remove(BOB.address),
        functions.grantRole(ADMIN, sender.address),
    ):
        with refused("AccessControlUnauthorizedAccount", sender.address, ADMIN):
            dao.send(sender, attempt)


def test_roles_do_not_change_past_the_members_functions(dao: Dao) -> None:
    for function in ("grantRole", "revokeRole"):
        with refused("MembershipRegistryDirectRoleChange", role_id("operator")):
            dao.send(
                ALICE,
                dao.membership.functions[function](role_id("operator"), DAVE.address),
            )


def test_a_member_lays_down_a_role(dao: Dao) -> None:
    functions = dao.membership.functions
    receipt = dao.send(DAVE, functions.renounceRole(role_id("operator"), DAVE.address))
    assert functions.rolesOf(DAVE.address).call() == ids("auditor")
    assert events(dao.membership, "MemberRolesChanged", receipt) == [
        {"member": DAVE.address, "roles": ids("auditor")}
    ]


def test_nobody_lays_down_anothers_role(dao: Dao) -> None:
    with refused("AccessControlBadConfirmation"):
        dao.send(ALICE, dao.membership.functions.renounceRole(role_id("operator"), DAVE.address))


def test_laying_down_a_role_that_one_does_not_hold_says_nothing(dao: Dao) -> None:
    receipt = dao.send(
        MALLORY, dao.membership.functions.renounceRole(role_id("operator"), MALLORY.address)
    )
    assert receipt.logs == ()


@pytest.mark.parametrize(
    ("function", "arguments", "error"),
    [
        ("admit", (BOB.address, [], PROFILE), "MembershipRegistryAlreadyMember"),
        ("admit", ("0x" + 40 * "0", [], PROFILE), "MembershipRegistryInvalidMember"),
        ("admit", (NEWCOMER.address, [ADMIN], PROFILE), "MembershipRegistryUnknownRole"),
        ("changeRoles", (NEWCOMER.address, []), "MembershipRegistryNotMember"),
        ("changeRoles", (BOB.address, [PROFILE]), "MembershipRegistryUnknownRole"),
        ("changeProfile", (NEWCOMER.address, PROFILE), "MembershipRegistryNotMember"),
        ("remove", (NEWCOMER.address,), "MembershipRegistryNotMember"),
    ],
)
def test_what_makes_no_sense_is_refused_even_by_vote(
    dao: Dao, function: str, arguments: tuple[object, ...], error: str
) -> None:
    proposal = dao.propose(dao.membership.functions[function](*arguments))
    dao.accept(proposal)
    with refused(error):
        dao.execute(proposal)
