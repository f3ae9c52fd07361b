"""Carrying a proposal on: queueing and executing, which anyone may, and cancelling."""

from __future__ import annotations

import streamlit as st

from client import JsonObject
from client.fields import flag, texts
from client.fields import text as text_of
from dashboard.components.explain import hint
from dashboard.components.markup import line, show, text
from dashboard.components.states import guarded
from dashboard.reading.connection import forget, ledger
from dashboard.signing.identity import me
from dashboard.signing.transactions import carry_on, is_undertaking, undertake
from dashboard.signing.undertakings import CancelProposal

OVER = {"canceled", "defeated", "executed"}
"""States that nothing leads out of."""

_STEPS = {
    "succeeded": ("queue", "Queue it", "It passed. Anyone may start its waiting time."),
    "queued": ("execute", "Carry it out", "Its waiting time is over. Anyone may carry it out."),
}


def next_step(item: JsonObject) -> None:
    """What can be done with it in its state."""
    state = text_of(item, "state")
    if state in _STEPS and flag(item, "isDue"):
        guarded(lambda: _step(item, *_STEPS[state]), "step")
    guarded(lambda: _cancel(item), "cancel")


def _step(item: JsonObject, step: str, label: str, sentence: str) -> None:
    proposal = text_of(item, "proposal")
    show(line(text(sentence), " The service does it by itself, too; you need not wait for that."))
    if st.button(label, key=f"{step}-{proposal}", type="primary", help=hint("timelock")):
        with st.spinner("Waiting for the chain."):
            ledger().ask(f"/v1/proposals/{proposal}:{step}", {})
        forget()
        st.rerun()


def _cancel(item: JsonObject) -> None:
    user, proposal, state = me(), text_of(item, "proposal"), text_of(item, "state")
    place = f"cancel-{proposal}"
    # The page may learn that it is cancelled before it has heard of the transaction's block.
    carry_on(place)
    if user is None or state in OVER or is_undertaking(place):
        return
    if user.address not in texts(item, "cancelableBy"):
        return
    if st.button("Cancel the proposal", key=f"begin-{place}", icon=":material/block:"):
        undertake(place, CancelProposal(proposal, text_of(item, "title")))
        st.rerun()
