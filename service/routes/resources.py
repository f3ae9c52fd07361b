"""Datasets, requests, runs and models as they stand.

Lists are pages in the order of their ids; every filter must match, and every word of a search.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Literal, TypeVar

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response

from ledger.events.identifiers import check_address
from ledger.store.columns import ColumnValue
from ledger.store.reads import Page, Snapshot, snapshot
from ledger.views.records import (
    AccessRequest,
    Dataset,
    DatasetVersion,
    Erasure,
    Model,
    ModelVersion,
    Record,
    Run,
    RunInput,
    RunOutput,
)
from ledger.views.state import Key
from service.http.answers import Json
from service.http.errors import InvalidParameter, NoSuchResource
from service.http.openapi import problems
from service.http.pages import DEFAULT_PAGE, After, Limit, Search, decode_cursor, encode_cursor
from service.http.routing import StrictRoute
from service.latest import latest_of
from service.parts import Parts, parts_of
from service.resources import resource, sealed_in
from service.routes.tree import in_thread
from service.schemas import base, resources

R = TypeVar("R", bound=Record)
Filters = Mapping[str, ColumnValue]

router = APIRouter(route_class=StrictRoute, tags=["resources"])

_ID = r"^[a-z0-9][a-z0-9._-]{0,127}$"
Id = Annotated[str, Path(pattern=_ID)]
AnyVersion = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9._+-]{0,63}$")]
AddressPath = Annotated[str, Path(pattern=r"^0x[0-9a-fA-F]{40}$", description="In EIP-55.")]
IdFilter = Annotated[str | None, Query(pattern=_ID)]
AddressFilter = Annotated[
    str | None, Query(pattern=r"^0x[0-9a-fA-F]{40}$", description="In EIP-55.")
]


def address_of(text: str) -> str:
    """The address, if its checksum is right.

    Raises:
        InvalidParameter: with the right spelling.
    """
    try:
        return check_address(text)
    except ValueError as error:
        raise InvalidParameter(f"{error}.") from error


def erased_among(rows: Iterable[Record], views: Snapshot) -> frozenset[str]:
    """Which of the commitments that these rows show open nothing any more."""
    commitments = [commitment for row in rows for commitment in sealed_in(row)]
    if not commitments:
        return frozenset()
    return frozenset(e.commitment for e in views.where_in(Erasure, "commitment", commitments))


def page_of(page: Page[R], views: Snapshot) -> dict[str, object]:
    """A page of resources."""
    erased = erased_among(page.rows, views)
    return {
        "items": [resource(row, erased) for row in page.rows],
        "next": encode_cursor(page.next),
        "size": page.size,
    }


async def listed(
    parts: Parts,
    record: type[R],
    filters: Filters,
    limit: int,
    after: str | None,
    *,
    search: str = "",
) -> Response:
    """Answers with one page of a view."""
    wanted = {name: value for name, value in filters.items() if value is not None}
    key: Key | None = decode_cursor(after)

    def read() -> dict[str, object]:
        with snapshot(parts.log.database) as views:
            page = views.page(record, wanted, search=search, after=key, limit=limit)
            return page_of(page, views)

    return Json(await in_thread(parts, read))


Extend = Callable[[Snapshot], dict[str, object]]


async def shown(parts: Parts, record: type[R], *key: str, extend: Extend | None = None) -> Response:
    """Answers with one resource, and what belongs to it."""

    def read() -> dict[str, object]:
        with snapshot(parts.log.database) as views:
            row = views.get(record, *key)
            if row is None:
                raise missing(record, *key)
            answer = resource(row, erased_among([row], views))
            return answer | (extend(views) if extend else {})

    return Json(await in_thread(parts, read))


def missing(record: type[Record], *key: str) -> NoSuchResource:
    """What those get who ask for something that is not recorded."""
    kind = record.TABLE.removeprefix("access_").replace("_", " ")
    return NoSuchResource(f"No {kind} {' '.join(key)} is recorded.")


def rows_of(views: Snapshot, record: type[R], field: str, value: str) -> list[dict[str, object]]:
    """Rows that belong to a resource, as resources."""
    rows = views.where(record, field, value)
    erased = erased_among(rows, views)
    return [
        {name: item for name, item in resource(row, erased).items() if name != field}
        for row in rows
    ]


@router.get("/v1/datasets", responses={200: {"model": base.Page[resources.DatasetView]}})
async def datasets(
    request: Request,
    *,
    steward: AddressFilter = None,
    search: Search = "",
    limit: Limit = DEFAULT_PAGE,
    after: After = None,
) -> Response:
    """Datasets with their terms."""
    filters: Filters = {"steward": steward}
    return await listed(parts_of(request), Dataset, filters, limit, after, search=search)


@router.get(
    "/v1/datasets/{dataset}",
    responses={200: {"model": resources.DatasetView}, **problems(404)},
)
async def dataset(request: Request, dataset: Id) -> Response:
    """One dataset."""
    return await shown(parts_of(request), Dataset, dataset)


@router.get(
    "/v1/datasets/{dataset}/versions",
    responses={200: {"model": base.Page[resources.DatasetVersionView]}},
)
async def dataset_versions(
    request: Request, dataset: Id, *, limit: Limit = DEFAULT_PAGE, after: After = None
) -> Response:
    """The versions of a dataset, none where it has none or is unknown."""
    return await listed(parts_of(request), DatasetVersion, {"dataset": dataset}, limit, after)


@router.get("/v1/requests", responses={200: {"model": base.Page[resources.RequestView]}})
async def requests(
    request: Request,
    *,
    dataset: IdFilter = None,
    requester: AddressFilter = None,
    status: Literal["open", "returned", "denied", "granted"] | None = None,
    limit: Limit = DEFAULT_PAGE,
    after: After = None,
) -> Response:
    """Requests for access and what became of them."""
    filters: Filters = {"dataset": dataset, "requester": requester, "status": status}
    return await listed(parts_of(request), AccessRequest, filters, limit, after)


@router.get(
    "/v1/requests/{access_request}",
    responses={200: {"model": resources.RequestView}, **problems(404)},
)
async def access_request(request: Request, access_request: Id) -> Response:
    """One request for access."""
    return await shown(parts_of(request), AccessRequest, access_request)


@router.get("/v1/runs", responses={200: {"model": base.Page[resources.RunView]}})
async def runs(
    request: Request,
    *,
    developer: AddressFilter = None,
    status: Literal["started", "completed", "failed"] | None = None,
    limit: Limit = DEFAULT_PAGE,
    after: After = None,
) -> Response:
    """Training runs."""
    filters: Filters = {"developer": developer, "status": status}
    return await listed(parts_of(request), Run, filters, limit, after)


@router.get("/v1/runs/{run}", responses={200: {"model": resources.RunDetail}, **problems(404)})
async def run(request: Request, run: Id) -> Response:
    """One run, with what it read and made."""

    def extend(views: Snapshot) -> dict[str, object]:
        return {
            name: [_without_position(row) for row in rows_of(views, record, "run", run)]
            for name, record in (("inputs", RunInput), ("outputs", RunOutput))
        }

    return await shown(parts_of(request), Run, run, extend=extend)


def _without_position(row: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in row.items() if name != "position"}


@router.get(
    "/v1/models",
    responses={
        200: {"model": base.Page[resources.ModelView] | base.Page[resources.ModelWithLatest]}
    },
)
async def models(
    request: Request,
    *,
    owner: AddressFilter = None,
    include: Annotated[
        Literal["latest"] | None,
        Query(description="`latest` adds each model's newest version and its verdict."),
    ] = None,
    search: Search = "",
    limit: Limit = DEFAULT_PAGE,
    after: After = None,
) -> Response:
    """Models and their owners."""
    parts = parts_of(request)
    if include is None:
        return await listed(parts, Model, {"owner": owner}, limit, after, search=search)
    wanted: Filters = {} if owner is None else {"owner": owner}
    key = decode_cursor(after)

    def read() -> dict[str, object]:
        with snapshot(parts.log.database) as views:
            page = views.page(Model, wanted, search=search, after=key, limit=limit)
            erased = erased_among(page.rows, views)
            names = [row.model for row in page.rows]
            newest = views.newest_of(ModelVersion, "model", names)
        latest = latest_of(parts, names, newest)
        items = [resource(row, erased) | more for row, more in zip(page.rows, latest, strict=True)]
        return {"items": items, "next": encode_cursor(page.next), "size": page.size}

    return Json(await in_thread(parts, read))


@router.get("/v1/models/{model}", responses={200: {"model": resources.ModelView}, **problems(404)})
async def model(request: Request, model: Id) -> Response:
    """One model."""
    return await shown(parts_of(request), Model, model)


@router.get(
    "/v1/models/{model}/versions",
    responses={200: {"model": base.Page[resources.ModelVersionView]}},
)
async def model_versions(
    request: Request, model: Id, *, limit: Limit = DEFAULT_PAGE, after: After = None
) -> Response:
    """The versions of a model, none where it has none or is unknown."""
    return await listed(parts_of(request), ModelVersion, {"model": model}, limit, after)


@router.get(
    "/v1/models/{model}/versions/{version}",
    responses={200: {"model": resources.ModelVersionView}, **problems(404)},
)
async def model_version(request: Request, model: Id, version: AnyVersion) -> Response:
    """One version of a model."""
    return await shown(parts_of(request), ModelVersion, model, version)
