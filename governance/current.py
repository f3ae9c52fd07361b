"""What the DAO's rules are now: what it was founded with, as the votes have changed it since."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from eth_abi.abi import decode

from governance.actions import canonical_address, checksum_address
from governance.actions.calls import AbiValue, call_data
from governance.addresses import DaoAddresses
from governance.contracts import ContractName
from governance.parameters import ZERO_ADDRESS, ClassParameters, ProposalClass
from governance.reads import Read, Reader
from ledger.chain.errors import ExecutionReverted
from ledger.keccak import keccak

_QUORUM_NUMERATOR = keccak(b"quorumNumerator()")[:4]  # overloaded, so not found by its name


@dataclass(frozen=True, slots=True)
class CurrentRules:
    """The rules of a DAO at one time.

    Attributes:
        now: the governor's clock, seconds since 1970.
        token_name, token_symbol: of the voting token.
        supply: of it, in its smallest unit.
        voting_delay: seconds from a proposal to its snapshot.
        voting_period: seconds from the snapshot to the deadline.
        vote_extension: seconds that stay for voting once the quorum is reached.
        timelock_delay: seconds from queueing to execution.
        proposal_threshold: votes that it takes to propose.
        least_quorum: basis points of the supply that any proposal takes.
        guardian: may cancel proposals until they are executed, EIP-55; the timelock where it takes
            a vote. None where there is no guardian, and proposers cancel their own until then.
        classes: what each class takes.
    """

    now: int
    token_name: str
    token_symbol: str
    supply: int
    voting_delay: int
    voting_period: int
    vote_extension: int
    timelock_delay: int
    proposal_threshold: int
    least_quorum: int
    guardian: str | None
    classes: Mapping[ProposalClass, ClassParameters]


def read_rules(reader: Reader, at: DaoAddresses) -> CurrentRules:
    """Ask the contracts, all of them at one time.

    Raises:
        ChainUnavailable, ChainAnswerInvalid: see `ledger.chain.requester`.
        ExecutionReverted: these are not the DAO's contracts.
    """
    governor = canonical_address(at.governor)
    reads = [
        _read(at, "ConcordGovernor", "clock"),
        _read(at, "ConcordToken", "totalSupply"),
        _read(at, "ConcordGovernor", "votingDelay"),
        _read(at, "ConcordGovernor", "votingPeriod"),
        _read(at, "ConcordGovernor", "lateQuorumVoteExtension"),
        _read(at, "TimelockController", "getMinDelay"),
        _read(at, "ConcordGovernor", "proposalThreshold"),
        Read(governor, _QUORUM_NUMERATOR),
        _read(at, "ConcordGovernor", "proposalGuardian"),
        _read(at, "ConcordToken", "name"),
        _read(at, "ConcordToken", "symbol"),
    ]
    reads += [_read(at, "ConcordGovernor", "classParameters", level) for level in ProposalClass]
    answers = [_answered(answer) for answer in reader.read(reads)]
    now, supply, delay, period, extension, timelock, threshold, quorum = (
        int.from_bytes(answer) for answer in answers[:8]
    )
    guardian = checksum_address(answers[8][12:32])
    name, symbol = (decode(["string"], answer)[0] for answer in answers[9:11])
    demands = zip(ProposalClass, answers[11:], strict=True)
    return CurrentRules(
        now=now,
        token_name=name,
        token_symbol=symbol,
        supply=supply,
        voting_delay=delay,
        voting_period=period,
        vote_extension=extension,
        timelock_delay=timelock,
        proposal_threshold=threshold,
        least_quorum=quorum,
        guardian=None if guardian == ZERO_ADDRESS else guardian,
        classes=MappingProxyType({level: _demand(answer) for level, answer in demands}),
    )


def _read(at: DaoAddresses, contract: ContractName, function: str, *arguments: AbiValue) -> Read:
    return Read(canonical_address(at.of(contract)), call_data(contract, function, *arguments))


def _answered(answer: bytes | ExecutionReverted) -> bytes:
    if isinstance(answer, ExecutionReverted):
        raise answer
    return answer


def _demand(answer: bytes) -> ClassParameters:
    quorum, approval = int.from_bytes(answer[:32]), int.from_bytes(answer[32:64])
    return ClassParameters(quorum=quorum, approval=approval)
