"""Counting again: a proposal's tally from the raw logs, without the code that made it.

For each `VoteCast` and `VoteCastWithParams` of the proposal (decoded here, byte by byte, and not by
the contracts' descriptions):

    against = Σ weight where support = 0,  for: 1,  abstaining: 2
    where support = 255, params are three big-endian uint128 (against, for, abstaining), whose sum
    is the weight

and for each voter: Σ weight ≤ getPastVotes(voter, snapshot). The count is right if the sums are
what `proposalVotes` answers at the same block and no voter cast more than they had.
"""

from __future__ import annotations

import threading
from collections import OrderedDict, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from eth_typing import Address

from governance.actions import canonical_address, checksum_address
from governance.actions.calls import call_data
from governance.addresses import DaoAddresses
from governance.proposals.records import ProposalRecord
from governance.proposals.states import Tally
from governance.reads import Read, Reader
from ledger.chain.chain import Chain, Cursor
from ledger.chain.errors import ChainReorganised, ExecutionReverted
from ledger.chain.values import ChainLog
from ledger.keccak import keccak

VOTE_CAST = keccak(b"VoteCast(address,uint256,uint8,uint256,string)")
VOTE_CAST_WITH_PARAMS = keccak(b"VoteCastWithParams(address,uint256,uint8,uint256,string,bytes)")
MOST_VOTES = 100_000
"""Some 50 MB."""

_CHOICES = 3
_SPLIT = 255


@dataclass(frozen=True, slots=True)
class CountedVote:
    """A vote as the governor's log has it.

    Attributes:
        voter: EIP-55.
        support: 0, 1, 2 or 255.
        weight: votes cast.
        params: empty, or how they are split.
        block_number: where.
        log_index: there.
    """

    voter: str
    support: int
    weight: int
    params: bytes
    block_number: int
    log_index: int


@dataclass(frozen=True, slots=True)
class _Counted:
    """What the confirmed chain says of a proposal's votes, up to a block."""

    votes: tuple[CountedVote, ...]
    power: Mapping[str, int]
    cursor: Cursor


@dataclass(frozen=True, slots=True)
class Recount:
    """A tally counted again.

    Attributes:
        counted: from the logs.
        reported: what the governor answers.
        votes: how many there are.
        block_number: both are as of this block.
        faults: what is wrong, in words; empty if nothing is.
    """

    counted: Tally
    reported: Tally
    votes: int
    block_number: int
    faults: tuple[str, ...]

    @property
    def agrees(self) -> bool:
        """Whether the governor's tally is right."""
        return not self.faults


def votes_in(logs: Iterable[ChainLog], governor: Address, proposal_id: int) -> list[CountedVote]:
    """The votes on a proposal among a governor's logs, in order."""
    return [
        vote
        for log in logs
        if log.address == governor and (vote := _vote(log, proposal_id)) is not None
    ]


def recount(
    votes: Sequence[CountedVote],
    power: Mapping[str, int],
    reported: Tally,
    *,
    block_number: int,
) -> Recount:
    """Count. Pure.

    Args:
        votes: from `votes_in`.
        power: of every voter at the snapshot.
        reported: by the governor.
        block_number: as of which all this is.
    """
    sums = [0] * _CHOICES
    used: dict[str, int] = defaultdict(int)
    faults: list[str] = []
    for vote in votes:
        used[vote.voter] += vote.weight
        shares = _shares(vote)
        if shares is None:
            where = f"log {vote.log_index} of block {vote.block_number}"
            faults.append(f"{where}: a vote of {vote.voter} that cannot be counted")
            continue
        sums = [total + share for total, share in zip(sums, shares, strict=True)]
    faults += [
        f"{voter} cast {cast} of {power.get(voter, 0)} votes"
        for voter, cast in used.items()
        if cast > power.get(voter, 0)
    ]
    counted = Tally(*sums)
    if counted != reported:
        faults.append(f"the governor reports {reported}, the logs say {counted}")
    return Recount(counted, reported, len(votes), block_number, tuple(faults))


def recount_proposal(chain: Chain, at: DaoAddresses, proposal: ProposalRecord) -> Recount:
    """Count a proposal's votes again, as of the last confirmed block.

    Raises:
        ChainUnavailable, ChainReorganised, ChainMoved: see `Chain.read_logs`.
    """
    return Recounter(chain, at).recount(proposal)


class Recounter:
    """Counts proposals again, one at a time; safe to use from any thread.

    What was read of the confirmed chain is remembered, for neither a vote nor a voter's power at
    the snapshot changes any more: a later count reads what has come since. The sums are made anew
    each time. Where the chain was reorganised all of it is read again.

    Args:
        chain: where the DAO is.
        at: its contracts.
        most_votes: of how many votes is remembered; the proposal that was not asked for longest is
            forgotten first.
    """

    def __init__(self, chain: Chain, at: DaoAddresses, *, most_votes: int = MOST_VOTES) -> None:
        self._chain = chain
        self._reader = Reader(chain)
        self._governor = canonical_address(at.governor)
        self._token = canonical_address(at.token)
        self._most_votes = most_votes
        # Guarded by _lock.
        self._lock = threading.Lock()
        self._known: OrderedDict[ProposalRecord, _Counted] = OrderedDict()

    def recount(self, proposal: ProposalRecord) -> Recount:
        """Count a proposal's votes, as of the last confirmed block.

        Raises:
            ChainUnavailable, ChainReorganised, ChainMoved: see `Chain.read_logs`.
        """
        with self._lock:
            known = self._known.pop(proposal, None)
            try:
                counted = self._read_on(proposal, known or self._nothing(proposal))
            except ChainReorganised:
                if known is None:
                    raise
                counted = self._read_on(proposal, self._nothing(proposal))
            self._remember(proposal, counted)
        block = counted.cursor.number
        call = call_data("ConcordGovernor", "proposalVotes", proposal.proposal_id)
        reported = self._reader.read_one(Read(self._governor, call), block=block)
        return recount(counted.votes, counted.power, Tally(*_words(reported)), block_number=block)

    def _nothing(self, proposal: ProposalRecord) -> _Counted:
        return _Counted((), {}, self._chain.start(proposal.block_number))

    def _read_on(self, proposal: ProposalRecord, known: _Counted) -> _Counted:
        cursor, votes = known.cursor, [*known.votes]
        is_complete = False
        while not is_complete:
            batch = self._chain.read_logs(cursor, [self._governor])
            votes += votes_in(batch.logs, self._governor, proposal.proposal_id)
            cursor, is_complete = batch.cursor, batch.is_complete
        voters = sorted({vote.voter for vote in votes} - known.power.keys())
        snapshot = proposal.snapshot
        reads = [
            Read(self._token, call_data("ConcordToken", "getPastVotes", voter, snapshot))
            for voter in voters
        ]
        answers = self._reader.read(reads, block=cursor.number)
        power = {
            voter: 0 if isinstance(answer, ExecutionReverted) else int.from_bytes(answer)
            for voter, answer in zip(voters, answers, strict=True)
        }
        return _Counted(tuple(votes), {**known.power, **power}, cursor)

    def _remember(self, proposal: ProposalRecord, counted: _Counted) -> None:
        self._known[proposal] = counted
        kept = sum(len(each.votes) for each in self._known.values())
        while kept > self._most_votes:
            _, forgotten = self._known.popitem(last=False)
            kept -= len(forgotten.votes)


def _vote(log: ChainLog, proposal_id: int) -> CountedVote | None:
    if len(log.topics) != 2 or log.topics[0] not in (VOTE_CAST, VOTE_CAST_WITH_PARAMS):
        return None
    number, support, weight = _words(log.data[:96])
    if number != proposal_id:
        return None
    params = _bytes_at(log.data, 4) if log.topics[0] == VOTE_CAST_WITH_PARAMS else b""
    return CountedVote(
        checksum_address(log.topics[1][12:]),
        support,
        weight,
        params,
        log.block_number,
        log.log_index,
    )


def _shares(vote: CountedVote) -> list[int] | None:
    """What a vote adds to each choice; None if that cannot be told."""
    if vote.support == _SPLIT:
        if len(vote.params) != 16 * _CHOICES:
            return None
        shares = [int.from_bytes(vote.params[i : i + 16]) for i in range(0, 48, 16)]
        return shares if sum(shares) == vote.weight else None
    if vote.support >= _CHOICES or vote.params:
        return None
    return [vote.weight if choice == vote.support else 0 for choice in range(_CHOICES)]


def _words(data: bytes) -> list[int]:
    return [int.from_bytes(data[start : start + 32]) for start in range(0, len(data), 32)]


def _bytes_at(data: bytes, word: int) -> bytes:
    """A dynamic field whose offset stands in that word (Solidity ABI)."""
    offset = int.from_bytes(data[32 * word : 32 * word + 32])
    length = int.from_bytes(data[offset : offset + 32])
    return data[offset + 32 : offset + 32 + length]
