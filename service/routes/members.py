"""Members as they stand, with the keys that sign on their behalf.

A name may stand in a member's profile instead of in the log, so that the database cannot search for
it: members are looked through here, so many for one answer, whose `next` goes on behind them.
"""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import APIRouter, Request
from fastapi.responses import Response

from ledger.store.reads import MAX_PAGE, Page, Snapshot, snapshot
from ledger.store.search import words_of
from ledger.views.records import AuthorizedKey, Member
from ledger.views.state import Key, key_of
from service.http.answers import Json
from service.http.openapi import problems
from service.http.pages import (
    DEFAULT_PAGE,
    After,
    Limit,
    Search,
    decode_cursor,
    encode_cursor,
)
from service.http.routing import StrictRoute
from service.parts import Parts, parts_of
from service.resources import resource
from service.routes.resources import AddressPath, Filters, address_of, missing, rows_of
from service.routes.tree import in_thread
from service.schemas import base, resources

router = APIRouter(route_class=StrictRoute, tags=["resources"])

_LOOKED_THROUGH = 10 * MAX_PAGE
"""Members that one search looks at, at most; as many names are kept in memory."""


@router.get("/v1/members", responses={200: {"model": base.Page[resources.MemberView]}})
async def members(
    request: Request,
    *,
    active: bool | None = None,
    search: Search = "",
    limit: Limit = DEFAULT_PAGE,
    after: After = None,
) -> Response:
    """Organisations that take part, or did. With `search`, a page may hold fewer than `limit`."""
    parts = parts_of(request)
    wanted: Filters = {} if active is None else {"active": active}
    key, words = decode_cursor(after), words_of(search.casefold())

    def read() -> dict[str, object]:
        with snapshot(parts.log.database) as views:
            if words:
                page = _found(parts, views, wanted, words, after=key, limit=limit)
            else:
                page = views.page(Member, wanted, after=key, limit=limit)
        return {
            "items": [_member(parts, row) for row in page.rows],
            "next": encode_cursor(page.next),
            "size": page.size,
        }

    return Json(await in_thread(parts, read))


def _found(
    parts: Parts,
    views: Snapshot,
    wanted: Filters,
    words: Sequence[str],
    *,
    after: Key | None,
    limit: int,
) -> Page[Member]:
    found: list[Member] = []
    following = after
    for _ in range(_LOOKED_THROUGH // MAX_PAGE):
        page = views.page(Member, wanted, after=following, limit=MAX_PAGE)
        for row in page.rows:
            if not _holds(parts, row, words):
                continue
            if len(found) == limit:
                return Page(tuple(found), key_of(found[-1]), page.size)
            found.append(row)
        following = page.next
        if following is None:
            break
    return Page(tuple(found), following, page.size)


def _holds(parts: Parts, row: Member, words: Sequence[str]) -> bool:
    texts = (row.member.casefold(), (parts.profiles.name_of(row) or "").casefold())
    return all(any(word in text for text in texts) for word in words)


def _member(parts: Parts, row: Member) -> dict[str, object]:
    return resource(row) | {"name": parts.profiles.name_of(row)}


@router.get(
    "/v1/members/{member}",
    responses={200: {"model": resources.MemberDetail}, **problems(404)},
)
async def member(request: Request, member: AddressPath) -> Response:
    """One member, with the keys that sign on its behalf."""
    parts, address = parts_of(request), address_of(member)

    def read() -> dict[str, object]:
        with snapshot(parts.log.database) as views:
            row = views.get(Member, address)
            if row is None:
                raise missing(Member, address)
            keys = rows_of(views, AuthorizedKey, "member", address)
        return _member(parts, row) | {"keys": keys}

    return Json(await in_thread(parts, read))
