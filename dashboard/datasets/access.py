"""Who has access to a dataset and until when; giving, renewing, suspending, taking back."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import streamlit as st

from client import JsonObject, drafts
from client.fields import flag, inner, objects, texts
from client.fields import text as text_of
from dashboard.components.explain import hint, meaning
from dashboard.components.markup import Markup, badge, dated, line, show, text
from dashboard.components.paging import listing, turn_pages
from dashboard.components.states import empty
from dashboard.datasets.changes import show_changes
from dashboard.datasets.reach import show_reach
from dashboard.reading.connection import read
from dashboard.reading.names import members, name_of, named
from dashboard.signing.events import begin, is_signing, new_id, show_done, sign_here
from dashboard.signing.identity import me
from dashboard.words.terms import (
    ACTIONS,
    DUO,
    actions_in_words,
    constraint_in_words,
    purpose_in_words,
)
from dashboard.words.times import instant_ms, now_ms

_USUAL_DAYS = 180


def access_view(dataset: JsonObject) -> None:
    """The grants on a dataset, and what can be done with them."""
    name = text_of(dataset, "dataset")
    place = f"grant-{name}"
    _explain_who_may(dataset)
    show_done(place)
    sign_here(place)
    if not is_signing(place):
        # Drawn once it is opened: its calendar weighs more than the rest of the page.
        form = st.expander(
            "Give access", icon=":material/add:", key=f"open-{place}", on_change="rerun"
        )
        if form.open:
            with form:
                _grant_form(dataset, place)
    found = listing("/v1/grants", f"grants-{name}", dataset=name)
    if not found.rows:
        empty("Nobody has access to this dataset.", "Give access above, or wait for requests.")
    order = {"active": 0, "suspended": 1}
    for grant in sorted(found.rows, key=lambda g: order.get(text_of(g, "status"), 2)):
        _grant(grant, dataset)
    turn_pages(f"grants-{name}")
    meaning("grant", "prospective", "retroactive", "sealed")


def _explain_who_may(dataset: JsonObject) -> None:
    user, steward = me(), text_of(dataset, "steward")
    if user is None:
        then = "If that is you, start below: you are asked to connect before anything is signed."
    elif user.address != steward:
        then = f"You are connected as {user.name}, so the ledger will refuse what you sign here."
    else:
        return
    show(line("Its steward, ", named(steward), ", decides. ", text(then), cls="c-line c-soft"))


def _grant_form(dataset: JsonObject, place: str) -> None:
    others = [
        a for a, m in members().items() if flag(m, "active") and a != text_of(dataset, "steward")
    ]
    today = datetime.now(UTC).date()
    with st.form(f"form-{place}", border=False):
        who = st.selectbox(
            "Who", others, format_func=name_of, index=None, placeholder="Choose a member"
        )
        actions = st.multiselect(
            "May do what", list(ACTIONS), default=["read", "train"], format_func=ACTIONS.__getitem__
        )
        purpose = st.multiselect(
            "For which purpose", list(DUO), default=texts(inner(dataset, "usage"), "duo"),
            format_func=lambda term: f"{DUO[term][0]} ({term})", help=hint("duo"),
        )  # fmt: skip
        until = st.date_input(
            "Until the end of", today + timedelta(days=_USUAL_DAYS), min_value=today,
            format="YYYY-MM-DD",
        )  # fmt: skip
        delegable = st.checkbox("They may pass this access on, within these bounds")
        if not st.form_submit_button("Review and sign", type="primary"):
            return
    if who is None or not actions or not purpose or not isinstance(until, date):
        st.warning("Choose who, what, for which purpose and until when.", icon=":material/edit:")
        return
    name = text_of(dataset, "dataset")
    draft = drafts.grant_access(
        new_id(f"grant-{name}"),
        dataset=name,
        assignee=who,
        actions=actions,
        purpose=drafts.purpose(*purpose),
        not_before=now_ms() // 1000 * 1000,
        expires_at=end_of(until),
        delegable=delegable,
    )
    begin(place, draft)
    st.rerun()


def end_of(day: date) -> int:
    """The last second of a day in UTC, milliseconds since the epoch."""
    next_day = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1)
    return round(next_day.timestamp()) * 1000 - 1000


def state_badge(grant: JsonObject, now: int) -> Markup:
    """What a grant is worth now."""
    status, ends = text_of(grant, "status"), instant_ms(text_of(grant, "expiresAt"))
    if status == "active" and ends is not None and ends < now:
        status = "expired"
    return {
        "active": badge("Holds", "good", "✓"),
        "suspended": badge("Suspended", "open", "‖"),
        "revoked": badge("Taken back", "bad", "✕"),
        "expired": badge("Ended", "calm", "◷"),
    }.get(status, badge(status, "calm", "·"))


def _grant(grant: JsonObject, dataset: JsonObject) -> None:
    name = text_of(grant, "grant")
    begins, ends = (instant_ms(text_of(grant, edge)) for edge in ("notBefore", "expiresAt"))
    limits = [constraint_in_words(c) for c in objects(grant, "constraints")]
    with st.container(border=True, key=f"access-{name}"):
        show(
            line(
                state_badge(grant, now_ms()), " ", named(text_of(grant, "assignee")), cls="c-lead"
            ),
            line(
                "May ", text(actions_in_words(texts(grant, "actions"))), ", for ",
                text(purpose_in_words(inner(grant, "purpose"))), ".",
            ),
            line("From ", dated(begins), " until ", dated(ends), ".",
                 *([" Only if ", text("; ".join(limits)), "."] if limits else []),
                 *([" May be passed on."] if flag(grant, "delegable") else [])),
        )  # fmt: skip
        places = [f"{change}-{name}" for change in ("renew", "suspend", "revoke")]
        for place in places:
            show_done(place)
            sign_here(place)
        can_change = text_of(grant, "status") in {"active", "suspended", "expired"}
        if can_change and not any(is_signing(place) for place in places):
            _changes(grant, dataset)
        else:
            show_changes(name)


def _changes(grant: JsonObject, dataset: JsonObject) -> None:
    name = text_of(grant, "grant")
    # What is inside is read once it is opened: a list of permissions asks for no impact at all.
    with st.container(horizontal=True):
        renew = st.popover(
            "Renew", icon=":material/update:", key=f"open-renew-{name}", on_change="rerun"
        )
        _suspend_or_resume(grant)
        revoke = st.popover(
            "Take back", icon=":material/block:", key=f"open-revoke-{name}", on_change="rerun"
        )
        show_changes(name)
    if renew.open:
        with renew:
            _renew(grant)
    if revoke.open:
        with revoke:
            _revoke(grant, text_of(dataset, "dataset"))


def _renew(grant: JsonObject) -> None:
    name = text_of(grant, "grant")
    today = datetime.now(UTC).date()
    with st.form(f"form-renew-{name}", border=False):
        until = st.date_input(
            "Until the end of", today + timedelta(days=_USUAL_DAYS), min_value=today,
            format="YYYY-MM-DD",
        )  # fmt: skip
        if st.form_submit_button("Review and sign", type="primary") and isinstance(until, date):
            draft = drafts.renew_grant(name, expires_at=end_of(until), effective_at=now_ms())
            begin(f"renew-{name}", draft)
            st.rerun()


def _suspend_or_resume(grant: JsonObject) -> None:
    name = text_of(grant, "grant")
    if text_of(grant, "status") == "suspended":
        if st.button("Resume", key=f"resume-{name}", icon=":material/play_arrow:"):
            begin(f"suspend-{name}", drafts.resume_grant(name, effective_at=now_ms()))
            st.rerun()
    elif st.button("Suspend", key=f"suspend-{name}", icon=":material/pause:"):
        begin(f"suspend-{name}", drafts.suspend_grant(name, effective_at=now_ms()))
        st.rerun()


def _revoke(grant: JsonObject, dataset: str) -> None:
    name = text_of(grant, "grant")
    st.markdown("**What this would reach**")
    show_reach(read(f"/v1/datasets/{dataset}/impact", grant=name))
    with st.form(f"form-revoke-{name}", border=False):
        effect = st.radio(
            "With which effect",
            ["prospective", "retroactive"],
            format_func=lambda e: {
                "prospective": "From now on: what was done before stands",
                "retroactive": "On the past too: every model made with it counts as tainted",
            }[e],
        )
        reason = st.text_area(
            "Why (only those entitled can read it)", max_chars=4_000, help=hint("sealed")
        )
        if st.form_submit_button("Review and sign", type="primary"):
            draft = drafts.revoke_grant(
                name,
                effective_at=now_ms(),
                retroactive=effect == "retroactive",
                reason=reason.strip() or None,
            )
            begin(f"revoke-{name}", draft)
            st.rerun()
