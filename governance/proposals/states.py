"""Where a proposal is in its life, what it waits for, and how long that takes.

As `Governor.state` and `GovernorTimelockControl.state` have it, with `F`, `A`, `B` the votes for,
against and abstaining, and `t` the chain's clock:

    canceled, executed                       once they happened
    pending      t ≤ snapshot
    active       snapshot < t ≤ deadline
    defeated     F + B < quorum  or  F ≤ A  or  F · 10,000 < approval · (F + A)
    succeeded    else, until it is queued
    queued       from then on, executable from eta on
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from governance.parameters import BASIS_POINTS, ProposalClass
from governance.wording import duration, moment, share, tokens


class ProposalState(IntEnum):
    """`IGovernor.ProposalState`; this governor never answers EXPIRED."""

    PENDING = 0
    ACTIVE = 1
    CANCELED = 2
    DEFEATED = 3
    SUCCEEDED = 4
    QUEUED = 5
    EXPIRED = 6
    EXECUTED = 7


@dataclass(frozen=True, slots=True)
class Tally:
    """Votes counted, in the token's smallest unit."""

    against: int
    in_favour: int
    abstaining: int

    @property
    def towards_quorum(self) -> int:
        """What counts in the quorum."""
        return self.in_favour + self.abstaining


@dataclass(frozen=True, slots=True)
class ProposalFacts:
    """What the governor says about a proposal, but for what the time alone changes.

    Attributes:
        settled: CANCELED or EXECUTED if it is; None while the time decides.
        proposal_class: what it would do decides it.
        snapshot: second at which votes are weighed.
        deadline: last second of voting, extensions included.
        eta: second from which it can be executed; 0 before it is queued.
        tally: so far.
        quorum: votes for and abstaining that it needs; None before the snapshot.
        approval: basis points for, of those for and against; None before the snapshot.
    """

    settled: ProposalState | None
    proposal_class: ProposalClass
    snapshot: int
    deadline: int
    eta: int
    tally: Tally
    quorum: int | None
    approval: int | None

    @property
    def quorum_reached(self) -> bool:
        """Whether enough have voted for or abstained."""
        return self.quorum is not None and self.tally.towards_quorum >= self.quorum

    @property
    def approved(self) -> bool:
        """Whether enough of those for and against are for it."""
        for_, against = self.tally.in_favour, self.tally.against
        return (
            self.approval is not None
            and for_ > against
            and for_ * BASIS_POINTS >= self.approval * (for_ + against)
        )

    def state_at(self, now: int) -> ProposalState:
        """The state by the chain's clock in seconds."""
        if self.settled is not None:
            return self.settled
        if now <= self.snapshot:
            return ProposalState.PENDING
        if now <= self.deadline:
            return ProposalState.ACTIVE
        if not (self.quorum_reached and self.approved):
            return ProposalState.DEFEATED
        return ProposalState.QUEUED if self.eta else ProposalState.SUCCEEDED


@dataclass(frozen=True, slots=True)
class ProposalStatus:
    """A proposal's facts at a time.

    Attributes:
        proposal_id: whose.
        facts: as the governor says.
        now: the chain's clock in seconds, when they were read.
    """

    proposal_id: int
    facts: ProposalFacts
    now: int

    @property
    def state(self) -> ProposalState:
        """Where it is in its life."""
        return self.facts.state_at(self.now)

    @property
    def next_step_at(self) -> int | None:
        """The second at which the time alone takes it on; None if the time does not."""
        facts = self.facts
        match self.state:
            case ProposalState.PENDING:
                return facts.snapshot + 1
            case ProposalState.ACTIVE:
                return facts.deadline + 1
            case ProposalState.QUEUED if self.now < facts.eta:
                return facts.eta
            case _:
                return None

    @property
    def seconds_left(self) -> int | None:
        """Until `next_step_at`."""
        at = self.next_step_at
        return None if at is None else at - self.now

    @property
    def is_due(self) -> bool:
        """Whether anyone can queue or execute it now."""
        if self.state is ProposalState.QUEUED:
            return self.now >= self.facts.eta
        return self.state is ProposalState.SUCCEEDED

    @property
    def waits_for(self) -> str:
        """What happens next, or why nothing does, in a sentence."""
        facts, left = self.facts, duration(self.seconds_left or 0)
        match self.state:
            case ProposalState.PENDING:
                return f"Voting begins in {left}; votes are weighed at {moment(facts.snapshot)}."
            case ProposalState.ACTIVE:
                return f"Voting ends in {left}. {self._missing()}"
            case ProposalState.SUCCEEDED:
                return "It waits to be queued; anyone can do that."
            case ProposalState.QUEUED if self.is_due:
                return "It waits to be executed; anyone can do that."
            case ProposalState.QUEUED:
                return f"It can be executed in {left}, from {moment(facts.eta)} on."
            case ProposalState.DEFEATED:
                return f"It was defeated. {self._missing(is_over=True)}"
            case ProposalState.CANCELED:
                return "It was canceled; nothing is left to do."
            case _:
                return "It was executed; nothing is left to do."

    def _missing(self, *, is_over: bool = False) -> str:
        facts = self.facts
        if facts.quorum is None or facts.approval is None:
            return "What it needs is fixed at the snapshot."
        parts: list[str] = []
        if not facts.quorum_reached:
            missing = tokens(facts.quorum - facts.tally.towards_quorum)
            verb, more = ("lacked", "") if is_over else ("needs", " more")
            parts.append(f"The quorum {verb} {missing}{more} for or abstaining.")
        if not facts.approved:
            needed = max(facts.approval, BASIS_POINTS // 2)
            most = " and more for than against" if needed == BASIS_POINTS // 2 else ""
            verb = "took" if is_over else "needs"
            parts.append(f"It {verb} {share(needed)} of those for and against{most}.")
        return " ".join(parts) or "Quorum and approval are reached."
