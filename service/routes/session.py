"""Signing in with a wallet (EIP-4361), and out."""

from __future__ import annotations

import asyncio
from functools import partial

from fastapi import APIRouter, Request
from fastapi.responses import Response

from ledger.events.identifiers import format_instant
from service.http.answers import Json
from service.http.bodies import read_object, take
from service.http.openapi import problems, request_body
from service.http.routing import StrictRoute
from service.parts import Parts, parts_of
from service.routes.tree import in_thread
from service.schemas.session import (
    NewSession,
    NonceView,
    PreparedSignIn,
    SessionPrepareRequest,
    SessionRequest,
    SessionView,
)
from service.signin.contracts import contract_takes
from service.signin.gate import COOKIE, place_of, require_session, token_of
from service.signin.sessions import Session
from service.signin.verification import ContractCheck, SignInRefused

router = APIRouter(route_class=StrictRoute, tags=["session"])


@router.post(
    "/v1/session:nonce",
    summary="A nonce for a message of your own",
    responses={200: {"model": NonceView}},
)
async def nonce(request: Request) -> Response:
    """`POST /v1/session:prepare` gives a whole message."""
    value, expires_at = parts_of(request).sessions.issue_nonce()
    return Json({"nonce": value, "expiresAt": format_instant(expires_at)})


@router.post(
    "/v1/session:prepare",
    summary="The message that an account signs to sign in",
    openapi_extra=request_body(SessionPrepareRequest),
    responses={200: {"model": PreparedSignIn}, **problems(403)},
)
async def prepare(request: Request) -> Response:
    """Complete; sign it with `personal_sign` as it is. Nothing is stored."""
    parts, place = parts_of(request), place_of(request)
    value = await read_object(request, parts.settings.max_event_bytes)
    asked = take(SessionPrepareRequest, value)
    domain = asked.domain or place.domains[0]
    if domain not in place.domains:
        raise SignInRefused(
            f"This service is not reached at {domain}. Its operator can add that domain with "
            "CONCORD_SIGN_IN_DOMAINS."
        )
    return Json({"message": str(parts.sessions.prepare(asked.account, place, domain))})


@router.post(
    "/v1/session",
    summary="Sign in",
    status_code=201,
    openapi_extra=request_body(SessionRequest),
    responses={201: {"model": NewSession}, **problems(403)},
)
async def sign_in(request: Request) -> Response:
    """The token is for `Authorization: Bearer`; browsers get it as a cookie too."""
    parts, place = parts_of(request), place_of(request)
    value = await read_object(request, parts.settings.max_event_bytes)
    asked = take(SessionRequest, value)
    begin = partial(
        parts.sessions.begin, asked.message, asked.signature, place, contract=_contracts(parts)
    )
    # A contract account is asked on the chain.
    threads = parts.readers if parts.dao is None else parts.dao.threads
    token, session = await asyncio.get_running_loop().run_in_executor(threads, begin)
    response = Json(_json(session) | {"token": token}, 201)
    response.set_cookie(
        COOKIE,
        token,
        max_age=round(parts.settings.session_seconds),
        path="/",
        secure=place.scheme == "https",
        httponly=True,
        samesite="strict",
    )
    return response


def _contracts(parts: Parts) -> ContractCheck | None:
    if parts.dao is None:
        return None
    return partial(contract_takes, parts.dao.wallets)


@router.get(
    "/v1/session",
    summary="Who is signed in",
    responses={200: {"model": SessionView}, **problems(401)},
)
async def session(request: Request) -> Response:
    """401 where nobody is."""
    return Json(_json(await require_session(request)))


@router.delete(
    "/v1/session",
    summary="Sign out",
    status_code=204,
    responses={204: {"description": "Nobody is signed in any more."}, **problems(403)},
)
async def sign_out(request: Request) -> Response:
    """The token is worth nothing from then on. Without a session nothing happens."""
    parts, token = parts_of(request), token_of(request)
    if token is not None:
        await in_thread(parts, lambda: parts.sessions.end(token))
    response = Response(None, 204)
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")
    return response


def _json(session: Session) -> dict[str, object]:
    return {
        "account": session.principal.account,
        "member": session.principal.member,
        "roles": list(session.principal.roles),
        "expiresAt": format_instant(session.expires_at),
    }
