"""Where a voter stands in a proposal, and why a ballot would not count.

The contract decides. This reads what it decides by, to tell a voter before signing, and to say
after a refusal which of its reasons it was.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from governance.actions import canonical_address
from governance.actions.calls import call_data
from governance.addresses import DaoAddresses
from governance.proposals.errors import UnknownProposal
from governance.proposals.states import ProposalState
from governance.reads import Read, Reader
from governance.votes.ballots import Ballot, ChoiceForm
from governance.votes.errors import (
    AlreadyVoted,
    BallotRefused,
    NonceUsed,
    NoVotingPower,
    VotingClosed,
)
from governance.wording import tokens
from ledger.chain.errors import ExecutionReverted
from ledger.errors import ConcordError
from ledger.keccak import keccak

_KEYED_NONCES = keccak(b"nonces(address,uint192)")[:4]  # overloaded, so not found by its name


@dataclass(frozen=True, slots=True)
class Standing:
    """A voter in a proposal.

    Attributes:
        state: of the proposal.
        power: votes at the snapshot; 0 before it.
        used: of these, already cast.
        nonce: the next one to sign.
    """

    state: ProposalState
    power: int
    used: int
    nonce: int

    @property
    def remaining(self) -> int:
        """Votes that can still be cast."""
        return max(0, self.power - self.used)


def read_standing(reader: Reader, at: DaoAddresses, proposal_id: int, voter: str) -> Standing:
    """Ask the governor.

    Raises:
        UnknownProposal: it knows no such proposal.
    """
    governor = canonical_address(at.governor)
    snapshot_read = Read(governor, call_data("ConcordGovernor", "proposalSnapshot", proposal_id))
    snapshot = int.from_bytes(reader.read_one(snapshot_read))
    nonce_key = (proposal_id % 2**192).to_bytes(32)
    voter_word = bytes(12) + canonical_address(voter)
    reads = [
        Read(governor, call_data("ConcordGovernor", "state", proposal_id)),
        Read(governor, call_data("ConcordGovernor", "getVotes", voter, snapshot)),
        Read(governor, call_data("ConcordGovernor", "usedVotes", proposal_id, voter)),
        Read(governor, _KEYED_NONCES + voter_word + nonce_key),
    ]
    state, power, used, nonce = (_number(answer) for answer in reader.read(reads))
    if state is None:
        raise UnknownProposal(f"The governor knows no proposal {proposal_id}.")
    return Standing(ProposalState(state), power or 0, used or 0, nonce or 0)


def refusal(standing: Standing, ballot: Ballot) -> ConcordError | None:
    """Why a rightly signed ballot would not count now; None if it would."""
    if standing.state is not ProposalState.ACTIVE:
        when = "not yet" if standing.state is ProposalState.PENDING else "not any more"
        return VotingClosed(
            f"proposal {ballot.proposal_id} is {standing.state.name.lower()}: {when} open for votes"
        )
    if standing.power == 0:
        return NoVotingPower(
            f"{ballot.voter} had no votes at the snapshot of proposal {ballot.proposal_id}: what "
            "was received or delegated later counts in later proposals"
        )
    if standing.remaining == 0:
        return AlreadyVoted(
            f"{ballot.voter} has cast all {tokens(standing.power)} on proposal "
            f"{ballot.proposal_id}; a vote cannot be changed"
        )
    if ballot.split is not None and ballot.split.total > standing.remaining:
        return BallotRefused(
            f"{ballot.voter} has {tokens(standing.remaining)} left on proposal "
            f"{ballot.proposal_id}, not {tokens(ballot.split.total)}"
        )
    if ballot.nonce != standing.nonce:
        return NonceUsed(
            f"the next nonce of {ballot.voter} on this proposal is {standing.nonce}, not "
            f"{ballot.nonce}: ask for the ballot again and sign that"
        )
    return None


def prepare_ballot(
    reader: Reader, at: DaoAddresses, proposal_id: int, choice: ChoiceForm
) -> Ballot:
    """The ballot for a voter to sign, with its nonce.

    Raises:
        UnknownProposal, InvalidBallot, VotingClosed, NoVotingPower, AlreadyVoted, BallotRefused:
            it could not be relayed.
    """
    standing = read_standing(reader, at, proposal_id, choice.voter)
    ballot = choice.to_ballot(proposal_id, standing.nonce)
    reason = refusal(standing, ballot)
    if reason is not None:
        raise reason
    return ballot


def _number(answer: bytes | ExecutionReverted) -> int | None:
    return None if isinstance(answer, ExecutionReverted) else int.from_bytes(answer[:32])


def read_states(
    reader: Reader, at: DaoAddresses, proposal_ids: Sequence[int]
) -> list[ProposalState | None]:
    """The states of proposals; None for those that the governor does not know."""
    governor = canonical_address(at.governor)
    answers = reader.read(
        [Read(governor, call_data("ConcordGovernor", "state", each)) for each in proposal_ids]
    )
    numbers = [_number(answer) for answer in answers]
    return [None if number is None else ProposalState(number) for number in numbers]
