"""Anchors: roots of the log that were written into a chain, each compared with the log here."""

from __future__ import annotations

import base64
import binascii

import streamlit as st

from client import JsonObject
from client.fields import inner, number, objects
from client.fields import text as text_of
from client.proofs import prove_consistency
from dashboard.components.explain import meaning
from dashboard.components.markup import Markup, badge, code, facts, line, show, table, text, when
from dashboard.components.paging import listing, turn_pages
from dashboard.components.states import empty
from dashboard.reading.connection import ledger, read
from dashboard.reading.dao import chain_now, dao, has_dao
from dashboard.words.times import instant_ms


def anchors_view() -> None:
    """What anchoring means, how it goes, and every anchor."""
    show(
        line(
            "From time to time the log’s fingerprint is written into a chain, where nobody can "
            "change it. The contract takes it only with a proof that the log merely grew. Whoever "
            "rewrote the log would contradict what stands there.",
        )
    )
    meaning("anchor", "root", "checkpoint")
    if not has_dao():
        empty("This ledger was made without a DAO.", "There is no chain that it is anchored in.")
        return
    for item in objects(read("/v1/anchors/latest"), "items"):
        _chain(item)
    _anchors()


def _chain(item: JsonObject) -> None:
    worker, latest = inner(item, "worker"), inner(item, "anchor")
    chain = number(item, "chainId")
    state = (
        badge("Anchoring", "good", "✓")
        if text_of(worker, "state") == "working"
        else badge("Stopped", "bad", "✕")
    )
    reason = text_of(worker, "reason")
    size = number(latest, "size")
    show(
        line(state, text(f" {size:,} events are anchored in {_chain_name(chain)}.")),
        *([line(text(reason))] if reason else []),
    )


def _chain_name(chain_id: int) -> str:
    return "the DAO’s chain" if chain_id == number(dao(), "chainId") else f"chain {chain_id}"


def _anchors() -> None:
    found = listing("/v1/anchors", "anchors")
    if not found.rows:
        empty("Nothing is anchored yet.", "The service anchors after some events or some time.")
        return
    chain_id, now = number(dao(), "chainId"), chain_now()
    rows = [
        (
            text(f"{number(item, 'size'):,} events"),
            text(_chain_name(number(item, "chainId"))),
            text(f"{number(inner(item, 'chain'), 'blockNumber'):,}"),
            when(
                instant_ms(text_of(item, "at")),
                now if number(item, "chainId") == chain_id else None,
            ),
        )
        for item in found.rows
    ]
    show(table(("The first", "Chain", "Block", "Time of the block"), rows, "Anchors, newest first"))
    turn_pages("anchors")
    _compare(found.rows)


def _compare(rows: list[JsonObject]) -> None:
    st.subheader("Does the log still contain what was anchored?")
    sizes = [number(item, "size") for item in rows]
    chosen = st.selectbox(
        "Anchor", range(len(rows)), format_func=lambda at: f"The first {sizes[at]:,} events"
    )
    if chosen is None or not st.button("Compare with the log", type="primary", key="compare-anchor",
                                       icon=":material/compare_arrows:"):  # fmt: skip
        return
    item = rows[chosen]
    anchored = _root(text_of(item, "root"))
    checkpoint = ledger().checkpoint()
    found = prove_consistency(sizes[chosen], checkpoint.size, checkpoint, ledger().fetch_document)
    place = inner(item, "chain")
    verdict = _verdict(is_same=found.first_root == anchored, size=sizes[chosen])
    show(
        line(verdict),
        facts(
            [
                ("Anchored", code(anchored.hex())),
                ("In the log now", code(found.first_root.hex())),
                ("Contract", code(text_of(item, "registry"))),
                ("Transaction", code(text_of(place, "transactionHash"))),
            ]
        ),
        line("That the chain holds it you can ask any node of that chain.",
             cls="c-line c-small c-soft"),
    )  # fmt: skip


def _verdict(*, is_same: bool, size: int) -> Markup:
    if is_same:
        words = f" The first {size:,} events are those that were anchored, and the log signed them."
        return Markup(badge("The same", "good", "✓") + text(words))
    words = " The log’s beginning is another one than was anchored. Do not rely on this server."
    return Markup(badge("Different", "bad", "✕") + text(words))


def _root(encoded: str) -> bytes:
    try:
        return base64.b64decode(encoded, validate=True)
    except binascii.Error:
        return b""


def last_anchor() -> Markup:
    """The last anchor in one line, for the overview."""
    found = [inner(item, "anchor") for item in objects(read("/v1/anchors/latest"), "items")]
    sizes = [(number(anchor, "size"), instant_ms(text_of(anchor, "at"))) for anchor in found]
    if not sizes or not max(sizes)[0]:
        return line("Nothing is anchored in a chain yet.", cls="c-line c-soft")
    size, at = max(sizes, key=lambda each: each[0])
    return line(f"The first {size:,} events are anchored in a chain, since ", when(at, chain_now()),
                ".", cls="c-line c-soft")  # fmt: skip
