"""Views of the ledger, its members and their keys."""

from __future__ import annotations

import dataclasses

from ledger.events.bodies.base import ResourceDescriptor
from ledger.events.bodies.governance import ErasurePerformed
from ledger.events.bodies.members import (
    KeyAuthorized,
    KeyRevoked,
    LedgerCreated,
    MemberAdmitted,
    MemberRemoved,
    MemberRolesChanged,
)
from ledger.events.canonical import canonical
from ledger.events.identifiers import parse_instant
from ledger.views.projections.registry import Placed, projects, text_of
from ledger.views.records import AuthorizedKey, Erasure, LedgerInfo, Member, MemberChange
from ledger.views.state import State


def _profile(profile: ResourceDescriptor | None) -> str | None:
    return profile.digest.sha256 if profile else None


def _set_roles(placed: Placed, member: Member, change: str, state: State) -> None:
    state.put(member)
    state.add(
        MemberChange(
            index=placed.index,
            member=member.member,
            change=change,
            roles=member.roles,
            active=member.active,
            recorded_at=placed.recorded_at,
        )
    )


@projects(LedgerCreated)
def _created(placed: Placed, body: LedgerCreated, state: State) -> None:
    contracts: dict[str, str] = dict(body.contracts)
    state.put(
        LedgerInfo(
            ledger=body.ledger,
            origin=body.origin,
            chain_id=body.chain_id,
            operator=placed.event.actor,
            mirror=body.mirror or placed.event.actor,
            log_key=body.log_key,
            contracts=canonical({**contracts}).decode(),
            index=placed.index,
        )
    )
    for genesis in body.members:
        _set_roles(
            placed,
            Member(
                member=genesis.member,
                name=genesis.name,
                roles=tuple(genesis.roles),
                profile=_profile(genesis.profile),
                active=True,
                index=placed.index,
            ),
            "admitted",
            state,
        )


@projects(MemberAdmitted)
def _admitted(placed: Placed, body: MemberAdmitted, state: State) -> None:
    member = Member(
        member=body.member,
        name=body.name,
        roles=tuple(body.roles),
        profile=_profile(body.profile),
        active=True,
        index=placed.index,
    )
    _set_roles(placed, member, "admitted", state)
    # Only the DAO admits an account that is somebody's key.
    key = state.get(AuthorizedKey, body.member)
    if key is not None and key.revoked_index is None:
        state.put(dataclasses.replace(key, revoked_index=placed.index))


@projects(MemberRolesChanged)
def _roles_changed(placed: Placed, body: MemberRolesChanged, state: State) -> None:
    member = state.get(Member, body.member)
    if member is not None:
        changed = dataclasses.replace(member, roles=tuple(body.roles))
        _set_roles(placed, changed, "roles_changed", state)


@projects(MemberRemoved)
def _removed(placed: Placed, body: MemberRemoved, state: State) -> None:
    member = state.get(Member, body.member)
    if member is not None:
        _set_roles(placed, dataclasses.replace(member, roles=(), active=False), "removed", state)


@projects(KeyAuthorized)
def _key_authorized(placed: Placed, body: KeyAuthorized, state: State) -> None:
    state.put(
        AuthorizedKey(
            key=body.key,
            member=placed.principal,
            kinds=tuple(body.kinds),
            until=parse_instant(body.until),
            label=text_of(body.label),
            revoked_index=None,
            index=placed.index,
        )
    )


@projects(KeyRevoked)
def _key_revoked(placed: Placed, body: KeyRevoked, state: State) -> None:
    key = state.get(AuthorizedKey, body.key)
    if key is not None:
        state.put(dataclasses.replace(key, revoked_index=placed.index))


@projects(ErasurePerformed)
def _erased(placed: Placed, body: ErasurePerformed, state: State) -> None:
    for commitment in body.commitments:
        state.put(Erasure(commitment, body.erasure, placed.index))
