"""Audit: the log as a table, any event with its proof, two sizes compared, files checked."""

from __future__ import annotations

import streamlit as st

from dashboard.audit_log import log_table
from dashboard.audit_proofs import compare_sizes, event_view, verify_upload
from dashboard.components.markup import line, show
from dashboard.components.states import guarded
from dashboard.navigation import asked, link

_VIEWS = {
    "log": "The log",
    "verify": "Check a file",
    "sizes": "Compare two sizes",
}


def page() -> None:
    """Draws the log, or the event that the address names."""
    event = asked("event")
    if event.isascii() and event.isdecimal():
        link("audit", "The whole log", icon=":material/arrow_back:")
        event_view(int(event))
        return
    st.title("Audit")
    show(
        line(
            "Everything that members signed, in order. Open any event to see it proven in front "
            "of you.",
            cls="c-lead",
        )
    )
    wanted = asked("view")
    view = st.segmented_control(
        "View", list(_VIEWS), format_func=_VIEWS.__getitem__,
        default=wanted if wanted in _VIEWS else "log", key="audit-view",
        label_visibility="collapsed", required=True,
    )  # fmt: skip
    draw = {"verify": verify_upload, "sizes": compare_sizes}.get(str(view), log_table)
    guarded(draw, "audit")
