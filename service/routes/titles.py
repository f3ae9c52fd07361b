"""What datasets, models and runs are called, many at once, for whoever shows them to people."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from ledger.store.evidence import SqlRows
from service.http.answers import Json
from service.http.errors import InvalidParameter
from service.http.routing import StrictRoute
from service.parts import parts_of
from service.routes.tree import in_thread
from service.schemas.audits import TitlesView
from service.titles import titles_of

router = APIRouter(route_class=StrictRoute, tags=["resources"])

MAX_TITLES = 100
_NAME = r"(dataset|model|run):[a-z0-9][a-z0-9._-]{0,127}"
_NAMED = re.compile(_NAME)


@router.get(
    "/v1/titles", summary="What many things are called", responses={200: {"model": TitlesView}}
)
async def titles(
    request: Request,
    *,
    of: Annotated[
        str,
        Query(
            max_length=20_000,
            description="Such as `dataset:records,model:tumours,run:run-1`; 100 at most.",
            json_schema_extra={"pattern": rf"^{_NAME}(,{_NAME}){{0,{MAX_TITLES - 1}}}$"},
        ),
    ],
) -> Response:
    """Titles of datasets and models, jobs of runs, in the order asked for; null where it is sealed,
    or there is none of that name.
    """
    parts = parts_of(request)
    wanted = list(dict.fromkeys(of.split(",")))
    if not all(map(_NAMED.fullmatch, wanted)):
        raise InvalidParameter("of: such as dataset:records,model:tumours,run:run-1.")
    if len(wanted) > MAX_TITLES:
        raise InvalidParameter(f"of: {MAX_TITLES} names at most, not {len(wanted)}.")

    def read() -> object:
        with parts.log.database.read() as connection:
            found = titles_of(SqlRows(connection), wanted)
        return {"items": [{"node": node, "title": found.get(node)} for node in wanted]}

    return Json(await in_thread(parts, read))
