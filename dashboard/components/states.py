"""What a page shows when there is nothing to show: empty, not there, offline, not to be trusted."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from client import ConcordError
from client.errors import (
    DamagedTrust,
    ForkedLog,
    RolledBackLog,
    ServerProblem,
    Unreachable,
    WrongLog,
    WrongReceipt,
)
from client.signin import SIGN_IN_REQUIRED
from dashboard.components.markup import line, show, text
from dashboard.reading.connection import end_visit, forget, ledger, server

_PAGE = "page"
_RETRY_SECONDS = 3
_NO_DAO = "no-dao"
_NO_SUCH_NAME = "invalid-parameter"
_CHAIN_DOWN = {"chain-unavailable", "wrong-chain", "chain-reorganised", "chain-answer-invalid"}

_OF_SEALED = {
    "not-for-reader": ("**This is for others to read.**", ":material/lock:"),
    "value-erased": ("**It was erased, for good.**", ":material/delete_forever:"),
}
"""Code of the problem with a sealed value to headline and icon."""

_ALARMS: tuple[tuple[type[ConcordError], str], ...] = (
    (ForkedLog, "This server shows two histories that contradict each other."),
    (RolledBackLog, "This server shows an earlier state than it showed before."),
    (WrongLog, "Another log answers at this address than the one this page trusts."),
    (WrongReceipt, "The server's proof does not prove what it should."),
    (DamagedTrust, "What this page remembers of the log is damaged."),
)


def empty(what: str, hint: str = "") -> None:
    """There is nothing of this kind yet."""
    with st.container(border=True):
        show(line(what, cls="c-lead"))
        if hint:
            show(line(hint, cls="c-line c-soft"))


def guarded(draw: Callable[[], None], where: str = _PAGE) -> None:
    """Draws something; says what is wrong where the server fails or lies.

    Args:
        draw: draws it.
        where: tells several on one page apart.
    """
    try:
        draw()
    except ConcordError as error:
        say_what_is_wrong(error, where)


def say_what_is_wrong(error: ConcordError, where: str = _PAGE) -> None:
    """Shows an error as something to act on."""
    if isinstance(error, Unreachable):
        _offline(error, where)
        return
    if isinstance(error, ServerProblem):
        _problem(error, where)
        return
    for kind, sentence in _ALARMS:
        if isinstance(error, kind):
            st.error(f"**{sentence}** Do not rely on anything it shows.", icon=":material/gpp_bad:")
            show(line(text(str(error))))
            return
    st.error("That did not work.", icon=":material/error:")
    show(line(text(str(error))))


def _offline(error: Unreachable, where: str) -> None:
    st.warning(
        "**The server does not answer.** Nothing here is lost; the page comes back when it does.",
        icon=":material/cloud_off:",
    )
    show(line("Server: ", text(server())), line(text(str(error)), cls="c-line c-small c-soft"))
    _come_back(where)


@st.fragment(run_every=_RETRY_SECONDS)
def _come_back(where: str) -> None:
    """Draws the page again as soon as the server answers."""
    wants = st.button("Try again", key=f"retry-{where}", icon=":material/refresh:")
    try:
        ledger().fetch("/healthz")
    except ConcordError:
        if wants:
            show(line("Still no answer."))
        return
    forget()
    st.rerun()


def _problem(error: ServerProblem, where: str) -> None:
    if error.problem == SIGN_IN_REQUIRED:
        _session_over(where)
        return
    if error.problem == _NO_DAO:
        st.info(
            "**This ledger was made without a DAO.** There is nothing to vote on, and no treasury.",
            icon=":material/how_to_vote:",
        )
        return
    if error.problem in _CHAIN_DOWN:
        st.warning(
            "**The chain does not answer.** What members signed is still here; votes and proposals "
            "come back with the chain.",
            icon=":material/link_off:",
        )
        _try_again(where)
    elif error.problem in _OF_SEALED:
        headline, icon = _OF_SEALED[error.problem]
        st.info(headline, icon=icon)
    elif error.status == 404:
        _not_there("Nothing is recorded under this name.", where)
    elif error.problem == _NO_SUCH_NAME:
        _not_there("Nothing can be recorded under such a name.", where)
    elif error.status == 503:
        st.warning("**The server is busy.** Try again in a moment.", icon=":material/hourglass:")
        _try_again(where)
    else:
        st.error("**The server refused.**", icon=":material/block:")
    show(line(text(error.detail)))


def _not_there(sentence: str, where: str) -> None:
    if where == _PAGE:
        # In place of the title of what is not there.
        st.title(sentence, anchor=False)
    else:
        st.info(f"**{sentence}**", icon=":material/search_off:")


def _session_over(where: str) -> None:
    st.info(
        "**Only members see this, and your session has ended.** Sign in again to go on.",
        icon=":material/lock:",
    )
    if st.button("Sign in", key=f"sign-in-{where}", icon=":material/login:"):
        end_visit()
        st.rerun()


def _try_again(where: str) -> None:
    if st.button("Try again", key=f"retry-{where}", icon=":material/refresh:"):
        forget()
        st.rerun()
