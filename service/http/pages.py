"""Keyset pages: cursors as text, and points in the log's past."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, TypeVar

import orjson
from fastapi import Query

from ledger.events.canonical import MAX_SAFE_INTEGER
from ledger.events.identifiers import parse_instant
from ledger.log import LogReader, SizeNotReached
from ledger.store.reads import MAX_PAGE, Page
from ledger.store.search import MAX_SEARCH
from ledger.views.state import Key
from service.http.errors import InvalidParameter

T = TypeVar("T")

DEFAULT_PAGE = 100
_DECIMAL = re.compile(r"0|[1-9][0-9]{0,15}", re.ASCII)

Limit = Annotated[int, Query(ge=1, le=MAX_PAGE, description="Items on the page, at most.")]
After = Annotated[
    str | None, Query(max_length=1_024, description="`next` of the page before; opaque.")
]
Search = Annotated[
    str,
    Query(
        max_length=MAX_SEARCH,
        description="Words that must all occur, in any case: in the id, the title or the name, a "
        "dataset's description or a model's task. Sealed texts are not searched.",
    ),
]
Point = Annotated[
    str | None,
    Query(
        max_length=32,
        description="A sequence number (right after that event) or an RFC 3339 time in UTC.",
    ),
]


@dataclass(frozen=True, slots=True)
class Moment:
    """A point in the log's past.

    Attributes:
        size: events with a smaller index had been recorded.
        at: milliseconds since the epoch, where a time was named.
    """

    size: int
    at: int | None = None


def moment_of(point: str | None, log: LogReader) -> Moment:
    """How large the log was then; its present size if no point is named.

    Raises:
        InvalidParameter: it is neither a sequence number nor a time.
        SizeNotReached: there is no such event yet.
    """
    if point is None:
        return Moment(log.size)
    if not _DECIMAL.fullmatch(point):
        at = instant_of(point)
        return Moment(log.size_at(at), at)
    index = int(point)
    if index >= log.size:
        raise SizeNotReached(f"The log has {log.size} events; there is none at {point} yet.")
    return Moment(index + 1)


def first_index(point: str | None, log: LogReader) -> int:
    """Index of the first event at or after a point; 0 if none is named.

    Raises:
        InvalidParameter: it is neither a sequence number nor a time.
    """
    if point is None:
        return 0
    return int(point) if _DECIMAL.fullmatch(point) else log.size_at(instant_of(point) - 1)


def instant_of(text: str) -> int:
    """Milliseconds since the epoch.

    Raises:
        InvalidParameter: it is no RFC 3339 time in UTC.
    """
    try:
        return parse_instant(text)
    except ValueError as error:
        raise InvalidParameter(
            f"{text!r} is neither a sequence number nor a time such as 2026-11-21T08:30:00Z."
        ) from error


def encode_cursor(key: Key | None) -> str | None:
    """A key as the text that goes on from it."""
    if key is None:
        return None
    return base64.urlsafe_b64encode(orjson.dumps(key)).rstrip(b"=").decode()


def decode_cursor(text: str | None) -> Key | None:
    """The key behind a cursor.

    Raises:
        InvalidParameter: it is none of this service's.
    """
    if text is None:
        return None
    try:
        values = orjson.loads(base64.urlsafe_b64decode(text.encode() + b"=="))
    except (binascii.Error, ValueError) as error:
        raise _not_ours() from error
    if not isinstance(values, list) or not all(_is_key(value) for value in values):
        raise _not_ours()
    return tuple(values)


def _is_key(value: object) -> bool:
    if isinstance(value, str):
        return "\x00" not in value
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) <= MAX_SAFE_INTEGER


def _not_ours() -> InvalidParameter:
    return InvalidParameter("after: take `next` of the page before, as it is.")


def page_json(page: Page[T], present: Callable[[T], object]) -> dict[str, object]:
    """A page as the API answers it."""
    return {
        "items": [present(row) for row in page.rows],
        "next": encode_cursor(page.next),
        "size": page.size,
    }
