"""Who holds the voting token, and who votes with it."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import APIRouter, Request
from fastapi.responses import Response

from ledger.store.governance import HolderKey, largest_holders
from ledger.store.reads import Snapshot
from ledger.views.records import Member, TokenHolder
from service.holders import Holding, holding_of, read_holding, read_supply
from service.http.answers import Json
from service.http.errors import InvalidParameter, NoSuchResource
from service.http.openapi import problems
from service.http.pages import DEFAULT_PAGE, After, Limit, decode_cursor, encode_cursor
from service.http.routing import StrictRoute
from service.parts import parts_of
from service.routes.chain import dao_of, on_chain
from service.routes.resources import AddressPath, address_of
from service.schemas.money import HolderPage, HolderView

router = APIRouter(route_class=StrictRoute, tags=["dao"])


@router.get(
    "/v1/token/holders",
    summary="Accounts with tokens or votes, the largest first",
    responses={200: {"model": HolderPage}, **problems(404)},
)
async def holders(
    request: Request, *, limit: Limit = DEFAULT_PAGE, after: After = None
) -> Response:
    """As the log has them at that size, moments after the chain; one account is read there."""
    parts = parts_of(request)
    dao, key = dao_of(parts), _holder_key(after)

    def read() -> dict[str, object]:
        with parts.log.database.read() as connection:
            rows = largest_holders(connection, after=key, limit=limit + 1)
            views = Snapshot(connection)
            members = _members(views, [row.holder for row in rows[:limit]])
            size = views.size
        last = rows[limit - 1] if len(rows) > limit else None
        supply = read_supply(dao.reader, dao.addresses.token)
        return {
            "items": [
                _json(holding_of(row, supply), parts.profiles.name_of(members.get(row.holder)))
                for row in rows[:limit]
            ],
            "next": encode_cursor(None if last is None else (last.balance, last.holder)),
            "size": size,
        }

    return Json(await on_chain(dao, read))


def _holder_key(after: str | None) -> HolderKey | None:
    key = decode_cursor(after)
    if key is None:
        return None
    if len(key) == 2 and isinstance(key[0], str) and isinstance(key[1], str):
        return HolderKey(key[0], key[1])
    raise InvalidParameter("after: take `next` of the page before, as it is.")


def _members(views: Snapshot, accounts: Sequence[str]) -> dict[str, Member]:
    rows = views.where_in(Member, "member", accounts) if accounts else []
    return {row.member: row for row in rows}


def _json(holding: Holding, name: str | None) -> dict[str, object]:
    return {
        "account": holding.account,
        "name": name,
        "balance": str(holding.balance),
        "delegatee": holding.delegatee,
        "votes": str(holding.votes),
        "share": holding.share,
    }


@router.get(
    "/v1/token/holders/{account}",
    summary="What one account holds, and how many votes it has",
    responses={200: {"model": HolderView}, **problems(404)},
)
async def holder(request: Request, account: AddressPath) -> Response:
    """As the token has it now. 404 for an account that is no member and never had a token or a
    vote.
    """
    parts, address = parts_of(request), address_of(account)
    dao = dao_of(parts)

    def read() -> dict[str, object]:
        with parts.log.database.read() as connection:
            views = Snapshot(connection)
            members = _members(views, [address])
            known = views.get(TokenHolder, address)
        held = read_holding(dao.reader, dao.addresses.token, address)
        if not members and known is None and not (held.balance or held.votes):
            raise NoSuchResource(f"{address} is no member, and holds no tokens and no votes.")
        return _json(held, parts.profiles.name_of(members.get(address)))

    return Json(await on_chain(dao, read))
