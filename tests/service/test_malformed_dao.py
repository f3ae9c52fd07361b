"""What a hostile client sends to the DAO's calls: every time a problem, never a failure, never a
transaction.
"""

from __future__ import annotations

import httpx
import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.app import create_app
from service.settings import Settings
from tests.service.assembly import AUDITOR, HOSPITAL, NEWCOMER, Json, ServedDao, admit
from tests.service.conftest import ServeDao, problem_code
from tests.service.test_malformed_input import JSON, NOT_JSON
from tests.service.test_malformed_input import PATHS as LEDGER_PATHS

PATHS = (
    "/v1/proposals:prepare",
    "/v1/proposals/{proposal}:queue",
    "/v1/proposals/{proposal}:execute",
    "/v1/proposals/{proposal}:cancel",
    "/v1/votes",
    "/v1/votes:prepare",
    "/v1/delegations",
    "/v1/delegations:prepare",
    "/v1/transactions:prepare",
    "/v1/anchors",
    "/v1/session",
    "/v1/session:prepare",
)


@pytest.fixture
def open_dao(serve_dao: ServeDao) -> ServedDao:
    """One that limits nobody, whose client is signed in."""
    limits = ("source_trials", "source_ballots", "voter_ballots")
    dao = serve_dao(**{f"{each}_at_once": 1_000_000 for each in limits})
    dao.http.headers.update(dao.bearer(AUDITOR))
    return dao


def height(dao: ServedDao) -> int:
    """Of the chain."""
    return int(dao.rpc("eth_blockNumber"), 16)


def post(dao: ServedDao, path: str, body: bytes) -> httpx.Response:
    return dao.http.post(path, content=body, headers={"content-type": "application/json"})


def test_json_that_parsers_could_read_differently_is_refused_everywhere(
    open_dao: ServedDao,
) -> None:
    proposal = open_dao.open()
    before = height(open_dao)
    for path in PATHS:
        for what, body in NOT_JSON.items():
            response = post(open_dao, path.format(proposal=proposal), body)
            assert problem_code(response, 400) == "invalid-json", (path, what)
    assert height(open_dao) == before


def test_no_call_that_takes_json_is_left_out() -> None:
    document = create_app(Settings()).openapi()
    taken = {
        path
        for path, item in document["paths"].items()
        for operation in item.values()
        if "application/json" in operation.get("requestBody", {}).get("content", {})
    }
    assert taken == {*PATHS, *LEDGER_PATHS}


def test_the_chains_own_interface_takes_nonsense_as_json_rpc_says(open_dao: ServedDao) -> None:
    before = height(open_dao)
    asked = b'{"jsonrpc":"2.0","id":1,"method":"eth_getBalance","params":%b}'
    params = [
        b"[9007199254740993]",
        b'["0x' + b"f" * 10_000 + b'","latest"]',
        b'["' + HOSPITAL.address.encode() + b'","0x' + b"f" * 65 + b'"]',
        b'["\\ud800","latest"]',
        b"[NaN]",
        b"[1e999]",
        b"[" * 5_000 + b"]" * 5_000,
        b'{"address":1}',
        b"null",
    ]
    raw = b'{"jsonrpc":"2.0","id":1,"method":"eth_sendRawTransaction","params":["%b"]}'
    signed = [b"", b"0x", b"0xzz", b"0x" + b"c0" * 40_000, b"0x02" + b"ff" * 100, b"0xf8" * 10]
    bodies = [asked % each for each in params] + [raw % each for each in signed]
    bodies += [body for what, body in NOT_JSON.items() if what != "nothing"]
    bodies += [b"[" + b",".join([asked % b"[]"] * 501) + b"]", b"[]", b"0"]
    for body in bodies:
        response = post(open_dao, "/rpc", body)
        assert response.status_code in {200, 400}, body[:80]
        answer = response.json()
        if isinstance(answer, list):
            assert all("error" in each for each in answer), body[:80]
        else:
            assert "error" in answer or answer["code"] == "invalid-json", body[:80]
    assert height(open_dao) == before


def edited(document: Json, path: tuple[str, ...], value: object) -> Json:
    """The document with one field changed."""
    head, *rest = path
    inner = document.get(head)
    if rest and isinstance(inner, dict):
        return document | {head: edited(inner, tuple(rest), value)}
    return document | {head: value}


@pytest.mark.parametrize(
    "value",
    [2**53, -1, 1.5, True, None, "", "0x", "\u0000", "9" * 400, [], {}, ["\u202e"]],
)
def test_no_field_of_a_ballot_or_a_proposal_takes_just_anything(
    open_dao: ServedDao, value: object
) -> None:
    proposal = open_dao.open()
    before = height(open_dao)
    ballot = open_dao.signed(HOSPITAL, proposal)
    asked: Json = {"proposer": HOSPITAL.address, "title": "T", "actions": [admit(NEWCOMER)]}
    cases: list[tuple[str, Json, list[tuple[str, ...]]]] = [
        ("/v1/votes", ballot, [(name,) for name in ballot if name != "reason"]),
        ("/v1/votes:prepare", {"proposal": proposal, "voter": HOSPITAL.address, "support": "for"},
         [("proposal",), ("voter",), ("support",), ("more",)]),
        ("/v1/proposals:prepare", asked, [("proposer",), ("actions",), ("more",)]),
    ]  # fmt: skip
    for path, document, fields in cases:
        for field in fields:
            if value is None and field == ("split",):
                continue
            body = orjson.dumps(edited(document, field, value))
            response = post(open_dao, path, body)
            assert 400 <= response.status_code < 500, (path, field, response.text)
            problem_code(response, response.status_code)
    assert height(open_dao) == before


@pytest.mark.slow
def test_no_json_at_all_makes_the_service_fail(open_dao: ServedDao) -> None:
    proposal = open_dao.open()
    before = height(open_dao)
    names = ["proposal", "voter", "support", "signature", "actions", "action", "proposer", "title"]

    @given(
        path=st.sampled_from(PATHS),
        value=st.dictionaries(st.sampled_from(names) | st.text(max_size=8), JSON) | JSON,
    )
    @settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    def check(path: str, value: object) -> None:
        if path.startswith("/v1/proposals/") and value == {}:
            return
        response = open_dao.post(path.format(proposal=proposal), value)
        assert 400 <= response.status_code < 500 or path == "/v1/anchors"
        if response.status_code >= 400:
            problem_code(response, response.status_code)

    check()
    # An anchor may have been asked for in earnest: that makes one block for each new size.
    assert height(open_dao) <= before + 2
