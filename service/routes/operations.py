"""For operators: does the process live, can it work, what has it done."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import BaseModel

from ledger.errors import Unavailable
from ledger.store.reads import snapshot
from service.answers import Json
from service.errors import ShuttingDown
from service.metrics import MEDIA_TYPE
from service.parts import Parts, growth_of, parts_of
from service.routes.tree import in_thread
from service.routing import StrictRoute

router = APIRouter(route_class=StrictRoute, tags=["operations"])


class Health(BaseModel):
    """That it is so."""

    status: str


class NotReady(Unavailable):
    """The log takes nothing any more."""

    code = "not-ready"


@router.get("/healthz", summary="The process answers", responses={200: {"model": Health}})
async def health(request: Request) -> Response:
    """Nothing is looked at."""
    del request
    return Json({"status": "alive"})


@router.get("/readyz", summary="It can read and append", responses={200: {"model": Health}})
async def ready(request: Request) -> Response:
    """Asks the database, and whether the log still takes events."""
    parts = parts_of(request)
    if growth_of(request).stopping:
        raise ShuttingDown("The service is being stopped.")
    await in_thread(parts, lambda: _check(parts))
    return Json({"status": "ready"})


def _check(parts: Parts) -> None:
    stopped = parts.log.stopped
    if stopped is not None:
        raise NotReady(f"The log takes nothing any more ({stopped.code}); see the service's log.")
    with snapshot(parts.log.database) as views:
        if views.size < parts.log.size:
            raise NotReady("The database holds less than was signed for; see the service's log.")


@router.get(
    "/metrics",
    summary="Figures for Prometheus",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
async def metrics(request: Request) -> Response:
    """In the text format of Prometheus."""
    return Response(parts_of(request).metrics.exposition(), 200, None, MEDIA_TYPE)
