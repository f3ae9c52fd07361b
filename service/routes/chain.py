"""The chain's own interface: JSON-RPC, as wallets and other people's tools speak it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from fastapi import APIRouter, Request
from fastapi.responses import Response

from ledger.errors import NotFound
from service.dao_workers import MIRROR
from service.http.bodies import read_body
from service.http.openapi import problems
from service.http.routing import StrictRoute
from service.parts import Parts, parts_of
from service.signin.gate import require_session
from service.signin.open_rpc import takes_no_session

if TYPE_CHECKING:
    from service.dao import Dao

T = TypeVar("T")

router = APIRouter(route_class=StrictRoute, tags=["chain"])

_SENDS = b"eth_sendRawTransaction"


class NoDao(NotFound):
    """This ledger names no contracts, so there is no chain and nothing to vote on."""

    code = "no-dao"
    remedy = "Use a ledger that was made with a DAO; one is not added later."


def dao_of(parts: Parts) -> Dao:
    """The DAO of the ledger that is served.

    Raises:
        NoDao: it has none.
    """
    if parts.dao is None:
        raise NoDao("This ledger was made without contracts; there is no chain behind it.")
    return parts.dao


async def on_chain(dao: Dao, ask: Callable[[], T]) -> T:
    """Runs what asks the chain beside the event loop."""
    return await asyncio.get_running_loop().run_in_executor(dao.threads, ask)


@router.post(
    "/rpc",
    summary="Ask the chain, or send it a transaction (JSON-RPC 2.0)",
    responses={
        200: {"content": {"application/json": {}}},
        204: {},
        **problems(401, 404, 408, 413, 415),
    },
)
async def rpc(request: Request) -> Response:
    """Single requests and batches. Errors of the chain are in the answer, with their revert data.

    On an embedded chain members alone can send transactions, and pay nothing for them. Where reads
    are for members, what reads contracts, blocks, transactions or logs takes a session.
    """
    parts = parts_of(request)
    body = await read_body(request, parts.settings.max_rpc_bytes)
    if parts.settings.reads == "members" and not takes_no_session(body):
        await require_session(request)
    dao = dao_of(parts)
    answer = await on_chain(dao, lambda: dao.rpc.dispatch(body))
    if _SENDS in body:
        dao.background.wake(MIRROR)
    if not answer:
        return Response(None, 204)
    return Response(answer, 200, media_type="application/json")
