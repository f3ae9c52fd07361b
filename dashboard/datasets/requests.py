"""Requests for access to a dataset: what was asked, and answering."""

from __future__ import annotations

import streamlit as st

from client import Draft, JsonObject, drafts
from client.fields import inner, number, objects, optional_number, texts
from client.fields import text as text_of
from dashboard.components.explain import hint
from dashboard.components.markup import Markup, badge, dated, line, show, text
from dashboard.components.paging import listing, turn_pages
from dashboard.components.states import empty
from dashboard.navigation import link
from dashboard.reading.connection import read
from dashboard.reading.names import named
from dashboard.signing.events import begin, new_id, show_done, sign_here
from dashboard.signing.sealed import show_sealable
from dashboard.words.terms import actions_in_words, purpose_in_words
from dashboard.words.times import instant_ms, now_ms

_STATES = {
    "open": ("Waits for an answer", "open", "✉"),
    "returned": ("Sent back", "info", "↩"),
    "denied": ("Denied", "bad", "✕"),
    "granted": ("Granted", "good", "✓"),
}


def open_requests(dataset: str) -> list[JsonObject]:
    """Requests that wait for an answer, the first page of them."""
    return objects(read("/v1/requests", dataset=dataset, status="open"), "items")


def requests_view(dataset: JsonObject) -> None:
    """The requests on a dataset, those that wait first."""
    name = text_of(dataset, "dataset")
    found = listing("/v1/requests", f"requests-{name}", dataset=name)
    if not found.rows:
        empty("Nobody has asked for access.")
    for item in sorted(found.rows, key=lambda r: text_of(r, "status") != "open"):
        _request(item)
    turn_pages(f"requests-{name}")


def _state(item: JsonObject) -> Markup:
    status = text_of(item, "status")
    return badge(*_STATES.get(status, (status, "calm", "·")))


def _request(item: JsonObject) -> None:
    name = text_of(item, "request")
    with st.container(border=True, key=f"request-{name}"):
        show(
            line(_state(item), " ", named(text_of(item, "requester")), cls="c-lead"),
            line(
                "Would like to ", text(actions_in_words(texts(item, "actions"))), ", for ",
                text(purpose_in_words(inner(item, "purpose"))), ", until ",
                dated(instant_ms(text_of(item, "until"))), ".",
            ),
        )  # fmt: skip
        show_sealable("Why", item, "justification", name)
        show_done(f"answer-{name}")
        sign_here(f"answer-{name}")
        if text_of(item, "status") == "open":
            _answers(item)
        _proofs(item)


def _proofs(item: JsonObject) -> None:
    with st.container(horizontal=True):
        at = number(item, "index")
        link("audit", f"Asked with event {at}", icon=":material/verified:", event=at)
        decided = optional_number(item, "decidedIndex")
        if decided is not None:
            link("audit", f"Answered with event {decided}", icon=":material/verified:",
                 event=decided)  # fmt: skip


def _answers(item: JsonObject) -> None:
    name = text_of(item, "request")
    with st.container(horizontal=True):
        if st.button(
            "Grant as asked", key=f"grant-{name}", type="primary", icon=":material/check:"
        ):
            _sign(name, as_asked(item, now_ms()))
        for verb, deny in (("Send back", False), ("Deny", True)):
            with st.popover(verb), st.form(f"form-{verb}-{name}", border=False):
                reason = st.text_area("Why (only those entitled can read it)", help=hint("sealed"))
                if st.form_submit_button("Review and sign", type="primary"):
                    text_or_none = reason.strip() or None
                    _sign(name, drafts.answer_request(name, deny=deny, reason=text_or_none))


def _sign(name: str, draft: Draft) -> None:
    begin(f"answer-{name}", draft)
    st.rerun()


def as_asked(item: JsonObject, now: int) -> Draft:
    """A grant that gives exactly what was asked for, from now on."""
    return drafts.grant_access(
        new_id(f"grant-{text_of(item, 'dataset')}"),
        dataset=text_of(item, "dataset"),
        assignee=text_of(item, "requester"),
        actions=texts(item, "actions"),
        purpose=inner(item, "purpose"),
        not_before=now // 1000 * 1000,
        expires_at=instant_ms(text_of(item, "until")) or now,
        request=text_of(item, "request"),
    )
