"""Documents that events and proposals name: policies, evidence, model cards, inputs manifests.

They are anybody's bytes: handed out as a download, never as something that a browser would run.
Nothing is ever removed by the service; `concord content gc` removes what nothing names.
"""

from __future__ import annotations

import hashlib
import tempfile
from typing import BinaryIO, cast

from fastapi import APIRouter, Request
from fastapi.responses import Response, StreamingResponse
from starlette.concurrency import iterate_in_threadpool
from starlette.requests import ClientDisconnect

from ledger.content.cid import Cid
from ledger.content.errors import storage_errors
from ledger.store.content import AddedContent, note_content
from service.http.answers import Json
from service.http.errors import BodyTooLarge
from service.http.headers import IMMUTABLE
from service.http.openapi import OpenApi, problems
from service.http.routing import StrictRoute
from service.parts import Parts, parts_of
from service.routes.tree import in_thread
from service.schemas.content import ContentView
from service.signin.gate import require_session

router = APIRouter(route_class=StrictRoute, tags=["content"])

_MEMORY_BYTES = 1024 * 1024
_BINARY: OpenApi = {"schema": {"type": "string", "format": "binary"}}
_ANY_BYTES: OpenApi = {
    "requestBody": {"required": True, "content": {"application/octet-stream": _BINARY}}
}


@router.get(
    "/v1/content/{content}",
    summary="A document by its content id",
    response_class=Response,
    responses={200: {"content": {"application/octet-stream": _BINARY}}, **problems(404)},
)
async def read(request: Request, content: str) -> Response:
    """Each block is checked against its name before it is sent."""
    parts = parts_of(request)
    cid = Cid.parse(content)
    stat = await in_thread(parts, lambda: parts.content.stat(cid))
    headers = {
        "Content-Length": str(stat.size),
        "Content-Disposition": f'attachment; filename="{cid}"',
        "Content-Security-Policy": "default-src 'none'; sandbox; frame-ancestors 'none'",
        "Cache-Control": IMMUTABLE,
    }
    if request.scope.get("method") == "HEAD":
        return Response(None, 200, headers, "application/octet-stream")
    blocks = iterate_in_threadpool(parts.content.stream(cid))
    return StreamingResponse(blocks, 200, headers, "application/octet-stream")


@router.post(
    "/v1/content",
    summary="Add a document",
    status_code=201,
    openapi_extra=_ANY_BYTES,
    responses={201: {"model": ContentView}, **problems(401, 403)},
)
async def add(request: Request) -> Response:
    """For members who have signed in. Any bytes, of whatever type they are said to be."""
    parts = parts_of(request)
    session = await require_session(request)
    limit = parts.settings.max_content_bytes
    # Around the file, too: it is written out as late as when it is closed.
    with (
        storage_errors("take in the document"),
        tempfile.SpooledTemporaryFile(max_size=_MEMORY_BYTES) as spool,
    ):
        file = cast("BinaryIO", spool)
        digest, size = await _receive(request, file, limit)
        file.seek(0)
        account = session.principal.account
        added = await in_thread(parts, lambda: _keep(parts, file, digest, size, account))
    return Json({"content": added.content, "sha256": added.sha256, "size": added.size}, 201)


async def _receive(request: Request, file: BinaryIO, limit: int) -> tuple[str, int]:
    """Takes the body, no more than the limit; its SHA-256 and size."""
    declared = request.headers.get("content-length", "0")
    if declared.isdecimal() and int(declared) > limit:
        raise _too_large(limit)
    digest, size = hashlib.sha256(), 0
    more = True
    while more:
        message = await request.receive()
        if message["type"] != "http.request":
            raise ClientDisconnect
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > limit:
            raise _too_large(limit)
        digest.update(chunk)
        file.write(chunk)
        more = message.get("more_body", False)
    return digest.hexdigest(), size


def _too_large(limit: int) -> BodyTooLarge:
    return BodyTooLarge(f"A document may have {limit} bytes here; keep a larger one elsewhere.")


def _keep(parts: Parts, file: BinaryIO, digest: str, size: int, account: str) -> AddedContent:
    cid = parts.content.add(file)
    parts.content.pin(cid)
    added = AddedContent(digest, str(cid), size, account, parts.clock())
    with parts.log.database.write() as connection:
        note_content(connection, added)
    return added
