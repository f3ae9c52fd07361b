"""Overview: what needs me now, the state of the log, what happened last."""

from __future__ import annotations

import streamlit as st

from client.errors import ServerProblem
from client.fields import number
from dashboard.attention import Notice, notices
from dashboard.audit.anchors import last_anchor
from dashboard.components.explain import meaning
from dashboard.components.feed import activity
from dashboard.components.markup import Markup, badge, card, cards, line, show, text, when
from dashboard.components.states import empty, guarded
from dashboard.navigation import anchor, link
from dashboard.reading.connection import ledger, read_now, trust
from dashboard.reading.dao import has_dao
from dashboard.signing.identity import me
from dashboard.words.times import now_ms

REFRESH_SECONDS = 5


def page() -> None:
    """Draws the page."""
    st.title("Overview")
    show(
        line(
            "Who may use which data, which model came out of it, and whether all of it was "
            "allowed: every answer here is checked against a log that nobody can rewrite.",
            cls="c-lead",
        )
    )
    left, right = st.columns([3, 2], gap="large")
    with left:
        guarded(_needs_me, "attention")
        _ways()
    with right:
        _log()
    # Below both: on a phone what can be done comes before what has happened.
    _activity()


def _needs_me() -> None:
    user = me()
    st.subheader("What needs you now" if user else "What needs attention now")
    found = notices(user.address if user else None, now_ms())
    if not found:
        empty("Nothing waits." if user else "Nothing needs attention.", "All clear as of now.")
    show(cards(map(_notice, found)))
    if user is None:
        link("connect", "Connect to see what waits for you", icon=":material/key:")


def _notice(notice: Notice) -> Markup:
    return card(
        line(badge(notice.word, notice.mood, notice.mark), " ", when(notice.at)),
        line(text(notice.sentence)),
        anchor(notice.room, notice.action, **dict(notice.address)),
    )


@st.fragment(run_every=REFRESH_SECONDS)
def _activity() -> None:
    st.subheader("What happened last")
    guarded(lambda: activity(8), "activity")


@st.fragment(run_every=REFRESH_SECONDS)
def _log() -> None:
    st.subheader("The log")
    guarded(_draw_log, "log")


def _draw_log() -> None:
    read_at = now_ms()
    checkpoint = ledger().checkpoint()
    recorded = number(read_now("/v1/log"), "recordedAt")
    with st.container(border=True):
        st.metric("Events", f"{checkpoint.size:,}")
        show(
            line(badge("Verified by this page", "good", "✓"), " ", when(read_at)),
            line(
                "The log's signature holds, and everything that this page has seen before is still "
                "in it, unchanged."
            ),
            line("Last event ", when(recorded), ".", cls="c-line c-soft"),
            _anchored(),
            line("Log: ", text(trust().origin), cls="c-line c-small c-soft"),
        )
        meaning("log", "event", "checkpoint", "anchor")


def _anchored() -> Markup:
    """The last anchor; nothing where the chain does not answer: the log is what counts here."""
    try:
        if not has_dao():
            return text("")
        return last_anchor()
    except ServerProblem:
        return line("The chain does not answer; the last anchor is not known.", cls="c-line c-soft")


def _ways() -> None:
    st.subheader("What you can do")
    ways = (
        anchor("proposals", "Vote on a proposal", icon=":material/how_to_vote:"),
        anchor("models", "See where a model came from", icon=":material/deployed_code:"),
        anchor("datasets", "Give or take back access to data", icon=":material/database:"),
        anchor("audit", "Check that something is in the log", icon=":material/fact_check:"),
    )
    show(card(*map(line, ways)))
