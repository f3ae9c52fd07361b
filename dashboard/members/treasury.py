"""The treasury: what it holds, and what it has paid by which decision."""

from __future__ import annotations

import streamlit as st

from client import JsonObject
from client.fields import inner, number, objects
from client.fields import text as text_of
from dashboard.components.copying import copyable
from dashboard.components.explain import meaning
from dashboard.components.markup import Markup, line, show, table, text, when
from dashboard.components.paging import listing, turn_pages
from dashboard.components.states import empty
from dashboard.navigation import link
from dashboard.reading.connection import read
from dashboard.reading.dao import chain_now
from dashboard.reading.names import named
from dashboard.reading.titles import proposal_title
from dashboard.words.amounts import coins, decimal, units
from dashboard.words.times import instant_ms


def treasury() -> None:
    """Holdings and payments."""
    item = read("/v1/treasury")
    show(
        line(
            "What the members own together. Only a proposal that passed can pay from it, after "
            "its waiting time.",
            cls="c-lead",
        )
    )
    columns = st.columns(max(1, 1 + len(objects(item, "tokens"))))
    columns[0].metric("Coins of the chain", decimal(units(text_of(item, "coins"))))
    for column, token in zip(columns[1:], objects(item, "tokens"), strict=False):
        column.metric(*_token(token))
    link("proposals", "Propose a payment", icon=":material/payments:", new="pay-token")
    copyable([("the treasury’s account", text_of(item, "account"))], "treasury-account")
    meaning("timelock")
    st.subheader("Payments")
    _payments()


def _token(token: JsonObject) -> tuple[str, str]:
    symbol = text_of(token, "symbol") or "tokens"
    balance = units(text_of(token, "balance"))
    return f"Tokens ({symbol})", decimal(balance)


def _payments() -> None:
    found = listing("/v1/treasury/payments", "payments")
    if not found.rows:
        empty("The treasury has paid nothing yet.")
        return
    now = chain_now()
    rows = [
        (
            when(instant_ms(text_of(item, "at")), now),
            named(text_of(item, "to")),
            _amount(item),
            text(f"block {number(inner(item, 'chain'), 'blockNumber'):,}"),
        )
        for item in found.rows
    ]
    show(table(("When", "To", "How much", "Where"), rows, "Payments from the treasury"))
    decided = dict.fromkeys(filter(None, (text_of(item, "proposal") for item in found.rows)))
    with st.container(horizontal=True):
        for proposal in decided:
            link("proposals", f"Decided by {proposal_title(proposal)}", proposal=proposal)
    turn_pages("payments")


def _amount(item: JsonObject) -> Markup:
    amount = units(text_of(item, "amount"))
    if not text_of(item, "token"):
        return text(coins(amount))
    return text(f"{decimal(amount)} tokens")
