"""Lists that page on the server, searched there too; and parts of what the page already holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import streamlit as st

from client import JsonObject
from client.fields import number, objects, text
from dashboard.components.markup import line, show
from dashboard.reading.connection import PAGE, Query, read

T = TypeVar("T")

LONGEST_SEARCH = 100
"""Characters that the API searches for."""

MOST_WORDS = 8
"""Words, likewise."""


@dataclass(frozen=True, slots=True)
class Listing:
    """A page of a list.

    Attributes:
        rows: of this page.
        size: of the log when they were read.
    """

    rows: list[JsonObject]
    size: int


def listing(path: str, key: str, *, search: str = "", **query: Query) -> Listing:
    """One page of a list, or of what a search finds in it.

    Args:
        path: of the API.
        key: tells this list from others.
        search: words that must all occur; empty for everything.
        query: filters.
    """
    cursors = _cursors(key, search)
    answer = read(
        path, **query, search=search or None, limit=PAGE, after=cursors[-1] if cursors else None
    )
    _note(key, text(answer, "next"), cursors)
    return Listing(objects(answer, "items"), number(answer, "size"))


def part(rows: Sequence[T], key: str) -> Sequence[T]:
    """One page of rows that are at hand, where showing them all would take long.

    Args:
        rows: all of them.
        key: tells this list from others.
    """
    cursors = _cursors(key, "")
    while cursors and int(cursors[-1]) >= len(rows):
        cursors.pop()
    start = int(cursors[-1]) if cursors else 0
    end = start + PAGE
    _note(key, str(end) if end < len(rows) else "", cursors)
    return rows[start:end]


def search_box(label: str, key: str, looks_through: str) -> str:
    """A field to search a list with; what is typed, as the API takes it.

    Args:
        label: of the field.
        key: tells it from others.
        looks_through: what is searched.
    """
    typed = st.text_input(label, placeholder=looks_through, icon=":material/search:", key=key)
    words = typed.split()
    searched = " ".join(words[:MOST_WORDS])[:LONGEST_SEARCH]
    if searched != " ".join(words):
        show(line("Searched for the beginning only: at most ", f"{MOST_WORDS} words, ",
                  f"{LONGEST_SEARCH} characters.", cls="c-line c-small c-soft"))  # fmt: skip
    return searched


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


def _cursors(key: str, search: str) -> list[str]:
    """Where the pages before this one ended; none where another thing was looked for before."""
    if st.session_state.setdefault(f"searched-{key}", search) != search:
        st.session_state[f"searched-{key}"] = search
        st.session_state[f"cursors-{key}"] = []
    cursors: list[str] = st.session_state.setdefault(f"cursors-{key}", [])
    return cursors


def _note(key: str, following: str, cursors: list[str]) -> None:
    """Where the next page begins, for `turn_pages`; nothing where one page is all there is."""
    if cursors or following:
        st.session_state[f"next-{key}"] = following
    else:
        st.session_state.pop(f"next-{key}", None)


def _drop_last(cursors: list[str]) -> None:
    if cursors:
        cursors.pop()
