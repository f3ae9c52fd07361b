"""The last events as sentences."""

from __future__ import annotations

from client import JsonObject
from client.fields import inner, number, objects
from client.fields import text as text_of
from dashboard.components.markup import Markup, cards, line, show, tag, text, when
from dashboard.components.states import empty
from dashboard.navigation import anchor
from dashboard.reading.connection import read_now
from dashboard.reading.names import learn_titles_in, named_within, readable
from dashboard.words.kinds import kind_in_words
from dashboard.words.times import now_ms


def newest_events(count: int, **query: str | int | None) -> list[JsonObject]:
    """The last events of the log, newest first."""
    size = number(read_now("/v1/log"), "size")
    since = max(0, size - count)
    found = objects(read_now("/v1/events", since=since, limit=count, **query), "items")
    return found[::-1]


def activity(count: int) -> None:
    """Shows the last events, and when they were read."""
    events = newest_events(count)
    if not events:
        empty("Nothing has happened yet.")
        return
    learn_titles_in(text_of(inner(item, "event"), "summary") for item in events)
    read = line("Read ", when(now_ms()), ", again every few seconds.", cls="c-line c-small c-soft")
    show(cards([*map(_event, events), read]))


def _event(item: JsonObject) -> Markup:
    index, event = number(item, "index"), inner(item, "event")
    return tag(
        "div",
        anchor("audit", f"{kind_in_words(text_of(event, 'kind'))}, event {index}", event=index),
        line("By ", named_within(text_of(event, "actor")), ", ", when(number(item, "recordedAt"))),
        line(text(readable(text_of(event, "summary"))), cls="c-line c-small c-soft"),
    )
