"""The state of the log, live: how long it is, and that this page has just checked its signature."""

from __future__ import annotations

import streamlit as st

from client import ConcordError
from client.errors import Unreachable
from dashboard.components.markup import badge, line, show, when
from dashboard.reading.connection import ledger
from dashboard.words.times import now_ms

REFRESH_SECONDS = 5


@st.fragment(run_every=REFRESH_SECONDS)
def log_status() -> None:
    """Reads the newest checkpoint again and again, verified and tied to the one before."""
    read_at = now_ms()
    try:
        checkpoint = ledger().checkpoint()
    except Unreachable:
        show(
            line(badge("Offline", "open", "○")),
            line("The server does not answer. Trying again.", cls="c-line c-small"),
        )
        return
    except ConcordError:
        show(
            line(badge("Do not trust", "bad", "✕")),
            line("The server's log does not check out; see Connect.", cls="c-line c-small"),
        )
        return
    show(
        line(badge("Log verified", "good", "✓")),
        line(f"{checkpoint.size:,} events. ", "Read ", when(read_at), ".", cls="c-line c-small"),
    )
