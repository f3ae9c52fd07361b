"""A policy that members adopt turns away the grants that it forbids."""

from __future__ import annotations

import hashlib

import orjson
from eth_account import Account
from eth_account.messages import encode_defunct

from tests.service.assembly import (
    CLINIC,
    HOSPITAL,
    TIMELOCK_DELAY,
    VOTE_EXTENSION,
    VOTING_PERIOD,
    ServedDao,
    await_that,
)

DOCUMENT = orjson.dumps(
    {"v": 1, "policy": "short-grants", "rules": [{"rule": "longest-grant", "days": 30}]}
)


def bearer(dao: ServedDao) -> dict[str, str]:
    message = dao.do("/v1/session:prepare", {"account": HOSPITAL.address})["message"]
    made = Account.sign_message(encode_defunct(text=message), HOSPITAL.secret)
    signed = {"message": message, "signature": "0x" + made.signature.hex()}
    return {"Authorization": f"Bearer {dao.do('/v1/session', signed, 201)['token']}"}


def adopt(dao: ServedDao) -> str:
    """Adopts the policy by vote; its content id."""
    added = dao.http.post("/v1/content", content=DOCUMENT, headers=bearer(dao))
    assert added.status_code == 201, added.text
    content = str(added.json()["content"])
    digest = "0x" + hashlib.sha256(DOCUMENT).hexdigest()
    action = {
        "action": "adopt-policy", "policy": "short-grants", "digest": digest, "content": content,
    }  # fmt: skip
    proposal = dao.open(action)
    for voter in (HOSPITAL, CLINIC):
        dao.vote(voter, proposal)
    dao.advance(VOTING_PERIOD + VOTE_EXTENSION + 1)
    dao.do(f"/v1/proposals/{proposal}:queue", {})
    dao.advance(TIMELOCK_DELAY + 1)
    dao.do(f"/v1/proposals/{proposal}:execute", {})
    await_that(lambda: bool(dao.read("/v1/policies")["items"]))
    return content


def test_an_adopted_policy_is_shown_with_what_it_demands(dao: ServedDao) -> None:
    content = adopt(dao)
    (shown,) = dao.read("/v1/policies")["items"]
    assert (shown["policy"], shown["version"], shown["content"]) == ("short-grants", 1, content)
    assert shown["document"] == orjson.loads(DOCUMENT)
    assert shown["sentences"] == ["A grant on a dataset runs for at most 30 days."]
    assert shown["problem"] is None
    detail = dao.read("/v1/policies/short-grants")
    assert [each["version"] for each in detail["versions"]] == [1]
    assert dao.get(f"/v1/content/{content}").content == DOCUMENT
