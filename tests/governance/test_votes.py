from __future__ import annotations

import itertools
import json
import threading
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from governance.actions import checksum_address
from governance.actions import kinds as k
from governance.proposals import ProposalRecord, ProposalState, UnknownProposal
from governance.reads import Reader, Rehearsed
from governance.votes import (
    AlreadyVoted,
    Ballot,
    BallotRefused,
    ChoiceForm,
    DelegationExpired,
    NonceUsed,
    NoVotingPower,
    Rate,
    RateLimited,
    RelayBusy,
    RelayClosed,
    RelayLimits,
    SignedBallot,
    SignedDelegation,
    Split,
    Support,
    VoteRelay,
    VotingClosed,
    ballot_digest,
    ballot_transaction,
    first_nonce,
    prepare_ballot,
    read_standing,
)
from governance.votes import relay as relay_room
from governance.votes.standing import read_states
from ledger.chain.chain import Chain
from ledger.chain.errors import ChainUnavailable
from ledger.chain.signing import TransactionDraft
from ledger.errors import ConcordError
from ledger.events.signing import InvalidSignature, WrongSigner
from tests.governance.dao import (
    AGAINST,
    ALICE,
    BOB,
    CAROL,
    DAVE,
    DEPLOYER,
    MALLORY,
    TOKEN,
    Dao,
    found,
    fund,
    member,
)
from tests.governance.proposing import proposed, votable
from tests.governance.voting import (
    domains,
    open_relay,
    sign_digest,
    signed_ballot,
    signed_delegation,
)

NEWCOMER = member("newcomer")
HERE = "203.0.113.7"


@pytest.fixture
def proposal(dao: Dao) -> ProposalRecord:
    """Open for votes."""
    record = proposed(dao, k.Admit(member=NEWCOMER.address, roles=()))
    dao.open(votable(record))
    return record


def relayed(relay: VoteRelay, signed: SignedBallot) -> object:
    return relay.submit_ballot(signed, source=HERE).result(timeout=60)


def test_ballots_are_relayed_and_counted(dao: Dao, proposal: ProposalRecord) -> None:
    domain = domains(dao).governor
    ballots = [
        signed_ballot(ALICE, proposal, domain, Support.FOR),
        signed_ballot(BOB, proposal, domain, Support.AGAINST, reason="Not \u202e yet. <b>"),
        signed_ballot(
            CAROL, proposal, domain, Support.SPLIT, split=Split(TOKEN, 2 * TOKEN, 3 * TOKEN)
        ),
        signed_ballot(DAVE, proposal, domain, Support.ABSTAIN),
    ]
    with open_relay(dao) as relay:
        futures = [relay.submit_ballot(each, source=HERE) for each in ballots]
        receipts = [future.result(timeout=60) for future in futures]
    assert dao.tally(votable(proposal)) == (301, 402, 103)
    assert [receipt.weight // TOKEN for receipt in receipts] == [400, 300, 6, 100]
    for signed, receipt in zip(ballots, receipts, strict=True):
        assert receipt.signed == signed
        place = receipt.place
        logs = dao.chain.receipt(place.transaction_hash)
        assert logs is not None
        assert (logs.block_number, logs.block_hash) == (place.block_number, place.block_hash)
        assert place.log_index in {log.log_index for log in logs.logs}
        kept = json.loads(json.dumps(receipt.to_json()))
        assert kept["typedData"]["message"]["voter"] == signed.ballot.voter
        assert kept["chain"]["chainId"] == dao.plan.chain_id


def test_what_is_left_of_a_split_vote_is_cast_with_the_next_nonce(
    dao: Dao, proposal: ProposalRecord
) -> None:
    domain = domains(dao).governor
    first = signed_ballot(ALICE, proposal, domain, Support.SPLIT, split=Split(0, 0, 100 * TOKEN))
    second = signed_ballot(ALICE, proposal, domain, Support.FOR, number=1)
    with open_relay(dao) as relay:
        # Both at once: the second is judged in a state that knows the first.
        futures = [relay.submit_ballot(each, source=HERE) for each in (first, second)]
        assert [future.result(timeout=60).weight // TOKEN for future in futures] == [100, 300]


def test_many_voters_at_once_share_blocks(dao: Dao, proposal: ProposalRecord) -> None:
    domain = domains(dao).governor
    before = dao.chain.head().number
    ballots = [
        signed_ballot(
            CAROL, proposal, domain, Support.SPLIT, split=Split(0, TOKEN, 0), number=number
        )
        for number in range(4)
    ] + [signed_ballot(voter, proposal, domain) for voter in (ALICE, BOB, DAVE)]
    with open_relay(dao) as relay, ThreadPoolExecutor(len(ballots)) as pool:
        list(pool.map(lambda each: _settled(relay, each), ballots[4:]))
    assert dao.tally(votable(proposal)) == (0, 800, 0)
    if dao.backend.name == "embedded":
        assert dao.chain.head().number - before <= 3


def test_of_ballots_that_come_at_once_one_asks_whether_the_proposal_is_open(
    dao: Dao, proposal: ProposalRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []
    everyone_is_here = threading.Barrier(4)
    arrived = threading.Event()

    def read_slowly(reader: Reader, *where: object) -> object:
        asked.append(where)
        assert arrived.wait(60)
        return read_states(reader, *where)

    def submit(signed: SignedBallot) -> object:
        everyone_is_here.wait(60)
        return relayed(relay, signed)

    def now() -> float:
        # The last of them has come in; whether it still meets the question or its answer is open.
        if next(calls) == 3:
            arrived.set()
        return 7.0

    calls = itertools.count()
    monkeypatch.setattr(relay_room, "read_states", read_slowly)
    domain = domains(dao).governor
    ballots = [signed_ballot(voter, proposal, domain) for voter in (ALICE, BOB, CAROL, DAVE)]
    with open_relay(dao) as relay, ThreadPoolExecutor(len(ballots)) as pool:
        relay._monotonic = now
        list(pool.map(submit, ballots))
    assert len(asked) == 1
    assert dao.tally(votable(proposal)) == (0, 1_000, 0)


def _settled(relay: VoteRelay, signed: SignedBallot) -> object:
    try:
        return relayed(relay, signed)
    except ConcordError as error:
        return error


# Refusals


def test_nobody_votes_twice(dao: Dao, proposal: ProposalRecord) -> None:
    domain = domains(dao).governor
    first = signed_ballot(ALICE, proposal, domain)
    other = signed_ballot(ALICE, proposal, domain, Support.AGAINST, number=1)
    with open_relay(dao) as relay:
        relayed(relay, first)
        for again in (first, other):
            with pytest.raises(AlreadyVoted, match="all 400 tokens"):
                relayed(relay, again)
    assert dao.tally(votable(proposal)) == (0, 400, 0)


def test_of_two_ballots_of_one_voter_at_once_one_counts(dao: Dao, proposal: ProposalRecord) -> None:
    domain = domains(dao).governor
    ballots = [signed_ballot(ALICE, proposal, domain, each) for each in (Support.FOR, Support(0))]
    with open_relay(dao) as relay:
        futures = [relay.submit_ballot(each, source=HERE) for each in ballots]
        errors = [future.exception(timeout=60) for future in futures]
    assert errors[0] is None
    assert isinstance(errors[1], AlreadyVoted)


def test_nobody_votes_before_the_snapshot_or_after_the_deadline(dao: Dao) -> None:
    record = proposed(dao, k.Admit(member=NEWCOMER.address, roles=()))
    signed = signed_ballot(ALICE, record, domains(dao).governor)
    with open_relay(dao) as relay:
        with pytest.raises(VotingClosed, match="pending"):
            relayed(relay, signed)
        dao.open(votable(record))
        dao.close()
        with pytest.raises(VotingClosed, match="defeated"):
            relayed(relay, signed)


def test_a_proposal_that_closes_while_it_is_taken_for_open_is_told(
    dao: Dao, proposal: ProposalRecord
) -> None:
    """The contract decides, whatever the relay saw a moment ago."""
    domain = domains(dao).governor
    with open_relay(dao, RelayLimits(state_seconds=3_600)) as relay:
        relayed(relay, signed_ballot(DAVE, proposal, domain))
        dao.close()
        with pytest.raises(VotingClosed, match="defeated: not any more"):
            relayed(relay, signed_ballot(ALICE, proposal, domain))


def test_a_proposal_that_does_not_exist_is_told(dao: Dao, proposal: ProposalRecord) -> None:
    ballot = Ballot(7, Support.FOR, ALICE.address, first_nonce(7))
    digest = ballot_digest(ballot, domains(dao).governor)
    with open_relay(dao) as relay, pytest.raises(UnknownProposal):
        relayed(relay, SignedBallot(ballot, sign_digest(ALICE.signer, digest)))


def test_power_bought_after_the_snapshot_does_not_vote(dao: Dao, proposal: ProposalRecord) -> None:
    dao.send(ALICE, dao.token.functions.transfer(MALLORY.address, 300 * TOKEN))
    dao.advance(2)
    domain = domains(dao).governor
    with open_relay(dao) as relay:
        with pytest.raises(NoVotingPower, match="no votes at the snapshot"):
            relayed(relay, signed_ballot(MALLORY, proposal, domain))
        receipt = relay.submit_ballot(signed_ballot(ALICE, proposal, domain), source=HERE)
        assert receipt.result(timeout=60).weight == 400 * TOKEN


def test_somebody_elses_signature_is_refused_before_anything_is_sent(
    dao: Dao, proposal: ProposalRecord
) -> None:
    domain = domains(dao).governor
    stolen = SignedBallot(
        signed_ballot(ALICE, proposal, domain).ballot,
        signed_ballot(BOB, proposal, domain).signature,
    )
    head = dao.chain.head()
    with open_relay(dao) as relay, pytest.raises(WrongSigner, match=ALICE.address):
        relayed(relay, stolen)
    assert dao.chain.head() == head


@pytest.mark.parametrize("change", ["cut", "empty", "zeros", "twin", "v"])
def test_a_malformed_or_malleable_signature_is_refused(
    dao: Dao, proposal: ProposalRecord, change: str
) -> None:
    right = signed_ballot(ALICE, proposal, domains(dao).governor)
    order = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
    s = int.from_bytes(right.signature[32:64])
    signature = {
        "cut": right.signature[:-1],
        "empty": b"",
        "zeros": bytes(65),
        "twin": right.signature[:32] + (order - s).to_bytes(32) + bytes([55 - right.signature[64]]),
        "v": right.signature[:64] + bytes([right.signature[64] - 27]),
    }[change]
    with open_relay(dao) as relay, pytest.raises(InvalidSignature):
        relayed(relay, SignedBallot(right.ballot, signature))


def test_a_ballot_for_another_governor_or_chain_is_refused(
    dao: Dao, proposal: ProposalRecord
) -> None:
    domain = domains(dao).governor
    others = (
        type(domain)(domain.name, domain.chain_id + 1, domain.contract),
        type(domain)(domain.name, domain.chain_id, dao.at.token),
        type(domain)("Another Governor", domain.chain_id, domain.contract),
    )
    with open_relay(dao) as relay:
        for other in others:
            with pytest.raises(WrongSigner):
                relayed(relay, signed_ballot(ALICE, proposal, other))


def test_a_nonce_that_is_not_the_next_is_told(dao: Dao, proposal: ProposalRecord) -> None:
    early = signed_ballot(ALICE, proposal, domains(dao).governor, number=1)
    with open_relay(dao) as relay, pytest.raises(NonceUsed, match="ask for the ballot again"):
        relayed(relay, early)


def test_a_split_beyond_the_voters_power_is_told(dao: Dao, proposal: ProposalRecord) -> None:
    split = Split(0, 401 * TOKEN, 0)
    signed = signed_ballot(ALICE, proposal, domains(dao).governor, Support.SPLIT, split=split)
    with (
        open_relay(dao) as relay,
        pytest.raises(BallotRefused, match=r"has 400 tokens left .* not 401 tokens"),
    ):
        relayed(relay, signed)


def test_a_refused_ballot_does_not_hold_up_the_others(dao: Dao, proposal: ProposalRecord) -> None:
    domain = domains(dao).governor
    dao.vote(BOB, votable(proposal), AGAINST)
    ballots = [signed_ballot(each, proposal, domain) for each in (ALICE, BOB, MALLORY, CAROL)]
    with open_relay(dao) as relay:
        futures = [relay.submit_ballot(each, source=HERE) for each in ballots]
        errors = [type(future.exception(timeout=60)) for future in futures]
    assert errors == [type(None), AlreadyVoted, NoVotingPower, type(None)]
    assert dao.tally(votable(proposal)) == (300, 600, 0)


# Limits


def test_a_source_and_a_voter_are_limited(dao: Dao, proposal: ProposalRecord) -> None:
    domain = domains(dao).governor
    limits = RelayLimits(voter=Rate(0.001, 2), source=Rate(0.001, 4))
    with open_relay(dao, limits) as relay:
        relayed(relay, signed_ballot(ALICE, proposal, domain))
        with pytest.raises(AlreadyVoted):
            relayed(relay, signed_ballot(ALICE, proposal, domain))
        with pytest.raises(RateLimited, match="one voter"):
            relayed(relay, signed_ballot(ALICE, proposal, domain))
        relayed(relay, signed_ballot(BOB, proposal, domain))
        with pytest.raises(RateLimited, match="one source"):
            relayed(relay, signed_ballot(CAROL, proposal, domain))
        elsewhere = relay.submit_ballot(
            signed_ballot(CAROL, proposal, domain), source="198.51.100.9"
        )
        assert elsewhere.result(timeout=60).weight == 200 * TOKEN


def test_forged_ballots_do_not_use_up_the_voters_rate(dao: Dao, proposal: ProposalRecord) -> None:
    domain = domains(dao).governor
    forged = SignedBallot(signed_ballot(ALICE, proposal, domain).ballot, b"\x11" * 64 + b"\x1b")
    with open_relay(dao, RelayLimits(voter=Rate(0.001, 1))) as relay:
        for _ in range(5):
            with pytest.raises((WrongSigner, InvalidSignature)):
                relayed(relay, forged)
        relayed(relay, signed_ballot(ALICE, proposal, domain))


def test_a_full_queue_refuses_and_a_closed_relay_tells_those_who_wait(
    dao: Dao, proposal: ProposalRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    domain = domains(dao).governor
    entered: Future[None] = Future()
    go_on: Future[None] = Future()
    send_many = Chain.send_many

    def slow(chain: Chain, *arguments: object) -> object:
        entered.set_result(None)
        go_on.result(timeout=60)
        return send_many(chain, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(Chain, "send_many", slow)
    with open_relay(dao, RelayLimits(waiting=1, lanes=1)) as relay:
        sending = relay.submit_ballot(signed_ballot(ALICE, proposal, domain), source=HERE)
        entered.result(timeout=60)
        waiting = relay.submit_ballot(signed_ballot(BOB, proposal, domain), source=HERE)
        assert not waiting.cancel()
        with pytest.raises(RelayBusy, match="1 ballots and delegations"):
            relay.submit_ballot(signed_ballot(CAROL, proposal, domain), source=HERE)
        with ThreadPoolExecutor(1) as pool:
            closing = pool.submit(relay.close)
            while not relay._sender._closed:
                pass
            go_on.set_result(None)
            closing.result(timeout=60)
        assert sending.result(timeout=60).weight == 400 * TOKEN
        with pytest.raises(RelayClosed):
            waiting.result(timeout=60)
        with pytest.raises(RelayClosed):
            relay.submit_ballot(signed_ballot(CAROL, proposal, domain), source=HERE)


def test_a_chain_that_is_down_is_told_and_the_relay_goes_on(
    dao: Dao, proposal: ProposalRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    domain = domains(dao).governor
    signed = signed_ballot(ALICE, proposal, domain)
    with open_relay(dao) as relay:
        with monkeypatch.context() as patch:
            patch.setattr(Chain, "send_many", _down)
            with pytest.raises(ChainUnavailable):
                relayed(relay, signed)
        assert relay.submit_ballot(signed, source=HERE).result(timeout=60).weight == 400 * TOKEN


def _down(*_: object) -> object:
    raise ChainUnavailable("the chain's node cannot be reached")


def test_an_error_that_nobody_foresaw_leaves_nobody_waiting(
    dao: Dao, proposal: ProposalRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    domain = domains(dao).governor
    monkeypatch.setattr(Chain, "send_many", lambda *_: 1 // 0)
    monkeypatch.setattr("threading.excepthook", lambda _: None)
    with open_relay(dao) as relay:
        with pytest.raises(RelayClosed):
            relayed(relay, signed_ballot(ALICE, proposal, domain))
        with pytest.raises(RelayClosed):
            relayed(relay, signed_ballot(BOB, proposal, domain))


# What to sign


def test_a_voter_is_given_what_to_sign(dao: Dao, proposal: ProposalRecord) -> None:
    reader, number = Reader(dao.chain), proposal.proposal_id
    choice = ChoiceForm(voter=ALICE.address, support="for", reason="Yes.")
    ballot = prepare_ballot(reader, dao.at, number, choice)
    assert ballot == Ballot(number, Support.FOR, ALICE.address, first_nonce(number), "Yes.")
    digest = ballot_digest(ballot, domains(dao).governor)
    with open_relay(dao) as relay:
        relayed(relay, SignedBallot(ballot, sign_digest(ALICE.signer, digest)))
    standing = read_standing(reader, dao.at, number, ALICE.address)
    assert (standing.state, standing.power, standing.remaining) == (
        ProposalState.ACTIVE,
        400 * TOKEN,
        0,
    )
    assert standing.nonce == first_nonce(number) + 1
    with pytest.raises(AlreadyVoted):
        prepare_ballot(reader, dao.at, number, choice)
    with pytest.raises(NoVotingPower):
        prepare_ballot(reader, dao.at, number, ChoiceForm(voter=MALLORY.address, support="for"))
    with pytest.raises(UnknownProposal):
        prepare_ballot(reader, dao.at, 5, choice)


def test_a_rehearsal_knows_what_went_before_and_changes_nothing(
    dao: Dao, proposal: ProposalRecord
) -> None:
    domain = domains(dao).governor
    ballots = [
        signed_ballot(each, proposal, domain) for each in (ALICE, BOB, ALICE, MALLORY, CAROL)
    ]
    transactions = [ballot_transaction(each, dao.at) for each in ballots]
    calls = [Rehearsed(each.to, each.data, 400_000) for each in transactions if each.to is not None]
    outcomes = Reader(dao.chain).rehearse(calls)
    assert [outcome is None for outcome in outcomes] == [True, True, False, False, True]
    assert dao.tally(votable(proposal)) == (0, 0, 0)


# Delegation


def test_a_delegation_is_relayed_and_taken_back(dao: Dao) -> None:
    expiry = dao.now() + 3_600
    with open_relay(dao) as relay:
        for delegatee in (BOB, ALICE):
            signed = signed_delegation(dao, ALICE, delegatee, expiry=expiry)
            receipt = relay.submit_delegation(signed, source=HERE).result(timeout=60)
            assert dao.token.functions.delegates(ALICE.address).call() == delegatee.address
            assert receipt.signed == signed
            assert json.dumps(receipt.to_json())


def test_delegations_that_would_not_hold_are_refused_by_name(dao: Dao) -> None:
    later = dao.now() + 3_600
    with open_relay(dao) as relay:

        def result(signed: SignedDelegation) -> object:
            return relay.submit_delegation(signed, source=HERE).result(timeout=60)

        with pytest.raises(DelegationExpired):
            result(signed_delegation(dao, ALICE, BOB, expiry=dao.now() - 10))
        with pytest.raises(NonceUsed):
            result(signed_delegation(dao, ALICE, BOB, expiry=later, nonce=5))
        once = signed_delegation(dao, ALICE, BOB, expiry=later)
        result(once)
        with pytest.raises(NonceUsed):
            result(once)
        forged = SignedDelegation(
            once.delegation, signed_delegation(dao, CAROL, BOB, expiry=later).signature
        )
        with pytest.raises(WrongSigner):
            result(forged)


# Contracts that vote


def test_a_contract_wallet_votes_by_its_own_rules(dao: Dao) -> None:
    """One that accepts every signature: `isValidSignature` answers its magic value (EIP-1271)."""
    fund(dao.backend, DEPLOYER)
    runtime = bytes.fromhex("631626ba7e60e01b5f5260205ff3")
    init = bytes([0x6D]) + runtime + bytes.fromhex("5f52600e6012f3")
    created = dao.chain.send(TransactionDraft(None, init), DEPLOYER.signer).contract_address
    assert created is not None
    wallet = checksum_address(created)
    dao.send(ALICE, dao.token.functions.transfer(wallet, 50 * TOKEN))
    dao.advance(2)
    record = proposed(dao, k.Admit(member=NEWCOMER.address, roles=()))
    dao.open(votable(record))
    ballot = Ballot(record.proposal_id, Support.FOR, wallet, first_nonce(record.proposal_id))
    with open_relay(dao) as relay:
        receipt = relay.submit_ballot(SignedBallot(ballot, b"anything"), source=HERE)
        assert receipt.result(timeout=60).weight == 50 * TOKEN


def test_a_ballot_for_another_dao_on_the_same_chain_is_refused(dao: Dao) -> None:
    other = found(dao.backend)
    record = proposed(other, k.Admit(member=NEWCOMER.address, roles=()))
    other.open(votable(record))
    with open_relay(other) as relay, pytest.raises(WrongSigner):
        relayed(relay, signed_ballot(ALICE, record, domains(dao).governor))
