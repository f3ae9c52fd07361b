"""Anchoring because somebody asks for it, before it is due."""

from __future__ import annotations

import httpx

from ledger.events import SigningKey
from tests.service.assembly import AUDITOR, HOSPITAL, NEWCOMER, OPERATOR, ServedDao, await_that
from tests.service.conftest import Served, problem_code


def anchor(dao: ServedDao, key: SigningKey) -> httpx.Response:
    return dao.http.post("/v1/anchors", json={}, headers=dao.bearer(key))


def test_an_auditor_has_the_present_size_anchored_and_a_second_time_nothing_is_sent(
    dao: ServedDao,
) -> None:
    # The first anchor is due at once, the next one in an hour.
    await_that(lambda: bool(dao.read("/v1/anchors")["items"]))
    before = dao.read("/v1/log")["size"]
    dao.propose({"action": "admit", "member": NEWCOMER.address, "roles": []})
    await_that(lambda: dao.read("/v1/log")["size"] > before)
    answer = anchor(dao, AUDITOR)
    assert answer.status_code == 200, answer.text
    first = answer.json()
    own = dao.read("/v1/anchors/latest")["items"][0]
    assert (first["chainId"], first["registry"]) == (own["chainId"], own["registry"])
    assert first["sent"] == first["anchored"] > before
    assert dao.read("/v1/anchors")["items"][0]["size"] == first["sent"]
    again = anchor(dao, OPERATOR).json()
    assert again == first | {"sent": None}


def test_nobody_else_has_the_log_anchored(dao: ServedDao) -> None:
    assert problem_code(anchor(dao, HOSPITAL), 403) == "not-for-anchoring"
    dao.http.cookies.clear()
    assert problem_code(dao.post("/v1/anchors", {}), 401) == "sign-in-required"


def test_a_ledger_without_a_dao_is_anchored_nowhere(served: Served) -> None:
    assert problem_code(served.post("/v1/anchors", {}), 404) == "no-dao"
