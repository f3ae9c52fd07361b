"""How long a session lasts, whose it is, and what it opens where reads are for members."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import httpx
import pytest
from eth_account import Account

from ledger.chain.methods import METHODS
from ledger.events import SigningKey
from service.settings import Settings
from service.signin.open_rpc import OPEN_METHODS
from tests.service.assembly import HOSPITAL, NEWCOMER
from tests.service.conftest import Serve, Served, ServeDao, problem_code
from tests.support.ledgers import DAY, member_key
from tests.support.servers import ServerThread
from tests.support.waiting import await_that

GUARDED = (
    "/v1/events",
    "/v1/events/0",
    "/v1/receipts/0",
    "/v1/members",
    "/v1/datasets",
    "/v1/grants",
    "/v1/models/tumours/versions/1/audit",
    "/v1/models/tumours/versions/1/audit?bundle=true",
    "/v1/datasets/records/impact",
    "/v1/content/bafkreifzjut3te7nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e",
    "/tile/entries/000.p/1",
    "/tile/entries/x001/000",
)
DAO_GUARDED = (
    "/v1/dao",
    "/v1/proposals",
    "/v1/proposals/1",
    "/v1/proposals/1/votes",
    "/v1/proposals/1/recount",
    "/v1/proposals/1/simulation",
    "/v1/proposals/1/ballot?voter=0x1&support=for",
    "/v1/token/holders",
    "/v1/treasury",
    "/v1/treasury/payments",
    "/v1/policies",
    "/v1/anchors",
    "/v1/anchors/latest",
)
PUBLIC = (
    "/checkpoint",
    "/tile/0/000.p/1",
    "/v1/log",
    "/v1/log/consistency?first=0&second=1",
    "/healthz",
    "/readyz",
    "/metrics",
    "/openapi.json",
    "/.well-known/authzen-configuration",
)


def lab_of(served: Served) -> SigningKey:
    return served.consortium.labs[0]


def is_in(served: Served, session: dict[str, str]) -> bool:
    """Whether a session counts."""
    answer = served.http.get("/v1/session", headers=session)
    assert answer.status_code in {200, 401}
    return answer.status_code == 200


def test_a_session_ends_when_its_time_is_over(serve: Serve) -> None:
    served = serve(session_seconds=1.0)
    session = served.sign_in(lab_of(served))
    assert is_in(served, session)
    await_that(lambda: not is_in(served, session))
    # Whoever signs in again finds the service as it was.
    assert is_in(served, served.sign_in(lab_of(served)))


def test_a_message_that_was_signed_too_late_is_refused(serve: Serve) -> None:
    served = serve(sign_in_seconds=0.05)
    key = lab_of(served)
    message = served.post("/v1/session:prepare", {"account": key.address}).json()["message"]
    signature = "0x" + "11" * 65

    def refusal() -> str:
        answer = served.post("/v1/session", {"message": message, "signature": signature})
        return str(answer.json()["code"])

    # Before, it is the signature that is wrong.
    await_that(lambda: refusal() == "sign-in-refused")


def test_the_session_of_a_removed_member_ends_with_the_membership(serve: Serve) -> None:
    served = serve(reads="members")
    key, c = lab_of(served), served.consortium
    session = served.sign_in(key)
    assert served.http.get("/v1/events", headers=session).status_code == 200
    served.record(c.event(c.operator, "member.removed", {"member": key.address}))
    assert not is_in(served, session)
    answer = served.http.get("/v1/events", headers=session)
    assert problem_code(answer, 401) == "sign-in-required"


@pytest.mark.parametrize("by", ["signing out", "being removed"])
def test_an_open_stream_ends_with_the_session(serve: Serve, by: str) -> None:
    served = serve(reads="members", stream_pulse_seconds=0.1)
    key, c = lab_of(served), served.consortium
    session = served.sign_in(key)
    path = "/v1/events:stream"
    with served.http.stream("GET", path, headers=session, params={"from": 0}) as stream:
        lines = stream.iter_lines()
        assert any(line.startswith("id: 0") for line in lines)
        if by == "signing out":
            assert served.http.delete("/v1/session", headers=session).status_code == 204
        else:
            served.record(c.event(c.operator, "member.removed", {"member": key.address}))
        # Without an end, this would go on for ever.
        assert all(
            line.startswith((":", "id: ", "data: ", "event: ")) or not line for line in lines
        )
    await_that(lambda: "concord_streams_open 0.0" in served.get("/metrics").text)


def test_a_key_signs_in_for_its_member_until_it_is_revoked(served: Served) -> None:
    c, key = served.consortium, member_key("gateway-job")
    authorized = {"key": key.address, "kinds": ["access.used"], "until": c.at(DAY)}
    served.record(c.event(lab_of(served), "key.authorized", {**authorized}))
    session = served.sign_in(key)
    told = served.http.get("/v1/session", headers=session).json()
    assert (told["account"], told["member"]) == (key.address, lab_of(served).address)
    served.record(c.event(lab_of(served), "key.revoked", {"key": key.address}))
    assert not is_in(served, session)


def test_a_key_that_has_run_out_is_nobodys(served: Served) -> None:
    c, key = served.consortium, member_key("gateway-job")
    authorized = {"key": key.address, "kinds": ["access.used"], "until": c.at(1_500)}
    served.record(c.event(lab_of(served), "key.authorized", {**authorized}))
    session = served.sign_in(key)
    await_that(lambda: not is_in(served, session))


@pytest.mark.parametrize(
    "token",
    [
        "",
        "x",
        "A" * 43,
        "A" * 42 + "=",
        "A" * 44,
        "A" * 20_000,
        "' OR '1'='1",
        "../../log.key",
        "\u00e9" * 43,
        "null",
    ],
)
def test_garbage_for_a_token_is_nobody(serve: Serve, token: str) -> None:
    served = serve(reads="members")
    for headers in (
        {"Authorization": f"Bearer {token}".strip().encode()},
        {"Authorization": f"Basic {token}".strip().encode()},
        {"Cookie": f"concord_session={token}".encode()},
        {"Cookie": f'concord_session="{token}'.encode()},
    ):
        answer = served.http.get("/v1/events", headers=headers)
        assert problem_code(answer, 401) == "sign-in-required"


def test_a_token_is_not_found_by_any_part_of_it(served: Served) -> None:
    session = served.sign_in(lab_of(served))
    token = session["Authorization"].removeprefix("Bearer ")
    for other in (token[:-1], token.swapcase(), token + "A", token[::-1]):
        assert not is_in(served, {"Authorization": f"Bearer {other}"})
    assert is_in(served, {"authorization": f"bearer {token}"})


def test_the_database_holds_no_token(served: Served) -> None:
    token = served.sign_in(lab_of(served))["Authorization"].removeprefix("Bearer ")
    for file in served.data.glob("concord.db*"):
        assert token.encode() not in file.read_bytes()


def test_a_cookie_counts_for_its_own_origin_only(served: Served) -> None:
    token = served.sign_in(lab_of(served))["Authorization"].removeprefix("Bearer ")
    cookie = {"Cookie": f"concord_session={token}"}

    def add(origin: str | None) -> httpx.Response:
        headers = cookie if origin is None else cookie | {"Origin": origin}
        return served.http.post("/v1/content", content=b"x", headers=headers)

    assert add(served.server.url).status_code == 201
    assert add(None).status_code == 201
    for foreign in ("https://evil.example", "null", served.server.url + ".evil.example"):
        assert problem_code(add(foreign), 403) == "origin-refused"


def test_a_session_is_known_to_every_process_on_the_database(served: Served) -> None:
    session = served.sign_in(lab_of(served))
    other = Settings(data_dir=served.data)
    with ServerThread(other) as server, httpx.Client(base_url=server.url) as http:
        assert http.get("/v1/session", headers=session).status_code == 200
        http.delete("/v1/session", headers=session)
    assert not is_in(served, session)


def test_a_session_outlives_a_restart_and_no_copy_of_the_ledger_made_before(
    serve: Serve, tmp_path: Path
) -> None:
    served = serve()
    copy = tmp_path / "copy"
    shutil.copytree(served.data, copy)
    session = served.sign_in(lab_of(served))
    served.server.ask_to_stop()
    served.server.wait()
    for data, status in ((served.data, 200), (copy, 401)):
        with (
            ServerThread(Settings(data_dir=data)) as server,
            httpx.Client(base_url=server.url) as http,
        ):
            assert http.get("/v1/session", headers=session).status_code == status


def test_payloads_are_for_members_and_proofs_for_everybody(serve: Serve) -> None:
    served = serve(reads="members")
    for path in PUBLIC:
        assert served.http.get(path).status_code == 200, path
        assert served.http.head(path).status_code == 200, path
    for path in GUARDED:
        assert problem_code(served.http.get(path), 401) == "sign-in-required", path
        assert served.http.head(path).status_code == 401, path
    with served.http.stream("GET", "/v1/events:stream") as stream:
        assert stream.status_code == 401
    for path in ("/access/v1/evaluation", "/access/v1/search/subject"):
        assert problem_code(served.post(path, {}), 401) == "sign-in-required"
    session = served.sign_in(lab_of(served))
    for path in GUARDED:
        answer = served.http.get(path, headers=session)
        assert answer.status_code in {200, 404}, path
        # A shared cache would hand it to guests.
        assert answer.headers["cache-control"] == "no-store", path


@pytest.mark.parametrize(
    "path",
    [
        "//v1/events",
        "/v1//events",
        "/v1/events/",
        "/v1/%65vents",
        "/V1/events",
        "/tile/0/../entries/000.p/1",
        "/tile/%65ntries/000.p/1",
        "/tile/0/..%2fentries/000.p/1",
        "/checkpoint/../v1/events",
        "/v1/log/../events",
        "/v1/events;/checkpoint",
        "/v1/events?/checkpoint",
    ],
)
def test_no_way_of_writing_a_path_opens_the_gate(serve: Serve, path: str) -> None:
    served = serve(reads="members")
    answer = httpx.Client().request("GET", httpx.URL(served.server.url + path))
    assert answer.status_code in {401, 404}
    assert b"ledger.created" not in answer.content


def test_the_dao_is_for_members_too(serve_dao: ServeDao) -> None:
    dao = serve_dao(reads="members")
    request = asking("eth_getLogs", {})
    assert dao.read("/v1/dao")["isEmbedded"] is True
    assert "result" in dao.do("/rpc", request)
    del dao.http.headers["Authorization"]
    for path in DAO_GUARDED:
        assert problem_code(dao.get(path), 401) == "sign-in-required", path
    # What the chain holds is what the log tells of: /rpc is a read like the others.
    assert problem_code(dao.post("/rpc", request), 401) == "sign-in-required"


def asking(method: str, *params: object) -> dict[str, object]:
    return {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}


def test_a_wallet_finds_the_chain_and_sends_through_it_without_a_session(
    serve_dao: ServeDao,
) -> None:
    dao = serve_dao(reads="members")
    prepared = dao.prepare({"action": "admit", "member": NEWCOMER.address, "roles": []})

    def ask(method: str, *params: object) -> Any:
        guest = httpx.post(f"{dao.server.url}/rpc", json=asking(method, *params))
        answer = guest.raise_for_status().json()
        assert "error" not in answer, answer
        return answer["result"]

    unsigned = {
        "to": prepared["transaction"]["to"],
        "data": prepared["transaction"]["data"],
        "value": 0,
        "gas": int(prepared["transaction"]["gas"], 16),
        "chainId": int(ask("eth_chainId"), 16),
        "nonce": int(ask("eth_getTransactionCount", HOSPITAL.address, "latest"), 16),
        "gasPrice": int(ask("eth_gasPrice"), 16),
    }
    raw = Account.sign_transaction(unsigned, HOSPITAL.secret).raw_transaction
    sent = ask("eth_sendRawTransaction", "0x" + raw.hex())
    assert dao.rpc("eth_getTransactionReceipt", sent)["status"] == "0x1"


CLOSED: list[object] = [
    *(asking(method) for method in sorted(METHODS.keys() - OPEN_METHODS)),
    [asking("eth_chainId"), asking("eth_getLogs", {})],
    [],
    {},
    asking("eth_chainId") | {"method": ["eth_chainId"]},
    "eth_chainId",
]


def test_what_reads_the_chain_takes_a_session_however_it_is_asked(serve_dao: ServeDao) -> None:
    dao = serve_dao(reads="members")
    url = f"{dao.server.url}/rpc"
    for body in CLOSED:
        assert problem_code(httpx.post(url, json=body), 401) == "sign-in-required", body
    twice = b'{"jsonrpc":"2.0","id":1,"method":"eth_chainId","method":"eth_getLogs","params":[{}]}'
    for raw in (b"", b"{", twice):
        answer = httpx.post(url, content=raw, headers={"content-type": "application/json"})
        assert problem_code(answer, 401) == "sign-in-required", raw
