"""The DAO's money over HTTP: what the treasury owns, what it paid, who holds the token, and the
names of those who do.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import httpx
import orjson
import pytest

from tests.service.assembly import (
    CLINIC,
    FOUNDERS,
    HOSPITAL,
    LAB,
    NEWCOMER,
    TOKEN,
    Json,
    ServedDao,
    admit,
    await_that,
    keeper_rests,
    sign,
)
from tests.service.conftest import problem_code
from tests.service.remote import HOSPITAL as REMOTE_HOSPITAL
from tests.service.remote import RemoteChain, found, plan_of, post, remote_chain, settings_of
from tests.support.servers import ServerThread


def transfer(dao: ServedDao, amount: int, to: str) -> None:
    """The hospital sends tokens."""
    asked = {
        "from": HOSPITAL.address, "contract": "token", "function": "transfer",
        "arguments": [to, str(amount)],
    }  # fmt: skip
    dao.send(HOSPITAL, dao.do("/v1/transactions:prepare", asked))


def test_a_payment_of_tokens_that_was_voted_for_is_told_with_its_proposal(dao: ServedDao) -> None:
    empty = dao.read("/v1/treasury")
    account = empty["account"]
    (own,) = empty["tokens"]
    assert (empty["coins"], own["balance"], empty["payments"]["items"]) == ("0", "0", [])
    transfer(dao, 50 * TOKEN, account)
    assert dao.read("/v1/treasury")["tokens"][0]["balance"] == str(50 * TOKEN)

    pays = [
        {
            "action": "pay-token", "token": own["token"], "to": NEWCOMER.address,
            "amount": str(amount * TOKEN),
        }
        for amount in (30, 5)
    ]  # fmt: skip
    proposal = dao.carry_out(*pays)
    await_that(lambda: len(dao.read("/v1/treasury/payments")["items"]) == 2)
    page = dao.read("/v1/treasury/payments")
    assert page["next"] is None
    for item, amount in zip(page["items"], (30, 5), strict=True):
        assert (item["token"], item["to"]) == (own["token"], NEWCOMER.address)
        assert (item["amount"], item["proposal"]) == (str(amount * TOKEN), proposal)
        event = dao.read(f"/v1/events/{item['chain']['index']}")["event"]
        assert (event["kind"], event["subject"]) == ("proposal.executed", proposal)
    after = dao.read("/v1/treasury")
    assert after["tokens"][0]["balance"] == str(15 * TOKEN)
    assert after["payments"]["items"] == page["items"]

    # A page that ends between two payments of one proposal loses neither.
    first = dao.read("/v1/treasury/payments", limit=1)
    second = dao.read("/v1/treasury/payments", limit=1, after=first["next"])
    assert first["items"] + second["items"] == page["items"]
    holder = dao.read(f"/v1/token/holders/{NEWCOMER.address}")
    assert (holder["balance"], holder["share"], holder["name"]) == (str(35 * TOKEN), 350, None)


def test_what_was_proposed_and_not_executed_is_no_payment(dao: ServedDao) -> None:
    pay: Json = {"action": "pay", "to": LAB.address, "amount": "1"}
    dao.open(pay)
    assert dao.read("/v1/treasury/payments")["items"] == []


def test_holders_come_largest_first_page_by_page(dao: ServedDao) -> None:
    # Nine tokens sort after ten as text, and before them as numbers.
    for number, amount in enumerate((9, 10, 2, 90)):
        transfer(dao, amount, "0x" + f"{number + 1:040x}")
    await_that(lambda: len(dao.read("/v1/token/holders")["items"]) == len(FOUNDERS) + 4)
    whole = dao.read("/v1/token/holders")["items"]
    balances = [int(item["balance"]) for item in whole]
    assert balances == sorted(balances, reverse=True)
    assert balances[-4:] == [90, 10, 9, 2]
    assert sum(balances) == 1_000 * TOKEN
    found: list[Json] = []
    after: dict[str, str] = {}
    while True:
        page = dao.read("/v1/token/holders", limit=3, **after)
        found += page["items"]
        assert len(page["items"]) <= 3
        if page["next"] is None:
            break
        after = {"after": page["next"]}
    assert found == whole
    for cursor in ("WyIxIl0", "WzEsMl0", "%00", "x" * 300):
        answer = dao.get("/v1/token/holders", after=cursor)
        assert problem_code(answer, 400) == "invalid-parameter"


def test_votes_follow_a_delegation(dao: ServedDao) -> None:
    asked = {"delegator": LAB.address, "delegatee": CLINIC.address}
    prepared = dao.do("/v1/delegations:prepare", asked)
    signed = prepared["delegation"] | {"signature": sign(LAB, prepared["typedData"])}
    dao.do("/v1/delegations", signed, 201)
    lab, clinic = (dao.read(f"/v1/token/holders/{k.address}") for k in (LAB, CLINIC))
    assert (lab["delegatee"], lab["votes"], lab["balance"]) == (
        *(CLINIC.address, "0", str(200 * TOKEN)),
    )
    assert clinic["votes"] == str(500 * TOKEN)


def test_a_stranger_holds_nothing(dao: ServedDao) -> None:
    path = f"/v1/token/holders/{NEWCOMER.address}"
    assert problem_code(dao.get(path), 404) == "no-such-resource"


@pytest.mark.parametrize(
    ("profile", "name"),
    [
        (b'{"name": "Clinic of the North"}', "Clinic of the North"),
        (rb'{"name": "evil\u202etxt\u0007"}', "evil<U+202E>txt<U+0007>"),
        (b'{"name": 5}', None),
        (b"no profile", None),
    ],
)
def test_a_member_is_called_what_the_profile_says_that_was_voted_on(
    dao: ServedDao, profile: bytes, name: str | None
) -> None:
    dao.keep(profile)
    digest = "0x" + hashlib.sha256(profile).hexdigest()
    proposal = dao.carry_out(admit(NEWCOMER, "developer") | {"profileDigest": digest})
    sentence = dao.detail(proposal)["actions"][0]["sentence"]
    assert (name is not None) == (f'called "{name}" by its profile' in sentence)
    path = f"/v1/members/{NEWCOMER.address}"
    await_that(lambda: dao.get(path).status_code == 200)
    assert dao.read(path)["name"] == name
    listed = {item["member"]: item["name"] for item in dao.read("/v1/members")["items"]}
    assert listed[NEWCOMER.address] == name


DAYS = 86_400


def _pass_time(chain: RemoteChain, seconds: int) -> None:
    chain.request("evm_increaseTime", seconds)
    chain.request("evm_mine")


def _vote(http: httpx.Client, chain: RemoteChain, action: Json) -> str:
    """Proposes, votes, queues and executes on a chain that others run; the proposal's id."""

    def do(path: str, value: object, status: int = 200) -> Json:
        answer = post(http, path, value)
        assert answer.status_code == status, answer.text
        told: Json = answer.json()
        return told

    asked = {"proposer": REMOTE_HOSPITAL.address, "title": "Pay", "actions": [action]}
    prepared = do("/v1/proposals:prepare", asked)
    chain.send(REMOTE_HOSPITAL, prepared["transaction"])
    proposal = str(prepared["proposal"])
    _pass_time(chain, 2 * DAYS)
    ballot = {"proposal": proposal, "voter": REMOTE_HOSPITAL.address, "support": "for"}
    typed = do("/v1/votes:prepare", ballot)
    signed = typed["ballot"] | {"signature": sign(REMOTE_HOSPITAL, typed["typedData"])}
    do("/v1/votes", signed, 201)
    _pass_time(chain, 10 * DAYS)
    do(f"/v1/proposals/{proposal}:queue", {})
    _pass_time(chain, 3 * DAYS)
    do(f"/v1/proposals/{proposal}:execute", {})
    return proposal


@pytest.mark.anvil
@pytest.mark.slow
def test_a_payment_of_coins_that_was_voted_for_is_told(tmp_path: Path) -> None:
    with remote_chain() as chain:
        settings = settings_of(tmp_path / "ledger", chain)
        found(settings)
        treasury = plan_of(settings).addresses.timelock
        chain.request("anvil_setBalance", treasury, hex(10**18))
        with (
            ServerThread(settings) as server,
            httpx.Client(base_url=server.url, timeout=60) as http,
        ):
            keeper_rests(http)
            to = "0x" + "11" * 20
            assert http.get("/v1/treasury").json()["coins"] == str(10**18)
            action: Json = {"action": "pay", "to": to, "amount": str(10**17)}
            proposal = _vote(http, chain, action)
            await_that(lambda: bool(http.get("/v1/treasury/payments").json()["items"]))
            told = orjson.loads(http.get("/v1/treasury").content)
            (item,) = told["payments"]["items"]
            assert (item["token"], item["to"].lower(), item["amount"]) == (None, to, str(10**17))
            assert item["proposal"] == proposal
            assert told["coins"] == str(9 * 10**17)
            assert int(chain.request("eth_getBalance", to, "latest"), 16) == 10**17
