"""Members and treasury: who takes part, what each may do, since when, with how many votes and which
keys; what all of them own together, and the rules that they gave themselves.
"""

from __future__ import annotations

import streamlit as st

from client import JsonObject
from client.fields import flag, objects, optional_number, texts, wording
from client.fields import text as text_of
from dashboard.components.copying import copyable
from dashboard.components.markup import (
    Markup,
    badge,
    card,
    cards,
    dated,
    label,
    line,
    show,
    table,
    text,
    when,
)
from dashboard.components.paging import listing, search_box, turn_pages
from dashboard.components.states import empty, guarded
from dashboard.members.belongings import belongings
from dashboard.members.history import history, since
from dashboard.members.holdings import holding, voting_power
from dashboard.members.rules import rules
from dashboard.members.treasury import treasury
from dashboard.navigation import anchor, asked, link
from dashboard.reading.connection import read
from dashboard.reading.dao import has_dao
from dashboard.reading.names import name_of, short
from dashboard.signing.identity import me
from dashboard.words.amounts import tokens, units
from dashboard.words.terms import ROLES
from dashboard.words.times import instant_ms

_VIEWS = {"members": "Members", "power": "Voting power", "treasury": "Treasury", "rules": "Rules"}


def page() -> None:
    """Draws the lists, or the member that the address names."""
    member = asked("member")
    if member:
        _member(member)
        return
    st.title("Members and treasury")
    view = "members"
    if has_dao():
        wanted = asked("view")
        chosen = st.segmented_control(
            "View", list(_VIEWS), format_func=_VIEWS.__getitem__,
            default=wanted if wanted in _VIEWS else "members", key="members-view",
            label_visibility="collapsed", required=True,
        )  # fmt: skip
        view = str(chosen or "members")
    draw = {"power": voting_power, "treasury": treasury, "rules": rules}.get(view, _list)
    guarded(draw, "members")


def _list() -> None:
    search = search_box("Search members", "search-members", "Name or address")
    found = listing("/v1/members", "members", search=search)
    if not found.rows:
        empty("No member fits.", "Try fewer or other words.")
    show(cards(map(_row, sorted(found.rows, key=_place))))
    turn_pages("members")
    if has_dao():
        link("proposals", "Propose a new member", icon=":material/person_add:", new="admit")


def _place(item: JsonObject) -> tuple[bool, bool, str]:
    """Members before former ones, and those with a name before those without, by name."""
    name = text_of(item, "name")
    return not flag(item, "active"), not name, name.casefold()


def _row(item: JsonObject) -> Markup:
    address = text_of(item, "member")
    user = me()
    gone = [] if flag(item, "active") else [badge("No longer a member", "bad", "✕"), " "]
    mine = [badge("You", "good", "✓"), " "] if user and user.address == address else []
    roles = [
        line(badge(role, "info", "●"), " ", text(ROLES.get(role, "")))
        for role in texts(item, "roles")
    ]
    title = anchor("members", name_of(address), icon=":material/person:", member=address)
    admitted = line("Admitted ", when(since(item)), ".", cls="c-line c-small c-soft")
    return card(title, line(*mine, *gone), *roles, admitted)


def _member(address: str) -> None:
    link("members", "All members", icon=":material/arrow_back:")
    item = read(f"/v1/members/{address}")
    st.title(label(name_of(address)), anchor=False)
    for role in texts(item, "roles"):
        show(line(badge(role, "info", "●"), " ", text(ROLES.get(role, "")), "."))
    if not flag(item, "active"):
        show(line(badge("No longer a member", "bad", "✕")))
    if has_dao():
        guarded(lambda: _votes(address), "votes-of-member")
    copyable([("Address", address)], "ids-of-member")
    guarded(lambda: history(item, address), "history")
    guarded(lambda: belongings(address), "belongings")
    st.subheader("Keys that sign on its behalf")
    keys = objects(item, "keys")
    if not keys:
        show(line("None: the member signs with its own key only."))
        return
    rows = [
        (
            text(wording(key, "label") or short(text_of(key, "key"))),
            text(", ".join(texts(key, "kinds"))),
            dated(instant_ms(text_of(key, "until"))),
            badge("Revoked", "bad", "✕")
            if optional_number(key, "revokedIndex") is not None
            else badge("Holds", "good", "✓"),
        )
        for key in keys
    ]
    show(table(("Key", "May sign", "Until", "State"), rows, "Keys of this member"))


def _votes(address: str) -> None:
    item = holding(address)
    delegatee = text_of(item, "delegatee")
    by = "nobody" if not delegatee else "itself" if delegatee == address else name_of(delegatee)
    show(
        line("Holds ", text(tokens(units(text_of(item, "balance")))), "; their votes are cast by ",
             text(by), ". Casts ", text(tokens(units(text_of(item, "votes")))), " in all."),
    )  # fmt: skip
    link("proposals", "Propose other roles", icon=":material/badge:", new="change-roles")
