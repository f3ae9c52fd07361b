"""Trying a proposal before it is sent: what would change, what would fail and why.

Each action is executed on its own, as a call from the timelock in the present state, and undone. So
it is told what would happen now; by the time of execution more may have changed.

NOTE: An action that needs an earlier one of the same proposal fails here on its own (lifting a flag
and releasing the record): `may_depend` says that there is an earlier one.

NOTE: The governor takes calls from a running proposal only. Its own settings are therefore checked
against its rules rather than executed, and any other call to it cannot be tried at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from governance.actions import (
    Action,
    Call,
    DescribedAction,
    Names,
    canonical_address,
    describe_call,
)
from governance.actions.calls import call_data
from governance.actions.encoding import class_number
from governance.actions.kinds import (
    ClassDemand,
    Pay,
    RawCall,
    SetActionClass,
    SetAllClasses,
    SetClass,
    SetVoteExtension,
    SetVotingPeriod,
)
from governance.addresses import DaoAddresses
from governance.parameters import ProposalClass
from governance.proposals.effects import UNREADABLE, Change, Effect, effect_of
from governance.reads import Read, Reader
from governance.refusals import explain_error
from governance.wording import coins, duration
from ledger.chain.chain import Chain
from ledger.chain.errors import ExecutionReverted
from ledger.errors import ConcordError, Unavailable


class Outcome(Enum):
    """What trying an action came to."""

    SUCCEEDS = "succeeds"
    FAILS = "fails"
    UNTRIED = "untried"


@dataclass(frozen=True, slots=True)
class SimulatedAction:
    """One action, tried.

    Attributes:
        described: what it does.
        proposal_class: as the contract says now.
        outcome: of trying it.
        reason: why it fails or could not be tried; empty if it succeeds.
        changes: what it would write; empty where that is not known.
        may_depend: it fails, and an earlier action of the proposal may be what it needs.
    """

    described: DescribedAction
    proposal_class: ProposalClass
    outcome: Outcome
    reason: str
    changes: tuple[Change, ...]
    may_depend: bool = False


@dataclass(frozen=True, slots=True)
class Simulation:
    """A proposal, tried.

    Attributes:
        actions: in order.
        proposal_class: of the whole, as the contract says now.
        block_number: the last block when it was tried.
    """

    actions: tuple[SimulatedAction, ...]
    proposal_class: ProposalClass
    block_number: int

    @property
    def fails(self) -> bool:
        """Whether some action fails that no earlier one could help."""
        return any(each.outcome is Outcome.FAILS and not each.may_depend for each in self.actions)


def simulate(
    chain: Chain, at: DaoAddresses, calls: Sequence[Call], names: Names | None = None
) -> Simulation:
    """Try a proposal's calls. Sends nothing.

    Raises:
        ChainUnavailable: the chain's node is down.
    """
    reader = Reader(chain)
    block_number = chain.head().number
    described = [describe_call(call, at, names) for call in calls]
    effects = [effect_of(each.action, at, names) for each in described]
    reads = [_class_read(at, [call]) for call in calls] + [_class_read(at, calls)]
    for effect in effects:
        reads += effect.reads
    answers = [
        None if isinstance(answer, ExecutionReverted) else answer for answer in reader.read(reads)
    ]
    levels = [_level(answer) for answer in answers[: len(calls) + 1]]
    rest = iter(answers[len(calls) + 1 :])
    simulated: list[SimulatedAction] = []
    for each, effect, level in zip(described, effects, levels, strict=False):
        values = [next(rest) for _ in effect.reads]
        changes = _changes(chain, at, each.action, effect, values)
        outcome, reason = _try(chain, reader, at, each)
        may_depend = outcome is Outcome.FAILS and bool(simulated)
        simulated.append(SimulatedAction(each, level, outcome, reason, changes, may_depend))
    return Simulation(tuple(simulated), levels[-1], block_number)


def _class_read(at: DaoAddresses, calls: Sequence[Call]) -> Read:
    lists = (
        [call.target for call in calls],
        [call.value for call in calls],
        [call.calldata for call in calls],
    )
    return Read(canonical_address(at.governor), call_data("ConcordGovernor", "classOf", *lists))


def _level(answer: bytes | None) -> ProposalClass:
    return ProposalClass.CONSTITUTIONAL if answer is None else ProposalClass(answer[31])


def _changes(
    chain: Chain,
    at: DaoAddresses,
    action: Action,
    effect: Effect,
    answers: Sequence[bytes | None],
) -> tuple[Change, ...]:
    if not isinstance(action, Pay):
        return effect.changes(answers)
    held, amount = chain.web3.eth.get_balance(at.timelock), int(action.amount)
    after = coins(held - amount) if held >= amount else UNREADABLE
    return (Change("coins of the treasury", coins(held), after),)


def _try(
    chain: Chain, reader: Reader, at: DaoAddresses, described: DescribedAction
) -> tuple[Outcome, str]:
    if described.call.target == at.governor:
        return _judge(reader, at, described.action)
    try:
        reader.attempt(
            sender=canonical_address(at.timelock),
            to=canonical_address(described.call.target),
            call_data=described.call.calldata,
            value=described.call.value,
        )
    except Unavailable:
        raise
    except ConcordError as error:
        return Outcome.FAILS, explain_error(error).sentence
    if described.call.calldata and not chain.code(canonical_address(described.call.target)):
        return Outcome.FAILS, "there is no contract at this address, so the call does nothing"
    return Outcome.SUCCEEDS, ""


# The governor's own rules, for what cannot be executed here


def _judge(reader: Reader, at: DaoAddresses, action: Action) -> tuple[Outcome, str]:
    if isinstance(action, RawCall | Pay):
        return Outcome.UNTRIED, "the governor takes this from a running proposal only"
    refusal = _refusal(reader, at, action)
    return (Outcome.SUCCEEDS, "") if refusal is None else (Outcome.FAILS, refusal)


def _refusal(reader: Reader, at: DaoAddresses, action: Action) -> str | None:
    """Why the governor would refuse a setting; the rules are those of its setters."""
    match action:
        case SetVotingPeriod(seconds=0):
            return "a voting period cannot be 0"
        case SetVoteExtension():
            period = int.from_bytes(reader.read_one(_governor_read(at, "votingPeriod")))
            if action.seconds > period:
                return f"an extension is at most the voting period, {duration(period)}"
        case SetActionClass(target=target) if target in (at.governor, at.timelock):
            return f"calls to {target} are constitutional, whatever the vote"
        case SetClass():
            demands = _present_demands(reader, at)
            demands[class_number(action.proposal_class)] = (action.quorum, action.approval)
            return _disorder(demands)
        case SetAllClasses(classes=classes):
            return _disorder([_pair(each) for each in classes])
        case _:
            pass
    return None


def _present_demands(reader: Reader, at: DaoAddresses) -> list[tuple[int, int]]:
    reads = [_governor_read(at, "classParameters", level) for level in ProposalClass]
    answers = [answer for answer in reader.read(reads) if isinstance(answer, bytes)]
    return [(int.from_bytes(answer[:32]), int.from_bytes(answer[32:64])) for answer in answers]


def _governor_read(at: DaoAddresses, function: str, *arguments: int) -> Read:
    return Read(canonical_address(at.governor), call_data("ConcordGovernor", function, *arguments))


def _pair(demand: ClassDemand) -> tuple[int, int]:
    return demand.quorum, demand.approval


def _disorder(demands: Sequence[tuple[int, int]]) -> str | None:
    for level in list(ProposalClass)[1:]:
        lower, upper = demands[level - 1], demands[level]
        if upper[0] < lower[0] or upper[1] < lower[1]:
            return f"class {level.name.lower()} would take less than the class below it"
    return None
