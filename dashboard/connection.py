"""Which server this dashboard shows, and reading from it.

Rules:
- The server is the operator's choice (`CONCORD_SERVER`), never the visitor's: the dashboard would
  otherwise fetch whatever address a link names.
- Reads are kept for a few seconds, so that a page that asks the same twice asks once. What was
  written by this dashboard is seen at once: `forget` drops everything that was kept.
- Everything goes through `client`, which verifies what it is told.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import streamlit as st

from client import JsonObject, Ledger, RetryPolicy
from client.trust import Trust
from dashboard.addresses import SERVER, STATE, USUAL_SERVER

KEPT_SECONDS = 5.0
PAGE = 25
"""Rows on a page of a list."""

SEARCHED = 5_000
"""Items that a search looks through."""

Query = str | int | None

_PATIENCE = RetryPolicy(attempts=2, first_delay=0.1, longest_delay=0.5, timeout=20.0)
"""A person waits: better to say soon that nobody answers."""


def server() -> str:
    """Address of the API that is shown."""
    return os.environ.get(SERVER) or USUAL_SERVER


@st.cache_resource(show_spinner=False)
def _ledger_at(address: str, state: str | None) -> Ledger:
    return Ledger(address, retry=_PATIENCE, state=Path(state) if state else None)


def ledger() -> Ledger:
    """The client, one for all visitors: they read, and send what they signed themselves."""
    return _ledger_at(server(), os.environ.get(STATE))


def trust() -> Trust:
    """Which log answers.

    Raises:
        ConcordError: nobody answers, or another log than the trusted one.
    """
    return ledger().connect()


@st.cache_data(ttl=KEPT_SECONDS, max_entries=2_000, show_spinner=False)
def _kept(address: str, path: str, query: tuple[tuple[str, Query], ...]) -> JsonObject:
    del address  # part of what it is kept under
    return ledger().fetch(path, **dict(query))


def read(path: str, **query: Query) -> JsonObject:
    """One answer of the API; parameters that are None are left out.

    Raises:
        ConcordError: the server refused, or nobody answers.
    """
    return _kept(server(), path, tuple(sorted(query.items())))


def read_now(path: str, **query: Query) -> JsonObject:
    """As `read`, asked anew."""
    return ledger().fetch(path, **query)


def every(path: str, most: int = SEARCHED, **query: Query) -> Iterator[JsonObject]:
    """The items of a list, up to so many, in large pages.

    Raises:
        ConcordError: the server refused, or nobody answers.
    """
    after: str | None = None
    seen = 0
    while seen < most:
        page = read(path, **{**query, "limit": min(1_000, most), "after": after})
        items = page.get("items")
        for item in items if isinstance(items, list) else []:
            if isinstance(item, dict):
                yield item
                seen += 1
        following = page.get("next")
        if not isinstance(following, str):
            return
        after = following


def forget() -> None:
    """Drops what was kept: something has changed."""
    _kept.clear()
