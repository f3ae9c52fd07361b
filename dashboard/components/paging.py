"""Lists that page on the server, and searching them.

Without a search a page of the server is shown. With one, the first items are looked through here,
up to a limit that is said where it is reached: the API has no search of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from client import JsonObject
from dashboard.components.markup import line, show
from dashboard.reading.connection import PAGE, SEARCHED, Query, every, read
from dashboard.reading.fields import number, objects, text, wording


@dataclass(frozen=True, slots=True)
class Listing:
    """A list as it is shown.

    Attributes:
        rows: of this page.
        is_searched: whether they were looked for.
        size: of the log when they were read; 0 where they were looked for.
    """

    rows: list[JsonObject]
    is_searched: bool
    size: int = 0


def listing(path: str, key: str, *, search: str, fields: Sequence[str], **query: Query) -> Listing:
    """One page of a list, or what a search finds in it.

    Args:
        path: of the API.
        key: tells this list from others.
        search: words that must all occur; empty for everything.
        fields: that are searched.
        query: filters.
    """
    words = search.casefold().split()
    if words:
        return Listing(_found(path, words, fields, query), is_searched=True)
    cursors: list[str] = st.session_state.setdefault(f"cursors-{key}", [])
    answer = read(path, **query, limit=PAGE, after=cursors[-1] if cursors else None)
    following = text(answer, "next")
    rows = objects(answer, "items")
    if cursors or following:
        st.session_state[f"next-{key}"] = following
    else:
        st.session_state.pop(f"next-{key}", None)
    return Listing(rows, is_searched=False, size=number(answer, "size"))


def turn_pages(key: str) -> None:
    """Shows how to go on and back, where there is more than one page."""
    if f"next-{key}" not in st.session_state:
        return
    cursors: list[str] = st.session_state.setdefault(f"cursors-{key}", [])
    following: str = st.session_state[f"next-{key}"]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Previous", key=f"previous-{key}", icon=":material/chevron_left:",
            disabled=not cursors, on_click=_drop_last, args=(cursors,),
        )  # fmt: skip
        show(line(f"Page {len(cursors) + 1}"))
        st.button(
            "Next", key=f"following-{key}", icon=":material/chevron_right:",
            disabled=not following, on_click=cursors.append, args=(following,),
        )  # fmt: skip


def _found(
    path: str, words: Sequence[str], fields: Sequence[str], query: dict[str, Query]
) -> list[JsonObject]:
    found, seen = [], 0
    for item in every(path, SEARCHED, **query):
        seen += 1
        hay = " ".join(wording(item, field) for field in fields).casefold()
        if all(word in hay for word in words):
            found.append(item)
            if len(found) == PAGE:
                show(line(f"Showing the first {PAGE} that fit; type more to narrow it down."))
                break
    if seen == SEARCHED:
        show(line(f"Only the first {SEARCHED:,} were looked through."))
    return found


def _drop_last(cursors: list[str]) -> None:
    if cursors:
        cursors.pop()
