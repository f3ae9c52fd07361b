"""Who may admit, change and remove members, authorise keys, and record erasures.

Until contracts stand, the operator does it himself. Once the first leaf names contracts, only their
mirror may, and each such event says where on chain it happened. What the DAO decided on chain is
never argued with: it admits whom it likes, were it somebody's key, which then is one no more.
"""

from __future__ import annotations

from ledger.events.bodies.base import BODIES
from ledger.events.bodies.governance import ErasurePerformed
from ledger.events.bodies.members import (
    KeyAuthorized,
    KeyRevoked,
    MemberAdmitted,
    MemberRemoved,
    MemberRolesChanged,
)
from ledger.events.identifiers import parse_instant
from ledger.rules.authority import Act, register, rule_for
from ledger.rules.chain import require_new_chain_log
from ledger.rules.errors import AlreadyEnded, BodyNotAllowed, IdTaken, NotOwner, UnknownId
from ledger.views.records import AuthorizedKey, Erasure, Member
from ledger.views.state import State


def _require_admission_authority(
    act: Act, body: MemberAdmitted | MemberRolesChanged | MemberRemoved, state: State
) -> None:
    if act.ledger.contracts == "{}":
        act.require_operator()
        if body.chain is not None:
            raise BodyNotAllowed("This ledger names no contracts, so nothing happened on chain.")
        return
    act.require_mirror()
    if body.chain is None:
        raise BodyNotAllowed("The DAO decides on members; the event must say where on chain.")
    require_new_chain_log(act, body.chain, state)


@rule_for(MemberAdmitted)
def _admitted(act: Act, body: MemberAdmitted, state: State) -> None:
    _require_admission_authority(act, body, state)
    member = state.get(Member, body.member)
    if member is not None and member.active:
        raise IdTaken(f"{body.member} is a member already; change its roles instead.")
    if body.chain is None and state.get(AuthorizedKey, body.member) is not None:
        raise IdTaken(
            f"{body.member} is a key of a member and cannot be one itself; name another account."
        )


def _changed(act: Act, body: MemberRolesChanged | MemberRemoved, state: State) -> None:
    _require_admission_authority(act, body, state)
    member = state.get(Member, body.member)
    if member is None or not member.active:
        raise UnknownId(f"{body.member} is not a member; GET /v1/members lists them.")


register(MemberRolesChanged, _changed)
register(MemberRemoved, _changed)


@rule_for(KeyAuthorized)
def _key_authorized(act: Act, body: KeyAuthorized, state: State) -> None:
    if act.event.actor != act.principal:
        raise NotOwner("A key cannot authorise keys; the member itself signs this.")
    if state.get(Member, body.key) or state.get(AuthorizedKey, body.key):
        raise IdTaken(f"{body.key} is in use already; make a new key.")
    for kind in body.kinds:
        if kind not in BODIES or kind.startswith(("key.", "member.", "ledger.")):
            raise BodyNotAllowed(f"{kind} cannot be delegated to a key.")
    if parse_instant(body.until) <= act.now:
        raise BodyNotAllowed(f"until, {body.until}, is in the past; name a later time.")


@rule_for(KeyRevoked)
def _key_revoked(act: Act, body: KeyRevoked, state: State) -> None:
    key = state.get(AuthorizedKey, body.key)
    if key is None:
        raise UnknownId(f"{body.key} is not a key of any member; check the address.")
    if key.member != act.principal or act.event.actor != act.principal:
        raise NotOwner(f"Only {key.member} may revoke this key.")
    if key.revoked_index is not None:
        raise AlreadyEnded(f"This key was revoked in event {key.revoked_index}.")


@rule_for(ErasurePerformed)
def _erased(act: Act, body: ErasurePerformed, state: State) -> None:
    act.require_operator()
    if len(set(body.commitments)) != len(body.commitments):
        raise BodyNotAllowed("A commitment stands twice in this erasure; name each once.")
    for commitment in body.commitments:
        earlier = state.get(Erasure, commitment)
        if earlier is not None:
            raise AlreadyEnded(f"{commitment} was erased in event {earlier.index}.")
