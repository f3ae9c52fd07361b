"""For operators: does the process live, can it work, what has it done."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import BaseModel

from service.http.answers import Json
from service.http.errors import ShuttingDown
from service.http.routing import StrictRoute
from service.metrics import MEDIA_TYPE
from service.parts import Parts, growth_of, parts_of, readiness_of
from service.readiness import NotReady

router = APIRouter(route_class=StrictRoute, tags=["operations"])


class Health(BaseModel):
    """That it is so."""

    status: str


class Waiting(BaseModel):
    """Work in the background that waits for something which does not answer."""

    worker: str
    code: str
    reason: str


class Readiness(Health):
    """That it is so, and what waits nevertheless."""

    waiting: list[Waiting]


@router.get("/healthz", summary="The process answers", responses={200: {"model": Health}})
async def health(request: Request) -> Response:
    """Nothing is looked at."""
    del request
    return Json({"status": "alive"})


@router.get("/readyz", summary="It can read and append", responses={200: {"model": Readiness}})
async def ready(request: Request) -> Response:
    """Asks the database, whether the log still takes events, and the work in the background.

    Answered within a second, whatever hangs.
    """
    parts = parts_of(request)
    if growth_of(request).stopping:
        raise ShuttingDown("The service is being stopped.")
    _require_work(parts)
    await readiness_of(request).require()
    return Json({"status": "ready", "waiting": _waiting(parts)})


def _waiting(parts: Parts) -> list[dict[str, str | None]]:
    states = () if parts.dao is None else parts.dao.background.states
    return [
        {"worker": state.name, "code": state.code, "reason": state.reason}
        for state in states
        if state.state == "waiting"
    ]


def _require_work(parts: Parts) -> None:
    """Raises `NotReady` where the log or work in the background has stopped for good."""
    stopped = parts.log.stopped
    if stopped is not None:
        raise NotReady(f"The log takes nothing any more ({stopped.code}); see the service's log.")
    if parts.dao is not None:
        stopped_workers = [
            f"The {worker.name} has stopped ({worker.code}): {worker.reason}"
            for worker in parts.dao.background.states
            if worker.state == "stopped"
        ]
        if stopped_workers:
            raise NotReady(" ".join(stopped_workers))


@router.get(
    "/metrics",
    summary="Figures for Prometheus",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
async def metrics(request: Request) -> Response:
    """In the text format of Prometheus."""
    return Response(parts_of(request).metrics.exposition(), 200, None, MEDIA_TYPE)
