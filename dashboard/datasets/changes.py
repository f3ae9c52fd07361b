"""What has happened to a permission, each change with the event that proves it."""

from __future__ import annotations

import streamlit as st

from client import JsonObject
from client.fields import number, objects
from client.fields import text as text_of
from dashboard.components.markup import Markup, dated, line, show, text, when
from dashboard.navigation import anchor
from dashboard.reading.connection import read
from dashboard.words.times import instant_ms

_CHANGES = {
    "granted": "Given",
    "renewed": "Renewed",
    "suspended": "Suspended",
    "resumed": "Resumed",
    "revoked": "Taken back",
    "expired": "Ended",
}
_EFFECTS = {
    "prospective": ": what was done before stands",
    "retroactive": " with effect on the past: every model made with it counts as tainted",
}


def show_changes(grant: str) -> None:
    """A button that opens them; they are read once it is opened."""
    opened = st.popover(
        "What happened", icon=":material/history:", key=f"open-changes-{grant}", on_change="rerun"
    )
    if opened.open:
        with opened:
            show(*map(_change, objects(read(f"/v1/grants/{grant}"), "changes")))


def _change(change: JsonObject) -> Markup:
    kind, index = text_of(change, "change"), number(change, "index")
    ends = instant_ms(text_of(change, "expiresAt"))
    return line(
        text(_CHANGES.get(kind, kind) + _EFFECTS.get(text_of(change, "effect"), "")), ", ",
        when(number(change, "recordedAt")), *([", until ", dated(ends)] if ends else []), ". ",
        anchor("audit", f"Proof: event {index}", icon=":material/verified:", event=index),
    )  # fmt: skip
