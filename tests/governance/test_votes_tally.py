from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import count

import pytest
from eth_abi import encode
from eth_utils import keccak
from hypothesis import given
from hypothesis import strategies as st

from governance.actions import canonical_address, checksum_address
from governance.actions import kinds as k
from governance.actions.calls import call_data
from governance.addresses import created_address
from governance.proposals import Tally
from governance.reads import Read, Reader
from governance.votes import Recounter, Split, Support, recount, recount_proposal, votes_in
from governance.votes.tally import VOTE_CAST, VOTE_CAST_WITH_PARAMS, CountedVote
from ledger.chain.errors import ExecutionReverted
from ledger.chain.signing import TransactionDraft
from ledger.chain.values import ChainLog
from tests.governance.atomic import init_code
from tests.governance.dao import (
    ABSTAIN,
    AGAINST,
    ALICE,
    BOB,
    CAROL,
    DAVE,
    MALLORY,
    PARAMETERS,
    TOKEN,
    Call,
    Dao,
    Member,
    found,
    fund,
    member,
)
from tests.governance.proposing import proposed, votable
from tests.governance.voting import domains, open_relay, signed_ballot
from tests.support.chains import Backend

GOVERNOR = canonical_address("0x" + "22" * 20)
VOTERS = [checksum_address(keccak(bytes([n]))[:20]) for n in range(6)]
PROPOSAL = 2**250 + 7
TRANSFERS = 200
"""In one transaction: what the gas of a block and the size of init code allow."""


def log(vote: CountedVote, proposal_id: int = PROPOSAL, reason: str = "why") -> ChainLog:
    """The log as the contract writes it, by eth-abi."""
    fields: list[object] = [proposal_id, vote.support, vote.weight, reason]
    types = ["uint256", "uint8", "uint256", "string"]
    topic = VOTE_CAST
    if vote.params:
        fields.append(vote.params)
        types.append("bytes")
        topic = VOTE_CAST_WITH_PARAMS
    voter = bytes(12) + canonical_address(vote.voter)
    return ChainLog(
        GOVERNOR,
        (topic, voter),
        encode(types, fields),
        vote.block_number,
        bytes(32),
        bytes(32),
        0,
        vote.log_index,
    )


def plain(voter: str, support: int, weight: int, place: int = 0) -> CountedVote:
    return CountedVote(voter, support, weight, b"", 1, place)


def split(voter: str, shares: Split, place: int = 0) -> CountedVote:
    return CountedVote(voter, 255, shares.total, shares.encode(), 1, place)


WEIGHTS = st.integers(0, 2**100)
VOTES = st.lists(
    st.one_of(
        st.builds(plain, st.sampled_from(VOTERS), st.sampled_from([0, 1, 2]), WEIGHTS),
        st.builds(split, st.sampled_from(VOTERS), st.builds(Split, WEIGHTS, WEIGHTS, WEIGHTS)),
    ),
    max_size=12,
)


@given(VOTES, st.text(st.characters(codec="utf-8"), max_size=70))
def test_votes_are_read_from_the_bytes_of_logs(votes: list[CountedVote], reason: str) -> None:
    logs = [log(vote, reason=reason) for vote in votes]
    foreign = [log(vote, PROPOSAL + 1) for vote in votes]
    elsewhere = [replace(each, address=canonical_address("0x" + "33" * 20)) for each in logs]
    other = [replace(each, topics=(keccak(b"x"), each.topics[1])) for each in logs]
    assert votes_in(foreign + logs + elsewhere + other, GOVERNOR, PROPOSAL) == votes


@given(VOTES)
def test_a_right_tally_is_confirmed_and_a_wrong_one_is_not(votes: list[CountedVote]) -> None:
    power = {voter: sum(v.weight for v in votes if v.voter == voter) for voter in VOTERS}
    sums = [0, 0, 0]
    for vote in votes:
        if vote.support == 255:
            for choice in range(3):
                sums[choice] += int.from_bytes(vote.params[16 * choice : 16 * choice + 16])
        else:
            sums[vote.support] += vote.weight
    right = recount(votes, power, Tally(*sums), block_number=1)
    assert right.agrees
    assert right.counted == Tally(*sums)
    for choice in range(3):
        wrong = [*sums]
        wrong[choice] += 1
        assert not recount(votes, power, Tally(*wrong), block_number=1).agrees


def test_a_voter_who_cast_more_than_they_had_is_named() -> None:
    votes = [plain(VOTERS[0], 1, 5), plain(VOTERS[0], 1, 6, 1), plain(VOTERS[1], 0, 3, 2)]
    found_ = recount(votes, {VOTERS[0]: 10, VOTERS[1]: 3}, Tally(3, 11, 0), block_number=1)
    assert found_.faults == (f"{VOTERS[0]} cast 11 of 10 votes",)


@pytest.mark.parametrize(
    "vote",
    [
        CountedVote(VOTERS[0], 3, 1, b"", 1, 0),
        CountedVote(VOTERS[0], 1, 1, b"\x00", 1, 0),
        CountedVote(VOTERS[0], 255, 1, b"", 1, 0),
        CountedVote(VOTERS[0], 255, 7, Split(1, 2, 3).encode(), 1, 0),
    ],
)
def test_a_vote_that_cannot_be_counted_is_a_fault(vote: CountedVote) -> None:
    found_ = recount([vote], {VOTERS[0]: 100}, Tally(0, 0, 0), block_number=1)
    assert not found_.agrees
    assert "cannot be counted" in found_.faults[0]


def test_the_governors_tally_is_counted_again(dao: Dao) -> None:
    record = proposed(dao, k.RemoveMember(member=DAVE.address))
    other = proposed(dao, k.RemoveMember(member=CAROL.address))
    dao.open(votable(other))
    dao.vote(BOB, votable(other))
    domain = domains(dao).governor
    with open_relay(dao) as relay:
        for signed in (
            signed_ballot(ALICE, record, domain, Support.SPLIT, split=Split(1, 2, 3)),
            signed_ballot(ALICE, record, domain, Support.FOR, number=1, reason="The rest."),
        ):
            relay.submit_ballot(signed, source="here").result(timeout=60)
    dao.vote(BOB, votable(record), AGAINST)
    dao.vote(CAROL, votable(record), ABSTAIN)
    found_ = recount_proposal(dao.chain, dao.at, record)
    assert found_.agrees
    assert found_.votes == 4
    assert found_.counted == Tally(300 * TOKEN + 1, 400 * TOKEN - 4, 200 * TOKEN + 3)
    assert recount_proposal(dao.chain, dao.at, other).counted == Tally(0, 300 * TOKEN, 0)


def test_a_proposal_without_votes_counts_to_nothing(dao: Dao) -> None:
    record = proposed(dao, k.RemoveMember(member=DAVE.address))
    assert recount_proposal(dao.chain, dao.at, record).agrees


@pytest.mark.parametrize("most_votes", [0, 1, 100])
def test_a_later_count_adds_what_has_come_since(dao: Dao, most_votes: int) -> None:
    first, second = (proposed(dao, k.RemoveMember(member=each.address)) for each in (CAROL, DAVE))
    dao.open(votable(first))
    recounter = Recounter(dao.chain, dao.at, most_votes=most_votes)
    for voter in (ALICE, BOB, CAROL):
        for record, support in ((first, AGAINST), (second, ABSTAIN)):
            dao.vote(voter, votable(record), support)
            again = recounter.recount(record)
            assert again.agrees
            assert again == recount_proposal(dao.chain, dao.at, record)
    assert again.votes == 3


def test_what_cannot_change_is_not_asked_again(dao: Dao, monkeypatch: pytest.MonkeyPatch) -> None:
    record = proposed(dao, k.RemoveMember(member=DAVE.address))
    dao.open(votable(record))
    asked: list[int] = []
    ask = Reader.read

    def noticed(
        reader: Reader, reads: Sequence[Read], *, block: int | None = None
    ) -> list[bytes | ExecutionReverted]:
        asked.append(len(reads))
        return ask(reader, reads, block=block)

    recounter = Recounter(dao.chain, dao.at)
    for voter in (ALICE, BOB):
        dao.vote(voter, votable(record))
    monkeypatch.setattr(Reader, "read", noticed)
    assert recounter.recount(record).votes == 2
    assert asked == [2, 1]
    dao.vote(CAROL, votable(record))
    assert recounter.recount(record).votes == 3
    assert asked == [2, 1, 1, 1]


@pytest.mark.anvil
def test_votes_of_a_block_that_is_gone_are_not_counted(dao: Dao) -> None:
    if dao.backend.name == "embedded":
        pytest.skip("the embedded chain is never reorganised")
    record = proposed(dao, k.RemoveMember(member=DAVE.address))
    dao.open(votable(record))
    recounter = Recounter(dao.chain, dao.at)
    dao.vote(ALICE, votable(record))
    snapshot = dao.backend.request("evm_snapshot")
    dao.vote(BOB, votable(record))
    assert recounter.recount(record).votes == 2
    dao.backend.request("evm_revert", snapshot)
    dao.advance(5)
    dao.vote(CAROL, votable(record), AGAINST)
    again = recounter.recount(record)
    assert (again.agrees, again.votes) == (True, 2)
    assert again.counted == Tally(200 * TOKEN, 400 * TOKEN, 0)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_ten_thousand_holders_are_governed(backend: Backend) -> None:
    """All hold tokens at the snapshot; a part of them votes, by signature, and all that is counted
    again agrees. Accounts are given tokens many to a transaction.
    """
    holders = 10_000 if backend.name == "anvil" else 3_000
    deployer = Member("many", backend.new_account())
    fund(backend, ALICE, MALLORY)
    dao = found(backend, deployer, PARAMETERS)
    voters = [member(f"holder {number}") for number in range(150)]
    accounts = [voter.address for voter in voters] + [
        checksum_address(keccak(number.to_bytes(4))[:20]) for number in range(holders - 150)
    ]
    _give(dao, accounts, 10**15)
    dao.advance(2)
    record = proposed(dao, k.Admit(member=MALLORY.address, roles=()))
    dao.open(votable(record))
    domain = domains(dao).governor
    supports = [Support.FOR, Support.AGAINST, Support.ABSTAIN]
    with open_relay(dao) as relay:
        futures = [
            relay.submit_ballot(
                signed_ballot(voter, record, domain, supports[number % 3]), source="here"
            )
            for number, voter in zip(count(), voters, strict=False)
        ]
        assert {future.result(timeout=120).weight for future in futures} == {10**15}
    dao.vote(BOB, votable(record))
    found_ = recount_proposal(dao.chain, dao.at, record)
    assert found_.agrees, found_.faults
    assert found_.votes == len(voters) + 1
    assert found_.counted == Tally(50 * 10**15, 50 * 10**15 + 300 * TOKEN, 50 * 10**15)
    supply = dao.token.functions.getPastTotalSupply(record.snapshot).call()
    assert supply == 1_000 * TOKEN


def _give(dao: Dao, accounts: list[str], amount: int) -> None:
    """Hundreds of transfers to a transaction, by contracts that exist for just that long."""
    nonce = dao.chain.web3.eth.get_transaction_count(MALLORY.address)
    for number, start in enumerate(range(0, len(accounts), TRANSFERS)):
        spender = created_address(MALLORY.address, nonce + number)
        some = accounts[start : start + TRANSFERS]
        dao.send(ALICE, dao.token.functions.approve(spender, amount * len(some)))
        transfers = [
            Call(
                dao.at.token,
                call_data("ConcordToken", "transferFrom", ALICE.address, account, amount),
            )
            for account in some
        ]
        dao.chain.send(TransactionDraft(None, init_code(transfers)), MALLORY.signer)
