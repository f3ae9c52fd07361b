"""Policies that the members adopted, each with what it demands."""

from __future__ import annotations

from collections.abc import Sequence

import orjson
from fastapi import APIRouter, Request
from fastapi.responses import Response

from governance.mirror.texts import instant
from governance.policies import PolicyBook, adopted_versions, demands
from ledger.store.reads import Snapshot
from ledger.views.records import PolicyVersion
from service.http.answers import Json
from service.http.errors import InvalidParameter, NoSuchResource
from service.http.openapi import problems
from service.http.pages import DEFAULT_PAGE, After, Limit, decode_cursor, encode_cursor
from service.http.routing import StrictRoute
from service.parts import parts_of
from service.places import place_of
from service.routes.chain import dao_of
from service.routes.resources import Id
from service.routes.tree import in_thread
from service.schemas.base import Page
from service.schemas.policies import PolicyDetail, PolicyVersionView

router = APIRouter(route_class=StrictRoute, tags=["dao"])


@router.get(
    "/v1/policies",
    summary="Policies in force",
    responses={200: {"model": Page[PolicyVersionView]}, **problems(404)},
)
async def policies(
    request: Request, *, limit: Limit = DEFAULT_PAGE, after: After = None
) -> Response:
    """The latest version of each, by name; `problem` says where one does not bind."""
    parts = parts_of(request)
    book = dao_of(parts).policies
    key = decode_cursor(after)
    if key is not None and (len(key) != 1 or not isinstance(key[0], str)):
        raise InvalidParameter("after: take `next` of the page before, as it is.")
    last = str(key[0]) if key else ""

    def read() -> dict[str, object]:
        with parts.log.database.read() as connection:
            views = Snapshot(connection)
            latest = {row.policy: row for row in adopted_versions(connection)}
            rows = [latest[name] for name in sorted(latest) if name > last]
            shown = rows[:limit]
            book.load(shown)
            going_on = (shown[-1].policy,) if len(rows) > limit else None
            return {
                "items": [_json(book, views, row) for row in shown],
                "next": encode_cursor(going_on),
                "size": views.size,
            }

    return Json(await in_thread(parts, read))


@router.get(
    "/v1/policies/{policy}",
    summary="One policy with all its versions",
    responses={200: {"model": PolicyDetail}, **problems(404)},
)
async def policy(request: Request, policy: Id) -> Response:
    """The latest version, and `versions`, the latest first."""
    parts = parts_of(request)
    book = dao_of(parts).policies

    def read() -> dict[str, object]:
        with parts.log.database.read() as connection:
            views = Snapshot(connection)
            rows = views.where(PolicyVersion, "policy", policy)
            if not rows:
                raise NoSuchResource(f"No policy {policy} was adopted.")
            book.load(rows)
            versions = _newest_first(book, views, rows)
        return versions[0] | {"versions": versions}

    return Json(await in_thread(parts, read))


def _newest_first(
    book: PolicyBook, views: Snapshot, rows: Sequence[PolicyVersion]
) -> list[dict[str, object]]:
    ordered = sorted(rows, key=lambda row: row.version, reverse=True)
    return [_json(book, views, row) for row in ordered]


def _json(book: PolicyBook, views: Snapshot, row: PolicyVersion) -> dict[str, object]:
    document = book.document_of(row)
    return {
        "policy": row.policy,
        "version": row.version,
        "digest": row.digest,
        "content": row.content,
        "parameters": row.parameters,
        "adoptedAt": instant(row.adopted_at // 1000),
        "document": None if document is None else orjson.Fragment(document.document),
        "sentences": [] if document is None else list(demands(document)),
        "problem": book.problem_of(row),
        "chain": place_of(views, row.index),
    }
