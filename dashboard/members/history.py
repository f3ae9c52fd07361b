"""Since when a member may do what: its admission and every change of its roles, each with its
proof.
"""

from __future__ import annotations

import streamlit as st

from client import JsonObject
from client.fields import inner, number, objects, texts
from dashboard.components.markup import line, show, text, when
from dashboard.navigation import anchor
from dashboard.reading.connection import read, read_event
from dashboard.words.terms import listed

_KINDS = {
    "member.admitted": "Admitted as {}",
    "member.roles_changed": "From then on {}",
    "member.removed": "Removed",
}
_MOST = 100


def since(item: JsonObject) -> int:
    """When a member was admitted, milliseconds since the epoch."""
    return number(read_event(number(item, "index")), "recordedAt")


def history(item: JsonObject, member: str) -> None:
    """Draws what happened, the oldest first.

    Args:
        item: the member as the API gives it.
        member: address.
    """
    st.subheader("What it may do, since when")
    found = [
        (number(event, "index"), number(event, "recordedAt"), kind, _roles(event))
        for kind in _KINDS
        for event in objects(read("/v1/events", kind=kind, subject=member, limit=_MOST), "items")
    ]
    if not any(kind == "member.admitted" for _, _, kind, _ in found):
        # Whom the ledger was made with is named in its first event.
        found.append((number(item, "index"), since(item), "member.admitted", ""))
    for index, at, kind, roles in sorted(found):
        words = _KINDS[kind].format(roles or "a member")
        proof = anchor("audit", f"Proof: event {index}", icon=":material/verified:", event=index)
        show(line(text(words), ", ", when(at), ". ", proof))


def _roles(event: JsonObject) -> str:
    return listed(texts(inner(inner(event, "event"), "body"), "roles"))
