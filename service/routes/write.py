"""Signed events in: one, many, or prepared for signing.

Writing is idempotent: the same event again is answered with its first receipt.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import Future

import orjson
from fastapi import APIRouter, Request
from fastapi.responses import Response

from ledger.errors import ConcordError
from ledger.events import Body, build_event, digest, typed_data
from ledger.events.bodies.access import AccessGranted
from ledger.events.canonical import parse_object
from ledger.events.slips import ended, unpublished
from ledger.log import Submission
from ledger.log.submission import Answer
from ledger.store.reads import snapshot
from ledger.views.records import DatasetVersion
from service.http.answers import Json
from service.http.bodies import read_body, read_object, take
from service.http.openapi import problems, request_body
from service.http.routing import LeanRoute, StrictRoute
from service.parts import Parts, parts_of, submitter_of
from service.routes.tree import in_thread
from service.schemas.events import (
    AppendAnswer,
    AppendRequest,
    BatchAnswer,
    BatchRequest,
    PreparedEvent,
    PrepareRequest,
)
from service.submissions import (
    Sources,
    append_bytes,
    batch_bytes,
    read_batch,
    read_submission,
    status_of_append,
)

NONCE_BYTES = 32

lean = APIRouter(route_class=LeanRoute, tags=["write"])
router = APIRouter(route_class=StrictRoute, tags=["write"])


@lean.post(
    "/v1/events",
    summary="Append one signed event",
    status_code=201,
    openapi_extra=request_body(AppendRequest),
    responses={
        201: {"model": AppendAnswer, "description": "It is in the log, durably."},
        200: {"model": AppendAnswer, "description": "It was in the log already."},
        **problems(403, 404, 409),
    },
)
async def append(request: Request) -> Response:
    """Answers once the event is durable, with the receipt that proves it."""
    parts = parts_of(request)
    body = await read_body(request, parts.settings.max_event_bytes)
    try:
        submission = read_submission(parse_object(body), _sources(parts))
        appended = await submitter_of(request).submit(submission)
        if isinstance(appended, ConcordError):
            raise appended
    except ConcordError as error:
        parts.metrics.refused.labels(error.code).inc()
        raise
    return Json(append_bytes(appended), status_of_append(appended))


@lean.post(
    "/v1/events:batch",
    summary="Append up to 1,000 signed events",
    openapi_extra=request_body(BatchRequest),
    responses={200: {"model": BatchAnswer, "description": "One result for each, in order."}},
)
async def append_batch(request: Request) -> Response:
    """Each event is answered on its own: one that is refused does not keep the others back."""
    parts = parts_of(request)
    body = await read_body(request, parts.settings.max_batch_bytes)
    loop = asyncio.get_running_loop()
    # A thousand events take longer to read than others should wait for the event loop.
    read, queued = await loop.run_in_executor(parts.readers, lambda: _queue(parts, body))
    recorded = await asyncio.wrap_future(queued)
    in_order = iter(recorded)
    answers = [next(in_order) if isinstance(item, Submission) else item for item in read]
    for answer in answers:
        if isinstance(answer, ConcordError):
            parts.metrics.refused.labels(answer.code).inc()
    return Json(batch_bytes(answers))


def _sources(parts: Parts) -> Sources:
    own = frozenset[str]() if parts.dao is None else parts.dao.own_accounts
    return Sources(own, parts.operator)


def _queue(
    parts: Parts, body: bytes
) -> tuple[list[Submission | ConcordError], Future[list[Answer]]]:
    read = read_batch(parse_object(body), parts.settings.max_batch_events, _sources(parts))
    return read, parts.log.submit_all([item for item in read if isinstance(item, Submission)])


@router.post(
    "/v1/events:prepare",
    summary="Prepare an event for signing",
    openapi_extra=request_body(PrepareRequest),
    responses={200: {"model": PreparedEvent}},
)
async def prepare(request: Request) -> Response:
    """Fills in an event and says what to sign, so that any wallet or script can write.

    Sign `typedData` with `eth_signTypedData_v4` (or `digest` as it is), put the signature into
    `event`, and post that to `/v1/events`. Nothing is recorded or remembered here.
    """
    parts = parts_of(request)
    value = await read_object(request, parts.settings.max_event_bytes)
    asked = take(PrepareRequest, value)
    event = build_event(
        body=asked.body,
        kind=asked.kind,
        actor=asked.actor,
        issued_at=parts.clock() if asked.issued_at is None else asked.issued_at,
        nonce=parts.randomness(NONCE_BYTES)
        if asked.nonce is None
        else bytes.fromhex(asked.nonce[2:]),
    )
    warnings = await in_thread(parts, lambda: _warnings(parts, event.body))
    return Json(
        {
            "event": orjson.Fragment(event.encode()),
            "typedData": typed_data(event, parts.domain),
            "digest": "0x" + digest(event, parts.domain).hex(),
            "eventId": event.id.hex(),
            "warnings": warnings,
        }
    )


def _warnings(parts: Parts, body: Body) -> list[str]:
    """What the signer may not have meant; it is recorded all the same."""
    found = [ended(body, parts.clock())]
    if isinstance(body, AccessGranted) and body.versions:
        with snapshot(parts.log.database) as views:
            known = {
                version
                for version in body.versions
                if views.get(DatasetVersion, body.dataset, version) is not None
            }
        found.append(unpublished(body, known))
    return [sentence for sentence in found if sentence is not None]
