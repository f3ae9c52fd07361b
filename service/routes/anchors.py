"""Where the log's roots are anchored, so that nobody can give it another history."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from governance.mirror.texts import instant
from ledger.errors import Refused
from ledger.merkle.encoding import encode_base64
from ledger.store.chains import AnchorKey, StoredAnchor, latest_anchor, read_anchors
from service.background import WorkerState
from service.http.answers import Json
from service.http.bodies import read_object, take
from service.http.errors import InvalidParameter
from service.http.openapi import problems, request_body
from service.http.pages import DEFAULT_PAGE, After, Limit, decode_cursor, encode_cursor
from service.http.routing import StrictRoute
from service.parts import parts_of
from service.routes.chain import dao_of, on_chain
from service.routes.tree import in_thread
from service.schemas.anchors import AnchoredView, AnchorPage, RegistryList
from service.schemas.steps import NothingRequest
from service.signin.gate import require_session

router = APIRouter(route_class=StrictRoute, tags=["log"])

ANCHORING_ROLES = frozenset({"operator", "auditor"})
"""Who may have the log anchored before it is due: it may cost fees."""


class NotForAnchoring(Refused):
    """Somebody who is neither an operator nor an auditor asks for an anchor."""

    code = "not-for-anchoring"
    remedy = "Have an operator or auditor ask; anchoring goes on by itself."


@router.get(
    "/v1/anchors",
    summary="Anchors of all chains, the largest size first",
    responses={200: {"model": AnchorPage}, **problems(404)},
)
async def anchors(
    request: Request, *, limit: Limit = DEFAULT_PAGE, after: After = None
) -> Response:
    """As the registries say, in confirmed blocks; a receipt shows the first that covers it."""
    parts = parts_of(request)
    dao_of(parts)
    key = _anchor_key(after)

    def read() -> dict[str, object]:
        rows = read_anchors(parts.log.database, after=key, limit=limit + 1)
        last = rows[limit - 1] if len(rows) > limit else None
        going_on = None if last is None else (last.size, last.chain_id, last.contract)
        return {
            "items": [_json(row) for row in rows[:limit]],
            "next": encode_cursor(going_on),
            "size": parts.log.size,
        }

    return Json(await in_thread(parts, read))


@router.post(
    "/v1/anchors",
    summary="Anchor the present size now, due or not",
    openapi_extra=request_body(NothingRequest),
    responses={200: {"model": AnchoredView}, **problems(401, 403, 404, 409)},
)
async def anchor_now(request: Request) -> Response:
    """In the DAO's own registry; for operators and auditors who have signed in.

    Answers once the registry holds it. The other calls tell it once its block is confirmed.
    """
    parts = parts_of(request)
    dao = dao_of(parts)
    session = await require_session(request)
    if ANCHORING_ROLES.isdisjoint(session.principal.roles):
        raise NotForAnchoring(
            f"{session.principal.account} is neither an operator nor an auditor. The log is "
            "anchored by itself, too; GET /v1/anchors/latest says how far."
        )
    take(NothingRequest, await read_object(request, parts.settings.max_event_bytes))
    progress = await on_chain(dao, dao.anchor_now)
    own = dao.registries[0]
    return Json(
        {
            "chainId": own.chain_id,
            "registry": own.address,
            "sent": progress.sent,
            "anchored": progress.anchored,
        }
    )


def _anchor_key(after: str | None) -> AnchorKey | None:
    key = decode_cursor(after)
    if key is None:
        return None
    if len(key) == 3:
        size, chain_id, contract = key
        if isinstance(size, int) and isinstance(chain_id, int) and isinstance(contract, str):
            return AnchorKey(size, chain_id, contract)
    raise InvalidParameter("after: take `next` of the page before, as it is.")


@router.get(
    "/v1/anchors/latest",
    summary="Every registry with its last anchor",
    responses={200: {"model": RegistryList}, **problems(404)},
)
async def latest(request: Request) -> Response:
    """And whether anchoring there goes on: `waiting` comes back by itself, `stopped` does not."""
    parts = parts_of(request)
    dao = dao_of(parts)

    def read() -> dict[str, object]:
        states = {state.name: state for state in dao.background.states}
        items = []
        for each in dao.registries:
            row = latest_anchor(parts.log.database, each.chain_id, each.address)
            items.append(
                {
                    "chainId": each.chain_id,
                    "registry": each.address,
                    "anchor": None if row is None else _json(row),
                    "worker": _worker(states[each.worker]),
                }
            )
        return {"items": items, "size": parts.log.size}

    return Json(await in_thread(parts, read))


def _json(row: StoredAnchor) -> dict[str, object]:
    return {
        "chainId": row.chain_id,
        "registry": row.contract,
        "size": row.size,
        "root": encode_base64(row.root),
        "at": instant(row.block_time // 1000),
        "chain": {
            "blockNumber": row.block_number,
            "blockHash": row.block_hash,
            "transactionHash": row.transaction_hash,
        },
    }


def _worker(state: WorkerState) -> dict[str, object]:
    return {"state": state.state, "code": state.code, "reason": state.reason}
