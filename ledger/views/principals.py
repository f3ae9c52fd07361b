"""Whose act is it? A member's own key, or one that a member authorised to sign on its behalf.

A key belongs to one member for ever, unless the DAO admits its account as a member in its own
right: from then on it signs for itself.
"""

from __future__ import annotations

from ledger.views.records import AuthorizedKey, Member
from ledger.views.state import State


def principal_of(actor: str, state: State) -> str:
    """The member behind a signer; the signer itself unless it is an authorised key."""
    member = state.get(Member, actor)
    if member is not None and member.active:
        return actor
    key = state.get(AuthorizedKey, actor)
    return key.member if key else actor
