"""What takes a session, and whose session a request brings.

Where reads are for members, everything takes one but what stands here: a call that is added is
guarded before anybody has thought of it. Open to all are
- what proves that the log is only ever appended to, and shows none of its contents: checkpoint,
  tiles of hashes, size and consistency;
- signing in, and what documents and operates the service;
- what carries its own signature (events, ballots, delegations, questions for sealed values) and
  what only computes with what was sent (preparing an event, verifying a proof);
- of JSON-RPC what `service.signin.open_rpc` names: `/rpc` itself asks for a session for the rest.

A session comes as `Authorization: Bearer TOKEN` or as a cookie. With a cookie, a request that could
change something counts only if no page of another origin makes it.
"""

from __future__ import annotations

import asyncio
import re
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from fastapi import Request
from starlette.types import Receive, Scope, Send

from ledger.errors import ConcordError, Refused
from service.http.problems import problem_for
from service.parts import parts_of
from service.signin.sessions import Session
from service.signin.verification import Place

if TYPE_CHECKING:
    from service.settings import Settings

COOKIE = "concord_session"

PUBLIC: frozenset[tuple[str, str]] = frozenset(
    {
        ("GET", "/checkpoint"),
        ("GET", "/v1/log"),
        ("GET", "/v1/log/consistency"),
        ("GET", "/healthz"),
        ("GET", "/readyz"),
        ("GET", "/metrics"),
        ("GET", "/docs"),
        ("GET", "/openapi.json"),
        ("GET", "/.well-known/authzen-configuration"),
        ("POST", "/v1/session:nonce"),
        ("POST", "/v1/session:prepare"),
        ("POST", "/v1/session"),
        ("GET", "/v1/session"),
        ("DELETE", "/v1/session"),
        ("POST", "/v1/events"),
        ("POST", "/v1/events:batch"),
        ("POST", "/v1/events:prepare"),
        ("POST", "/v1/votes"),
        ("POST", "/v1/delegations"),
        ("POST", "/v1/sealed:read"),
        ("POST", "/v1/proofs/verify"),
        ("POST", "/rpc"),
    }
)
"""Calls that take no session, whoever may read: method and path."""

_PROBLEM = re.compile(r"/problems/[^/]+")
_HASH_TILE = re.compile(r"/tile/[0-9]{1,2}/[x0-9/.p]+", re.ASCII)
_GUEST = "concord.session"
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class SignInRequired(Refused):
    """The call is for members, and the request brings no session that counts."""

    code = "sign-in-required"
    remedy = (
        "Sign in with `POST /v1/session:prepare` and `POST /v1/session`, then send "
        "`Authorization: Bearer TOKEN`; the command line does it with `--key`."
    )


class OriginRefused(Refused):
    """A page of another origin used somebody's cookie."""

    code = "origin-refused"
    remedy = (
        "Send the token as `Authorization: Bearer TOKEN`, or have the operator add the page's "
        "origin to CONCORD_CORS_ORIGINS."
    )


def is_public(method: str, path: str) -> bool:
    """Whether a call takes no session, whoever may read."""
    if method == "OPTIONS":
        return True
    asked = ("GET" if method == "HEAD" else method, path)
    if asked in PUBLIC:
        return True
    return asked[0] == "GET" and any(form.fullmatch(path) for form in (_HASH_TILE, _PROBLEM))


def place_of(request: Request) -> Place:
    """Where this service is, as it knows itself; what a request says of that is not asked.

    That is its public URL. Where none is set it is the address that the connection came in at.
    """
    parts = parts_of(request)
    settings = parts.settings
    further = settings.sign_in_domains
    if settings.public_url is not None:
        public = urlsplit(settings.public_url)
        return Place((public.netloc, *further), public.scheme, parts.domain.chain_id)
    host, port = request.scope.get("server") or (settings.host, settings.port)
    own = (f"[{host}]" if ":" in host else host) + f":{port}"
    local = (f"localhost:{port}",) if host in {"127.0.0.1", "::1"} else ()
    return Place((own, *local, *further), "http", parts.domain.chain_id)


def token_of(request: Request) -> str | None:
    """The token that a request brings; None if it brings none.

    Raises:
        OriginRefused: a cookie with a request that another origin's page makes.
    """
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token:
        return token.strip()
    try:
        cookie = SimpleCookie(request.headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        return None
    if cookie is None:
        return None
    if request.method not in _SAFE_METHODS:
        _check_origin(request, parts_of(request).settings)
    return cookie.value


def _check_origin(request: Request, settings: Settings) -> None:
    origin = request.headers.get("origin")
    if origin is None or origin in settings.cors_origins:
        return
    if urlsplit(origin).netloc not in place_of(request).domains:
        raise OriginRefused("A page of another origin made this request; use a bearer token.")


async def session_of(request: Request) -> Session | None:
    """Whose session a request brings; None if it brings none that counts.

    Raises:
        OriginRefused: as `token_of`.
    """
    token = token_of(request)
    if token is None:
        return None
    parts = parts_of(request)
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(parts.readers, parts.sessions.find, token)


async def require_session(request: Request) -> Session:
    """Whose session a request brings.

    Raises:
        SignInRequired: it brings none, or one that has ended.
        OriginRefused: as `token_of`.
    """
    session = await session_of(request)
    if session is None:
        raise SignInRequired(
            "This call is for members. Sign in with POST /v1/session:prepare and POST "
            "/v1/session, then send Authorization: Bearer TOKEN."
        )
    return session


def guest_of(request: Request) -> Session | None:
    """Whose session the gate has let a request in with; None where it takes none."""
    session = request.scope.get(_GUEST)
    return session if isinstance(session, Session) else None


class Gate:
    """Lets through what is public, and who is signed in."""

    async def refuses(self, scope: Scope, receive: Receive, send: Send) -> bool:
        """Answers a request that does not get in, and says so; leaves all others alone."""
        if is_public(scope["method"], scope["path"]):
            return False
        request = Request(scope, receive, send)
        try:
            session = await require_session(request)
        except ConcordError as error:
            await (await problem_for(request, error))(scope, receive, send)
            return True
        scope[_GUEST] = session
        return False
