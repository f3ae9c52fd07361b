"""Voting power: who holds tokens, who votes with them, and letting somebody else vote."""

from __future__ import annotations

import streamlit as st

from client import ConcordError, JsonObject
from client.fields import flag, inner
from client.fields import text as text_of
from dashboard.components.bars import Part, bar
from dashboard.components.explain import meaning
from dashboard.components.markup import Markup, badge, joined, line, show, table, tag, text
from dashboard.components.paging import listing, turn_pages
from dashboard.components.states import empty, guarded
from dashboard.reading.connection import read
from dashboard.reading.dao import dao
from dashboard.reading.names import members, name_of, named
from dashboard.signing.identity import me
from dashboard.signing.transactions import carry_on, is_undertaking, show_outcome, undertake
from dashboard.signing.undertakings import Delegate
from dashboard.words.amounts import decimal, percent, tokens, units

_PLACE = "delegate"


def voting_power() -> None:
    """The holders, the largest first, and one's own power."""
    supply = units(text_of(inner(dao(), "token"), "supply"))
    show(
        line(
            f"There are {tokens(supply)}. One token is one vote, for whoever it was delegated to.",
            cls="c-lead",
        )
    )
    meaning("voting power", "delegation", "snapshot")
    left, right = st.columns([3, 2], gap="large")
    with left:
        guarded(lambda: _holders(supply), "holders")
    with right:
        st.subheader("Who votes with your tokens")
        guarded(delegating, "delegating")


def _holders(supply: int) -> None:
    found = listing("/v1/token/holders", "holders")
    if not found.rows:
        empty("Nobody holds tokens.")
        return
    rows = [
        (
            named(text_of(item, "account")),
            _power(item, supply),
            _figure(decimal(units(text_of(item, "balance")))),
            _figure(f"{percent(units(text_of(item, 'balance')), supply):.1f} %"),
            _delegatee(item),
        )
        for item in found.rows
    ]
    columns = ("Who", "Votes", "Tokens held", "Of all", "Votes are cast by")
    show(table(columns, rows, "Holders of voting tokens, the largest first"))
    turn_pages("holders")


def _power(item: JsonObject, supply: int) -> Markup:
    votes = units(text_of(item, "votes"))
    of_all = percent(votes, supply)
    words = f"{tokens(votes)}, {of_all:.1f} % of all"
    return joined(bar((Part(of_all, "info"),), words), _figure(decimal(votes)))


def _figure(value: str) -> Markup:
    return tag("span", text(value), cls="c-amount")


def _delegatee(item: JsonObject) -> Markup:
    account, delegatee = text_of(item, "account"), text_of(item, "delegatee")
    if not delegatee:
        return badge("Nobody", "open", "!")
    return text("itself") if delegatee == account else named(delegatee)


def delegating() -> None:
    """Who votes with one's own tokens, and changing that."""
    show_outcome(_PLACE)
    carry_on(_PLACE)
    if is_undertaking(_PLACE):
        return
    user = me()
    if user is not None:
        _present(user.address)
    others = [
        a for a, m in members().items() if flag(m, "active") and (not user or a != user.address)
    ]
    with st.form("delegate-form", border=False):
        chosen = st.selectbox(
            "Let somebody vote for you", others, format_func=name_of, index=None,
            placeholder="Choose a member",
        )  # fmt: skip
        wants_other = st.form_submit_button("Review and sign", icon=":material/how_to_reg:")
    if wants_other and chosen is None:
        st.warning("Choose who is to vote for you.", icon=":material/edit:")
    elif wants_other and chosen is not None:
        undertake(_PLACE, Delegate(chosen))
        st.rerun()
    if user is not None and st.button("Vote myself", key="delegate-self", icon=":material/person:"):
        undertake(_PLACE, Delegate(user.address))
        st.rerun()


def _present(account: str) -> None:
    item = holding(account)
    balance, votes = units(text_of(item, "balance")), units(text_of(item, "votes"))
    cast = (
        text("you cast their votes yourself")
        if text_of(item, "delegatee") == account
        else joined("their votes are cast by ", _delegatee(item))
    )
    show(
        line("You hold ", text(tokens(balance)), "; ", cast,
             ". You can cast ", text(tokens(votes)), "."),
    )  # fmt: skip


def holding(account: str) -> JsonObject:
    """What an account holds; nothing where the token does not know it."""
    try:
        return read(f"/v1/token/holders/{account}")
    except ConcordError:
        return {}
