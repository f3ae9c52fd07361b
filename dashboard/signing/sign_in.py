"""Signing in, where the ledger shows its contents to members only (EIP-4361).

Rules:
- The message is written here (`client.signin`) and shown as it is signed. It opens a session for
  reading, at this server and no other; it records nothing and moves nothing.
- It names this page where the server knows it, for wallets compare the two; else the server.
- The session is this visitor's: see `dashboard.reading.connection`. It ends with the browser's
  page.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import streamlit as st

from client import ConcordError, Ledger
from client.errors import ServerProblem
from client.signin import SIGN_IN_REQUIRED, UnsignedSignIn
from dashboard.components.copying import verbatim
from dashboard.components.markup import line, show, text
from dashboard.components.signer import ask_to_sign_in
from dashboard.components.states import say_what_is_wrong
from dashboard.reading.connection import Visit, begin_visit, new_ledger, open_ledger, server, visit
from dashboard.reading.names import short
from dashboard.signing.identity import connect, disconnect, me

_ASKED = "sign-in"
_REFUSED = "sign-in-refused"
_UNKNOWN_PAGE = "sign-in-refused"
_ASKED_AGAIN_SECONDS = 60
_FOR_MEMBERS = (
    "**This ledger shows its contents to its members only.** Sign in with the account that is a "
    "member, or with a key that a member authorised."
)


@dataclass(frozen=True, slots=True)
class _Asked:
    """A sign-in under way.

    Attributes:
        unsigned: what is to be signed.
        ledger: the client that asked for it.
        names_page: whether the message names this page.
        identity: tells it from others.
    """

    unsigned: UnsignedSignIn
    ledger: Ledger
    names_page: bool
    identity: str = field(default_factory=lambda: secrets.token_hex(8))


def is_outside() -> bool:
    """Whether the ledger is for members, and this visitor has not signed in.

    Raises:
        ConcordError: nobody answers.
    """
    return visit() is None and _is_for_members(server())


@st.cache_data(ttl=_ASKED_AGAIN_SECONDS, show_spinner=False)
def _is_for_members(address: str) -> bool:
    del address  # part of what it is kept under
    try:
        open_ledger().fetch("/v1/members", limit=1)
    except ServerProblem as error:
        if error.problem != SIGN_IN_REQUIRED:
            raise
        return True
    return False


def sign_in(place: str, why: str = _FOR_MEMBERS) -> None:
    """Shows how to sign in; runs the page again once it is done.

    Args:
        place: tells the pages apart.
        why: what it is for, Markdown of our own.
    """
    st.info(why, icon=":material/lock:")
    refused = st.session_state.get(_REFUSED)
    if isinstance(refused, ConcordError):
        say_what_is_wrong(refused, f"sign-in-{place}")
    user = me()
    if user is None:
        connect(f"connect-{place}")
        return
    asked = _asked(user.address)
    show(
        line("Sign this message as ", text(short(user.address)), ". It opens a session for reading "
             "that ends by itself. It records nothing and moves nothing."),
    )  # fmt: skip
    verbatim(asked.unsigned.message, f"message-{place}")
    if not asked.names_page:
        show(line("The message names the ledger’s own address. A wallet that knows such messages "
                  "may point out that this page has another.", cls="c-line c-small"))  # fmt: skip
    answer = ask_to_sign_in(
        f"signer-{place}",
        request=asked.identity,
        actor=user.address,
        message=asked.unsigned.message,
    )
    if answer is not None:
        _finish(asked, answer.signature)
    st.button("Use another account", key=f"other-{place}", on_click=_another)


def _another() -> None:
    st.session_state.pop(_REFUSED, None)
    st.session_state.pop(_ASKED, None)
    disconnect()


def _asked(account: str) -> _Asked:
    asked = st.session_state.get(_ASKED)
    if not isinstance(asked, _Asked) or asked.unsigned.account != account:
        asked = _ask(new_ledger(), account)
        st.session_state[_ASKED] = asked
    return asked


def _ask(ledger: Ledger, account: str) -> _Asked:
    page = urlsplit(str(st.context.url or "")).netloc
    if page:
        try:
            return _Asked(ledger.prepare_sign_in(account, page=page), ledger, names_page=True)
        except ServerProblem as error:
            if error.problem != _UNKNOWN_PAGE:
                raise
    return _Asked(ledger.prepare_sign_in(account), ledger, names_page=False)


def _finish(asked: _Asked, signature: str) -> None:
    st.session_state.pop(_ASKED, None)
    try:
        asked.ledger.sign_in(asked.unsigned, signature)
    except ConcordError as error:
        # A message is good once: the next one is another.
        st.session_state[_REFUSED] = error
        st.session_state[_ASKED] = _ask(asked.ledger, asked.unsigned.account)
        st.rerun()
    st.session_state.pop(_REFUSED, None)
    begin_visit(Visit(asked.unsigned.account, asked.ledger))
    st.rerun()
