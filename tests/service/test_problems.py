from __future__ import annotations

import asyncio

import httpx
import orjson
import pytest
from fastapi import FastAPI, Request
from httpx import ASGITransport

from ledger.errors import ConcordError, IntegrityError
from service.app import create_app
from service.http import problems
from service.settings import Settings
from tests.service.conftest import Serve, Served, problem_code

PLAIN = {"content-type": "application/json"}


def every_class(root: type[ConcordError]) -> set[type[ConcordError]]:
    return {root} | {c for child in root.__subclasses__() for c in every_class(child)}


def test_every_error_on_purpose_has_a_status_of_its_family() -> None:
    for error in every_class(ConcordError):
        status = problems.status_of(error.__new__(error))
        known = {400, 401, 403, 404, 405, 408, 409, 413, 414, 415, 422, 429, 431, 500, 503}
        assert status in known
        if issubclass(error, IntegrityError):
            assert status == 500
        elif error.code.startswith("invalid-"):
            assert status == 400


def test_a_path_that_is_not_served_and_a_wrong_method_are_problems(served: Served) -> None:
    for path in ("/", "/v1", "/v1/nothing", "/v1/events/", "/v2/events", "/../etc/passwd"):
        assert problem_code(served.get(path), 404) == "no-such-path"
    response = served.http.put("/v1/events", json={})
    assert problem_code(response, 405) == "method-not-allowed"
    assert response.headers["allow"] == "GET, HEAD, OPTIONS, POST"


def test_options_says_what_a_path_takes_and_head_what_get_would(served: Served) -> None:
    response = served.http.options("/v1/events")
    assert (response.status_code, response.content) == (204, b"")
    assert response.headers["allow"] == "GET, HEAD, OPTIONS, POST"
    for path in ("/checkpoint", "/v1/log", "/tile/0/000.p/1", "/v1/nothing", "/v1/events:stream"):
        head = served.http.head(path)
        assert head.content == b""
        if path != "/v1/events:stream":
            get = served.get(path)
            assert head.status_code == get.status_code
            assert head.headers["content-length"] == get.headers["content-length"]


@pytest.mark.parametrize(
    "media_type",
    [
        None,
        "text/plain",
        "application/xml",
        "application/json; charset=latin-1",
        "multipart/form-data",
    ],
)
def test_a_body_that_is_not_declared_as_json_is_refused(
    served: Served, media_type: str | None
) -> None:
    headers = {"content-type": media_type} if media_type else {}
    for path in ("/v1/events", "/v1/events:batch", "/access/v1/evaluation", "/v1/proofs/verify"):
        response = served.http.post(path, content=b"{}", headers=headers)
        assert problem_code(response, 415) == "unsupported-media-type"


def test_a_charset_of_utf_8_is_json_and_a_compressed_body_is_not(served: Served) -> None:
    for media_type in ("application/json;charset=UTF-8", 'APPLICATION/JSON; charset="utf-8"'):
        headers = {"content-type": media_type}
        response = served.http.post("/v1/events", content=b"{}", headers=headers)
        assert problem_code(response, 400) == "invalid-request"
    response = served.http.post(
        "/v1/events", content=b"{}", headers=PLAIN | {"content-encoding": "gzip"}
    )
    assert problem_code(response, 415) == "unsupported-media-type"


@pytest.mark.parametrize("path", ["/v1/events", "/v1/events:prepare", "/v1/log", "/healthz"])
def test_query_parameters_that_a_call_does_not_have_are_refused(served: Served, path: str) -> None:
    send = served.http.get if path in {"/v1/log", "/healthz"} else served.http.post
    assert problem_code(send(path + "?verbose=1"), 400) == "invalid-query"


def test_a_query_parameter_that_stands_there_twice_is_refused(served: Served) -> None:
    response = served.http.get("/v1/events?limit=1&limit=2")
    assert problem_code(response, 400) == "invalid-query"


def test_fields_that_a_request_does_not_have_are_refused(served: Served) -> None:
    event = orjson.loads(served.consortium.dataset("records").encode())
    bodies = {
        "/v1/events": [
            {"event": event, "extra": 1},
            {"event": event | {"extra": 1}},
            {"event": event, "openings": [{"extra": 1}]},
        ],
        "/v1/events:batch": [{"events": [{"event": event}], "extra": 1}],
        "/v1/sealed:read": [{"extra": 1}],
    }
    for path, values in bodies.items():
        for value in values:
            assert problem_code(served.post(path, value), 400).startswith("invalid-")
    assert served.get("/v1/log").json()["size"] == 1


def test_every_answer_is_safe_to_hold(served: Served) -> None:
    for path in ("/v1/log", "/v1/nothing", "/healthz", "/checkpoint"):
        headers = served.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "server" not in headers
    assert served.get("/v1/log").headers["cache-control"] == "no-store"
    assert served.get("/v1/log").headers.get_list("cache-control") == ["no-store"]


def test_a_request_identifier_that_could_forge_a_header_is_not_echoed(served: Served) -> None:
    for identifier in (b"a b", b"x" * 201, b"caf\xe9"):
        headers = {b"X-Request-ID": identifier}
        assert "x-request-id" not in served.http.get("/healthz", headers=headers).headers


def test_browsers_of_other_origins_are_let_in_only_where_configured(serve: Serve) -> None:
    origin = {"Origin": "https://dashboard.example.org"}
    closed = serve().http.get("/v1/log", headers=origin)
    assert "access-control-allow-origin" not in closed.headers
    open_ = serve(cors_origins=("https://dashboard.example.org",)).http
    allowed = open_.get("/v1/log", headers=origin)
    assert allowed.headers["access-control-allow-origin"] == "https://dashboard.example.org"
    other = open_.get("/v1/log", headers={"Origin": "https://evil.example.org"})
    assert "access-control-allow-origin" not in other.headers
    # What is served past FastAPI's own layers is open to the same pages.
    written = open_.post("/v1/events", json={}, headers=origin)
    assert problem_code(written, 400) == "invalid-request"
    assert written.headers["access-control-allow-origin"] == "https://dashboard.example.org"
    preflight = open_.options(
        "/v1/events", headers=origin | {"Access-Control-Request-Method": "POST"}
    )
    assert preflight.status_code == 200


@pytest.fixture
def failing() -> FastAPI:
    """An application with calls that fail; nothing else of the service is needed for that."""
    app = create_app(Settings())

    @app.get("/bug")
    async def bug(request: Request) -> None:
        del request
        raise ZeroDivisionError("the secret is 42")

    @app.get("/damage")
    async def damage(request: Request) -> None:
        del request
        raise IntegrityError("row 7 of the secret table")

    return app


async def ask(app: FastAPI, path: str, method: str = "GET", **headers: str) -> httpx.Response:
    transport = ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as http:
        return await http.request(method, path, headers=headers)


@pytest.mark.parametrize(("path", "code"), [("/bug", "internal"), ("/damage", "integrity")])
def test_what_fails_unforeseen_says_nothing_of_the_inside(
    failing: FastAPI, path: str, code: str
) -> None:
    response = asyncio.run(ask(failing, path))
    assert problem_code(response, 500) == code
    assert "secret" not in response.text
    assert response.headers["x-request-id"]
    assert response.headers["cache-control"] == "no-store"


def test_a_lean_route_that_fails_says_as_little() -> None:
    # Without its lifetime the application has none of its parts.
    response = asyncio.run(ask(create_app(Settings()), "/v1/events", "POST"))
    assert problem_code(response, 500) == "internal"
    assert "parts" not in response.text
    assert response.headers["x-request-id"]
    assert response.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(("path", "method"), [("/bug", "GET"), ("/v1/events", "POST")])
def test_a_failure_echoes_one_request_identifier(failing: FastAPI, path: str, method: str) -> None:
    response = asyncio.run(ask(failing, path, method, **{"x-request-id": "trace-7"}))
    assert response.headers.get_list("x-request-id") == ["trace-7"]
    assert response.headers.get_list("cache-control") == ["no-store"]
