"""Voting on a proposal, and the votes that were cast."""

from __future__ import annotations

import streamlit as st

from client import ConcordError, JsonObject
from client.dao import Choice, Split
from client.dao.ballots import Support
from client.fields import inner, optional_number
from client.fields import text as text_of
from dashboard.components.explain import hint
from dashboard.components.markup import Markup, badge, cards, line, show, tag, text, when
from dashboard.components.paging import listing, turn_pages
from dashboard.components.states import empty, guarded
from dashboard.navigation import anchor
from dashboard.reading.connection import read_now
from dashboard.reading.names import named
from dashboard.signing.identity import me
from dashboard.signing.transactions import carry_on, is_undertaking, show_outcome, undertake
from dashboard.signing.undertakings import CastVote, why_not
from dashboard.words.amounts import parse_tokens, tokens, units
from dashboard.words.times import instant_ms
from dashboard.words.voting import CHOICES, VOTED, WHY_NOT

LONGEST_REASON = 4_000
REFRESH_SECONDS = 5
_ICONS: dict[Support, str] = {
    "for": ":material/thumb_up:",
    "against": ":material/thumb_down:",
    "abstain": ":material/remove:",
}


def vote_box(item: JsonObject) -> None:
    """The buttons to vote with, while it is open; else why there are none."""
    place = f"vote-{text_of(item, 'proposal')}"
    st.subheader("Your vote")
    with st.container(border=True, key="vote"):
        show_outcome(place)
        carry_on(place)
        if is_undertaking(place):
            return
        state = text_of(item, "state")
        if state == "pending":
            show(line("Voting has not begun yet. This page shows the buttons as soon as it has."))
        elif state != "active":
            show(line("Voting is over.", cls="c-line c-soft"))
        elif _may_vote(item):
            _buttons(item, place)


def _may_vote(item: JsonObject) -> bool:
    """Says with how many votes, or why with none."""
    user = me()
    if user is None:
        show(line("Choose; you are asked to connect before anything is signed.", cls="c-line"))
        return True
    reason, weight = why_not(text_of(item, "proposal"), user.address)
    if reason:
        show(line(text(WHY_NOT[reason])))
        return False
    show(line("You vote with ", text(tokens(weight)), "."))
    return True


def _buttons(item: JsonObject, place: str) -> None:
    proposal, title = text_of(item, "proposal"), text_of(item, "title")
    reason = st.text_area(
        "Why (optional; public for ever)", max_chars=LONGEST_REASON, key=f"reason-{proposal}",
        height=80,
    )  # fmt: skip
    with st.container(horizontal=True):
        for support, label in CHOICES.items():
            if st.button(label, key=f"{support}-{proposal}", icon=_ICONS[support]):
                undertake(place, CastVote(proposal, title, Choice(support, reason.strip())))
                st.rerun()
    with st.expander("More: split your votes", icon=":material/call_split:"):
        _split(proposal, title, reason.strip(), place)


def _split(proposal: str, title: str, reason: str, place: str) -> None:
    show(line("For those who vote on behalf of several. What you leave out can be cast later."))
    with st.form(f"split-{proposal}", border=False):
        columns = st.columns(3)
        given = [
            column.text_input(f"{word}, in tokens", "0", key=f"split-{word}-{proposal}")
            for column, word in zip(columns, ("For", "Against", "Abstaining"), strict=True)
        ]
        if not st.form_submit_button("Review and sign"):
            return
    in_favour, against, abstaining = (parse_tokens(each) for each in given)
    if in_favour is None or against is None or abstaining is None:
        st.warning("Write amounts such as 12 or 0.5.", icon=":material/edit:")
        return
    if in_favour + against + abstaining == 0:
        st.warning("Give at least one of the three some of your votes.", icon=":material/edit:")
        return
    choice = Choice("split", reason, Split(in_favour, against, abstaining))
    undertake(place, CastVote(proposal, title, choice))
    st.rerun()


@st.fragment(run_every=REFRESH_SECONDS)
def votes(proposal: str, now: int | None) -> None:
    """The votes that were cast, with their reasons, live.

    Args:
        proposal: decimal.
        now: by the chain's clock.
    """
    st.subheader("Votes")
    guarded(lambda: _votes(proposal, now), "votes")


def _votes(proposal: str, now: int | None) -> None:
    key = f"votes-{proposal}"
    found = listing(f"/v1/proposals/{proposal}/votes", key)
    if not found.rows:
        empty("Nobody has voted yet.")
    show(cards(_vote(vote, now) for vote in found.rows))
    turn_pages(key)
    if found.rows:
        _recount(proposal)


def _vote(vote: JsonObject, now: int | None) -> Markup:
    support, reason = text_of(vote, "support"), text_of(vote, "reason")
    split = inner(vote, "split")
    shares = [
        f"{tokens(units(text_of(split, name)))} {word}"
        for name, word in (("for", "for"), ("against", "against"), ("abstain", "abstaining"))
        if units(text_of(split, name))
    ]
    index = optional_number(inner(vote, "chain"), "index")
    return tag(
        "div",
        line(
            badge(*VOTED.get(support, (support, "calm", "·"))), " ",
            named(text_of(vote, "voter")), " with ", text(tokens(units(text_of(vote, "weight")))),
            *([": ", text(", ".join(shares))] if shares else []), ", ",
            when(instant_ms(text_of(vote, "castAt")), now), ".",
        ),
        *([tag("div", text(reason), cls="c-text c-quote")] if reason else []),
        *([] if index is None else [
            anchor("audit", f"Proof: event {index}", icon=":material/verified:", event=index)
        ]),
    )  # fmt: skip


def _recount(proposal: str) -> None:
    if not st.button(
        "Count again from the ballots", key=f"recount-{proposal}", icon=":material/calculate:",
        help=hint("recount"),
    ):  # fmt: skip
        return
    try:
        told = read_now(f"/v1/proposals/{proposal}/recount")
    except ConcordError as error:
        st.warning("It could not be counted again just now.", icon=":material/hourglass:")
        show(line(text(str(error)), cls="c-line c-small"))
        return
    counted = inner(told, "tally")
    sums = ", ".join(
        f"{tokens(units(text_of(counted, name)))} {word}"
        for name, word in (("for", "for"), ("against", "against"), ("abstain", "abstaining"))
    )
    if told.get("agrees") is True:
        show(line(badge("Agrees", "good", "✓"), " ", text(f"Counted again: {sums}.")))
    else:
        show(line(badge("Differs", "bad", "✕"), " ", text(f"Counted again: {sums}. The contract "
                  "told something else: ask whoever runs the chain.")))  # fmt: skip
