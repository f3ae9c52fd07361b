"""Which server this dashboard shows, and reading from it.

Rules:
- The server is the operator's choice (`CONCORD_SERVER`), never the visitor's: the dashboard would
  otherwise fetch whatever address a link names.
- Reads are kept for a few seconds, so that a page that asks the same twice asks once; answers as of
  an event that is named, and events, for some minutes: the log never changes what it says of them.
  What was written by this dashboard is seen at once: `forget` drops everything that was kept.
- What is kept is not copied: pages read answers and never change them.
- Where the ledger is for members, each visitor reads with a session of their own: its token is in
  a client that only this visitor's pages use, and what was read with it is kept for them alone.
- Everything goes through `client`, which verifies what it is told.
"""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import streamlit as st

from client import ConcordError, JsonObject, Ledger, RetryPolicy
from client.fields import number, objects
from client.trust import Trust
from dashboard.addresses import SERVER, STATE, USUAL_SERVER

KEPT_SECONDS = 5.0
SETTLED_SECONDS = 600.0
PAGE = 25
"""Rows on a page of a list."""

MOST_READ = 5_000
"""Items of a list that are read at once, at most."""

_VISIT = "visit"
_LOOKED_AT = "looked-at"

Query = str | int | None

_PATIENCE = RetryPolicy(attempts=2, first_delay=0.1, longest_delay=0.5, timeout=20.0)
"""A person waits: better to say soon that nobody answers."""


def server() -> str:
    """Address of the API that is shown."""
    return os.environ.get(SERVER) or USUAL_SERVER


@dataclass(frozen=True, slots=True)
class Visit:
    """A visitor who has signed in.

    Attributes:
        account: that signed in, EIP-55.
        ledger: the client that holds the session; nobody else's.
        identity: tells it from others.
    """

    account: str
    ledger: Ledger
    identity: str = field(default_factory=lambda: secrets.token_hex(8))


def new_ledger() -> Ledger:
    """A client of one's own: for a visitor who signs in."""
    state = os.environ.get(STATE)
    return Ledger(server(), retry=_PATIENCE, state=Path(state) if state else None)


@st.cache_resource(show_spinner=False)
def _ledger_at(address: str, state: str | None) -> Ledger:
    del address, state  # what it is kept under; `new_ledger` reads them itself
    return new_ledger()


def open_ledger() -> Ledger:
    """The client of all visitors who have not signed in. It never holds a session."""
    return _ledger_at(server(), os.environ.get(STATE))


def visit() -> Visit | None:
    """Under which session this visitor reads; None without one."""
    value = st.session_state.get(_VISIT)
    return value if isinstance(value, Visit) else None


def begin_visit(begun: Visit) -> None:
    """From now on this visitor reads with that session."""
    st.session_state[_VISIT] = begun


def end_visit() -> None:
    """Signs this visitor out, if they had signed in. The server may be gone: then its session ends
    by time, and the token is forgotten here all the same.
    """
    ended = visit()
    st.session_state.pop(_VISIT, None)
    if ended is None:
        return
    try:
        ended.ledger.sign_out()
    except ConcordError:
        return
    finally:
        ended.ledger.close()


def ledger() -> Ledger:
    """The client that reads for this visitor, and sends what they signed themselves."""
    begun = visit()
    return open_ledger() if begun is None else begun.ledger


def kept_for() -> str:
    """What answers are kept under: the server, and the session that they were read with."""
    begun = visit()
    return server() if begun is None else f"{server()} {begun.identity}"


def trust() -> Trust:
    """Which log answers.

    Raises:
        ConcordError: nobody answers, or another log than the trusted one.
    """
    return ledger().connect()


# Copying an audit of thousands of ancestors takes longer than drawing it.
@st.cache_resource(ttl=KEPT_SECONDS, max_entries=2_000, show_spinner=False)
def _kept(reader: str, path: str, query: tuple[tuple[str, Query], ...]) -> JsonObject:
    del reader  # part of what it is kept under
    return ledger().fetch(path, **dict(query))


@st.cache_resource(ttl=SETTLED_SECONDS, max_entries=2_000, show_spinner=False)
def _event(reader: str, index: int) -> JsonObject:
    del reader
    return ledger().fetch(f"/v1/events/{index}")


@st.cache_resource(ttl=SETTLED_SECONDS, max_entries=200, show_spinner=False)
def _stretch(reader: str, first: int, last: int) -> dict[int, JsonObject]:
    del reader
    answer = ledger().fetch("/v1/events", since=first, until=last, limit=PAGE)
    return {number(item, "index"): item for item in objects(answer, "items")}


@st.cache_resource(ttl=SETTLED_SECONDS, max_entries=24, show_spinner=False)
def _settled(reader: str, path: str, query: tuple[tuple[str, Query], ...]) -> JsonObject:
    del reader
    return ledger().fetch(path, **dict(query))


def read(path: str, **query: Query) -> JsonObject:
    """One answer of the API; parameters that are None are left out.

    Raises:
        ConcordError: the server refused, or nobody answers.
    """
    return _kept(kept_for(), path, tuple(sorted(query.items())))


def read_event(index: int) -> JsonObject:
    """One event of the log, as the API gives it.

    Raises:
        ConcordError: the server refused, or nobody answers.
    """
    return _event(kept_for(), index)


def read_events(indices: Iterable[int]) -> dict[int, JsonObject]:
    """Several events of the log, by index: those that stand near each other in one answer.

    Raises:
        ConcordError: the server refused, or nobody answers.
    """
    wanted = sorted(set(indices))
    stretches: list[list[int]] = []
    for index in wanted:
        if stretches and index - stretches[-1][0] < PAGE:
            stretches[-1].append(index)
        else:
            stretches.append([index])
    near: dict[int, JsonObject] = {}
    for stretch in stretches:
        if len(stretch) > 1:
            near |= _stretch(kept_for(), stretch[0], stretch[-1])
    return {index: near.get(index) or read_event(index) for index in wanted}


def read_as_of(path: str, at: int, **query: Query) -> JsonObject:
    """One answer as it was right after an event.

    Raises:
        ConcordError: the server refused, or nobody answers.
    """
    return _settled(kept_for(), path, tuple(sorted({**query, "at": at}.items())))


def read_now(path: str, **query: Query) -> JsonObject:
    """As `read`, asked anew."""
    return ledger().fetch(path, **query)


def every(path: str, most: int = MOST_READ, **query: Query) -> Iterator[JsonObject]:
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
    _settled.clear()
    st.session_state.pop(_LOOKED_AT, None)


def looked_at(what: str) -> tuple[int, int]:
    """As of which event this visitor looks at something, and since when (milliseconds).

    It stays for some minutes, or until something is written here: everything on a page is then told
    of the same moment, and a click does not have to work it all out again.

    Args:
        what: is looked at.

    Raises:
        ConcordError: the server refused, or nobody answers.
    """
    pins: dict[str, tuple[int, int]] = st.session_state.setdefault(_LOOKED_AT, {})
    now = time.time_ns() // 1_000_000
    if what not in pins or now - pins[what][1] > 1_000 * SETTLED_SECONDS:
        size = read_now("/v1/log").get("size")
        pins[what] = ((size if isinstance(size, int) else 1) - 1, now)
    return pins[what]


def look_again() -> None:
    """From now on everything is looked at as it is now."""
    st.session_state.pop(_LOOKED_AT, None)
