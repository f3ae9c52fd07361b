"""Two kinds of route: a strict one for everything, a lean one where the speed of the ledger counts.

Rules:
- A query parameter that a call does not have, or one given twice, is refused.
- A lean route is documented by FastAPI and served without its machinery for routes, parameters and
  dependencies, which takes longer than recording an event does.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any
from urllib.parse import parse_qsl

from fastapi import Request, params
from fastapi.dependencies.utils import get_flat_params
from fastapi.responses import Response
from fastapi.routing import APIRoute
from starlette.convertors import StringConvertor, register_url_convertor
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from ledger.errors import ConcordError
from service.http.errors import UnknownParameter
from service.http.problems import failure_for, problem_for

Endpoint = Callable[[Request], Awaitable[Response]]
Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class NameConvertor(StringConvertor):
    """Part of a path before an action: `{proposal:name}:queue` is no name of a proposal."""

    regex = "[^/:]+"


register_url_convertor("name", NameConvertor())


class StrictRoute(APIRoute):
    """Refuses query parameters that the call does not have."""

    def get_route_handler(self) -> Handler:
        """Wraps FastAPI's handler with the look at the query."""
        handler = super().get_route_handler()
        allowed = _query_names(self)

        async def strict(request: Request) -> Response:
            check_query(request.scope, allowed)
            return await handler(request)

        return strict


class LeanRoute(APIRoute):
    """A route that is documented as any other and served by `lean`, past most of the machinery.

    Its path has no parameters and its call no query.
    """

    def __init__(self, path: str, endpoint: Endpoint, **options: Any) -> None:  # noqa: ANN401 - FastAPI's
        super().__init__(path, endpoint, **options)
        self._lean_endpoint = endpoint
        self.app = self.lean

    async def lean(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request; what is refused, or fails, is a problem, as everywhere."""
        request = Request(scope, receive, send)
        try:
            response = await self._answer(request)
        except Exception as error:
            await (await failure_for(request, error))(scope, receive, send)
            # As Starlette does: the server logs it.
            raise
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        try:
            check_query(request.scope, frozenset())
            return await self._lean_endpoint(request)
        except (ConcordError, ClientDisconnect) as error:
            return await problem_for(request, error)


def check_query(scope: Scope, allowed: frozenset[str]) -> None:
    """Looks at the names in a query.

    Raises:
        UnknownParameter: one is not allowed, or stands there twice.
    """
    query = scope["query_string"]
    if not query:
        return
    names = [name for name, _ in parse_qsl(query.decode("latin-1"), keep_blank_values=True)]
    unknown = sorted(set(names) - allowed)
    if unknown:
        known = f"it has {', '.join(sorted(allowed))}" if allowed else "it has none"
        raise UnknownParameter(f"This call has no query parameter {unknown[0][:80]!r}; {known}.")
    if len(names) != len(set(names)):
        raise UnknownParameter("A query parameter stands there twice; give it once.")


def _query_names(route: APIRoute) -> frozenset[str]:
    return frozenset(
        field.alias
        for field in get_flat_params(route.dependant)
        if isinstance(field.field_info, params.Query)
    )
