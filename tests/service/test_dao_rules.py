"""`GET /v1/dao`: the DAO and its rules."""

from __future__ import annotations

from service.dao import read_plan
from tests.service.assembly import (
    TIMELOCK_DELAY,
    TOKEN,
    VOTE_EXTENSION,
    VOTING_DELAY,
    VOTING_PERIOD,
    ServedDao,
)
from tests.service.conftest import Served, ServeDao, problem_code


def test_the_dao_tells_its_contracts_and_its_rules(dao: ServedDao) -> None:
    told = dao.read("/v1/dao")
    at = read_plan(dao.server.settings).addresses
    assert told["contracts"]["governor"] == at.governor
    assert set(told["contracts"].values()) == {
        *(at.token, at.governor, at.timelock, at.membership, at.policies, at.models, at.anchors)
    }
    assert told["chainId"] == int(dao.rpc("eth_chainId"), 16)
    assert told["isEmbedded"] is True
    assert told["rpc"] == f"{dao.server.url}/rpc"
    assert told["token"]["supply"] == str(1_000 * TOKEN)
    assert (told["votingDelaySeconds"], told["votingPeriodSeconds"]) == (
        VOTING_DELAY,
        VOTING_PERIOD,
    )
    assert (told["voteExtensionSeconds"], told["timelockDelaySeconds"]) == (
        VOTE_EXTENSION,
        TIMELOCK_DELAY,
    )
    assert [each["class"] for each in told["classes"]] == [
        *("routine", "membership", "treasury", "constitutional")
    ]
    assert told["classes"][3] == {"class": "constitutional", "quorum": 4_000, "approval": 6_667}
    assert told["guardian"] == at.timelock


def test_the_clock_is_the_chains(dao: ServedDao) -> None:
    before = dao.read("/v1/dao")["now"]
    dao.advance(86_400)
    assert dao.read("/v1/dao")["now"][:10] > before[:10]


def test_a_public_url_is_where_the_chain_is_said_to_be(serve_dao: ServeDao) -> None:
    dao = serve_dao(public_url="https://ledger.example.org/concord")
    assert dao.read("/v1/dao")["rpc"] == "https://ledger.example.org/concord/rpc"


def test_a_ledger_without_contracts_has_no_dao(served: Served) -> None:
    assert problem_code(served.get("/v1/dao"), 404) == "no-dao"
