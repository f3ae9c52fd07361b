"""The OpenAPI document: complete, true, and what Schemathesis makes of it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from fastapi.routing import APIRoute
from jsonschema import Draft202012Validator

from ledger.events import BODIES
from service.app import create_app
from service.settings import Settings
from tests.service.assembly import HOSPITAL
from tests.service.conftest import Served, ServeDao
from tests.support.examples import signed_event

Json = dict[str, Any]


@pytest.fixture(scope="module")
def document() -> Json:
    return create_app(Settings()).openapi()


def references(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            if key == "$ref":
                yield item
            yield from references(item)
    elif isinstance(value, list):
        for item in value:
            yield from references(item)


def operations(document: Json) -> Iterator[tuple[str, str, Json]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield path, method, operation


def test_every_reference_in_the_document_leads_somewhere(document: Json) -> None:
    schemas = document["components"]["schemas"]
    for reference in set(references(document)):
        assert reference.removeprefix("#/components/schemas/") in schemas


def test_every_route_is_in_the_document_with_its_problems(document: Json) -> None:
    routes = [r for r in create_app(Settings()).router.routes if isinstance(r, APIRoute)]
    documented = {(path, method) for path, method, _ in operations(document)}
    assert documented == {
        (route.path_format, method.lower()) for route in routes for method in route.methods or ()
    }
    for path, _, operation in operations(document):
        assert operation["summary"]
        assert operation["tags"], path
        for status in ("400", "405", "500", "503"):
            content = operation["responses"][status]["content"]
            assert content.keys() == {"application/problem+json"}


def test_every_call_with_a_body_says_what_it_takes(document: Json) -> None:
    for path, method, operation in operations(document):
        if method == "post" and path not in {"/rpc", "/v1/content", "/v1/session:nonce"}:
            content = operation["requestBody"]["content"]
            assert content["application/json"]["schema"]["$ref"]
            assert {"408", "413", "415", "422"} <= operation["responses"].keys()


def test_every_kind_of_event_is_described_with_its_body(document: Json) -> None:
    event = document["components"]["schemas"]["AppendRequest"]["properties"]["event"]
    assert event["discriminator"]["mapping"].keys() == BODIES.keys()
    assert len(event["oneOf"]) == len(BODIES)


def test_examples_of_every_kind_fit_the_document(document: Json) -> None:
    schema = {"$ref": "#/components/schemas/AppendRequest", "components": document["components"]}
    validator = Draft202012Validator(schema)
    for kind in BODIES:
        event = orjson.loads(signed_event(kind).encode())
        faults = [fault.message for fault in validator.iter_errors({"event": event})]
        assert not faults, kind


def test_the_document_and_its_page_are_served(served: Served) -> None:
    document = served.get("/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    page = served.get("/docs")
    assert page.headers["content-type"].startswith("text/html")
    assert "/openapi.json" in page.text


def test_the_document_says_which_calls_take_a_session(document: Json) -> None:
    for_members = create_app(Settings(reads="members")).openapi()
    sessions = for_members["components"]["securitySchemes"].keys()
    guarded = {
        (path, method)
        for path, method, operation in operations(for_members)
        if [set(each) for each in operation.get("security", [])] == [{name} for name in sessions]
    }
    assert guarded == {
        (path, method)
        for path, method, operation in operations(for_members)
        if "401" in operation["responses"]
    }
    assert {("/v1/events", "get"), ("/rpc", "post"), ("/v1/content", "post")} <= guarded
    assert not guarded & {("/checkpoint", "get"), ("/v1/events", "post"), ("/v1/log", "get")}
    # Where everybody reads, these do anyway.
    always = {(p, m) for p, m, operation in operations(document) if "security" in operation}
    assert {("/v1/content", "post"), ("/v1/anchors", "post")} <= always
    assert ("/v1/events", "get") not in always


CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "unsupported_method",
)
_CONFIGURATION = Path(__file__).with_name("schemathesis.toml")
ENDLESS = "/v1/events:stream"
# These answer 200 and say in it what is wrong with each thing that was sent.
SAYING_WHAT_IS_WRONG = ("/v1/events:batch", "/v1/proofs/verify")


def schemathesis(url: str, checks: tuple[str, ...], seconds: int, *options: str) -> None:
    """Runs it for so long at the most; whatever it finds fails the test."""
    command = [
        sys.executable, "-m", "schemathesis.cli", "--config-file", str(_CONFIGURATION),
        "--no-color", "run", f"{url}/openapi.json",
        "--checks", ",".join(checks), "--phases", "examples,coverage,fuzzing",
        "--max-examples", "10", "--max-time", str(seconds), "--seed", "1",
        "--suppress-health-check", "all", "--warnings", "off", "--generation-database", "none",
        "--continue-on-failure", "--request-timeout", "60", *options,
    ]  # fmt: skip
    found = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 120)
    assert found.returncode == 0, found.stdout + found.stderr


@pytest.mark.slow
def test_schemathesis_finds_nothing_that_the_document_does_not_say(trained: Served) -> None:
    elsewhere = [o for path in (ENDLESS, *SAYING_WHAT_IS_WRONG) for o in ("--exclude-path", path)]
    schemathesis(trained.server.url, (*CHECKS, "negative_data_rejection"), 30, *elsewhere)
    here = [o for path in SAYING_WHAT_IS_WRONG for o in ("--include-path", path)]
    schemathesis(trained.server.url, CHECKS, 10, *here)


@pytest.mark.slow
def test_schemathesis_finds_nothing_about_the_dao_that_the_document_does_not_say(
    serve_dao: ServeDao,
) -> None:
    limits = ("source_trials", "source_ballots", "voter_ballots")
    free = {f"{each}_at_once": 1_000_000 for each in limits}
    dao = serve_dao(**free)
    dao.vote(HOSPITAL, dao.open())
    paths = [path for path in create_app(Settings()).openapi()["paths"] if is_about_the_dao(path)]
    here = [o for path in paths for o in ("--include-path", path)]
    schemathesis(dao.server.url, (*CHECKS, "negative_data_rejection"), 30, *here)


@pytest.mark.slow
def test_schemathesis_finds_nothing_where_reads_are_for_members_either(
    serve_dao: ServeDao,
) -> None:
    dao = serve_dao(reads="members", source_trials_at_once=1_000_000)
    dao.vote(HOSPITAL, dao.open())
    token = dao.http.headers["Authorization"]
    # Signing out would leave nothing to be seen; the other calls are tried above.
    elsewhere = (ENDLESS, *SAYING_WHAT_IS_WRONG, "/v1/session")
    options = [o for path in elsewhere for o in ("--exclude-path", path)]
    options += ["--include-method", "GET", "--header", f"Authorization: {token}"]
    schemathesis(dao.server.url, (*CHECKS, "negative_data_rejection"), 25, *options)
    # Guests get what the document says, too; which methods a path takes is not for them to know.
    for_guests = tuple(check for check in CHECKS if check != "unsupported_method")
    schemathesis(dao.server.url, for_guests, 10, *options[:-2])


def is_about_the_dao(path: str) -> bool:
    """Whether a call asks the DAO; `/rpc` says in its answers what is wrong, in its own words."""
    subjects = ("dao", "proposals", "votes", "delegations", "transactions")
    return path.startswith(tuple(f"/v1/{each}" for each in subjects)) or "attestation" in path
