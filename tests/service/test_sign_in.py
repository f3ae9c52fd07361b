"""Signing in with a wallet: eth-account signs, the service believes nothing else."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
import pytest
from eth_account import Account
from eth_account.messages import encode_defunct
from fastapi.routing import APIRoute

from client import Ledger
from client.errors import ServerProblem
from ledger.events import SigningKey
from service.app import create_app
from service.settings import Settings
from service.signin.gate import is_public
from tests.service.conftest import Serve, Served, problem_code
from tests.support.examples import signing_key

ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
STRANGER = signing_key("stranger")


def signed(key: SigningKey, message: str) -> str:
    made = Account.sign_message(encode_defunct(text=message), key.secret)
    return "0x" + made.signature.hex()


def prepared(served: Served, key: SigningKey) -> str:
    answer = served.post("/v1/session:prepare", {"account": key.address})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["message"])


def sign_in(served: Served, message: str, signature: str) -> httpx.Response:
    return served.post("/v1/session", {"message": message, "signature": signature})


def member_of(served: Served) -> SigningKey:
    return served.consortium.stewards[0]


def test_a_member_signs_in_and_out(served: Served) -> None:
    key = member_of(served)
    message = prepared(served, key)
    begun = sign_in(served, message, signed(key, message))
    assert begun.status_code == 201
    assert begun.json()["account"] == key.address
    assert {"HttpOnly", "SameSite=strict"} <= set(begun.headers["set-cookie"].split("; "))
    served.http.cookies.clear()
    bearer = {"Authorization": f"Bearer {begun.json()['token']}"}
    assert served.http.get("/v1/session", headers=bearer).json()["member"] == key.address
    assert served.http.delete("/v1/session", headers=bearer).status_code == 204
    gone = served.http.get("/v1/session", headers=bearer)
    assert problem_code(gone, 401) == "sign-in-required"
    assert gone.headers["www-authenticate"].startswith("Bearer")


def test_a_message_is_good_once(served: Served) -> None:
    key = member_of(served)
    message = prepared(served, key)
    assert sign_in(served, message, signed(key, message)).status_code == 201
    assert problem_code(sign_in(served, message, signed(key, message)), 403) == "sign-in-refused"


@pytest.mark.parametrize(
    ("what", "becomes"),
    [
        (r"^[^ ]+ wants", "evil.example wants"),
        (r"URI: .*", "URI: https://evil.example"),
        (r"Chain ID: .*", "Chain ID: 1"),
        (r"Nonce: .*", "Nonce: 12345678abcdefgh"),
        (r"Issued At: .*", "Issued At: 2100-01-01T00:00:00Z"),
        (r"Issued At: .*", "Issued At: 2020-01-01T00:00:00Z"),
        (r"Expiration Time: .*", "Expiration Time: 2020-01-01T00:00:00Z"),
        (r"(Expiration Time: .*)", r"\1\nNot Before: 2100-01-01T00:00:00Z"),
    ],
)
def test_a_message_for_elsewhere_or_of_another_time_is_refused(
    served: Served, what: str, becomes: str
) -> None:
    key = member_of(served)
    message = re.sub(what, becomes, prepared(served, key), count=1)
    assert problem_code(sign_in(served, message, signed(key, message)), 403) == "sign-in-refused"


def test_a_malleable_signature_and_somebody_elses_are_refused(served: Served) -> None:
    key = member_of(served)
    message = prepared(served, key)
    raw = bytes.fromhex(signed(key, message)[2:])
    high = ORDER - int.from_bytes(raw[32:64])
    twin = "0x" + (raw[:32] + high.to_bytes(32) + bytes([55 - raw[64]])).hex()
    assert problem_code(sign_in(served, message, twin), 400) == "invalid-signature"
    others = signed(STRANGER, message)
    assert problem_code(sign_in(served, message, others), 403) == "wrong-signer"


def test_a_stranger_may_not_sign_in(served: Served) -> None:
    message = prepared(served, STRANGER)
    refused = sign_in(served, message, signed(STRANGER, message))
    assert problem_code(refused, 403) == "not-a-member"


def test_where_reads_are_for_members_every_call_takes_a_session_or_is_listed(serve: Serve) -> None:
    served = serve(reads="members")
    routes = [r for r in create_app(Settings()).router.routes if isinstance(r, APIRoute)]
    guarded = 0
    for route in routes:
        path = re.sub(r"\{[^}]*\}", "1", route.path)
        for method in route.methods or ():
            if is_public(method, path):
                continue
            guarded += 1
            answer = served.http.request(method, path)
            assert problem_code(answer, 401) == "sign-in-required", path
    assert guarded > 30
    assert served.get("/checkpoint").status_code == 200
    assert problem_code(served.get("/tile/entries/000.p/1"), 401) == "sign-in-required"


def test_a_follower_with_a_key_signs_in_where_reads_are_for_members(
    serve: Serve, tmp_path: Path
) -> None:
    served = serve(reads="members")
    with Ledger(served.server.url, key=member_of(served), state=tmp_path / "trust") as ledger:
        assert next(ledger.follow(0))["index"] == 0
    with (
        Ledger(served.server.url, state=tmp_path / "other") as stranger,
        pytest.raises(ServerProblem, match="Sign in"),
    ):
        next(stranger.follow(0))
