"""The log, event by event: pages, single events, and a stream for followers."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import Response

from ledger.events.bodies import BODIES
from ledger.events.canonical import MAX_SAFE_INTEGER
from ledger.log import SizeNotReached
from ledger.store.reads import EventFilter, Page, StoredLeaf, snapshot
from service.http.answers import Json
from service.http.errors import InvalidParameter, ShuttingDown, TooManyStreams
from service.http.openapi import problems
from service.http.pages import (
    DEFAULT_PAGE,
    After,
    Limit,
    Point,
    decode_cursor,
    first_index,
    moment_of,
    page_json,
)
from service.http.routing import StrictRoute
from service.http.stream import EventStream, leaf_events
from service.leaves import recorded_event
from service.parts import Parts, growth_of, parts_of
from service.routes.tree import LeafIndex, in_thread
from service.schemas.events import EventPage, RecordedEventView
from service.signin.gate import guest_of, token_of

router = APIRouter(route_class=StrictRoute, tags=["events"])

Kind = Annotated[str | None, Query(max_length=64, description="Such as `access.granted`.")]
Actor = Annotated[str | None, Query(max_length=42, description="Who signed, in EIP-55.")]
Subject = Annotated[str | None, Query(max_length=128, description="What it is about.")]
_SSE = {"text/event-stream": {"schema": {"type": "string"}}}


@router.get(
    "/v1/events", summary="Events, in the order of the log", responses={200: {"model": EventPage}}
)
async def events(
    request: Request,
    *,
    kind: Kind = None,
    actor: Actor = None,
    subject: Subject = None,
    since: Point = None,
    until: Point = None,
    order: Annotated[
        Literal["oldest", "newest"], Query(description="Which events come first.")
    ] = "oldest",
    limit: Limit = DEFAULT_PAGE,
    after: After = None,
) -> Response:
    """All filters must match; `since` and `until` include the event or time that they name."""
    parts = parts_of(request)
    if kind is not None and kind not in BODIES:
        raise InvalidParameter("kind: there is no such kind of event.")
    cursor = decode_cursor(after)
    if cursor is not None and (len(cursor) != 1 or not isinstance(cursor[0], int)):
        raise InvalidParameter("after: take `next` of the page before, as it is.")
    last = int(cursor[0]) if cursor else None

    def read() -> Page[StoredLeaf]:
        size = moment_of(until, parts.log).size
        first = first_index(since, parts.log)
        wanted = EventFilter(kind, actor, subject, first, size)
        with snapshot(parts.log.database) as views:
            newest = order == "newest"
            return views.events(wanted, after=last, limit=limit, newest_first=newest)

    return Json(page_json(await in_thread(parts, read), recorded_event))


@router.get(
    "/v1/events:stream",
    summary="Follow the log (server-sent events)",
    response_class=EventStream,
    status_code=200,
    responses={200: {"content": _SSE, "description": "`event: leaf`, `id: <index>`."}},
)
async def stream(
    request: Request,
    start: Annotated[
        int | None,
        Query(
            alias="from",
            ge=0,
            le=MAX_SAFE_INTEGER,
            description="First index; what comes from now on where it is left out.",
        ),
    ] = None,
    last_event_id: Annotated[str | None, Header(pattern=r"^[0-9]{1,15}$")] = None,
) -> Response:
    """Each leaf as one message; goes on after `Last-Event-ID` where a follower reconnects."""
    parts, growth = parts_of(request), growth_of(request)
    if growth.stopping:
        raise ShuttingDown("The service is being stopped.")
    first = parts.log.size if start is None else start
    if last_event_id is not None:
        first = int(last_event_id) + 1
    release = parts.metrics.open_stream(parts.settings.max_streams)
    if release is None:
        raise TooManyStreams(
            f"{parts.settings.max_streams} streams are open, as many as this service serves; try "
            "again in some seconds, or read pages of GET /v1/events."
        )

    async def read(at: int, count: int) -> tuple[StoredLeaf, ...]:
        # A log that is still being written may be asked for what it does not have yet.
        end = min(at + count, parts.log.size)
        if at >= end:
            return ()
        return await in_thread(parts, lambda: _leaves(parts, at, end))

    pulse = parts.settings.stream_pulse_seconds
    token = None if guest_of(request) is None else token_of(request)

    async def may_read() -> bool:
        # A session ends with its time, with the membership, and when somebody signs out.
        return token is None or await in_thread(
            parts, lambda: parts.sessions.find(token) is not None
        )

    leaves = leaf_events(read, growth, start=first, pulse_seconds=pulse, may_read=may_read)
    return EventStream(leaves, ended=release)


def _leaves(parts: Parts, start: int, end: int) -> tuple[StoredLeaf, ...]:
    with snapshot(parts.log.database) as views:
        return views.events(EventFilter(start=start, end=end), limit=end - start).rows


@router.get(
    "/v1/events/{index}",
    summary="One event",
    responses={200: {"model": RecordedEventView}, **problems(404)},
)
async def event(request: Request, index: LeafIndex) -> Response:
    """By its place in the log."""
    parts = parts_of(request)
    if index >= parts.log.size:
        raise SizeNotReached(f"The log has {parts.log.size} events; there is none at {index} yet.")
    found = await in_thread(parts, lambda: _leaves(parts, index, index + 1))
    return Json(recorded_event(found[0]))
