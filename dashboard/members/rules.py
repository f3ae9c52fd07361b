"""The rules that hold now: what each class of proposals takes, the times, and the policies."""

from __future__ import annotations

import streamlit as st

from client import JsonObject
from client.fields import inner, number, objects, optional_number, texts
from client.fields import text as text_of
from dashboard.components.explain import meaning
from dashboard.components.markup import (
    Markup,
    badge,
    code,
    facts,
    joined,
    line,
    show,
    table,
    tag,
    text,
    when,
)
from dashboard.components.paging import listing, turn_pages
from dashboard.components.states import empty, guarded
from dashboard.navigation import link
from dashboard.reading.dao import chain_now, dao
from dashboard.reading.names import named
from dashboard.words.amounts import duration, share, tokens, units
from dashboard.words.times import instant_ms
from dashboard.words.voting import CLASSES


def rules() -> None:
    """Classes, times, policies."""
    terms = dao()
    show(line("What holds now. The members change any of it by vote.", cls="c-lead"))
    st.subheader("How much agreement a proposal takes")
    rows = [
        (
            text(CLASSES.get(text_of(each, "class"), (text_of(each, "class"), ""))[0]),
            text(CLASSES.get(text_of(each, "class"), ("", ""))[1]),
            text(share(number(each, "quorum"))),
            text(share(number(each, "approval"))),
        )
        for each in objects(terms, "classes")
    ]
    columns = ("Class", "What it is about", "Quorum", "Approval")
    show(table(columns, rows, "What each class of proposals takes"))
    meaning("class", "quorum", "approval")
    link("proposals", "Propose to change it", icon=":material/tune:", new="set-class")
    st.subheader("Times and limits")
    _limits(terms)
    st.subheader("Policies")
    guarded(_policies, "policies")


def _limits(terms: JsonObject) -> None:
    show(
        facts(
            [
                ("From a proposal to voting", _seconds(terms, "votingDelaySeconds")),
                ("Voting lasts", _seconds(terms, "votingPeriodSeconds")),
                ("After a late quorum, at least", _extension(terms)),
                ("Waiting time before it is done", _seconds(terms, "timelockDelaySeconds")),
                ("Proposing takes", text(tokens(units(text_of(terms, "proposalThreshold"))))),
                ("May cancel a proposal once voting has begun", _guardian(terms)),
            ]
        )
    )


def _guardian(terms: JsonObject) -> Markup:
    guardian = text_of(terms, "guardian")
    if guardian == text_of(inner(terms, "contracts"), "timelock"):
        return text("nobody but the members, by vote")
    return named(guardian) if guardian else text("its proposer, until it is carried out")


def _seconds(terms: JsonObject, name: str) -> Markup:
    return text(duration(number(terms, name)))


def _extension(terms: JsonObject) -> Markup:
    extension = number(terms, "voteExtensionSeconds")
    return text(duration(extension) if extension else "voting is not extended")


def _policies() -> None:
    found = listing("/v1/policies", "policies")
    if not found.rows:
        empty("No policy was adopted yet.", "Anyone with enough votes can propose one.")
    now = chain_now()
    for item in found.rows:
        _policy(item, now)
    turn_pages("policies")
    link("proposals", "Propose a policy", icon=":material/gavel:", new="adopt-policy")


def _policy(item: JsonObject, now: int | None) -> None:
    name, problem = text_of(item, "policy"), text_of(item, "problem")
    with st.container(border=True, key=f"policy-{name}"):
        show(
            line(tag("strong", text(name)), text(f", version {number(item, 'version')}, adopted "),
                 when(instant_ms(text_of(item, "adoptedAt")), now), "."),
            *(line(text(sentence)) for sentence in texts(item, "sentences")),
            *([line(badge("Take care", "open", "!"), " ", text(problem))] if problem else []),
            line(joined("Its text: ", code(text_of(item, "content"))), cls="c-line c-small"),
        )  # fmt: skip
        index = optional_number(inner(item, "chain"), "index")
        if index is not None:
            link("audit", f"Proof: event {index}", icon=":material/verified:", event=index)
