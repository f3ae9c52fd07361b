"""Whose act is it? A member's own key, or one that a member authorised to sign on its behalf."""

from __future__ import annotations

from ledger.views.records import AuthorizedKey
from ledger.views.state import State


def principal_of(actor: str, state: State) -> str:
    """The member behind a signer; the signer itself unless it is an authorised key."""
    key = state.get(AuthorizedKey, actor)
    return key.member if key else actor
