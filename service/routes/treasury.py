"""What the DAO owns, and what it has paid."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from governance.mirror.texts import instant
from ledger.store.reads import Snapshot
from service.http.answers import Json
from service.http.errors import InvalidParameter
from service.http.openapi import problems
from service.http.pages import DEFAULT_PAGE, After, Limit, decode_cursor, encode_cursor
from service.http.routing import StrictRoute
from service.parts import Parts, parts_of
from service.places import place_of
from service.routes.chain import dao_of, on_chain
from service.routes.dao import TOKEN_DECIMALS
from service.routes.tree import in_thread
from service.schemas.money import PaymentPage, TreasuryView
from service.treasury import Payment, PaymentKey, read_balances, read_payments

router = APIRouter(route_class=StrictRoute, tags=["dao"])

LAST_PAYMENTS = 10


@router.get(
    "/v1/treasury",
    summary="What the DAO owns, and its last payments",
    responses={200: {"model": TreasuryView}, **problems(404)},
)
async def treasury(request: Request) -> Response:
    """It belongs to the timelock: only a proposal that was voted for spends it."""
    parts = parts_of(request)
    dao = dao_of(parts)

    def read() -> dict[str, object]:
        coins, tokens = read_balances(dao.reader, dao.addresses)
        token = {
            "token": dao.addresses.token,
            "symbol": dao.plan.parameters.token_symbol,
            "decimals": TOKEN_DECIMALS,
            "balance": str(tokens),
        }
        return {
            "account": dao.addresses.timelock,
            "coins": str(coins),
            "tokens": [token],
            "payments": {"items": _page(parts, None, LAST_PAYMENTS)["items"]},
        }

    return Json(await on_chain(dao, read))


@router.get(
    "/v1/treasury/payments",
    summary="Payments from the treasury, the last one first",
    responses={200: {"model": PaymentPage}, **problems(404)},
)
async def payments(
    request: Request, *, limit: Limit = DEFAULT_PAGE, after: After = None
) -> Response:
    """From the log: calls of executed proposals. A page may hold fewer than `limit`."""
    parts = parts_of(request)
    dao_of(parts)
    key = _payment_key(after)
    return Json(await in_thread(parts, lambda: _page(parts, key, limit)))


def _payment_key(after: str | None) -> PaymentKey | None:
    key = decode_cursor(after)
    if key is None:
        return None
    if len(key) == 2 and isinstance(key[0], int) and isinstance(key[1], int):
        return PaymentKey(key[0], key[1])
    raise InvalidParameter("after: take `next` of the page before, as it is.")


def _page(parts: Parts, after: PaymentKey | None, limit: int) -> dict[str, object]:
    at = dao_of(parts).addresses
    with parts.log.database.read() as connection:
        page = read_payments(connection, at, after=after, limit=limit)
        views = Snapshot(connection)
        going_on = None if page.next is None else (page.next.index, page.next.position)
        return {
            "items": [_json(views, each) for each in page.payments],
            "next": encode_cursor(going_on),
            "size": views.size,
        }


def _json(views: Snapshot, payment: Payment) -> dict[str, object]:
    return {
        "token": payment.token,
        "to": payment.to,
        "amount": str(payment.amount),
        "proposal": payment.execution.proposal,
        "at": instant(payment.execution.at // 1000),
        "chain": place_of(views, payment.execution.index),
    }
