"""The frame around every page: menu, who is signing, the state of the log."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from client import ConcordError
from dashboard.components.ahead import fetching_ahead
from dashboard.components.links import FOLLOWING_LINKS
from dashboard.components.markup import STYLE, line, show, text
from dashboard.components.scripts import run_beside
from dashboard.components.status import log_status
from dashboard.navigation import link, pages
from dashboard.reading.connection import visit
from dashboard.reading.names import members
from dashboard.signing.identity import disconnect, me
from dashboard.signing.sign_in import is_outside
from dashboard.warming import warm_up

ICON = Path(__file__).with_name("icon.png")
LOGO = Path(__file__).with_name("logo.svg")


def main() -> None:
    """Draws the frame, then the page that the address names."""
    st.set_page_config(
        page_title="Concord", page_icon=str(ICON), layout="wide",
        menu_items={"Get help": None, "Report a bug": None, "About": None},
    )  # fmt: skip
    st.logo(str(LOGO), size="large", icon_image=str(ICON))
    st.html(STYLE)
    run_beside(FOLLOWING_LINKS, fetching_ahead())
    chosen = st.navigation(pages(), expanded=True)
    with st.sidebar:
        _who()
        log_status()
    chosen.run()
    warm_up()


def _who() -> None:
    user = me()
    if user is None:
        outside = "This ledger is for its members. Connect to sign in."
        reading = "You are reading only. Connect to sign."
        show(line(outside if _is_outside() else reading, cls="c-line c-small"))
        link("connect", "Connect", icon=":material/key:")
        return
    try:
        members()
        name = user.name
    except ConcordError:
        name = user.address
    show(line("Signing as ", text(name), cls="c-line"))
    if visit() is not None:
        show(line("You have signed in to read.", cls="c-line c-small"))
    st.button("Disconnect", on_click=disconnect, icon=":material/logout:")


def _is_outside() -> bool:
    try:
        return is_outside()
    except ConcordError:
        return False
