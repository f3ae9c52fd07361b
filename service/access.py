"""AuthZEN without its transport: defaults of listed evaluations, when to stop, pages of a search.

Section numbers are those of the Authorization API 1.0. A decision is made elsewhere and comes in as
a function.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import orjson

from ledger.errors import ConcordError
from ledger.events.canonical import JsonObject, canonical
from service.http.bodies import take
from service.http.errors import InvalidParameter, InvalidRequest
from service.http.problems import status_of
from service.schemas.access import Defaults, EvaluationRequest, EvaluationsRequest, Semantic

Evaluate = Callable[[EvaluationRequest], JsonObject]
"""Decides one question: `{"decision": bool, "context": {…}}`."""

DEFAULT_LIMIT = 100
MAX_LIMIT = 1_000
MAX_CANDIDATES = 1_000
"""Candidates that one page of a search looks at; a page may hold fewer results than its limit."""


def evaluations(request: EvaluationsRequest, evaluate: Evaluate, limit: int) -> JsonObject:
    """The decisions on a list of questions, or on one (§7).

    Args:
        request: where it lists nothing, its top level is the question.
        evaluate: decides one question; what it raises denies that question alone.
        limit: the most questions.

    Raises:
        InvalidRequest: for one question, a field is missing; for a list, it is too long.
    """
    if not request.evaluations:
        return evaluate(_merge(request, Defaults()))
    if len(request.evaluations) > limit:
        raise InvalidRequest(f"At most {limit} evaluations are answered at once; send fewer.")
    semantic: Semantic = request.options.evaluations_semantic if request.options else "execute_all"
    decisions: list[JsonObject] = []
    for entry in request.evaluations:
        decisions.append(_evaluate_one(request, entry, evaluate))
        permitted = decisions[-1]["decision"] is True
        if semantic == ("permit_on_first_permit" if permitted else "deny_on_first_deny"):
            break
    return {"evaluations": [*decisions]}


def _evaluate_one(request: EvaluationsRequest, entry: Defaults, evaluate: Evaluate) -> JsonObject:
    # An error in one evaluation denies it, and says so in its context (§7.2.1).
    try:
        return evaluate(_merge(request, entry))
    except ConcordError as error:
        said: JsonObject = {
            "status": status_of(error),
            "code": error.code,
            "message": str(error),
        }
        return {"decision": False, "context": {"error": said}}


def _merge(request: EvaluationsRequest, entry: Defaults) -> EvaluationRequest:
    """An entry with what it lacks from the top level (§7.1.1): whole keys, nothing within them."""
    merged: JsonObject = {}
    for name in ("subject", "action", "resource", "context"):
        value = getattr(entry, name)
        value = getattr(request, name) if value is None else value
        if value is not None:
            merged[name] = value if isinstance(value, dict) else value.model_dump()
    return take(EvaluationRequest, merged)


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a search goes on.

    Attributes:
        after: last candidate that was looked at; everything after it in order is still to come.
        limit: results a page.
        digest: of the question; a token is good for the same question only (§8.2).
    """

    after: str
    limit: int
    digest: str


def open_page(question: JsonObject, page: JsonObject | None) -> Cursor:
    """Where the asked page begins.

    Args:
        question: the request without its `page`.
        page: its `page`.

    Raises:
        InvalidParameter: a token that is none of ours, or of another question or limit.
    """
    digest = hashlib.sha256(canonical(question)).hexdigest()[:32]
    token = page.get("token") if page else None
    limit = page.get("limit") if page else None
    asked = min(limit, MAX_LIMIT) if isinstance(limit, int) else None
    if not token:
        return Cursor("", DEFAULT_LIMIT if asked is None else asked, digest)
    cursor = _read_token(str(token))
    if cursor.digest != digest or asked not in {None, cursor.limit}:
        raise InvalidParameter("page.token belongs to another search; begin it again without one.")
    return cursor


def _read_token(token: str) -> Cursor:
    try:
        fields = orjson.loads(base64.urlsafe_b64decode(token.encode()))
        after, limit, digest = fields
    except (binascii.Error, ValueError, TypeError) as error:
        raise InvalidParameter("page.token is none of this service's.") from error
    if not (isinstance(after, str) and isinstance(limit, int) and isinstance(digest, str)):
        raise InvalidParameter("page.token is none of this service's.")
    return Cursor(after, max(0, min(limit, MAX_LIMIT)), digest)


def search(
    cursor: Cursor,
    candidates: Iterable[str],
    permits: Callable[[str], bool],
    entity: Callable[[str], JsonObject],
) -> JsonObject:
    """One page of the candidates that are permitted (§8).

    Args:
        cursor: where to begin.
        candidates: ids in ascending order.
        permits: whether a candidate is permitted.
        entity: a candidate as the answer shows it.
    """
    results: list[JsonObject] = []
    more = ""
    last = cursor.after
    rest = (candidate for candidate in candidates if candidate > cursor.after)
    for looked_at, candidate in enumerate(rest):
        if len(results) == cursor.limit or looked_at == MAX_CANDIDATES:
            more = base64.urlsafe_b64encode(
                orjson.dumps([last, cursor.limit, cursor.digest])
            ).decode()
            break
        if permits(candidate):
            results.append(entity(candidate))
        last = candidate
    return {"page": {"next_token": more, "count": len(results)}, "results": [*results]}
