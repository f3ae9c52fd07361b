"""The OpenAPI document: what FastAPI knows of the routes, completed.

Requests are read strictly by the routes themselves, so their models are named here and put among
the components; every call can answer with problem details, so that is said of every call.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from governance.votes import SignedBallotForm, SignedDelegationForm
from service.http.problems import MEDIA_TYPE
from service.schemas.access import (
    ActionSearch,
    EvaluationRequest,
    EvaluationsRequest,
    ResourceSearch,
    SubjectSearch,
)
from service.schemas.base import Problem
from service.schemas.events import AppendRequest, BatchRequest, PrepareRequest
from service.schemas.proofs import ProofDocument, SealedReadRequest
from service.schemas.proposals import PrepareProposalRequest
from service.schemas.session import SessionPrepareRequest, SessionRequest
from service.schemas.steps import NothingRequest, PrepareTransactionRequest
from service.schemas.votes import PrepareBallotRequest, PrepareDelegationRequest

OpenApi = dict[str, Any]
IsGuarded = Callable[[str, str], bool]

TITLE = "Concord"
SUMMARY = "Who may use which data, which model came out of it, answered with proof."
DESCRIPTION = """\
Members sign events; the ledger checks who may say what, puts each into an append-only Merkle log \
and answers with a receipt that verifies with no server.

* **Write** with `POST /v1/events`. To sign with a wallet, ask `POST /v1/events:prepare` first.
* **Read** resources under `/v1`; audits and lineage can be asked for as of any earlier \
  size or time.
* **Check** with any C2SP tlog client: `/checkpoint` and `/tile/…`.
* **Decide** access with OpenID AuthZEN: `/access/v1/…`.

Every error is RFC 9457 problem details; branch on `code`.
"""
TAGS = (
    ("write", "Signed events in."),
    ("events", "The log, event by event."),
    ("log", "The log as a Merkle tree: checkpoint, tiles, receipts, proofs."),
    ("resources", "Members, datasets, requests, grants, runs and models as they stand."),
    ("audit", "What went into a model, and what a withdrawal would reach."),
    ("access", "OpenID AuthZEN Authorization API 1.0."),
    ("dao", "Proposals, votes, and the rules that they change."),
    ("chain", "The chain that the contracts are on."),
    ("session", "Signing in with a wallet (EIP-4361), where reading is for members."),
    ("content", "Documents that events and proposals name."),
    ("operations", "For operators."),
)

_REQUESTS: tuple[type[BaseModel], ...] = (
    AppendRequest,
    BatchRequest,
    PrepareRequest,
    SealedReadRequest,
    ProofDocument,
    EvaluationRequest,
    EvaluationsRequest,
    SubjectSearch,
    ResourceSearch,
    ActionSearch,
    SignedBallotForm,
    PrepareBallotRequest,
    SignedDelegationForm,
    PrepareDelegationRequest,
    PrepareProposalRequest,
    PrepareTransactionRequest,
    NothingRequest,
    SessionPrepareRequest,
    SessionRequest,
    Problem,
)
_SESSIONS: OpenApi = {
    "session": {"type": "http", "scheme": "bearer", "description": "From `POST /v1/session`."},
    "cookie": {"type": "apiKey", "in": "cookie", "name": "concord_session"},
}
_REF = "#/components/schemas/{model}"
_COMMON = ("400", "405", "414", "431", "500", "503")
_OF_BODIES = ("408", "413", "415", "422")
_MEANINGS = {
    "400": "The request cannot be right.",
    "401": "Sign in first.",
    "403": "The rules do not allow it.",
    "404": "Nothing is there.",
    "405": "The path takes another method.",
    "408": "The request ended too early.",
    "409": "It contradicts what is recorded.",
    "413": "The request is too large.",
    "414": "The URL is too long.",
    "415": "The body is not plain JSON.",
    "422": "The body is well formed, and refused for what it says.",
    "429": "Too many from one caller; try again after `Retry-After` seconds.",
    "431": "The request's headers are too large.",
    "500": "The service failed.",
    "503": "Try again after `Retry-After` seconds.",
}


def request_body(model: type[BaseModel]) -> OpenApi:
    """`openapi_extra` of a route that reads its body itself."""
    schema = {"$ref": _REF.format(model=model.__name__)}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


def problems(*statuses: int) -> dict[int | str, OpenApi]:
    """`responses` of a route: the problems that it has beside those that all have."""
    return {str(status): _problem(str(status)) for status in statuses}


def _problem(status: str) -> OpenApi:
    content = {MEDIA_TYPE: {"schema": {"$ref": _REF.format(model=Problem.__name__)}}}
    answer: OpenApi = {"description": _MEANINGS[status], "content": content}
    if status in {"429", "503"}:
        schema = {"type": "integer", "minimum": 1}
        answer["headers"] = {"Retry-After": {"description": "Seconds.", "schema": schema}}
    return answer


def install(app: FastAPI, *, is_guarded: IsGuarded) -> None:
    """Makes the application serve the completed document.

    Args:
        app: with all its routes.
        is_guarded: whether a call, by method and path, takes a session here.
    """

    def openapi() -> OpenApi:
        if app.openapi_schema is None:
            app.openapi_schema = build_document(app, is_guarded)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def build_document(app: FastAPI, is_guarded: IsGuarded) -> OpenApi:
    """The document for the application's routes; arguments as `install`."""
    document = get_openapi(
        title=app.title,
        version=app.version,
        summary=app.summary,
        description=app.description,
        license_info=app.license_info,
        tags=app.openapi_tags,
        routes=app.routes,
    )
    components = document.setdefault("components", {})
    components["securitySchemes"] = _SESSIONS
    schemas = components.setdefault("schemas", {})
    _, definitions = models_json_schema(
        [(model, "validation") for model in _REQUESTS], ref_template=_REF
    )
    for name, schema in definitions["$defs"].items():
        schemas.setdefault(name, schema)
    for path, calls in document["paths"].items():
        for method, operation in calls.items():
            if is_guarded(method.upper(), path):
                operation["responses"].setdefault("401", _problem("401"))
            _complete(operation)
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    return document


def _complete(operation: OpenApi) -> None:
    responses = operation["responses"]
    # FastAPI's own answer to bad parameters; here they are 400.
    if "HTTPValidationError" in str(responses.get("422")):
        del responses["422"]
    statuses = (*_COMMON, *(_OF_BODIES if "requestBody" in operation else ()))
    for status in statuses:
        responses.setdefault(status, _problem(status))
    if "401" in responses:
        operation["security"] = [{name: []} for name in _SESSIONS]
    operation["responses"] = dict(sorted(responses.items()))
