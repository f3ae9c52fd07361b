from __future__ import annotations

import pytest

from tests.governance.dao import (
    ABSTAIN,
    AGAINST,
    ALICE,
    BOB,
    CAROL,
    DAVE,
    DEFEATED,
    EXECUTED,
    FOR,
    FRACTIONAL,
    MALLORY,
    PENDING,
    QUEUED,
    SUCCEEDED,
    TOKEN,
    Dao,
    Proposal,
    events,
    found,
    member,
    refused,
)

NEWCOMER = member("newcomer")


def packed(against: int, in_favour: int, abstaining: int) -> bytes:
    """The parameters of a fractional vote, in whole tokens."""
    return b"".join((each * TOKEN).to_bytes(16) for each in (against, in_favour, abstaining))


@pytest.fixture
def proposal(dao: Dao) -> Proposal:
    """Open for votes; it admits somebody."""
    made = dao.propose(dao.membership.functions.admit(NEWCOMER.address, [], bytes(32)))
    assert dao.state(made) == PENDING
    dao.open(made)
    return made


# By transaction


def test_a_proposal_goes_from_pending_to_executed(dao: Dao, proposal: Proposal) -> None:
    dao.vote(ALICE, proposal)
    dao.close()
    assert dao.state(proposal) == SUCCEEDED
    dao.queue(proposal)
    assert dao.state(proposal) == QUEUED
    with refused("TimelockUnexpectedOperationState"):
        dao.execute(proposal)
    dao.advance(1_000)
    dao.execute(proposal)
    assert dao.state(proposal) == EXECUTED


def test_votes_are_counted_where_they_belong(dao: Dao, proposal: Proposal) -> None:
    dao.vote(ALICE, proposal, AGAINST)
    dao.vote(BOB, proposal, FOR)
    dao.vote(CAROL, proposal, ABSTAIN)
    assert dao.tally(proposal) == (400, 300, 200)
    assert dao.governor.functions.hasVoted(proposal.id, ALICE.address).call()
    assert not dao.governor.functions.hasVoted(proposal.id, DAVE.address).call()


def test_nobody_votes_twice(dao: Dao, proposal: Proposal) -> None:
    dao.vote(ALICE, proposal)
    with refused("GovernorAlreadyCastVote", ALICE.address):
        dao.vote(ALICE, proposal, AGAINST)


def test_nobody_votes_without_power(dao: Dao, proposal: Proposal) -> None:
    with refused("GovernorAlreadyCastVote", MALLORY.address):
        dao.vote(MALLORY, proposal)


def test_nobody_votes_before_the_snapshot_or_after_the_deadline(dao: Dao) -> None:
    proposal = dao.propose(dao.membership.functions.remove(DAVE.address))
    with refused("GovernorUnexpectedProposalState"):
        dao.vote(ALICE, proposal)
    dao.open(proposal)
    dao.close()
    with refused("GovernorUnexpectedProposalState"):
        dao.vote(ALICE, proposal)


def test_a_reason_is_in_the_log(dao: Dao, proposal: Proposal) -> None:
    receipt = dao.send(
        ALICE, dao.governor.functions.castVoteWithReason(proposal.id, FOR, "The audit is clean.")
    )
    assert events(dao.governor, "VoteCast", receipt) == [
        {
            "voter": ALICE.address,
            "proposalId": proposal.id,
            "support": FOR,
            "weight": 400 * TOKEN,
            "reason": "The audit is clean.",
        }
    ]


def test_a_kind_of_vote_that_does_not_exist_is_refused(dao: Dao, proposal: Proposal) -> None:
    with refused("GovernorInvalidVoteType"):
        dao.vote(ALICE, proposal, 3)


def test_a_proposal_without_a_quorum_is_defeated(dao: Dao, proposal: Proposal) -> None:
    dao.vote(CAROL, proposal)
    dao.close()
    assert dao.state(proposal) == DEFEATED


def test_abstentions_count_in_the_quorum_and_not_in_the_approval(
    dao: Dao, proposal: Proposal
) -> None:
    dao.vote(DAVE, proposal, FOR)
    dao.vote(CAROL, proposal, ABSTAIN)
    dao.close()
    assert dao.state(proposal) == SUCCEEDED


def test_votes_against_do_not_count_in_the_quorum(dao: Dao, proposal: Proposal) -> None:
    dao.vote(CAROL, proposal, FOR)
    dao.vote(DAVE, proposal, AGAINST)
    dao.close()
    assert dao.state(proposal) == DEFEATED


# Fractional


def fractional(dao: Dao, proposal: Proposal, params: bytes) -> None:
    dao.send(
        ALICE,
        dao.governor.functions.castVoteWithReasonAndParams(proposal.id, FRACTIONAL, "", params),
    )


def test_a_vote_is_split_as_the_voter_says(dao: Dao, proposal: Proposal) -> None:
    fractional(dao, proposal, packed(100, 200, 50))
    assert dao.tally(proposal) == (100, 200, 50)
    assert dao.governor.functions.usedVotes(proposal.id, ALICE.address).call() == 350 * TOKEN


def test_what_is_left_of_a_split_vote_is_cast_later(dao: Dao, proposal: Proposal) -> None:
    fractional(dao, proposal, packed(100, 0, 0))
    dao.vote(ALICE, proposal, FOR)
    assert dao.tally(proposal) == (100, 300, 0)
    with refused("GovernorAlreadyCastVote"):
        fractional(dao, proposal, packed(0, 1, 0))


def test_a_split_vote_never_exceeds_the_voters_power(dao: Dao, proposal: Proposal) -> None:
    fractional(dao, proposal, packed(0, 300, 0))
    with refused("GovernorExceedRemainingWeight", ALICE.address, 101 * TOKEN, 100 * TOKEN):
        fractional(dao, proposal, packed(0, 0, 101))


def test_shares_of_a_split_vote_do_not_overflow(dao: Dao, proposal: Proposal) -> None:
    with refused("GovernorExceedRemainingWeight"):
        fractional(dao, proposal, b"\xff" * 48)


@pytest.mark.parametrize("params", [b"", bytes(47), bytes(49)])
def test_the_parameters_of_a_split_vote_are_three_numbers(
    dao: Dao, proposal: Proposal, params: bytes
) -> None:
    with refused("GovernorInvalidVoteParams"):
        fractional(dao, proposal, params)


def test_a_plain_vote_has_no_parameters(dao: Dao, proposal: Proposal) -> None:
    with refused("GovernorInvalidVoteParams"):
        dao.send(
            ALICE,
            dao.governor.functions.castVoteWithReasonAndParams(
                proposal.id, FOR, "", packed(0, 1, 0)
            ),
        )


# By signature


def test_the_type_hashes_are_those_that_wallets_sign(dao: Dao) -> None:
    functions = dao.governor.functions
    assert functions.BALLOT_TYPEHASH().call().hex() == (
        "f2aad550cf55f045cb27e9c559f9889fdfb6e6cdaa032301d6ea397784ae51d7"
    )
    assert functions.EXTENDED_BALLOT_TYPEHASH().call().hex() == (
        "3e83946653575f9a39005e1545185629e92736b7528ab20ca3816f315424a811"
    )
    name, version, chain_id, contract = functions.eip712Domain().call()[1:5]
    assert (name, version) == (dao.plan.parameters.governor_name, "1")
    assert (chain_id, contract) == (dao.plan.chain_id, dao.at.governor)
    assert len(name.encode()) <= 31


def test_a_ballot_is_relayed_by_somebody_else(dao: Dao, proposal: Proposal) -> None:
    dao.cast(ALICE, proposal, FOR, dao.sign_ballot(ALICE, proposal, FOR))
    dao.cast(BOB, proposal, AGAINST, dao.sign_ballot(BOB, proposal, AGAINST))
    assert dao.tally(proposal) == (300, 400, 0)


def test_a_split_ballot_with_a_reason_is_relayed(dao: Dao, proposal: Proposal) -> None:
    params = packed(1, 2, 3)
    signature = dao.sign_extended_ballot(ALICE, proposal, FRACTIONAL, "Partly.", params)
    dao.send(
        MALLORY,
        dao.governor.functions.castVoteWithReasonAndParamsBySig(
            proposal.id, FRACTIONAL, ALICE.address, "Partly.", params, signature
        ),
    )
    assert dao.tally(proposal) == (1, 2, 3)


def test_every_proposal_has_its_own_sequence_of_nonces(dao: Dao, proposal: Proposal) -> None:
    """Ballots for two proposals are signed at once, and relayed in any order."""
    other = dao.propose(dao.membership.functions.remove(CAROL.address))
    dao.open(other)
    assert dao.ballot_nonce(ALICE, proposal) == (proposal.id % 2**192) << 64
    first = dao.sign_ballot(ALICE, proposal, FOR)
    second = dao.sign_ballot(ALICE, other, AGAINST)
    dao.cast(ALICE, other, AGAINST, second)
    dao.cast(ALICE, proposal, FOR, first)
    assert dao.ballot_nonce(ALICE, proposal) == ((proposal.id % 2**192) << 64) + 1


def test_a_ballot_with_the_voters_plain_nonce_counts_too(dao: Dao, proposal: Proposal) -> None:
    dao.cast(ALICE, proposal, FOR, dao.sign_ballot(ALICE, proposal, FOR, nonce=0))
    assert dao.tally(proposal) == (0, 400, 0)


def test_a_ballot_is_not_replayed(dao: Dao, proposal: Proposal) -> None:
    """Not even where power is left over to vote with."""
    params = packed(0, 1, 0)
    signature = dao.sign_extended_ballot(ALICE, proposal, FRACTIONAL, "", params)
    cast = dao.governor.functions.castVoteWithReasonAndParamsBySig(
        proposal.id, FRACTIONAL, ALICE.address, "", params, signature
    )
    dao.send(MALLORY, cast)
    with refused("GovernorInvalidSignature", ALICE.address):
        dao.send(MALLORY, cast)
    assert dao.tally(proposal) == (0, 1, 0)


@pytest.mark.parametrize("offset", [-1, 1, 2**64])
def test_a_ballot_with_another_nonce_is_refused(dao: Dao, proposal: Proposal, offset: int) -> None:
    nonce = dao.ballot_nonce(ALICE, proposal) + offset
    with refused("GovernorInvalidSignature", ALICE.address):
        dao.cast(ALICE, proposal, FOR, dao.sign_ballot(ALICE, proposal, FOR, nonce=nonce))


def test_a_ballot_does_not_count_for_another_voter(dao: Dao, proposal: Proposal) -> None:
    with refused("GovernorInvalidSignature", BOB.address):
        dao.cast(BOB, proposal, FOR, dao.sign_ballot(ALICE, proposal, FOR))


def test_a_ballot_does_not_count_for_another_choice(dao: Dao, proposal: Proposal) -> None:
    with refused("GovernorInvalidSignature", ALICE.address):
        dao.cast(ALICE, proposal, AGAINST, dao.sign_ballot(ALICE, proposal, FOR))


def test_a_ballot_does_not_count_for_another_proposal(dao: Dao, proposal: Proposal) -> None:
    other = dao.propose(dao.membership.functions.remove(CAROL.address))
    dao.open(other)
    with refused("GovernorInvalidSignature", ALICE.address):
        dao.cast(ALICE, other, FOR, dao.sign_ballot(ALICE, proposal, FOR))


def test_a_ballot_from_another_chain_is_refused(dao: Dao, proposal: Proposal) -> None:
    signature = dao.sign_ballot(ALICE, proposal, FOR, domain={"chainId": dao.plan.chain_id + 1})
    with refused("GovernorInvalidSignature", ALICE.address):
        dao.cast(ALICE, proposal, FOR, signature)


def test_a_ballot_for_another_governor_is_refused(dao: Dao, proposal: Proposal) -> None:
    """Of the same name, on the same chain, with the same members."""
    other = found(dao.backend)
    with refused("GovernorInvalidSignature", ALICE.address):
        dao.cast(
            ALICE,
            proposal,
            FOR,
            dao.sign_ballot(ALICE, proposal, FOR, domain=other.domain()),
        )


@pytest.mark.parametrize("change", ["cut", "flipped", "empty", "zeros", "twin"])
def test_a_forged_signature_is_refused(dao: Dao, proposal: Proposal, change: str) -> None:
    right = dao.sign_ballot(ALICE, proposal, FOR)
    order = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
    s = int.from_bytes(right[32:64])
    forged = {
        "cut": right[:-1],
        "flipped": bytes([right[0] ^ 1]) + right[1:],
        "empty": b"",
        "zeros": bytes(65),
        # The other signature that the same curve equation accepts (malleability).
        "twin": right[:32] + (order - s).to_bytes(32) + bytes([55 - right[64]]),
    }[change]
    with refused("GovernorInvalidSignature", ALICE.address):
        dao.cast(ALICE, proposal, FOR, forged)


def test_a_changed_reason_invalidates_the_ballot(dao: Dao, proposal: Proposal) -> None:
    signature = dao.sign_extended_ballot(ALICE, proposal, FOR, "Yes.", b"")
    with refused("GovernorInvalidSignature", ALICE.address):
        dao.send(
            MALLORY,
            dao.governor.functions.castVoteWithReasonAndParamsBySig(
                proposal.id, FOR, ALICE.address, "No!", b"", signature
            ),
        )


def test_a_ballot_of_who_voted_by_transaction_is_refused(dao: Dao, proposal: Proposal) -> None:
    signature = dao.sign_ballot(ALICE, proposal, FOR)
    dao.vote(ALICE, proposal, AGAINST)
    with refused("GovernorAlreadyCastVote", ALICE.address):
        dao.cast(ALICE, proposal, FOR, signature)


def test_a_delegate_votes_with_the_power_at_the_snapshot(dao: Dao) -> None:
    dao.send(CAROL, dao.token.functions.delegate(BOB.address))
    proposal = dao.propose(dao.membership.functions.remove(DAVE.address))
    dao.open(proposal)
    dao.send(CAROL, dao.token.functions.delegate(CAROL.address))
    dao.vote(BOB, proposal)
    assert dao.tally(proposal) == (0, 500, 0)
    with refused("GovernorAlreadyCastVote", CAROL.address):
        dao.vote(CAROL, proposal)
