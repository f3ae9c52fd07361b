"""Access decisions: OpenID AuthZEN Authorization API 1.0.

What the standard says of fields that are not known holds here: they are ignored. `at` is Concord's
own: the decision with what the log knew at an earlier point.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from fastapi import APIRouter, Request
from fastapi.responses import Response

from ledger.events.canonical import JsonObject
from ledger.store.evidence import SqlRows
from ledger.store.reads import EventFilter, Snapshot
from service.access import evaluations, open_page, search
from service.auditing import policies_at
from service.decisions import ACTIONS, RESOURCE_TYPE, SUBJECT_TYPE, Decider
from service.http.answers import Json
from service.http.bodies import read_object, take
from service.http.openapi import problems, request_body
from service.http.pages import Point, moment_of
from service.http.routing import StrictRoute
from service.parts import Parts, parts_of
from service.routes.tree import in_thread
from service.schemas.access import (
    ActionResults,
    ActionSearch,
    Decision,
    Decisions,
    EvaluationRequest,
    EvaluationsRequest,
    Metadata,
    ResourceResults,
    ResourceSearch,
    SubjectResults,
    SubjectSearch,
)

router = APIRouter(route_class=StrictRoute, tags=["access"])

BASE = "/access/v1"


@contextmanager
def deciding(parts: Parts, point: str | None) -> Iterator[Decider]:
    """What decides, in one snapshot, as of a point."""
    moment = moment_of(point, parts.log)
    with parts.log.database.read() as connection:
        at = moment.at
        if at is None:
            at = parts.clock() if point is None else _recorded_at(Snapshot(connection), moment.size)
        yield Decider(SqlRows(connection), moment.size, at, policies_at(parts, connection))


def _recorded_at(views: Snapshot, size: int) -> int:
    return views.events(EventFilter(start=size - 1, end=size), limit=1).rows[0].recorded_at


@router.post(
    BASE + "/evaluation",
    summary="May this subject do this with that?",
    openapi_extra=request_body(EvaluationRequest),
    responses={200: {"model": Decision}, **problems(404)},
)
async def evaluation(request: Request, *, at: Point = None) -> Response:
    """The answer names the reason, the grant and the events behind it."""
    parts = parts_of(request)
    value = await read_object(request, parts.settings.max_event_bytes)
    asked = take(EvaluationRequest, value)

    def read() -> JsonObject:
        with deciding(parts, at) as decider:
            return decider.evaluate(asked)

    return Json(await in_thread(parts, read))


@router.post(
    BASE + "/evaluations",
    summary="Many evaluations in one request",
    openapi_extra=request_body(EvaluationsRequest),
    responses={200: {"model": Decisions | Decision}, **problems(404)},
)
async def evaluation_list(request: Request, *, at: Point = None) -> Response:
    """`options.evaluations_semantic` says whether to stop at the first denial or permit."""
    parts = parts_of(request)
    value = await read_object(request, parts.settings.max_event_bytes)
    asked = take(EvaluationsRequest, value)

    def read() -> JsonObject:
        with deciding(parts, at) as decider:
            return evaluations(asked, decider.evaluate, parts.settings.max_evaluations)

    return Json(await in_thread(parts, read))


Find = Callable[[Decider], tuple[Iterable[str], Callable[[str], JsonObject]]]
"""The candidates of a search, and the question about each of them."""


async def _search(
    request: Request, asked: JsonObject, find: Find, entity: Callable[[str], JsonObject]
) -> Response:
    parts = parts_of(request)
    page = asked.get("page")
    question = {name: value for name, value in asked.items() if name != "page"}
    cursor = open_page(question, page if isinstance(page, dict) else None)

    def read() -> JsonObject:
        with deciding(parts, None) as decider:
            candidates, ask = find(decider)

            def permits(candidate: str) -> bool:
                evaluated = decider.evaluate(take(EvaluationRequest, ask(candidate)))
                return evaluated["decision"] is True

            return search(cursor, candidates, permits, entity)

    return Json(await in_thread(parts, read))


Search = SubjectSearch | ResourceSearch | ActionSearch


async def _asked(request: Request, model: type[Search]) -> JsonObject:
    settings = parts_of(request).settings
    value = await read_object(request, settings.max_event_bytes)
    return take(model, value).model_dump(exclude_none=True)


@router.post(
    BASE + "/search/subject",
    summary="Which members may do this with that?",
    openapi_extra=request_body(SubjectSearch),
    responses={200: {"model": SubjectResults}},
)
async def search_subjects(request: Request) -> Response:
    """Ascending by address; `page.next_token` goes on."""
    asked = await _asked(request, SubjectSearch)
    subject_type, resource = asked["subject"], asked["resource"]

    def find(decider: Decider) -> tuple[Iterable[str], Callable[[str], JsonObject]]:
        dataset = resource["id"] if isinstance(resource, dict) else ""
        return decider.subjects_of(str(dataset)), ask

    def ask(member: str) -> JsonObject:
        subject = subject_type if isinstance(subject_type, dict) else {}
        return asked | {"subject": subject | {"id": member}}

    return await _search(request, asked, find, lambda m: {"type": SUBJECT_TYPE, "id": m})


@router.post(
    BASE + "/search/resource",
    summary="With which datasets may this member do this?",
    openapi_extra=request_body(ResourceSearch),
    responses={200: {"model": ResourceResults}},
)
async def search_resources(request: Request) -> Response:
    """Ascending by id; `page.next_token` goes on."""
    asked = await _asked(request, ResourceSearch)
    subject, resource_type = asked["subject"], asked["resource"]

    def find(decider: Decider) -> tuple[Iterable[str], Callable[[str], JsonObject]]:
        member = subject["id"] if isinstance(subject, dict) else ""
        return decider.resources_of(str(member)), ask

    def ask(dataset: str) -> JsonObject:
        resource = resource_type if isinstance(resource_type, dict) else {}
        return asked | {"resource": resource | {"id": dataset}}

    return await _search(request, asked, find, lambda d: {"type": RESOURCE_TYPE, "id": d})


@router.post(
    BASE + "/search/action",
    summary="What may this member do with that?",
    openapi_extra=request_body(ActionSearch),
    responses={200: {"model": ActionResults}},
)
async def search_actions(request: Request) -> Response:
    """Ascending by name."""
    asked = await _asked(request, ActionSearch)

    def find(decider: Decider) -> tuple[Iterable[str], Callable[[str], JsonObject]]:
        del decider
        return sorted(ACTIONS), lambda action: asked | {"action": {"name": action}}

    return await _search(request, asked, find, lambda a: {"name": a})


@router.get(
    "/.well-known/authzen-configuration",
    summary="Where the decision point's endpoints are",
    responses={200: {"model": Metadata}},
)
async def metadata(request: Request) -> Response:
    """Absolute URLs, from `CONCORD_PUBLIC_URL` or the request's own host."""
    public = parts_of(request).settings.public_url
    base = public or str(request.base_url).rstrip("/")
    return Json(
        {
            "policy_decision_point": base,
            "access_evaluation_endpoint": f"{base}{BASE}/evaluation",
            "access_evaluations_endpoint": f"{base}{BASE}/evaluations",
            "search_subject_endpoint": f"{base}{BASE}/search/subject",
            "search_resource_endpoint": f"{base}{BASE}/search/resource",
            "search_action_endpoint": f"{base}{BASE}/search/action",
        }
    )
