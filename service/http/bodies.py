"""Reading request bodies: bounded, declared as JSON, and strict.

A body is never read past its limit, whatever its Content-Length says. How long a client may take
is the server's business (`service.http.server`).
"""

from __future__ import annotations

from typing import TypeVar

from fastapi import Request
from pydantic import BaseModel, ValidationError
from starlette.requests import ClientDisconnect

from ledger.events.bodies.base import describe
from ledger.events.canonical import JsonObject, parse_object
from service.http.errors import BodyTooLarge, InvalidRequest, UnsupportedMediaType

M = TypeVar("M", bound=BaseModel)

_PLAIN = (
    b"application/json",
    b"application/json; charset=utf-8",
    b"application/json;charset=utf-8",
)


async def read_body(request: Request, limit: int) -> bytes:
    """The raw body.

    Args:
        request: declared as JSON.
        limit: bytes.

    Raises:
        UnsupportedMediaType: it is not declared as JSON in UTF-8, or is compressed.
        BodyTooLarge: it has more bytes than the limit.
        ClientDisconnect: the client went away first.
    """
    _check_head(request, limit)
    message = await request.receive()
    if message["type"] == "http.request" and not message.get("more_body", False):
        body: bytes = message.get("body", b"")
        if len(body) > limit:
            raise _too_large(limit)
        return body
    return await _read_chunks(request, message, limit)


async def _read_chunks(request: Request, message: object, limit: int) -> bytes:
    body = bytearray()
    while isinstance(message, dict) and message["type"] == "http.request":
        body += message.get("body", b"")
        if len(body) > limit:
            raise _too_large(limit)
        if not message.get("more_body", False):
            return bytes(body)
        message = await request.receive()
    raise ClientDisconnect


def _check_head(request: Request, limit: int) -> None:
    media_type = b""
    for name, value in request.scope["headers"]:
        if name == b"content-type":
            media_type = value
        elif name == b"content-length" and int(value) > limit:
            raise _too_large(limit)
        elif name == b"content-encoding" and value.lower() != b"identity":
            raise UnsupportedMediaType("Send the body as it is, without Content-Encoding.")
    if media_type not in _PLAIN and not _is_json(media_type):
        raise UnsupportedMediaType("Send the body as Content-Type: application/json, in UTF-8.")


def _is_json(media_type: bytes) -> bool:
    essence, *parameters = (part.strip().lower() for part in media_type.split(b";"))
    charsets = {b"charset=utf-8", b'charset="utf-8"', b""}
    return essence == b"application/json" and set(parameters) <= charsets


def _too_large(limit: int) -> BodyTooLarge:
    return BodyTooLarge(f"The body may have {limit} bytes; send less, or in several requests.")


async def read_object(request: Request, limit: int) -> JsonObject:
    """The body as one JSON object, read strictly.

    Raises:
        InvalidJson: it is not one, or not one that every parser reads alike.
        UnsupportedMediaType, BodyTooLarge, ClientDisconnect: as `read_body`.
    """
    return parse_object(await read_body(request, limit))


def take(model: type[M], value: JsonObject) -> M:
    """A JSON object as the request's model.

    Raises:
        InvalidRequest: naming each field that is wrong and why.
    """
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise InvalidRequest(describe(error, "The request")) from error
