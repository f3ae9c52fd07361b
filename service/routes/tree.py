"""The log as a Merkle tree: C2SP tlog-tiles at the root, receipts and proofs under `/v1`.

Rules:
- Paths of tiles have one spelling; whatever is not there, or spelled otherwise, is 404.
- Full tiles never change and may be kept for ever. Nothing here is ever compressed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Annotated, TypeVar

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import Response

from ledger.events.canonical import MAX_SAFE_INTEGER
from ledger.merkle import EntriesAddress, TileAddress, parse_tile_path
from ledger.merkle.encoding import encode_base64
from ledger.merkle.errors import InvalidTilePath
from ledger.merkle.tiles import TILE_WIDTH
from service.http.answers import Json
from service.http.errors import InvalidParameter, NoSuchResource
from service.http.headers import A_MINUTE, BRIEFLY, IMMUTABLE
from service.http.openapi import problems
from service.http.routing import StrictRoute
from service.log_key import LogKey
from service.parts import Parts, parts_of
from service.schemas.events import ReceiptView
from service.schemas.proofs import ConsistencyView, LogView

T = TypeVar("T")

router = APIRouter(route_class=StrictRoute, tags=["log"])

LeafIndex = Annotated[int, Path(ge=0, le=MAX_SAFE_INTEGER)]
TreeSize = Annotated[int, Query(ge=0, le=MAX_SAFE_INTEGER)]
_BYTES = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}


async def in_thread(parts: Parts, read: Callable[[], T]) -> T:
    """Runs what reads the database beside the event loop."""
    return await asyncio.get_running_loop().run_in_executor(parts.readers, read)


@router.get(
    "/checkpoint",
    summary="The signed size and root (C2SP tlog-checkpoint)",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
async def checkpoint(request: Request) -> Response:
    """A signed note: origin, size, root, signature."""
    note = parts_of(request).log.checkpoint()
    return Response(note, 200, {"Cache-Control": BRIEFLY}, "text/plain; charset=utf-8")


@router.get(
    "/tile/{path:path}",
    summary="A tile of hashes or a bundle of entries (C2SP tlog-tiles)",
    response_class=Response,
    responses={200: {"content": _BYTES}, **problems(404)},
)
async def tile(request: Request, path: str) -> Response:
    """`/tile/<L>/<N>[.p/<W>]` and `/tile/entries/<N>[.p/<W>]`."""
    parts = parts_of(request)
    address = _address(f"tile/{path}")
    content = await in_thread(parts, lambda: _stored(parts, address))
    if content is None:
        raise NoSuchResource(
            "The log has no such tile; a partial one may have been replaced by the full one."
        )
    caching = IMMUTABLE if address.width == TILE_WIDTH else A_MINUTE
    return Response(content, 200, {"Cache-Control": caching}, "application/octet-stream")


def _address(path: str) -> TileAddress | EntriesAddress:
    try:
        return parse_tile_path(path)
    except InvalidTilePath as error:
        raise NoSuchResource(f"There is {error}.") from error


def _stored(parts: Parts, address: TileAddress | EntriesAddress) -> bytes | None:
    if isinstance(address, EntriesAddress):
        return parts.log.entries(address)
    return parts.log.tile(address)


@router.get(
    "/v1/receipts/{index}",
    summary="The receipt of a leaf at the present size",
    responses={200: {"model": ReceiptView}, **problems(404)},
)
async def receipt(request: Request, index: LeafIndex) -> Response:
    """Keep it: `concord verify` needs no server."""
    parts = parts_of(request)
    return Json(await in_thread(parts, lambda: parts.log.receipt(index)))


@router.get(
    "/v1/log", summary="Which log this is, and how large", responses={200: {"model": LogView}}
)
async def log(request: Request) -> Response:
    """What a client trusts, and what it signs for."""
    parts = parts_of(request)
    head = parts.log.head
    return Json(
        {
            "origin": parts.domain.origin,
            "verifierKey": str(parts.verifier_key),
            "size": head.size,
            "root": encode_base64(head.root),
            "chainId": parts.domain.chain_id,
            "operator": parts.operator,
            "recordedAt": head.recorded_at,
            "keys": _keys(parts.log_keys),
        }
    )


def _keys(keys: Sequence[LogKey]) -> list[dict[str, str | int | None]]:
    """Each from where the one before it ended."""
    told: list[dict[str, str | int | None]] = []
    size: int | None = 0
    at: int | None = None
    for key in keys:
        handover, note = key.handover or (None, None)
        told.append(
            {
                "verifierKey": key.verifier_key,
                "fromSize": size,
                "fromTime": at,
                "untilSize": None if handover is None else handover.checkpoint.size,
                "untilTime": None if handover is None else handover.at,
                "handover": note,
            }
        )
        size = None if handover is None else handover.checkpoint.size
        at = None if handover is None else handover.at
    return told


@router.get(
    "/v1/log/consistency",
    summary="Proof that one size extends another (RFC 9162)",
    responses={200: {"model": ConsistencyView}, **problems(404)},
)
async def consistency(request: Request, first: TreeSize, second: TreeSize) -> Response:
    """Empty where the sizes are equal, or `first` is 0."""
    parts = parts_of(request)
    if first > second:
        raise InvalidParameter(f"first ({first}) must not be larger than second ({second}).")
    proof = await in_thread(parts, lambda: parts.log.consistency(first, second))
    return Json(
        {"first": first, "second": second, "proof": [encode_base64(node) for node in proof]}
    )
