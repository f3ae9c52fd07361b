"""The log as a table: filtered and paged by the server, exported as CSV and JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

import streamlit as st

from client import JsonObject
from client.fields import inner, number, objects
from client.fields import text as text_of
from dashboard.audit.exports import Reader, as_csv, as_json
from dashboard.components.markup import Markup, line, show, table, text, when
from dashboard.components.paging import listing, turn_pages
from dashboard.components.states import empty
from dashboard.navigation import anchor
from dashboard.reading.connection import PAGE, every, read
from dashboard.reading.names import learn_titles_in, members, name_of, named, readable
from dashboard.words.kinds import KINDS, kind_in_words
from dashboard.words.times import now_ms

MOST_EXPORTED = 10_000
_SHOWN = ("Event", "When", "What", "Who", "In one sentence")


def log_table() -> None:
    """The events that fit the filters, the newest first, each with a link to its proof."""
    query = _filters()
    if query:
        key = "log-" + "-".join(query.values())
        _rows(listing("/v1/events", key, order="newest", **query).rows)
        turn_pages(key)
    else:
        _rows(_newest_first())
    _exports(query)


def _filters() -> dict[str, str]:
    """What was chosen, as the API takes it."""
    first, second, third, fourth = st.columns([3, 3, 3, 4])
    with first:
        kind = st.selectbox("What happened", list(KINDS), format_func=kind_in_words, index=None,
                            placeholder="Everything", key="log-kind")  # fmt: skip
    with second:
        actor = st.selectbox("Who signed", list(members()), format_func=name_of, index=None,
                             placeholder="Everyone", key="log-actor")  # fmt: skip
    with third:
        subject = st.text_input("About", placeholder="Exact name, such as wdbc-north",
                                key="log-subject")  # fmt: skip
    with fourth:
        days = st.date_input("From day to day (UTC)", value=[], format="YYYY-MM-DD",
                             key="log-days")  # fmt: skip
    chosen = {"kind": kind or "", "actor": actor or "", "subject": subject.strip()}
    return {name: value for name, value in chosen.items() if value} | _between(days)


def _between(days: date | tuple[date, ...]) -> dict[str, str]:
    """The first and the last moment of a stretch of days; nothing while its end is not chosen."""
    if not isinstance(days, tuple) or len(days) != 2:
        return {}
    return {"since": f"{days[0]}T00:00:00Z", "until": f"{days[1]}T23:59:59.999Z"}


def _newest_first() -> list[JsonObject]:
    """One page of the whole log, from its end."""
    size = number(read("/v1/log"), "size")
    last = max(1, -(-size // PAGE))
    page = st.pagination(last, key="log-page") if last > 1 else 1
    end = size - (page - 1) * PAGE
    start = max(0, end - PAGE)
    if end <= 0:
        return []
    found = objects(read("/v1/events", since=start, until=end - 1, limit=PAGE), "items")
    return found[::-1]


def _rows(rows: Sequence[JsonObject]) -> None:
    if not rows:
        empty("No event fits.", "Take a filter away.")
        return
    now = now_ms()
    _learn_titles(rows)
    show(
        line("Choose an event to see it proven.", cls="c-line c-soft"),
        table(_SHOWN, [_cells(row, now) for row in rows], "Events of the log"),
    )


def _cells(row: JsonObject, now: int) -> tuple[Markup, ...]:
    index, event = number(row, "index"), inner(row, "event")
    return (
        anchor("audit", f"Event {index:,}", event=index),
        when(number(row, "recordedAt"), now),
        text(kind_in_words(text_of(event, "kind"))),
        named(text_of(event, "actor")),
        text(readable(text_of(event, "summary"))),
    )


def _exports(query: Mapping[str, str]) -> None:
    with st.expander("Export", icon=":material/download:"):
        show(line(f"The events that fit the filters, up to {MOST_EXPORTED:,}, the oldest first. "
                  "CSV is for spreadsheets; JSON holds every detail that was signed."))  # fmt: skip
        with st.container(horizontal=True):
            st.download_button(
                "CSV", lambda: _csv(query), "events.csv", "text/csv", on_click="ignore",
            )  # fmt: skip
            st.download_button(
                "JSON", lambda: as_json(_all(query)), "events.json", "application/json",
                on_click="ignore",
            )  # fmt: skip


def _csv(query: Mapping[str, str]) -> str:
    rows = _all(query)
    _learn_titles(rows)
    return as_csv(rows, Reader(name_of, readable))


def _learn_titles(rows: Iterable[JsonObject]) -> None:
    learn_titles_in(text_of(inner(row, "event"), "summary") for row in rows)


def _all(query: Mapping[str, str]) -> list[JsonObject]:
    return list(every("/v1/events", MOST_EXPORTED, **query))
