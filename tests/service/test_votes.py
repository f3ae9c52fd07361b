"""Votes by signature over HTTP: what counts, what does not, and what is told of it."""

from __future__ import annotations

import pytest

from ledger.events import SigningKey
from ledger.events.bodies.governance import MAX_REASON
from tests.service.assembly import (
    AUDITOR,
    CLINIC,
    HOSPITAL,
    LAB,
    NEWCOMER,
    TOKEN,
    VOTE_EXTENSION,
    VOTING_PERIOD,
    Json,
    ServedDao,
    admit,
    await_that,
    sign,
)
from tests.service.conftest import ServeDao, problem_code

UGLY = "<script>alert(1)</script> **bold** [x](javascript:y)\n\n| a | b |\nשלום"


def tally(dao: ServedDao, proposal: str) -> list[int]:
    """Whole tokens against, for and abstaining."""
    votes = dao.detail(proposal)["tally"]
    return [int(votes[choice]) // TOKEN for choice in ("against", "for", "abstain")]


def refused(dao: ServedDao, signed: Json, status: int) -> str:
    return problem_code(dao.post("/v1/votes", signed), status)


def test_a_signed_ballot_counts_at_once_and_its_voter_keeps_a_receipt(dao: ServedDao) -> None:
    proposal = dao.open()
    receipt = dao.vote(HOSPITAL, proposal)
    assert tally(dao, proposal) == [0, 400, 0]
    assert receipt["weight"] == str(400 * TOKEN)
    mined = dao.rpc("eth_getTransactionReceipt", receipt["chain"]["transactionHash"])
    assert int(mined["blockNumber"], 16) == receipt["chain"]["blockNumber"]
    assert int(mined["logs"][0]["logIndex"], 16) == receipt["chain"]["logIndex"]


def test_every_choice_is_counted_and_listed_in_order(dao: ServedDao) -> None:
    proposal = dao.open()
    dao.vote(HOSPITAL, proposal, "against")
    dao.vote(CLINIC, proposal, "abstain")
    dao.vote(LAB, proposal, "for", reason="Because.")
    split = {"against": str(60 * TOKEN), "for": str(30 * TOKEN), "abstain": str(10 * TOKEN)}
    dao.vote(AUDITOR, proposal, "split", split=split)
    assert tally(dao, proposal) == [460, 230, 310]
    votes = dao.votes(proposal, 4)
    assert [(vote["voter"], vote["support"]) for vote in votes] == [
        (HOSPITAL.address, "against"),
        (CLINIC.address, "abstain"),
        (LAB.address, "for"),
        (AUDITOR.address, "split"),
    ]
    assert [vote["reason"] for vote in votes] == [None, None, "Because.", None]
    assert votes[3]["split"] == split
    assert [vote["weight"] for vote in votes] == [str(n * TOKEN) for n in (400, 300, 200, 100)]
    events = [dao.read(f"/v1/events/{vote['chain']['index']}")["event"] for vote in votes]
    assert [event["body"]["voter"] for event in events] == [vote["voter"] for vote in votes]


def test_votes_come_in_pages(dao: ServedDao) -> None:
    proposal = dao.open()
    for voter in (HOSPITAL, CLINIC, LAB):
        dao.vote(voter, proposal)
    dao.votes(proposal, 3)
    path = f"/v1/proposals/{proposal}/votes"
    first = dao.read(path, limit=2)
    rest = dao.read(path, limit=2, after=first["next"])
    assert [vote["voter"] for vote in first["items"] + rest["items"]] == [
        *(HOSPITAL.address, CLINIC.address, LAB.address)
    ]
    assert rest["next"] is None
    assert problem_code(dao.get(path, after="bm90"), 400) == "invalid-parameter"


def test_the_ballot_can_be_asked_for_with_a_get_as_well(dao: ServedDao) -> None:
    proposal = dao.open()
    path = f"/v1/proposals/{proposal}/ballot"
    choice = {"splitFor": str(100 * TOKEN), "splitAgainst": str(300 * TOKEN)}
    prepared = dao.read(path, voter=HOSPITAL.address, support="split", reason="Both.", **choice)
    assert prepared["weight"] == str(400 * TOKEN)
    assert (prepared["hasVoted"], prepared["state"]) == (False, "active")
    signed = prepared["ballot"] | {"signature": sign(HOSPITAL, prepared["typedData"])}
    dao.do("/v1/votes", signed, 201)
    assert tally(dao, proposal) == [300, 100, 0]


def test_the_longest_reason_fits_into_a_get_in_whatever_script_it_is_written(
    dao: ServedDao,
) -> None:
    reason = "\N{BALLOT BOX WITH BALLOT}" * MAX_REASON
    path = f"/v1/proposals/{dao.open()}/ballot"
    prepared = dao.read(path, voter=HOSPITAL.address, support="for", reason=reason)
    assert prepared["ballot"]["reason"] == reason


def test_a_fractional_ballot_leaves_the_rest_for_another_one(dao: ServedDao) -> None:
    proposal = dao.open()
    dao.vote(HOSPITAL, proposal, "split", split={"for": str(150 * TOKEN)})
    prepared = dao.ballot(HOSPITAL, proposal, "against")
    assert (prepared["used"], prepared["hasVoted"]) == (str(150 * TOKEN), True)
    dao.vote(HOSPITAL, proposal, "against")
    assert tally(dao, proposal) == [250, 150, 0]
    over = {"against": str(400 * TOKEN), "for": str(TOKEN)}
    asked = {"proposal": proposal, "voter": CLINIC.address, "support": "split", "split": over}
    assert problem_code(dao.post("/v1/votes:prepare", asked), 403) == "ballot-refused"


def test_nobody_votes_twice(dao: ServedDao) -> None:
    proposal = dao.open()
    signed = dao.signed(HOSPITAL, proposal)
    dao.do("/v1/votes", signed, 201)
    assert refused(dao, signed, 409) == "already-voted"
    asked = {"proposal": proposal, "voter": HOSPITAL.address, "support": "against"}
    assert problem_code(dao.post("/v1/votes:prepare", asked), 409) == "already-voted"
    assert tally(dao, proposal) == [0, 400, 0]


def test_nobody_votes_with_someone_elses_signature(dao: ServedDao) -> None:
    proposal = dao.open()
    prepared = dao.ballot(HOSPITAL, proposal, "for")
    forged = prepared["ballot"] | {"signature": sign(LAB, prepared["typedData"])}
    assert refused(dao, forged, 403) == "wrong-signer"
    turned = dao.signed(HOSPITAL, proposal, "for") | {"support": "against"}
    assert refused(dao, turned, 403) == "wrong-signer"
    cut = dao.signed(HOSPITAL, proposal) | {"signature": "0x00"}
    assert refused(dao, cut, 400) == "invalid-signature"
    assert tally(dao, proposal) == [0, 0, 0]


def test_a_signature_for_another_proposal_or_chain_is_worth_nothing(dao: ServedDao) -> None:
    first, second = dao.open(title="First"), dao.open(title="Second")
    prepared = dao.ballot(HOSPITAL, first, "for")
    other = dao.ballot(HOSPITAL, second, "for")
    signature = sign(HOSPITAL, prepared["typedData"])
    assert refused(dao, other["ballot"] | {"signature": signature}, 403) == "wrong-signer"
    abroad = dict(prepared["typedData"])
    abroad["domain"] = abroad["domain"] | {"chainId": 1}
    elsewhere = prepared["ballot"] | {"signature": sign(HOSPITAL, abroad)}
    assert refused(dao, elsewhere, 403) == "wrong-signer"
    mixed = prepared["ballot"] | {"proposal": second, "signature": signature}
    assert refused(dao, mixed, 400) == "invalid-ballot"


def test_voting_begins_after_the_snapshot_and_ends_at_the_deadline(dao: ServedDao) -> None:
    proposal = dao.propose(admit(NEWCOMER))
    asked = {"proposal": proposal, "voter": HOSPITAL.address, "support": "for"}
    assert problem_code(dao.post("/v1/votes:prepare", asked), 403) == "voting-closed"
    dao.advance(61)
    signed = dao.signed(HOSPITAL, proposal)
    dao.advance(VOTING_PERIOD + VOTE_EXTENSION + 1)
    assert refused(dao, signed, 403) == "voting-closed"
    assert problem_code(dao.post("/v1/votes:prepare", asked), 403) == "voting-closed"
    assert dao.detail(proposal)["state"] == "defeated"


def test_tokens_bought_after_the_snapshot_do_not_vote(dao: ServedDao) -> None:
    proposal = dao.open()
    transaction = dao.do(
        "/v1/transactions:prepare",
        {
            "from": HOSPITAL.address,
            "contract": "token",
            "function": "transfer",
            "arguments": [NEWCOMER.address, str(400 * TOKEN)],
        },
    )
    dao.send(HOSPITAL, transaction)
    asked = {"proposal": proposal, "voter": NEWCOMER.address, "support": "for"}
    assert problem_code(dao.post("/v1/votes:prepare", asked), 403) == "no-voting-power"
    dao.vote(HOSPITAL, proposal)
    assert tally(dao, proposal) == [0, 400, 0]


@pytest.mark.parametrize("reason", [UGLY, "x" * 4_000, "\U0001f600" * 4_000])
def test_a_reason_is_handed_on_as_it_is(dao: ServedDao, reason: str) -> None:
    proposal = dao.open()
    receipt = dao.vote(HOSPITAL, proposal, "for", reason=reason)
    assert receipt["typedData"]["message"]["reason"] == reason
    (vote,) = dao.votes(proposal, 1)
    assert (vote["reason"], vote["reasonDigest"]) == (reason, None)


def test_marks_that_turn_text_around_are_shown_replaced_and_the_digest_says_so(
    dao: ServedDao,
) -> None:
    proposal = dao.open()
    dao.vote(HOSPITAL, proposal, "for", reason="yes \u202eon")
    (vote,) = dao.votes(proposal, 1)
    assert vote["reason"] == "yes \ufffdon"
    assert vote["reasonDigest"] is not None


def test_a_reason_that_is_too_long_is_refused(dao: ServedDao) -> None:
    proposal = dao.open()
    asked = {"proposal": proposal, "voter": HOSPITAL.address, "support": "for"}
    too_long = asked | {"reason": "x" * 4_001}
    assert problem_code(dao.post("/v1/votes:prepare", too_long), 400) == "invalid-request"
    signed = dao.signed(HOSPITAL, proposal) | {"reason": "x" * 4_001}
    assert refused(dao, signed, 400) == "invalid-ballot"


def test_a_proposal_that_does_not_exist_has_no_ballots(dao: ServedDao) -> None:
    path = "/v1/proposals/12345"
    assert problem_code(dao.get(f"{path}/votes"), 404) == "unknown-proposal"
    ballot = dao.get(f"{path}/ballot", voter=HOSPITAL.address, support="for")
    assert problem_code(ballot, 404) == "unknown-proposal"
    asked = {"proposal": "12345", "voter": HOSPITAL.address, "support": "for"}
    assert problem_code(dao.post("/v1/votes:prepare", asked), 404) == "unknown-proposal"
    beyond = asked | {"proposal": str(2**256)}
    assert problem_code(dao.post("/v1/votes:prepare", beyond), 400) == "invalid-request"


def test_one_voter_gets_no_further_than_the_voters_rate_and_the_others_do(
    serve_dao: ServeDao,
) -> None:
    dao = serve_dao(voter_ballots_at_once=2, voter_ballots_per_second=0.01)
    proposal = dao.open()
    signed = dao.signed(HOSPITAL, proposal)
    dao.do("/v1/votes", signed, 201)
    assert refused(dao, signed, 409) == "already-voted"
    response = dao.post("/v1/votes", signed)
    assert problem_code(response, 429) == "rate-limited"
    assert int(response.headers["retry-after"]) > 1
    dao.vote(LAB, proposal)


def test_one_source_gets_no_further_than_its_rate_whatever_it_says_of_itself(
    serve_dao: ServeDao,
) -> None:
    dao = serve_dao(source_ballots_at_once=1, source_ballots_per_second=0.01)
    proposal = dao.open()
    dao.vote(HOSPITAL, proposal)
    signed = dao.signed(LAB, proposal)
    for name in ("x-forwarded-for", "forwarded", "x-real-ip", "client-ip"):
        response = dao.http.post("/v1/votes", json=signed, headers={name: "192.0.2.1"})
        assert problem_code(response, 429) == "rate-limited"


def delegate(dao: ServedDao, delegator: SigningKey, delegatee: SigningKey) -> Json:
    asked = {"delegator": delegator.address, "delegatee": delegatee.address}
    prepared = dao.do("/v1/delegations:prepare", asked)
    signature = sign(delegator, prepared["typedData"])
    return prepared["delegation"] | {"signature": signature}


def test_a_delegation_by_signature_gives_the_votes_to_another(dao: ServedDao) -> None:
    receipt = dao.do("/v1/delegations", delegate(dao, HOSPITAL, LAB), 201)
    assert receipt["delegator"] == HOSPITAL.address
    dao.advance(1)
    proposal = dao.open(proposer=LAB)
    assert dao.ballot(LAB, proposal, "for")["weight"] == str(600 * TOKEN)
    asked = {"proposal": proposal, "voter": HOSPITAL.address, "support": "for"}
    assert problem_code(dao.post("/v1/votes:prepare", asked), 403) == "no-voting-power"
    query = {"kind": "delegation.changed", "subject": HOSPITAL.address}
    await_that(lambda: len(dao.read("/v1/events", **query)["items"]) == 2)


def test_a_delegation_is_good_once_for_its_time_and_its_signer(dao: ServedDao) -> None:
    signed = delegate(dao, HOSPITAL, LAB)
    late = delegate(dao, CLINIC, LAB)
    dao.do("/v1/delegations", signed, 201)
    assert problem_code(dao.post("/v1/delegations", signed), 409) == "vote-nonce-used"
    stolen = signed | {"delegator": CLINIC.address}
    assert problem_code(dao.post("/v1/delegations", stolen), 403) == "wrong-signer"
    dao.advance(3_601)
    assert problem_code(dao.post("/v1/delegations", late), 403) == "delegation-expired"
