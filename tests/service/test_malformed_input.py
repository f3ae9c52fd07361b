"""What a hostile client sends: every time a problem, never a failure, never a leaf."""

from __future__ import annotations

from collections.abc import Callable

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.events import MAX_LEAF_BYTES, Event
from tests.service.conftest import Served, problem_code
from tests.support.submissions import single_body

PATHS = (
    "/v1/events",
    "/v1/events:batch",
    "/v1/events:prepare",
    "/v1/proofs/verify",
    "/v1/sealed:read",
    "/access/v1/evaluation",
    "/access/v1/evaluations",
    "/access/v1/search/subject",
    "/access/v1/search/resource",
    "/access/v1/search/action",
)
NOT_JSON = {
    "nothing": b"",
    "no object": b"[]",
    "a number": b"1",
    "cut short": b'{"event":',
    "a byte order mark": b'\xef\xbb\xbf{"event":{}}',
    "invalid UTF-8": b'{"event":"\xff"}',
    "a lone surrogate": b'{"event":"\\ud800"}',
    "a NUL": b'{"event":"\\u0000"}',
    "NaN": b'{"event":NaN}',
    "infinity": b'{"event":1e999}',
    "beyond 2^53": b'{"event":9007199254740992}',
    "far beyond 2^53": b'{"event":' + b"9" * 400 + b"}",
    "a key twice": b'{"event":1,"event":2}',
    "a key twice within": b'{"event":{"a":1,"\\u0061":2}}',
    "too deep": b'{"event":' + b"[" * 40 + b"]" * 40 + b"}",
    "far too deep": b'{"event":' + b"[" * 50_000 + b"]" * 50_000 + b"}",
    "deep objects": b'{"a":' * 1_000 + b"1" + b"}" * 1_000,
    "rubbish behind": b"{} {}",
    "comments": b"{/* */}",
}


@pytest.mark.parametrize("path", PATHS)
def test_json_that_parsers_could_read_differently_is_refused_everywhere(
    served: Served, path: str
) -> None:
    for what, body in NOT_JSON.items():
        response = served.post_bytes(path, body)
        assert problem_code(response, 400) == "invalid-json", what
    assert served.get("/v1/log").json()["size"] == 1


def padded(served: Served, description: int) -> Event:
    return served.consortium.dataset("records", description="d" * description)


def run_with(served: Served, size: int) -> Event:
    """A run whose leaf is about so many bytes long."""
    c = served.consortium
    body = {
        "run": "run-1",
        "job": "job",
        "inputs": [],
        "startedAt": c.at(),
        "parameters": {"text": "x" * size},
    }
    return c.event(c.labs[0], "run.started", body)


def test_the_largest_leaf_is_recorded_and_one_byte_more_is_refused(served: Served) -> None:
    # How long the leaf is beside the text: a time has 15 digits at the most, in the year 9999.
    around = len(run_with(served, 0).encode()) + len('{"event":,"recordedAt":,"v":1}') + 15
    largest = run_with(served, MAX_LEAF_BYTES - around)
    body = orjson.loads(single_body(largest))
    assert served.send(largest).status_code == 201
    body["event"]["body"]["parameters"]["text"] += "x"
    response = served.post("/v1/events", body)
    assert problem_code(response, 413) == "leaf-too-large"
    assert served.get("/v1/log").json()["size"] == 2


def test_the_largest_leaf_is_served_in_its_bundle(served: Served) -> None:
    served.record(run_with(served, 64_000))
    bundle = served.get("/tile/entries/000.p/2").content
    assert len(bundle) > 64_000
    assert served.get("/v1/events/1").json()["event"]["kind"] == "run.started"


@pytest.mark.parametrize(
    ("path", "limit"), [("/v1/events", 128 * 1024), ("/v1/events:batch", 8 * 1024 * 1024)]
)
def test_a_body_of_the_limit_is_read_and_one_byte_more_is_not(
    served: Served, path: str, limit: int
) -> None:
    body = b'{"event":"' + b"x" * (limit - 12) + b'"}'
    assert len(body) == limit
    assert problem_code(served.post_bytes(path, body), 400) == "invalid-request"
    response = served.post_bytes(path, body + b" ")
    assert problem_code(response, 413) == "body-too-large"
    assert response.headers["connection"] == "close"


def change_signature(event: dict[str, object], value: str) -> None:
    event["signature"] = value


CHANGES: dict[str, Callable[[dict[str, object]], object]] = {
    "no signature": lambda e: e.pop("signature"),
    "an empty signature": lambda e: change_signature(e, "0x"),
    "a short signature": lambda e: change_signature(e, "0x" + "11" * 64),
    "a long signature": lambda e: change_signature(e, "0x" + "11" * 66),
    "upper case": lambda e: change_signature(e, str(e["signature"]).upper()),
    "r is zero": lambda e: change_signature(e, "0x" + "00" * 32 + "11" * 32 + "1b"),
    "v is 29": lambda e: change_signature(e, str(e["signature"])[:-2] + "1d"),
    "a nonce of 31 bytes": lambda e: e.update(nonce="0x" + "11" * 31),
    "a time of text": lambda e: e.update(issuedAt="now"),
    "a time that is no integer": lambda e: e.update(issuedAt=1.5),
    "a time before the epoch": lambda e: e.update(issuedAt=-1),
    "a wrong checksum": lambda e: e.update(actor=str(e["actor"]).lower()),
    "another subject": lambda e: e.update(subject="others"),
    "another summary": lambda e: e.update(summary="Give me everything."),
    "no body": lambda e: e.update(body=None),
    "a body of another kind": lambda e: e.update(kind="model.registered"),
    "an unknown kind": lambda e: e.update(kind="dataset.deleted"),
    "an endless kind": lambda e: e.update(kind="k" * 10_000),
}


@pytest.mark.parametrize("what", CHANGES)
def test_an_event_with_one_part_wrong_is_refused(served: Served, what: str) -> None:
    event = orjson.loads(served.consortium.dataset("records").encode())
    CHANGES[what](event)
    response = served.post("/v1/events", {"event": event})
    assert 400 <= response.status_code < 500
    problem_code(response, response.status_code)
    assert served.get("/v1/log").json()["size"] == 1


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["event", "events", "kind", "body", "actor"]), inner)
    ),
    max_leaves=12,
)


@given(path=st.sampled_from(PATHS), value=st.dictionaries(st.text(max_size=8), JSON) | JSON)
@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_no_json_at_all_makes_the_service_fail(served: Served, path: str, value: object) -> None:
    response = served.post(path, value)
    assert 200 <= response.status_code < 500
    if response.status_code >= 400:
        problem_code(response, response.status_code)


@given(path=st.sampled_from(PATHS), body=st.binary(max_size=200))
@settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_no_bytes_at_all_make_the_service_fail(served: Served, path: str, body: bytes) -> None:
    assert 400 <= served.post_bytes(path, body).status_code < 500


@pytest.mark.parametrize(
    "path",
    [
        "/tile/0/000.p/256", "/tile/0/0", "/tile/0/x000/000", "/tile/00/000", "/tile/64/000",
        "/tile/-1/000", "/tile/0/000.p/0", "/tile/0/000.p/01", "/tile/0/000/", "/tile//000",
        "/tile/entries", "/tile/data/000", "/tile/0/000.P/1", "/tile/0/%30%30%30.p/1/..",
        "/tile/0/" + "x999/" * 30 + "999", "/tile/0/" + "9" * 2_000, "/tile/0/..%2f..%2fetc",
    ],
)  # fmt: skip
def test_a_tile_path_of_another_spelling_is_not_found(served: Served, path: str) -> None:
    assert served.http.get(path).status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "/v1/datasets/..%2f..%2fetc%2fpasswd", "/v1/datasets/%00", "/v1/datasets/UPPER",
        "/v1/models/m/versions/%ff", "/v1/receipts/1e3", "/v1/receipts/99999999999999999999",
        "/v1/events/0x10", "/v1/members/0xZZ", "/v1/grants/%F0%9F%92%A9",
    ],
)  # fmt: skip
def test_an_id_in_a_path_that_cannot_be_is_refused(served: Served, path: str) -> None:
    response = served.http.get(path)
    assert response.status_code in {400, 404}
    problem_code(response, response.status_code)
