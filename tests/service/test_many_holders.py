"""Many token holders over HTTP: lists, votes and tallies stay quick, and none is lost.

Ten thousand of them are governed in `tests/governance/test_votes_tally.py`, and listed by the store
in `tests/ledger/store/test_governance.py`.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from eth_account import Account
from eth_utils import keccak

from governance.actions import checksum_address
from governance.actions.calls import call_data
from governance.addresses import created_address
from ledger.events import SigningKey
from tests.governance.atomic import init_code
from tests.governance.dao import Call
from tests.service.assembly import FOUNDERS, HOSPITAL, LAB, TOKEN, Json, ServedDao
from tests.service.conftest import ServeDao
from tests.support.examples import signing_key
from tests.support.waiting import await_that

pytestmark = pytest.mark.slow

HOLDERS = 1_200
VOTERS = 30
AMOUNT = 10**15
TRANSFERS = 200
"""In one transaction: what its gas and the size of init code allow."""

MAX_GAS = 30_000_000
"""Of one transaction on the embedded chain."""


def send(dao: ServedDao, **fields: object) -> None:
    """A transaction of the hospital's."""
    nonce = int(dao.rpc("eth_getTransactionCount", HOSPITAL.address, "latest"), 16)
    transaction = {
        "value": 0, "gas": MAX_GAS, "chainId": int(dao.rpc("eth_chainId"), 16), "nonce": nonce,
        "maxFeePerGas": 0, "maxPriorityFeePerGas": 0, **fields,
    }  # fmt: skip
    raw = Account.sign_transaction(transaction, HOSPITAL.secret).raw_transaction
    receipt = dao.rpc(
        "eth_getTransactionReceipt", dao.rpc("eth_sendRawTransaction", "0x" + raw.hex())
    )
    assert receipt["status"] == "0x1"


def give(dao: ServedDao, token: str, accounts: list[str]) -> None:
    """Hundreds of transfers to a transaction, by contracts that exist for just that long."""
    for start in range(0, len(accounts), TRANSFERS):
        some = accounts[start : start + TRANSFERS]
        nonce = int(dao.rpc("eth_getTransactionCount", HOSPITAL.address, "latest"), 16)
        spender = created_address(HOSPITAL.address, nonce + 1)
        approval = call_data("ConcordToken", "approve", spender, AMOUNT * len(some))
        send(dao, to=token, data="0x" + approval.hex())
        transfers = [
            Call(token, call_data("ConcordToken", "transferFrom", HOSPITAL.address, each, AMOUNT))
            for each in some
        ]
        send(dao, data="0x" + init_code(transfers).hex())


def cpu_of(ask: Callable[[], object]) -> float:
    """Seconds of the processor that the service, and whoever asks, take for it."""
    before = time.process_time()
    ask()
    return time.process_time() - before


def holders_of(dao: ServedDao, limit: int) -> list[Json]:
    """All of them, page by page."""
    found: list[Json] = []
    after: dict[str, str] = {}
    while True:
        page = dao.read("/v1/token/holders", limit=limit, **after)
        assert len(page["items"]) <= limit
        found += page["items"]
        if page["next"] is None:
            return found
        after = {"after": page["next"]}


def test_all_holders_are_listed_and_vote(serve_dao: ServeDao) -> None:
    dao = serve_dao(source_ballots_at_once=10_000)
    token = dao.read("/v1/dao")["contracts"]["token"]
    voters: list[SigningKey] = [signing_key(f"voter {number}") for number in range(VOTERS)]
    accounts = [voter.address for voter in voters] + [
        checksum_address(keccak(number.to_bytes(4))[:20]) for number in range(HOLDERS - VOTERS)
    ]
    give(dao, token, accounts)
    wanted = HOLDERS + len(FOUNDERS)
    last = accounts[-1]
    await_that(lambda: dao.read(f"/v1/token/holders/{last}")["balance"] == str(AMOUNT))
    await_that(
        lambda: (
            len(dao.read("/v1/events", kind="token.transferred", limit=1, subject=last)["items"])
            == 1
        ),
        within=200,
    )

    found = holders_of(dao, 1_000)
    assert len({item["account"] for item in found}) == len(found) == wanted
    balances = [int(item["balance"]) for item in found]
    assert balances == sorted(balances, reverse=True)
    assert sum(balances) == 1_000 * TOKEN

    # What the log has added up is what the token says.
    for item in (*found[:6], *found[::100], found[-1]):
        assert dao.read(f"/v1/token/holders/{item['account']}") == item

    proposal = dao.open()
    for number, voter in enumerate(voters):
        dao.vote(voter, proposal, ("for", "against", "abstain")[number % 3])
    dao.vote(LAB, proposal)
    third = AMOUNT * VOTERS // 3
    tally = dao.detail(proposal)["tally"]
    assert tally == {
        "for": str(third + 200 * TOKEN), "against": str(third), "abstain": str(third),
    }  # fmt: skip
    assert len(dao.votes(proposal, VOTERS + 1)) == VOTERS + 1
    recount = dao.read(f"/v1/proposals/{proposal}/recount")
    assert (recount["agrees"], recount["ballots"]) == (True, VOTERS + 1)

    limits: dict[str, tuple[float, Callable[[], object]]] = {
        "a page of holders": (0.5, lambda: dao.read("/v1/token/holders", limit=1_000)),
        "one holder": (0.2, lambda: dao.read(f"/v1/token/holders/{last}")),
        "a proposal": (1.0, lambda: dao.detail(proposal)),
        "the proposals": (1.0, lambda: dao.read("/v1/proposals")),
        "its votes": (0.5, lambda: dao.read(f"/v1/proposals/{proposal}/votes", limit=1_000)),
        "the recount": (2.0, lambda: dao.read(f"/v1/proposals/{proposal}/recount")),
        "the treasury": (0.5, lambda: dao.read("/v1/treasury")),
    }
    taken = {name: cpu_of(ask) for name, (_, ask) in limits.items()}
    print({name: f"{seconds * 1e3:.0f} ms" for name, seconds in taken.items()})
    assert all(taken[name] < limit for name, (limit, _) in limits.items()), taken
