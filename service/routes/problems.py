"""What a problem means and what to do next: the page that its `type` names."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from fastapi.responses import PlainTextResponse

from service.http.catalogue import entries, text_of
from service.http.errors import NoSuchResource
from service.http.headers import A_MINUTE
from service.http.openapi import problems
from service.http.routing import StrictRoute

router = APIRouter(route_class=StrictRoute, tags=["operations"])


@router.get(
    "/problems/{code}",
    summary="What a problem means, and what to do next",
    response_class=PlainTextResponse,
    responses=problems(404),
)
async def problem(
    code: Annotated[str, Path(pattern=r"^[a-z0-9-]{1,60}$", description="as in a problem's code")],
) -> PlainTextResponse:
    """Text for people. All of them stand in docs/problems.md."""
    entry = entries().get(code)
    if entry is None:
        raise NoSuchResource(f"There is no problem {code}; docs/problems.md lists them all.")
    return PlainTextResponse(text_of(entry), 200, {"Cache-Control": A_MINUTE})
