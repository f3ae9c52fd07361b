"""Grants, as they stand or as they stood.

A grant's history is in its facts: what it was at an earlier size is what these say up to then.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Literal

from fastapi import APIRouter, Request
from fastapi.responses import Response

from ledger.store.reads import snapshot
from ledger.views.records import Grant, GrantChange
from service.http.answers import Json
from service.http.openapi import problems
from service.http.pages import (
    DEFAULT_PAGE,
    After,
    Limit,
    Point,
    decode_cursor,
    encode_cursor,
    moment_of,
)
from service.http.routing import StrictRoute
from service.parts import parts_of
from service.resources import resource
from service.routes.resources import AddressFilter, Filters, Id, IdFilter, missing
from service.routes.tree import in_thread
from service.schemas import base, resources

router = APIRouter(route_class=StrictRoute, tags=["resources"])

_STATUS_AFTER = {
    "granted": "active",
    "suspended": "suspended",
    "resumed": "active",
    "revoked": "revoked",
    "expired": "expired",
}


def grant_at(grant: Grant, changes: Sequence[GrantChange], size: int) -> Grant | None:
    """A grant as the log knew it at a size; None where it was not given yet.

    Args:
        grant: as it stands now.
        changes: what happened to it, in the order of the log.
        size: events with a smaller index had been recorded.
    """
    if grant.index >= size:
        return None
    status, expires_at = "active", grant.expires_at
    for change in changes:
        if change.index >= size:
            break
        if change.expires_at is not None:
            expires_at = change.expires_at
        if change.change == "renewed":
            status = "active" if status == "expired" else status
        else:
            status = _STATUS_AFTER[change.change]
    return dataclasses.replace(grant, status=status, expires_at=expires_at)


@router.get("/v1/grants", responses={200: {"model": base.Page[resources.GrantView]}})
async def grants(
    request: Request,
    *,
    dataset: IdFilter = None,
    assignee: AddressFilter = None,
    status: Literal["active", "suspended", "revoked", "expired"] | None = None,
    at: Point = None,
    limit: Limit = DEFAULT_PAGE,
    after: After = None,
) -> Response:
    """Who may do what with which dataset. With `at`, a page may hold fewer than `limit`."""
    parts = parts_of(request)
    key = decode_cursor(after)
    # What a status was is known only once the facts have been read.
    now = None if at else status
    columns: Filters = {"dataset": dataset, "assignee": assignee, "status": now}
    wanted = {name: value for name, value in columns.items() if value is not None}

    def read() -> dict[str, object]:
        size = moment_of(at, parts.log).size
        with snapshot(parts.log.database) as views:
            page = views.page(Grant, wanted, after=key, limit=limit)
            rows = list(page.rows)
            if at is not None:
                ids = [row.grant for row in rows]
                facts = views.where_in(GrantChange, "grant", ids) if ids else []
                then = (
                    grant_at(row, [c for c in facts if c.grant == row.grant], size) for row in rows
                )
                rows = [row for row in then if row is not None and status in {None, row.status}]
        return {
            "items": [resource(row) for row in rows],
            "next": encode_cursor(page.next),
            "size": size if at is not None else page.size,
        }

    return Json(await in_thread(parts, read))


@router.get(
    "/v1/grants/{grant}", responses={200: {"model": resources.GrantDetail}, **problems(404)}
)
async def grant(request: Request, grant: Id, *, at: Point = None) -> Response:
    """One grant with its history, up to `at`."""
    parts = parts_of(request)

    def read() -> dict[str, object]:
        size = moment_of(at, parts.log).size
        with snapshot(parts.log.database) as views:
            row = views.get(Grant, grant)
            changes = views.where(GrantChange, "grant", grant)
        then = grant_at(row, changes, size) if row is not None else None
        if then is None:
            raise missing(Grant, grant)
        history = [resource(c) for c in changes if c.index < size]
        for change in history:
            del change["grant"]
        return resource(then) | {"changes": history}

    return Json(await in_thread(parts, read))
