"""Proposals: what is being decided, what was decided, and proposing something."""

from __future__ import annotations

import streamlit as st

from client import JsonObject
from client.fields import inner
from client.fields import text as text_of
from dashboard.components.explain import meaning
from dashboard.components.markup import Markup, card, cards, line, show, text, when
from dashboard.components.paging import listing, turn_pages
from dashboard.components.states import empty, guarded
from dashboard.navigation import anchor, asked, link
from dashboard.proposals.form import proposal_form
from dashboard.proposals.tallies import quorum_bar
from dashboard.proposals.view import class_badge, proposal_view, read_at, state_badge
from dashboard.reading.names import named
from dashboard.words.times import instant_ms

_FILTERS = {
    "": "All",
    "active": "Open for votes",
    "pending": "Not begun",
    "queued": "Waiting time",
    "executed": "Carried out",
    "defeated": "Voted down",
    "canceled": "Cancelled",
}
_COUNTED = {"active", "defeated", "succeeded", "queued", "executed"}
REFRESH_SECONDS = 5


def page() -> None:
    """Draws the list, one proposal, or the form for a new one."""
    proposal, new = asked("proposal"), asked("new")
    if new:
        link("proposals", "All proposals", icon=":material/arrow_back:")
        proposal_form(new)
    elif proposal.isascii() and proposal.isdecimal():
        link("proposals", "All proposals", icon=":material/arrow_back:")
        proposal_view(proposal)
    else:
        _list()


def _list() -> None:
    st.title("Proposals")
    show(
        line(
            "Members propose, members vote, and contracts carry out what passed. Nobody can "
            "skip a step.",
            cls="c-lead",
        )
    )
    link("proposals", "Propose something", icon=":material/add:", new="any")
    wanted = asked("state")
    state = st.segmented_control(
        "Which", list(_FILTERS), format_func=_FILTERS.__getitem__,
        default=wanted if wanted in _FILTERS else "", key="proposals-state",
        label_visibility="collapsed", required=True,
    )  # fmt: skip
    _rows(str(state or ""))
    meaning("quorum", "approval", "class", "timelock")


@st.fragment(run_every=REFRESH_SECONDS)
def _rows(state: str) -> None:
    guarded(lambda: _draw_rows(state), "proposals")


def _draw_rows(state: str) -> None:
    key = f"proposals-{state}"
    found = listing("/v1/proposals", key, state=state or None)
    if not found.rows and f"next-{key}" not in st.session_state:
        empty(
            "No proposal is in this state." if state else "Nothing has been proposed yet.",
            "Any member with enough votes can propose; the form says how many.",
        )
    show(cards(map(_row, found.rows)))
    turn_pages(key)


def _row(item: JsonObject) -> Markup:
    proposal, title = text_of(item, "proposal"), text_of(item, "title")
    created = instant_ms(text_of(inner(item, "created"), "at"))
    label = title or f"Proposal {proposal[:8]}, without a title"
    is_counted = text_of(item, "state") in _COUNTED
    return card(
        anchor("proposals", label, icon=":material/how_to_vote:", proposal=proposal),
        line(state_badge(item), " ", class_badge(item), " ", _next(item)),
        line("By ", named(text_of(item, "proposer")), ", ", when(created, read_at(item)), ".",
             cls="c-line c-small c-soft"),
        *([quorum_bar(item)] if is_counted else []),
    )  # fmt: skip


def _next(item: JsonObject) -> Markup:
    at = instant_ms(text_of(item, "nextStepAt"))
    step = {"pending": "Voting begins ", "active": "Voting ends ", "queued": "Can be carried out "}
    state = text_of(item, "state")
    if at is None or state not in step:
        return text("")
    return Markup(f"{text(step[state])}{when(at, read_at(item))}.")
