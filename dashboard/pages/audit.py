"""Audit: the log as a table, any event with its proof, sizes compared, files checked, anchors."""

from __future__ import annotations

import streamlit as st

from dashboard.audit.anchors import anchors_view
from dashboard.audit.log import log_table
from dashboard.audit.proofs import compare_sizes, event_view, verify_upload
from dashboard.components.markup import line, show
from dashboard.components.states import guarded
from dashboard.navigation import asked, link

_VIEWS = {
    "log": "The log",
    "verify": "Check a file",
    "sizes": "Compare two sizes",
    "anchors": "Anchors",
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
            "Everything that members signed and their contracts did, in order. Open any event to "
            "see it proven in front of you.",
            cls="c-lead",
        )
    )
    wanted = asked("view")
    view = st.segmented_control(
        "View", list(_VIEWS), format_func=_VIEWS.__getitem__,
        default=wanted if wanted in _VIEWS else "log", key="audit-view",
        label_visibility="collapsed", required=True,
    )  # fmt: skip
    views = {"verify": verify_upload, "sizes": compare_sizes, "anchors": anchors_view}
    draw = views.get(str(view), log_table)
    guarded(draw, "audit")
