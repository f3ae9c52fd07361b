"""What a member answers for: its datasets and its models."""

from __future__ import annotations

import streamlit as st

from client import JsonObject
from client.fields import objects, optional_number, text, wording
from dashboard.components.markup import badge, code, line, show
from dashboard.navigation import anchor
from dashboard.reading.connection import PAGE, read


def belongings(member: str) -> None:
    """Draws what there is of each; nothing where there is nothing."""
    _listed("Datasets it answers for", "datasets", "dataset", read(
        "/v1/datasets", steward=member, limit=PAGE,
    ))  # fmt: skip
    _listed("Models it owns", "models", "model", read("/v1/models", owner=member, limit=PAGE))


def _listed(title: str, room: str, name: str, found: JsonObject) -> None:
    rows = objects(found, "items")
    if not rows:
        return
    st.subheader(title)
    for item in rows:
        identifier = text(item, name)
        gone = optional_number(item, "withdrawnIndex") is not None
        state = [" ", badge("Withdrawn", "bad", "✕")] if gone else []
        shown = anchor(room, wording(item, "title"), **{name: identifier})
        show(line(shown, " ", code(identifier), *state))
    if text(found, "next"):
        show(line(f"These are the first {PAGE}; there are more.", cls="c-line c-soft"))
