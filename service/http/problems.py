"""Errors as RFC 9457 problem details, every one of them.

Rules:
- `type` is `/problems/<code>`, a path of the service that says what it means and what to do next.
  Codes are stable, and `code` repeats them.
- The status follows from the family of the error: what cannot be right is 400 (`invalid-*`) or 422,
  what the rules refuse 403, what is not there 404, what contradicts the log 409, what may work
  later 503 with `Retry-After`; a handful of codes have a status of their own, such as 429 for what
  one caller asks too often.
- What was not raised on purpose is 500 and says nothing of the inside.
"""

from __future__ import annotations

import math
import secrets
from collections.abc import Sequence

import orjson
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from ledger.errors import ConcordError, Conflict, InvalidInput, NotFound, Refused, Unavailable
from ledger.events.canonical import JsonObject
from service.http.errors import (
    InternalFailure,
    InvalidParameter,
    InvalidRequest,
    MethodNotAllowed,
    NoSuchPath,
    RequestIncomplete,
)
from service.http.headers import REQUEST_ID, REQUEST_ID_FORM

MEDIA_TYPE = "application/problem+json"
TYPE_PREFIX = "/problems/"

_STATUS_OF_CODE = {
    "leaf-too-large": 413,
    "entry-too-long": 413,
    "body-too-large": 413,
    "url-too-long": 414,
    "headers-too-large": 431,
    "method-not-allowed": 405,
    "unsupported-media-type": 415,
    "request-incomplete": 408,
    "sign-in-required": 401,
    "content-too-large": 413,
    "rate-limited": 429,
    # A conflict of the operator's making, not of the caller's.
    "wrong-chain": 503,
}
_STATUS_OF_FAMILY: tuple[tuple[type[ConcordError], int], ...] = (
    (InvalidInput, 422),
    (Refused, 403),
    (NotFound, 404),
    (Conflict, 409),
    (Unavailable, 503),
)
DEFAULT_RETRY_SECONDS = 1


def status_of(error: ConcordError) -> int:
    """HTTP status of an error."""
    code = error.code
    if code in _STATUS_OF_CODE:
        return _STATUS_OF_CODE[code]
    for family, status in _STATUS_OF_FAMILY:
        if isinstance(error, family):
            return 400 if status == 422 and code.startswith("invalid-") else status
    return 500


def problem(code: str, status: int, detail: str) -> JsonObject:
    """The document."""
    return {
        "type": TYPE_PREFIX + code,
        "title": code.replace("-", " ").capitalize(),
        "status": status,
        "detail": detail,
        "code": code,
    }


def problem_of(error: ConcordError) -> JsonObject:
    """The document of an error that was raised on purpose.

    What is wrong with the ledger's own data is told in the operator's log, not here.
    """
    status = status_of(error)
    detail = str(error) if status != 500 else "The ledger's data needs its operator's attention."
    return problem(error.code, status, detail)


def problem_response(
    document: JsonObject, status: int, headers: dict[str, str] | None = None
) -> Response:
    """The answer that carries it."""
    return Response(orjson.dumps(document), status, headers, MEDIA_TYPE)


def retry_seconds(error: Unavailable) -> int:
    """Whole seconds after which trying again makes sense."""
    return max(1, math.ceil(getattr(error, "retry_after", DEFAULT_RETRY_SECONDS)))


def install(app: FastAPI) -> None:
    """Makes every error of the application a problem document."""
    app.add_exception_handler(ConcordError, _on_concord_error)
    app.add_exception_handler(RequestValidationError, _on_invalid_parameters)
    app.add_exception_handler(HTTPException, _on_http_exception)
    app.add_exception_handler(ClientDisconnect, _on_disconnect)
    app.add_exception_handler(Exception, failure_for)


async def problem_for(request: Request, error: ConcordError | ClientDisconnect) -> Response:
    """The answer to a request that was refused on purpose, or broke off.

    Raises:
        ConcordError: again, if it is the service that failed.
    """
    if isinstance(error, ClientDisconnect):
        return await _on_disconnect(request, error)
    return await _on_concord_error(request, error)


async def _on_concord_error(request: Request, error: Exception) -> Response:
    del request
    assert isinstance(error, ConcordError)  # noqa: S101 - registered for this class
    status = status_of(error)
    if status == 500:
        raise error
    headers: dict[str, str] = {}
    if isinstance(error, Unavailable):
        headers["Retry-After"] = str(retry_seconds(error))
    if status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="concord"'
    if status in {408, 413}:
        # What is left of the body is not worth reading.
        headers["Connection"] = "close"
    return problem_response(problem_of(error), status, headers)


async def _on_invalid_parameters(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - registered for this class
    return await _on_concord_error(request, InvalidParameter(_describe(error.errors())))


def _describe(items: Sequence[dict[str, object]]) -> str:
    parts: list[str] = []
    for item in items[:8]:
        where = item.get("loc")
        # The first part says query, path or header; the value itself is never repeated.
        names = [str(part)[:80] for part in where[1:]] if isinstance(where, tuple | list) else []
        parts.append(f"{'.'.join(names) or 'a parameter'}: {item.get('msg', 'is not valid')}")
    return "; ".join(parts) + "."


async def _on_http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - registered for this class
    if error.status_code == 404:
        missing = NoSuchPath(
            "Nothing is served at this path; /docs shows all calls, /openapi.json lists them."
        )
        return await _on_concord_error(request, missing)
    if error.status_code == 405:
        methods = ", ".join(_methods_at(request))
        if request.method == "OPTIONS":
            return Response(status_code=204, headers={"Allow": methods})
        detail = f"This path takes {methods}."
        document = problem_of(MethodNotAllowed(detail))
        return problem_response(document, 405, {"Allow": methods})
    document = problem(InvalidRequest.code, error.status_code, str(error.detail))
    return problem_response(document, error.status_code, dict(error.headers or {}))


def _methods_at(request: Request) -> list[str]:
    found = {"OPTIONS"}
    for route in request.app.router.routes:
        if isinstance(route, APIRoute) and route.path_regex.match(request.scope["path"]):
            found |= route.methods or set()
    if "GET" in found:
        found.add("HEAD")
    return sorted(found)


async def _on_disconnect(request: Request, error: Exception) -> Response:
    del error
    gone = RequestIncomplete("The request ended before its body was whole; send it again.")
    return await _on_concord_error(request, gone)


async def failure_for(request: Request, error: Exception) -> Response:
    """The answer where the service failed; whoever asks for it raises the error again, so that the
    server logs it with its traceback.
    """
    given = request.headers.get(REQUEST_ID, "").encode("latin-1")
    # One that was sent comes back anyway (`service.http.middleware`).
    named = {} if REQUEST_ID_FORM.fullmatch(given) else {"X-Request-ID": secrets.token_hex(8)}
    code = error.code if isinstance(error, ConcordError) else InternalFailure.code
    detail = "The service failed; its operator finds the cause in its log."
    # The server ends the connection that something was raised on: told so, nobody sends the next
    # request on it.
    named["Connection"] = "close"
    return problem_response(problem(code, 500, detail), 500, named)
