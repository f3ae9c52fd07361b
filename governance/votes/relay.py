"""Relaying ballots and delegations that members signed, so that voting takes no coins.

Before anything is sent: the source's rate; the signature, in the caller's thread; the voter's rate
(only a signature that holds takes from it, so nobody can use up another's); whether voting is open.
Voting power and votes already cast are judged by executing the ballot (`governance.votes.group`);
what would revert is not sent. A refusal is then explained from what the contract decides by
(`governance.votes.standing`).

The relay holds no power: a ballot counts for its signer alone, or not at all.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TypeVar

from eth_abi.abi import encode

from governance.actions import canonical_address
from governance.actions.calls import call_data
from governance.addresses import DaoAddresses
from governance.contracts import artifact
from governance.proposals.errors import UnknownProposal
from governance.proposals.states import ProposalState
from governance.reads import Reader
from governance.refusals import explain_error
from governance.votes.ballots import Ballot, SignedBallot, SignedDelegation
from governance.votes.errors import (
    BallotRefused,
    DelegationExpired,
    NonceUsed,
    VotingClosed,
)
from governance.votes.group import GroupSender
from governance.votes.limits import Rate, RateLimiter
from governance.votes.receipts import BallotReceipt, DelegationReceipt, read_receipt
from governance.votes.standing import read_standing, read_states, refusal
from governance.votes.typed_data import VotingDomains, ballot_digest, delegation_digest
from ledger.chain.chain import Chain
from ledger.chain.errors import ExecutionReverted, TransactionFailed
from ledger.chain.signing import Signer, TransactionDraft
from ledger.chain.values import TransactionReceipt
from ledger.errors import ConcordError
from ledger.events.signing import WrongSigner, recover
from ledger.secp256k1 import InvalidSignature

_T = TypeVar("_T")
_MAX_KNOWN_STATES = 1_024
_CAST = artifact("ConcordGovernor").selector("castVoteBySig")
_CAST_EXTENDED = artifact("ConcordGovernor").selector("castVoteWithReasonAndParamsBySig")


@dataclass(frozen=True, slots=True)
class RelayLimits:
    """What the relay takes.

    Attributes:
        voter: ballots and delegations of one signer.
        source: requests of one source, whatever the caller takes for one.
        group: transactions sent together.
        waiting: transactions that may wait to be sent.
        lanes: groups on their way at the same time on a remote chain: one is rehearsed, one is
            offered, one waits for its block.
        state_seconds: how long a proposal that was open for votes is taken to be open still.
    """

    voter: Rate = field(default=Rate(per_second=0.5, burst=20))
    source: Rate = field(default=Rate(per_second=500, burst=2_000))
    group: int = 256
    waiting: int = 4_096
    lanes: int = 3
    state_seconds: float = 1.0


class VoteRelay:
    """Relays for one DAO with one account. Safe to use from any thread.

    Args:
        chain: where the DAO is.
        at: its contracts.
        signer: sends; may be any account that may send.
        domains: from `read_domains`.
        monotonic: seconds of a clock that does not run back.
        limits: see RelayLimits.
    """

    def __init__(
        self,
        chain: Chain,
        at: DaoAddresses,
        signer: Signer,
        *,
        domains: VotingDomains,
        monotonic: Callable[[], float],
        limits: RelayLimits | None = None,
    ) -> None:
        self._chain = chain
        self._at = at
        self._domains = domains
        self._monotonic = monotonic
        self._limits = limits or RelayLimits()
        self._reader = Reader(chain)
        self._voters = RateLimiter(self._limits.voter, "voter")
        self._sources = RateLimiter(self._limits.source, "source")
        self._sender = GroupSender(
            chain,
            signer,
            max_group=self._limits.group,
            max_waiting=self._limits.waiting,
            lanes=self._limits.lanes,
        )
        # Guarded by _states_lock: when each proposal was last seen open, and which the chain is
        # being asked about. Of many ballots that come at once, one asks and all know.
        self._states_lock = threading.Lock()
        self._seen_open: OrderedDict[int, float] = OrderedDict()
        self._asked: dict[int, Future[ProposalState | None]] = {}

    @property
    def domains(self) -> VotingDomains:
        """Where the signatures that it takes are valid."""
        return self._domains

    def close(self) -> None:
        """Stop; what still waits is told so."""
        self._sender.close()

    def submit_ballot(self, signed: SignedBallot, *, source: str) -> Future[BallotReceipt]:
        """Relay a ballot. The future has its receipt once it is in a block, or why it is in none.

        Raises:
            RateLimited: of the source or the voter.
            InvalidSignature, WrongSigner: the signature is not the voter's for this ballot.
            VotingClosed, UnknownProposal: it is not open for votes.
            RelayBusy, RelayClosed, ChainUnavailable: nothing was sent; try again.

        The future's exceptions:
            VotingClosed, NoVotingPower, AlreadyVoted, NonceUsed, BallotRefused: the contract
                refuses it.
            TransactionPending: it was sent and is in no block yet.
            ChainUnavailable, FeeTooHigh: nothing was sent.
        """
        now = self._monotonic()
        self._sources.take(source, now)
        self._check_signature(signed)
        self._voters.take(signed.ballot.voter, now)
        self._check_open(signed.ballot.proposal_id, now)
        future: Future[BallotReceipt] = _started()
        self._send_ballot(signed, future, attempts=2)
        return future

    def submit_delegation(
        self, signed: SignedDelegation, *, source: str
    ) -> Future[DelegationReceipt]:
        """Relay a delegation; as `submit_ballot`.

        The future's exceptions:
            NonceUsed, DelegationExpired, BallotRefused: the contract refuses it.
        """
        now = self._monotonic()
        self._sources.take(source, now)
        delegation = signed.delegation
        digest = delegation_digest(delegation, self._domains.token)
        signer = recover(digest, "0x" + signed.signature.hex())
        if signer != delegation.delegator:
            raise _wrong_signer(signer, delegation.delegator, "delegation")
        self._voters.take(delegation.delegator, now)
        future: Future[DelegationReceipt] = _started()

        def settle(outcome: TransactionReceipt | ConcordError) -> None:
            if isinstance(outcome, ConcordError):
                future.set_exception(_delegation_refusal(outcome))
            else:
                future.set_result(DelegationReceipt.of(signed, outcome, self._domains.token))

        draft = delegation_transaction(signed, self._at)
        self._sender.submit(draft, ("delegation", delegation.delegator), settle)
        return future

    # Before sending

    def _check_signature(self, signed: SignedBallot) -> None:
        voter = signed.ballot.voter
        digest = ballot_digest(signed.ballot, self._domains.governor)
        try:
            signer = recover(digest, "0x" + signed.signature.hex())
        except InvalidSignature:
            if not self._is_contract(voter):
                raise
            return
        if signer != voter and not self._is_contract(voter):
            raise _wrong_signer(signer, voter, "ballot")

    def _is_contract(self, account: str) -> bool:
        """Contracts have rules of their own for signatures (EIP-1271); the governor asks them."""
        return bool(self._chain.code(canonical_address(account)))

    def _check_open(self, proposal_id: int, now: float) -> None:
        with self._states_lock:
            seen = self._seen_open.get(proposal_id)
            if seen is not None and now - seen < self._limits.state_seconds:
                return
            asked = self._asked.get(proposal_id)
            mine: Future[ProposalState | None] = Future()
            if asked is None:
                self._asked[proposal_id] = mine
        state = self._ask_state(proposal_id, mine) if asked is None else asked.result()
        if state is None:
            raise UnknownProposal(f"The governor knows no proposal {proposal_id}.")
        if state is not ProposalState.ACTIVE:
            raise VotingClosed(
                f"proposal {proposal_id} is {state.name.lower()}, not open for votes"
            )
        with self._states_lock:
            self._seen_open[proposal_id] = now
            self._seen_open.move_to_end(proposal_id)
            if len(self._seen_open) > _MAX_KNOWN_STATES:
                self._seen_open.popitem(last=False)

    def _ask_state(
        self, proposal_id: int, answer: Future[ProposalState | None]
    ) -> ProposalState | None:
        """Ask the chain, for whoever waits for the answer as well."""
        try:
            (state,) = read_states(self._reader, self._at, [proposal_id])
        except BaseException as error:
            answer.set_exception(error)
            raise
        else:
            answer.set_result(state)
            return state
        finally:
            with self._states_lock:
                del self._asked[proposal_id]

    # Sending

    def _send_ballot(
        self, signed: SignedBallot, future: Future[BallotReceipt], *, attempts: int
    ) -> None:
        ballot = signed.ballot

        def settle(outcome: TransactionReceipt | ConcordError) -> None:
            try:
                self._settle_ballot(signed, future, outcome, attempts - 1)
            except ConcordError as error:
                future.set_exception(error)

        draft = ballot_transaction(signed, self._at)
        self._sender.submit(draft, (ballot.voter, ballot.proposal_id), settle)

    def _settle_ballot(
        self,
        signed: SignedBallot,
        future: Future[BallotReceipt],
        outcome: TransactionReceipt | ConcordError,
        attempts: int,
    ) -> None:
        if isinstance(outcome, TransactionReceipt):
            future.set_result(read_receipt(signed, outcome, self._domains.governor, self._at))
            return
        if not isinstance(outcome, ExecutionReverted | TransactionFailed):
            raise outcome
        reason = self._explain(signed.ballot, outcome)
        if reason is None and isinstance(outcome, TransactionFailed) and attempts:
            # It failed in the block, and nothing speaks against it now: once more.
            self._send_ballot(signed, future, attempts=attempts)
            return
        raise reason or BallotRefused(
            f"the governor refuses the ballot: {explain_error(outcome).sentence}"
        )

    def _explain(self, ballot: Ballot, error: ConcordError) -> ConcordError | None:
        """Which reason a refusal has; None if none shows (any more)."""
        name = explain_error(error).error
        standing = read_standing(self._reader, self._at, ballot.proposal_id, ballot.voter)
        reason = refusal(standing, ballot)
        if reason is None and name == "GovernorInvalidSignature":
            return WrongSigner(f"{ballot.voter} does not accept this signature for this ballot")
        return reason


def _started() -> Future[_T]:
    """A future that a caller who no longer waits cannot cancel: what is queued will be sent."""
    future: Future[_T] = Future()
    future.set_running_or_notify_cancel()
    return future


def ballot_transaction(signed: SignedBallot, at: DaoAddresses) -> TransactionDraft:
    """What relays a ballot; anyone may send it."""
    ballot = signed.ballot
    if ballot.is_extended:
        arguments = encode(
            ["uint256", "uint8", "address", "string", "bytes", "bytes"],
            [
                ballot.proposal_id,
                int(ballot.support),
                ballot.voter,
                ballot.reason,
                ballot.params,
                signed.signature,
            ],
        )
        return TransactionDraft(canonical_address(at.governor), _CAST_EXTENDED + arguments)
    arguments = encode(
        ["uint256", "uint8", "address", "bytes"],
        [ballot.proposal_id, int(ballot.support), ballot.voter, signed.signature],
    )
    return TransactionDraft(canonical_address(at.governor), _CAST + arguments)


def delegation_transaction(signed: SignedDelegation, at: DaoAddresses) -> TransactionDraft:
    """What relays a delegation; anyone may send it."""
    delegation, signature = signed.delegation, signed.signature
    data = call_data(
        "ConcordToken",
        "delegateBySig",
        delegation.delegatee,
        delegation.nonce,
        delegation.expiry,
        signature[64],
        signature[:32],
        signature[32:64],
    )
    return TransactionDraft(canonical_address(at.token), data)


def _wrong_signer(signer: str, claimed: str, what: str) -> WrongSigner:
    return WrongSigner(
        f"the signature recovers to {signer}, not to {claimed}: another key signed it, or it was "
        f"made for another {what}, nonce, chain or DAO. Sign again."
    )


def _delegation_refusal(error: ConcordError) -> ConcordError:
    refused = explain_error(error)
    if refused.error == "VotesExpiredSignature":
        return DelegationExpired(f"{refused.sentence}: sign it again for a later time")
    if refused.error == "InvalidAccountNonce":
        return NonceUsed(f"{refused.sentence}: ask for the delegation again and sign that")
    if isinstance(error, ExecutionReverted | TransactionFailed):
        return BallotRefused(f"the token refuses the delegation: {refused.sentence}")
    return error
