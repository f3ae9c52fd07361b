"""What the governor says about proposals now.

A page of proposals is one request to the chain, and none at all if nothing happened since the last
one: facts are kept until a block touches their proposal, and what the time changes follows from the
clock alone (`governance.proposals.states`). What a proposal needs is fixed at its snapshot and read
once.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from governance.actions import (
    DescribedAction,
    Names,
    canonical_address,
    describe_call,
)
from governance.actions.calls import call_data
from governance.addresses import DaoAddresses
from governance.mirror.contract_logs import LogReader
from governance.parameters import ProposalClass
from governance.proposals.description import Description, parse
from governance.proposals.errors import UnknownProposal
from governance.proposals.records import ProposalRecord
from governance.proposals.states import ProposalFacts, ProposalState, ProposalStatus, Tally
from governance.reads import Read, Reader
from ledger.chain.chain import Chain
from ledger.chain.errors import BlockUnknown, ExecutionReverted
from ledger.chain.values import BlockRef, ChainLog

_FOLLOWED_BLOCKS = 256
"""Beyond so many new blocks everything is read again rather than their logs."""

_FACTS = ("state", "proposalVotes", "proposalDeadline", "proposalEta", "proposalClass")
_DEMANDS = ("proposalQuorum", "proposalApproval")


@dataclass(frozen=True, slots=True)
class ProposalDetail:
    """A proposal for voters to read.

    Attributes:
        record: as it was made.
        description: taken apart; its body is anybody's text.
        actions: what it would do, in order.
        status: where it is.
    """

    record: ProposalRecord
    description: Description
    actions: tuple[DescribedAction, ...]
    status: ProposalStatus


def detail_of(
    record: ProposalRecord, status: ProposalStatus, at: DaoAddresses, names: Names | None = None
) -> ProposalDetail:
    """Put together what a voter needs to read. Pure."""
    return ProposalDetail(
        record,
        parse(record.description),
        tuple(describe_call(call, at, names) for call in record.calls),
        status,
    )


class StatusReader:
    """Reads proposals' status from one governor. Safe to use from any thread.

    Args:
        chain: where the DAO is.
        at: its contracts.
    """

    def __init__(self, chain: Chain, at: DaoAddresses) -> None:
        self._chain = chain
        self._governor = canonical_address(at.governor)
        self._timelock = canonical_address(at.timelock)
        self._reader = Reader(chain)
        self._logs = LogReader(at)
        # Guarded by _lock: what is known as of _head, or later.
        self._lock = threading.Lock()
        self._head: BlockRef | None = None
        self._facts: dict[int, ProposalFacts] = {}
        self._demands: dict[int, tuple[int, int]] = {}

    def read_one(self, proposal: ProposalRecord) -> ProposalStatus:
        """The status of one proposal; see `read`."""
        (status,) = self.read([proposal])
        return status

    def read(self, proposals: Sequence[ProposalRecord]) -> list[ProposalStatus]:
        """The status of each proposal, at one time.

        Raises:
            UnknownProposal: the governor does not know one of them (any more).
            ChainUnavailable: the chain's node is down.
        """
        with self._lock:
            self._follow()
            stale = [each for each in proposals if self._is_stale(each.proposal_id)]
            now = self._read_facts(stale)
            unweighed = [
                each
                for each in proposals
                if each.snapshot < now and each.proposal_id not in self._demands
            ]
            self._read_demands(unweighed)
            return [
                ProposalStatus(each.proposal_id, self._known(each.proposal_id), now)
                for each in proposals
            ]

    def _known(self, proposal: int) -> ProposalFacts:
        facts = self._facts[proposal]
        quorum, approval = self._demands.get(proposal, (None, None))
        return ProposalFacts(
            facts.settled,
            facts.proposal_class,
            facts.snapshot,
            facts.deadline,
            facts.eta,
            facts.tally,
            quorum,
            approval,
        )

    def _is_stale(self, proposal: int) -> bool:
        return proposal not in self._facts

    def _read_facts(self, proposals: Sequence[ProposalRecord]) -> int:
        """Read what changes, and the clock, which is returned."""
        reads = [Read(self._governor, call_data("ConcordGovernor", "clock"))]
        reads += [self._about(name, each) for each in proposals for name in _FACTS]
        clock, *answers = self._reader.read(reads)
        for proposal, rows in zip(proposals, _rows(answers, len(_FACTS)), strict=True):
            words = [_words(row, proposal.proposal_id) for row in rows]
            state = ProposalState(words[0][0])
            self._facts[proposal.proposal_id] = ProposalFacts(
                state if state in (ProposalState.CANCELED, ProposalState.EXECUTED) else None,
                ProposalClass(words[4][0]),
                proposal.snapshot,
                words[2][0],
                words[3][0],
                Tally(*words[1]),
                None,
                None,
            )
        return _words(clock, 0)[0]

    def _read_demands(self, proposals: Sequence[ProposalRecord]) -> None:
        reads = [self._about(name, each) for each in proposals for name in _DEMANDS]
        for proposal, rows in zip(
            proposals, _rows(self._reader.read(reads), len(_DEMANDS)), strict=True
        ):
            quorum, approval = (_words(row, proposal.proposal_id)[0] for row in rows)
            self._demands[proposal.proposal_id] = (quorum, approval)

    def _about(self, function: str, proposal: ProposalRecord) -> Read:
        return Read(self._governor, call_data("ConcordGovernor", function, proposal.proposal_id))

    # What new blocks change

    def _follow(self) -> None:
        head = self._chain.head()
        last, self._head = self._head, head
        if last is None or last.block_hash == head.block_hash:
            return
        new_blocks = head.number - last.number
        if not 0 < new_blocks <= _FOLLOWED_BLOCKS or not self._is_on_chain(last):
            self._facts.clear()
            self._demands.clear()
            return
        addresses = [self._governor, self._timelock]
        for log in self._chain.logs(last.number + 1, head.number, addresses):
            self._forget(log)

    def _is_on_chain(self, block: BlockRef) -> bool:
        try:
            return self._chain.block(block.number).block_hash == block.block_hash
        except BlockUnknown:
            return False

    def _forget(self, log: ChainLog) -> None:
        if log.address == self._timelock:
            # Anyone can execute in the timelock what is queued there, without the governor.
            queued = [number for number, facts in self._facts.items() if facts.eta]
            for number in queued:
                del self._facts[number]
            return
        event = self._logs.decode(log)
        if "proposalId" in event.values:
            self._facts.pop(event.integer("proposalId"), None)
        elif event.name == "TimelockChange":
            self._facts.clear()


def _rows(
    answers: Sequence[bytes | ExecutionReverted], width: int
) -> Iterator[Sequence[bytes | ExecutionReverted]]:
    return (answers[start : start + width] for start in range(0, len(answers), width))


def _words(answer: bytes | ExecutionReverted, proposal: int) -> list[int]:
    """The 32-byte words of an answer as integers."""
    if isinstance(answer, ExecutionReverted):
        raise UnknownProposal(
            f"the governor does not know proposal {proposal}: the chain was reorganised, or this "
            "is another one"
        )
    return [int.from_bytes(answer[start : start + 32]) for start in range(0, len(answer), 32)]
