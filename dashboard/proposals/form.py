"""Proposing: choose what should happen, say why, see what it would do, sign."""

from __future__ import annotations

import streamlit as st

from client import ConcordError
from client.dao import ProposalDraft
from client.fields import flag, inner, number, objects
from client.fields import text as text_of
from dashboard.components.explain import meaning
from dashboard.components.markup import badge, line, show, tag, text
from dashboard.components.states import guarded, say_what_is_wrong
from dashboard.proposals.actions import KINDS
from dashboard.proposals.drafted import Drafted
from dashboard.proposals.evidence import show_audit, show_breaches
from dashboard.proposals.view import class_badge, simulation
from dashboard.reading.connection import ledger
from dashboard.reading.dao import dao
from dashboard.reading.names import name_of
from dashboard.signing.identity import connect, me
from dashboard.signing.transactions import carry_on, is_undertaking, show_outcome, undertake
from dashboard.signing.undertakings import Propose
from dashboard.words.amounts import duration, share, tokens, units

_PLACE = "propose"
_PICKED = "proposed-actions"
_PREPARED = "proposed"
MOST_ACTIONS = 10
LONGEST_TITLE = 200


def proposal_form(kind: str) -> None:
    """The whole form.

    Args:
        kind: of the first action, as the address names it.
    """
    st.title("Propose something", anchor=False)
    show_outcome(_PLACE)
    guarded(_who_may, "threshold")
    picked: list[Drafted] = st.session_state.setdefault(_PICKED, [])
    left, right = st.columns(2, gap="large")
    with left:
        st.subheader("1. What should happen")
        guarded(lambda: _pick(kind, picked), "actions")
    with right:
        st.subheader("2. Say why")
        _list(picked)
        title = st.text_input("Title", max_chars=LONGEST_TITLE, key="proposal-title").strip()
        body = st.text_area(
            "Why (public for ever; plain text)", key="proposal-body", height=180
        ).strip()
        st.subheader("3. See what it would do, and sign")
        _review(picked, title, body)


def _who_may() -> None:
    terms, user = dao(), me()
    threshold = tokens(units(text_of(terms, "proposalThreshold")))
    show(
        line(
            f"Proposing takes {threshold} of voting power. Voting begins "
            f"{duration(number(terms, 'votingDelaySeconds'))} later and lasts "
            f"{duration(number(terms, 'votingPeriodSeconds'))}; what passes waits another "
            f"{duration(number(terms, 'timelockDelaySeconds'))}. ",
            text("" if user is None else f"You propose as {user.name}."),
        )
    )
    meaning("voting power", "class", "timelock")


def _pick(kind: str, picked: list[Drafted]) -> None:
    names = list(KINDS)
    chosen = st.selectbox(
        "Kind", names, format_func=lambda name: KINDS[name].title, key="action-kind",
        index=names.index(kind) if kind in KINDS else None, placeholder="Choose what should happen",
    )  # fmt: skip
    if chosen is None:
        return
    drafted = KINDS[chosen].form()
    if st.button(
        "Add it to the proposal", key="add-action", icon=":material/add:",
        disabled=drafted is None or len(picked) >= MOST_ACTIONS,
    ) and drafted is not None:  # fmt: skip
        picked.append(drafted)
        st.session_state.pop(_PREPARED, None)
        st.rerun()


def _list(picked: list[Drafted]) -> None:
    if not picked:
        show(line("Nothing is in the proposal yet. Fill in the form, and add it.",
                  cls="c-line c-soft"))  # fmt: skip
    for at, drafted in enumerate(picked):
        with st.container(horizontal=True, vertical_alignment="center"):
            show(line(tag("strong", text(f"{at + 1}. {_title(drafted)}"))))
            if st.button("Remove", key=f"remove-action-{at}", icon=":material/delete:"):
                picked.pop(at)
                st.session_state.pop(_PREPARED, None)
                st.rerun()


def _title(drafted: Drafted) -> str:
    action = drafted.action
    name = text_of(action, "action")
    kind = KINDS.get(name) or KINDS["set-time"]
    about = text_of(action, "model") or text_of(action, "policy") or text_of(action, "target")
    account = text_of(action, "member") or text_of(action, "to")
    return ": ".join(filter(None, [kind.title, about or (name_of(account) if account else "")]))


def _review(picked: list[Drafted], title: str, body: str) -> None:
    carry_on(_PLACE)
    if is_undertaking(_PLACE):
        return
    user = me()
    is_whole = bool(picked and title)
    if st.button(
        "Try it and review", key="review-proposal", type="primary", disabled=not is_whole,
        icon=":material/science:",
    ):  # fmt: skip
        st.session_state[_PREPARED] = None
        if user is not None:
            _prepare(picked, title, body, user.address)
    if not is_whole:
        show(line("It takes at least one action and a title.", cls="c-line c-small c-soft"))
        return
    if _PREPARED not in st.session_state:
        return
    if user is None:
        show(line("Connect first: what a proposal may do depends on who makes it."))
        connect("connect-to-propose")
        return
    prepared = st.session_state[_PREPARED]
    if prepared is None:
        _prepare(picked, title, body, user.address)
        prepared = st.session_state.get(_PREPARED)
    if isinstance(prepared, Propose):
        _reviewed(prepared)


def _prepare(picked: list[Drafted], title: str, body: str, proposer: str) -> None:
    remarks = [drafted.remark for drafted in picked if drafted.remark]
    draft = ProposalDraft(
        title,
        [drafted.action for drafted in picked],
        "\n\n".join(filter(None, [body, *remarks])),
        [each for drafted in picked for each in drafted.evidence],
    )
    try:
        with st.spinner("Trying it, without changing anything."):
            prepared = ledger().dao.prepare_proposal(draft, proposer)
    except ConcordError as error:
        say_what_is_wrong(error, "prepare")
        st.session_state.pop(_PREPARED, None)
        return
    st.session_state[_PREPARED] = Propose(prepared, title)


def _reviewed(proposed: Propose) -> None:
    told = proposed.prepared.answer
    tried = inner(told, "simulation")
    with st.container(border=True, key="review"):
        show(line(class_badge(told), " ", text(_demand(text_of(told, "class")))))
        simulation(tried)
        for audit in objects(told, "audits"):
            show_audit(audit)
        show_breaches(objects(told, "policyBreaches"))
        votes, threshold = units(text_of(told, "votes")), units(text_of(told, "threshold"))
        if votes < threshold:
            show(
                line(
                    badge("Too few votes", "bad", "✕"), " ",
                    text(f"You have {tokens(votes)} of voting power; proposing takes "
                         f"{tokens(threshold)}. The contract would refuse it."),
                )
            )  # fmt: skip
            return
        if flag(tried, "fails"):
            show(line(badge("Take care", "open", "!"), " As things stand it would fail when it is "
                      "carried out. You can propose it all the same."))  # fmt: skip
        if st.button("Sign and propose", key="sign-proposal", type="primary"):
            undertake(_PLACE, proposed)
            st.session_state.pop(_PREPARED, None)
            st.session_state.pop(_PICKED, None)
            st.rerun()


def _demand(name: str) -> str:
    for each in objects(dao(), "classes"):
        if text_of(each, "class") == name:
            quorum, approval = number(each, "quorum"), number(each, "approval")
            return f"Takes a quorum of {share(quorum)} and an approval of {share(approval)}."
    return ""
