"""Views of the DAO: proposals and their tallies, policies, and the token that votes.

Tallies and balances are sums of what the contracts' logs say. They follow the contracts' own rules:
- a ballot with `support` 0, 1 or 2 puts its whole weight there; a split one says in `params` what
  goes where (OpenZeppelin's GovernorCountingFractional);
- a delegate has the votes of all who delegate to it (ERC20Votes).
"""

from __future__ import annotations

import dataclasses

from ledger.events.bodies.base import ChainReference
from ledger.events.bodies.governance import (
    DelegationChanged,
    PolicyAdopted,
    ProposalCanceled,
    ProposalCreated,
    ProposalExecuted,
    ProposalQueued,
    TokenTransferred,
    VoteCast,
)
from ledger.events.canonical import JsonValue, canonical
from ledger.events.identifiers import parse_instant
from ledger.views.projections.registry import Placed, projects
from ledger.views.records import (
    Ballot,
    Delegation,
    PolicyVersion,
    Proposal,
    ProposalChange,
    TokenHolder,
    TokenTransfer,
)
from ledger.views.state import State

_SPLIT = 255
_SHARE_BYTES = 16
_NOBODY = "0x" + 40 * "0"


def _time_of(placed: Placed, chain: ChainReference) -> int:
    """Chain time; that of the recording where the event does not tell it."""
    return placed.recorded_at if chain.block_time is None else parse_instant(chain.block_time)


@projects(ProposalCreated)
def _created(placed: Placed, body: ProposalCreated, state: State) -> None:
    calls: list[JsonValue] = [
        call.model_dump(mode="json", by_alias=True, exclude_unset=True) for call in body.calls
    ]
    state.put(
        Proposal(
            proposal=body.proposal,
            proposer=body.proposer,
            proposal_class=body.proposal_class,
            title=body.title,
            description=body.description,
            description_hash=body.description_hash,
            calls=canonical(calls).decode(),
            calls_omitted=body.calls_omitted or 0,
            vote_start=parse_instant(body.vote_start),
            vote_end=parse_instant(body.vote_end),
            status="created",
            eta=None,
            votes_against="0",
            votes_for="0",
            votes_abstain="0",
            ballots=0,
            index=placed.index,
        )
    )
    _tell(placed, body.proposal, "created", _time_of(placed, body.chain), state)


def _tell(
    placed: Placed, proposal: str, change: str, at: int, state: State, *, eta: int | None = None
) -> None:
    state.add(ProposalChange(placed.index, proposal, change, eta, at, placed.recorded_at))


def _move(
    placed: Placed,
    body: ProposalQueued | ProposalExecuted | ProposalCanceled,
    status: str,
    state: State,
) -> None:
    eta = parse_instant(body.eta) if isinstance(body, ProposalQueued) else None
    proposal = state.get(Proposal, body.proposal)
    if proposal is not None:
        changed = dataclasses.replace(proposal, status=status, eta=eta or proposal.eta)
        state.put(changed)
    _tell(placed, body.proposal, status, _time_of(placed, body.chain), state, eta=eta)


@projects(ProposalQueued)
def _queued(placed: Placed, body: ProposalQueued, state: State) -> None:
    _move(placed, body, "queued", state)


@projects(ProposalExecuted)
def _executed(placed: Placed, body: ProposalExecuted, state: State) -> None:
    _move(placed, body, "executed", state)


@projects(ProposalCanceled)
def _canceled(placed: Placed, body: ProposalCanceled, state: State) -> None:
    _move(placed, body, "canceled", state)


def votes_of(body: VoteCast) -> tuple[int, int, int]:
    """Where a ballot's votes went: against, for, abstaining."""
    if body.support == _SPLIT:
        params = bytes.fromhex((body.params or "0x")[2:])
        against, favour, abstain = (
            int.from_bytes(params[n * _SHARE_BYTES : (n + 1) * _SHARE_BYTES]) for n in range(3)
        )
        return against, favour, abstain
    weight = int(body.weight)
    against, favour, abstain = (weight if body.support == n else 0 for n in range(3))
    return against, favour, abstain


@projects(VoteCast)
def _voted(placed: Placed, body: VoteCast, state: State) -> None:
    against, favour, abstain = votes_of(body)
    proposal = state.get(Proposal, body.proposal)
    if proposal is not None:
        counted = dataclasses.replace(
            proposal,
            votes_against=str(int(proposal.votes_against) + against),
            votes_for=str(int(proposal.votes_for) + favour),
            votes_abstain=str(int(proposal.votes_abstain) + abstain),
            ballots=proposal.ballots + 1,
        )
        state.put(counted)
    state.add(
        Ballot(
            index=placed.index,
            proposal=body.proposal,
            voter=body.voter,
            support=body.support,
            weight=body.weight,
            votes_against=str(against),
            votes_for=str(favour),
            votes_abstain=str(abstain),
            reason=body.reason,
            reason_digest=body.reason_digest,
            at=_time_of(placed, body.chain),
            recorded_at=placed.recorded_at,
        )
    )


@projects(PolicyAdopted)
def _adopted(placed: Placed, body: PolicyAdopted, state: State) -> None:
    state.put(
        PolicyVersion(
            policy=body.policy,
            version=body.version,
            digest=body.digest[2:],
            content=body.content,
            parameters=body.parameters,
            adopted_at=_time_of(placed, body.chain),
            recorded_at=placed.recorded_at,
            index=placed.index,
        )
    )


def _holder(holder: str, placed: Placed, state: State) -> TokenHolder:
    known = state.get(TokenHolder, holder)
    if known is None:
        return TokenHolder(holder, "0", None, "0", placed.index)
    return dataclasses.replace(known, index=placed.index)


def _move_balance(holder: str, amount: int, placed: Placed, state: State) -> str:
    """Adds to what an account holds; returns who votes with it."""
    row = _holder(holder, placed, state)
    state.put(dataclasses.replace(row, balance=str(int(row.balance) + amount)))
    return row.delegate or _NOBODY


def _move_power(delegate: str, amount: int, placed: Placed, state: State) -> None:
    if delegate != _NOBODY and amount:
        row = _holder(delegate, placed, state)
        state.put(dataclasses.replace(row, power=str(int(row.power) + amount)))


@projects(TokenTransferred)
def _transferred(placed: Placed, body: TokenTransferred, state: State) -> None:
    amount = int(body.amount)
    for holder, change in ((body.sender, -amount), (body.to, amount)):
        if holder != _NOBODY:
            delegate = _move_balance(holder, change, placed, state)
            _move_power(delegate, change, placed, state)
    at = _time_of(placed, body.chain)
    state.add(
        TokenTransfer(placed.index, body.sender, body.to, body.amount, at, placed.recorded_at)
    )


@projects(DelegationChanged)
def _delegated(placed: Placed, body: DelegationChanged, state: State) -> None:
    row = _holder(body.delegator, placed, state)
    chosen = None if body.to_delegate == _NOBODY else body.to_delegate
    state.put(dataclasses.replace(row, delegate=chosen))
    _move_power(body.from_delegate, -int(row.balance), placed, state)
    _move_power(body.to_delegate, int(row.balance), placed, state)
    state.add(
        Delegation(
            index=placed.index,
            delegator=body.delegator,
            from_delegate=body.from_delegate,
            to_delegate=body.to_delegate,
            at=_time_of(placed, body.chain),
            recorded_at=placed.recorded_at,
        )
    )
