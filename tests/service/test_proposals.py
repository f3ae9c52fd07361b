"""Proposals over HTTP: prepared, made, read, carried on; and everything that goes wrong."""

from __future__ import annotations

import pytest

from tests.service.assembly import (
    CLINIC,
    HOSPITAL,
    LAB,
    NEWCOMER,
    TIMELOCK_DELAY,
    TOKEN,
    VOTE_EXTENSION,
    VOTING_DELAY,
    VOTING_PERIOD,
    Json,
    ServedDao,
    admit,
    await_that,
    keeper_steps,
)
from tests.service.conftest import ServeDao, problem_code

UGLY = (
    "# no title\n\n<img src=x onerror=alert(1)> **bold** \u202edlob\u202c [x](javascript:alert(1))"
)


def pay(amount: int) -> Json:
    """An action that fails: the treasury is empty."""
    return {"action": "pay", "to": NEWCOMER.address, "amount": str(amount)}


def states(dao: ServedDao, proposal: str) -> list[str]:
    """What the timeline tells."""
    return [step["state"] for step in dao.detail(proposal)["timeline"]]


def succeeded(dao: ServedDao, *actions: Json, **more: str) -> str:
    """A proposal that was accepted and is not queued yet."""
    proposal = dao.open(*actions, **more)
    for voter in (HOSPITAL, CLINIC):
        dao.vote(voter, proposal)
    dao.advance(VOTING_PERIOD + VOTE_EXTENSION + 1)
    return proposal


def test_a_proposals_whole_life_is_lived_over_http(dao: ServedDao) -> None:
    prepared = dao.prepare(admit(NEWCOMER, "developer"), title="Admit the newcomer", body="Please.")
    assert prepared["class"] == "membership"
    assert prepared["simulation"]["fails"] is False
    (tried,) = prepared["simulation"]["actions"]
    assert tried["changes"][0]["after"].endswith("developer")
    assert (prepared["votes"], prepared["threshold"]) == (str(400 * TOKEN), str(TOKEN))
    receipt = dao.send(HOSPITAL, prepared["transaction"])
    proposal = prepared["proposal"]

    detail = dao.detail(proposal)
    assert (detail["state"], detail["title"], detail["body"]) == (
        *("pending", "Admit the newcomer", "Please."),
    )
    assert detail["created"]["transactionHash"] == receipt["transactionHash"]
    assert detail["actions"][0]["action"]["roles"] == ["developer"]
    assert detail["actions"][0]["function"].startswith("admit(address member")

    dao.advance(VOTING_DELAY + 1)
    assert dao.detail(proposal)["quorum"] == str(300 * TOKEN)
    dao.vote(HOSPITAL, proposal)
    assert problem_code(dao.post(f"/v1/proposals/{proposal}:queue", {}), 409) == "proposal-not-due"
    dao.advance(VOTING_PERIOD + VOTE_EXTENSION + 1)
    assert dao.detail(proposal)["isDue"] is True
    queued = dao.do(f"/v1/proposals/{proposal}:queue", {})
    assert dao.rpc("eth_getTransactionReceipt", queued["transactionHash"])["status"] == "0x1"

    early = dao.post(f"/v1/proposals/{proposal}:execute", {})
    assert problem_code(early, 409) == "proposal-not-due"
    assert "It can be executed in" in early.json()["detail"]
    dao.advance(TIMELOCK_DELAY + 1)
    dao.do(f"/v1/proposals/{proposal}:execute", {})
    assert dao.detail(proposal)["state"] == "executed"

    await_that(lambda: states(dao, proposal)[-1] == "executed")
    assert states(dao, proposal) == ["pending", "active", "succeeded", "queued", "executed"]
    member = dao.read(f"/v1/members/{NEWCOMER.address}")
    assert member["roles"] == ["developer"]
    steps = dao.detail(proposal)["timeline"]
    for step, kind in ((steps[0], "created"), (steps[3], "queued"), (steps[4], "executed")):
        event = dao.read(f"/v1/events/{step['chain']['index']}")["event"]
        assert event["kind"] == f"proposal.{kind}"
    again = dao.post(f"/v1/proposals/{proposal}:execute", {})
    assert problem_code(again, 409) == "proposal-not-due"


def test_the_votes_can_be_counted_again(dao: ServedDao) -> None:
    proposal = dao.open()
    dao.vote(HOSPITAL, proposal)
    dao.vote(LAB, proposal, "split", split={"against": str(TOKEN), "abstain": str(TOKEN)})
    counted = dao.read(f"/v1/proposals/{proposal}/recount")
    assert counted["agrees"] is True
    assert counted["tally"] == counted["told"] == dao.detail(proposal)["tally"]
    assert counted["ballots"] == 2


def test_an_action_that_would_fail_is_told_before_it_is_proposed_and_after(dao: ServedDao) -> None:
    prepared = dao.prepare(pay(10**18))
    assert prepared["simulation"]["fails"] is True
    (tried,) = prepared["simulation"]["actions"]
    assert tried["outcome"] == "fails"
    assert tried["reason"]
    proposal = dao.propose(pay(10**18))
    assert dao.read(f"/v1/proposals/{proposal}/simulation")["fails"] is True


def test_what_fails_when_it_is_executed_is_refused_in_words_and_stays_due(dao: ServedDao) -> None:
    proposal = succeeded(dao, pay(10**18))
    dao.do(f"/v1/proposals/{proposal}:queue", {})
    dao.advance(TIMELOCK_DELAY + 1)
    refused = dao.post(f"/v1/proposals/{proposal}:execute", {})
    assert problem_code(refused, 403) == "proposal-refused"
    assert dao.detail(proposal)["isDue"] is True


def test_a_pending_proposal_is_canceled_by_its_proposer_alone(dao: ServedDao) -> None:
    proposal = dao.propose(admit(NEWCOMER))
    transaction = dao.do(f"/v1/proposals/{proposal}:cancel", {})["transaction"]
    assert transaction["from"] == HOSPITAL.address
    timelock = dao.read("/v1/dao")["contracts"]["timelock"]
    assert dao.detail(proposal)["cancelableBy"] == [HOSPITAL.address, timelock]
    dao.send(HOSPITAL, transaction)
    assert dao.detail(proposal)["state"] == "canceled"
    assert dao.detail(proposal)["cancelableBy"] == []
    await_that(lambda: states(dao, proposal) == ["pending", "canceled"])
    again = dao.post(f"/v1/proposals/{proposal}:cancel", {})
    assert problem_code(again, 409) == "proposal-not-due"


def set_guardian(guardian: str) -> Json:
    """The action that names another guardian."""
    return {"action": "set-guardian", "guardian": guardian}


def test_once_voting_has_begun_no_account_is_told_that_it_may_cancel(dao: ServedDao) -> None:
    proposal = dao.open()
    timelock = dao.read("/v1/dao")["contracts"]["timelock"]
    assert dao.detail(proposal)["cancelableBy"] == [timelock]
    refused = dao.post(f"/v1/proposals/{proposal}:cancel", {})
    assert problem_code(refused, 409) == "only-a-vote-cancels"


def test_an_open_proposal_is_its_proposers_to_cancel_where_there_is_no_guardian(
    dao: ServedDao,
) -> None:
    dao.carry_out(set_guardian("0x" + 40 * "0"))
    assert dao.read("/v1/dao")["guardian"] is None
    proposal = dao.open()
    assert dao.detail(proposal)["cancelableBy"] == [HOSPITAL.address]
    transaction = dao.do(f"/v1/proposals/{proposal}:cancel", {})["transaction"]
    assert transaction["from"] == HOSPITAL.address
    dao.send(HOSPITAL, transaction)
    assert dao.detail(proposal)["state"] == "canceled"


def test_a_guardian_whom_the_votes_named_cancels_what_is_open(dao: ServedDao) -> None:
    dao.carry_out(set_guardian(CLINIC.address))
    assert dao.read("/v1/dao")["guardian"] == CLINIC.address
    pending = dao.propose(admit(LAB))
    assert dao.detail(pending)["cancelableBy"] == [HOSPITAL.address, CLINIC.address]
    prepared = dao.do(f"/v1/proposals/{pending}:cancel", {})["transaction"]
    assert prepared["from"] is None
    proposal = dao.open()
    transaction = dao.do(f"/v1/proposals/{proposal}:cancel", {})["transaction"]
    assert transaction["from"] == CLINIC.address
    dao.send(CLINIC, transaction)
    assert dao.detail(proposal)["state"] == "canceled"


def test_a_text_of_a_hundred_kilobytes_is_proposed_and_handed_on_as_it_is(dao: ServedDao) -> None:
    body = (UGLY + "\n") * (100_000 // len(UGLY.encode()))
    proposal = dao.propose(admit(NEWCOMER), title="A long story", body=body)
    detail = dao.detail(proposal)
    assert detail["body"] == body.strip("\n")
    assert detail["descriptionSize"] == len(detail["description"].encode()) > 90_000
    assert detail["title"] == "A long story"


def test_a_text_that_is_too_long_is_refused(dao: ServedDao) -> None:
    asked = {
        "proposer": HOSPITAL.address,
        "title": "Too long",
        "actions": [admit(NEWCOMER)],
        "body": "ש" * 70_000,
    }
    assert problem_code(dao.post("/v1/proposals:prepare", asked), 400) == "invalid-proposal"
    title = asked | {"body": "", "title": "two\nlines"}
    assert problem_code(dao.post("/v1/proposals:prepare", title), 400) == "invalid-proposal"
    whole = dao.post("/v1/proposals:prepare", asked | {"body": "x" * 1_100_000})
    assert problem_code(whole, 413) == "body-too-large"


def test_who_has_too_few_votes_is_told_so_and_refused_by_the_contract(dao: ServedDao) -> None:
    prepared = dao.prepare(admit(NEWCOMER), proposer=NEWCOMER)
    assert (prepared["votes"], prepared["threshold"]) == ("0", str(TOKEN))
    assert prepared["transaction"]["from"] == NEWCOMER.address


def test_an_action_of_no_kind_is_refused_by_name(dao: ServedDao) -> None:
    asked = {"proposer": HOSPITAL.address, "title": "No", "actions": [{"action": "abolish"}]}
    response = dao.post("/v1/proposals:prepare", asked)
    assert problem_code(response, 400) == "invalid-request"
    assert "abolish" in response.json()["detail"]
    none = asked | {"actions": []}
    assert problem_code(dao.post("/v1/proposals:prepare", none), 400) == "invalid-request"


def test_a_call_that_nobody_can_read_is_shown_as_the_bytes_that_it_is(dao: ServedDao) -> None:
    call = {"action": "call", "target": NEWCOMER.address, "calldata": "0x12345678ff"}
    prepared = dao.prepare(call)
    assert prepared["class"] == "constitutional"
    proposal = dao.propose(call)
    (action,) = dao.detail(proposal)["actions"]
    assert (action["action"], action["function"], action["calldata"]) == (
        *(None, None, "0x12345678ff"),
    )
    assert action["warnings"]


def test_proposals_are_listed_by_state_and_proposer(dao: ServedDao) -> None:
    lost = dao.open(title="Lost")
    won = succeeded(dao, title="Won")
    pending = dao.propose(admit(NEWCOMER), title="Pending", proposer=LAB)

    def listed(**query: str) -> list[str]:
        return [item["proposal"] for item in dao.read("/v1/proposals", **query)["items"]]

    assert listed() == [pending, won, lost]
    assert listed(state="succeeded") == [won]
    assert listed(state="defeated") == [lost]
    assert listed(state="executed") == []
    assert listed(proposer=LAB.address) == [pending]
    assert listed(proposer=LAB.address, state="defeated") == []
    assert problem_code(dao.get("/v1/proposals", state="expired"), 400) == "invalid-parameter"


@pytest.mark.slow
def test_a_hundred_and_twenty_proposals_come_in_pages_that_lose_none(
    serve_dao: ServeDao,
) -> None:
    dao = serve_dao()
    made = [dao.propose(admit(NEWCOMER), title=f"Number {number}") for number in range(120)]
    found: list[str] = []
    after: dict[str, str] = {}
    pages = 0
    while True:
        page = dao.read("/v1/proposals", **after)
        found += [item["proposal"] for item in page["items"]]
        pages += 1
        if page["next"] is None:
            break
        after = {"after": page["next"]}
    assert found == made[::-1]
    assert pages == 2
    # However long it took to make them, all of them are open now.
    dao.advance(VOTING_DELAY + 1)
    few = dao.read("/v1/proposals", limit=1_000, state="active")
    assert len(few["items"]) == 120
    assert few["next"] is None


def test_what_is_sent_is_told_and_the_keeper_keeps_to_its_own_time(dao: ServedDao) -> None:
    for number in range(3):
        dao.propose(admit(NEWCOMER), title=f"Number {number}")
    told = {"kind": "proposal.created"}
    await_that(lambda: len(dao.read("/v1/events", **told)["items"]) == 3)
    assert keeper_steps(dao.http) == 1


def test_a_cursor_of_another_list_is_refused(dao: ServedDao) -> None:
    assert problem_code(dao.get("/v1/proposals", after="WyJ4Il0"), 400) == "invalid-parameter"
    assert problem_code(dao.get("/v1/proposals", after="WyIxIl0"), 400) == "invalid-parameter"


@pytest.mark.parametrize("number", ["12345", str(2**256 + 1), "9" * 78])
def test_an_unknown_proposal_is_not_found_whatever_is_asked_of_it(
    dao: ServedDao, number: str
) -> None:
    path = f"/v1/proposals/{number}"
    for call in ("", "/simulation", "/votes", "/recount"):
        assert problem_code(dao.get(path + call), 404) == "unknown-proposal"
    for step in (":queue", ":execute", ":cancel"):
        assert problem_code(dao.post(path + step, {}), 404) == "unknown-proposal"


def test_a_number_that_is_none_is_a_wrong_parameter(dao: ServedDao) -> None:
    for number in ("0x12", "-1", "007", "9" * 79):
        assert problem_code(dao.get(f"/v1/proposals/{number}"), 400) == "invalid-parameter"


def test_trying_is_limited_for_each_source(serve_dao: ServeDao) -> None:
    dao = serve_dao(source_trials_at_once=2, source_trials_per_second=0.01)
    for _ in range(2):
        dao.prepare(admit(NEWCOMER))
    asked = {"proposer": HOSPITAL.address, "title": "Once more", "actions": [admit(NEWCOMER)]}
    response = dao.post("/v1/proposals:prepare", asked)
    assert problem_code(response, 429) == "rate-limited"
    assert int(response.headers["retry-after"]) > 1


def test_what_members_may_not_call_is_not_prepared_for_them(dao: ServedDao) -> None:
    asked: Json = {
        "from": HOSPITAL.address,
        "contract": "token",
        "function": "mint",
        "arguments": [HOSPITAL.address, "1"],
    }
    refused = dao.post("/v1/transactions:prepare", asked)
    assert problem_code(refused, 400) == "invalid-request"
    transfer = asked | {"function": "transfer"}
    wrong: list[list[object]] = [
        *([], ["1"], [HOSPITAL.address, "-1"], [HOSPITAL.address, "9" * 78]),
        *([HOSPITAL.address.lower(), "1"], [["x"], "1"], [HOSPITAL.address, "²"]),
    ]
    for arguments in wrong:
        response = dao.post("/v1/transactions:prepare", transfer | {"arguments": arguments})
        assert problem_code(response, 400) == "invalid-request"
