"""Proposals as they were made, read from the governor's logs."""

from __future__ import annotations

import bisect
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from governance.actions import Call, canonical_address, checksum_address
from governance.addresses import DaoAddresses
from governance.mirror.contract_logs import ContractLog, LogReader
from governance.proposals.draft import proposal_id
from governance.proposals.errors import UnknownProposal
from ledger.chain.chain import Chain, Cursor
from ledger.chain.errors import ChainAnswerInvalid, ChainReorganised
from ledger.chain.values import ChainLog
from ledger.keccak import keccak

CREATED = keccak(
    b"ProposalCreated(uint256,address,address[],uint256[],string[],bytes[],uint256,uint256,string)"
)


@dataclass(frozen=True, slots=True)
class ProposalRecord:
    """What never changes about a proposal.

    Attributes:
        proposal_id: the governor's number.
        proposer: EIP-55.
        calls: in order.
        description: bytes; of anybody's making, not necessarily UTF-8.
        snapshot: second at which votes are weighed.
        first_deadline: last second of voting, unless a late quorum extends it.
        block_number: where it was made.
        log_index: there.
        transaction_hash: 32 bytes.
    """

    proposal_id: int
    proposer: str
    calls: tuple[Call, ...]
    description: bytes
    snapshot: int
    first_deadline: int
    block_number: int
    log_index: int
    transaction_hash: bytes

    @property
    def description_hash(self) -> bytes:
        """Keccak-256 of the description."""
        return keccak(self.description)


def read_record(log: ContractLog) -> ProposalRecord:
    """A proposal from its `ProposalCreated` log.

    Raises:
        ChainAnswerInvalid: its number is not that of its calls and description.
    """
    calls = tuple(
        Call(checksum_address(target), value, calldata)
        for target, value, calldata in zip(
            log.addresses("targets"), log.integers("values"), log.raws("calldatas"), strict=True
        )
    )
    record = ProposalRecord(
        log.integer("proposalId"),
        log.address("proposer"),
        calls,
        log.raw("description"),
        log.integer("voteStart"),
        log.integer("voteEnd"),
        log.source.block_number,
        log.source.log_index,
        log.source.transaction_hash,
    )
    if proposal_id(calls, record.description_hash) != record.proposal_id:
        raise ChainAnswerInvalid(
            f"proposal {record.proposal_id} is not what its number says: the chain's node altered "
            "it, ask another one"
        )
    return record


class Proposals(Protocol):
    """Where proposals are looked up: the chain, or views that were made of its logs."""

    def refresh(self) -> None:
        """Take note of what is new."""
        ...

    def get(self, proposal_id: int) -> ProposalRecord:
        """One proposal.

        Raises:
            UnknownProposal: there is none of that number.
        """
        ...

    def newest(self, limit: int, *, before: ProposalRecord | None = None) -> list[ProposalRecord]:
        """The latest proposals, the newest first, older than `before` if it is given."""
        ...


class ChainProposals:
    """Proposals in memory, following the confirmed part of the chain. Safe from any thread.

    Args:
        chain: where the DAO is.
        at: its contracts.
        start: number of a block that is older than the governor: logs after it are read; or, with
            `known`, where an earlier reading ended (`cursor`).
        known: what the earlier reading found.
    """

    def __init__(
        self,
        chain: Chain,
        at: DaoAddresses,
        start: int | Cursor,
        known: Iterable[ProposalRecord] = (),
    ) -> None:
        self._chain = chain
        self._governor = canonical_address(at.governor)
        self._logs = LogReader(at)
        self._start = start
        self._known = tuple(known)
        # All below is guarded by _lock; _order is sorted by place on the chain.
        self._lock = threading.Lock()
        self._cursor: Cursor | None = None
        self._by_id: dict[int, ProposalRecord] = {}
        self._order: list[tuple[int, int, int]] = []
        self._reset()

    @property
    def cursor(self) -> Cursor | None:
        """The last block that was read; None before the first refresh."""
        return self._cursor

    def refresh(self) -> None:
        """Read on to the last confirmed block; begin again after a reorganisation.

        Raises:
            ChainUnavailable, ChainMoved: what was read so far stays.
            ChainReorganised: `start` itself is no longer on the chain.
        """
        with self._lock:
            try:
                self._read_on()
            except ChainReorganised:
                if self._cursor in {None, self._start}:
                    raise
                self._reset()
                self._read_on()

    def get(self, proposal_id: int) -> ProposalRecord:
        """One proposal, as of the last refresh.

        Raises:
            UnknownProposal: there is none of that number.
        """
        with self._lock:
            record = self._by_id.get(proposal_id)
        if record is None:
            raise UnknownProposal(f"The governor knows no proposal {proposal_id}.")
        return record

    def newest(self, limit: int, *, before: ProposalRecord | None = None) -> list[ProposalRecord]:
        """The latest proposals, the newest first, older than `before` if it is given."""
        with self._lock:
            end = len(self._order)
            if before is not None:
                place = (before.block_number, before.log_index, before.proposal_id)
                end = bisect.bisect_left(self._order, place)
            places = self._order[max(0, end - limit) : end]
            return [self._by_id[number] for _, _, number in reversed(places)]

    def _reset(self) -> None:
        self._cursor = None
        self._by_id = {}
        self._order = []
        for record in self._known:
            self._keep(record)

    def _read_on(self) -> None:
        is_complete = False
        while not is_complete:
            cursor = self._cursor or self._first_cursor()
            batch = self._chain.read_logs(cursor, [self._governor])
            for log in batch.logs:
                if _is_created(log):
                    self._keep(read_record(self._logs.decode(log)))
            self._cursor, is_complete = batch.cursor, batch.is_complete

    def _first_cursor(self) -> Cursor:
        if isinstance(self._start, Cursor):
            return self._start
        return self._chain.start(self._start)

    def _keep(self, record: ProposalRecord) -> None:
        self._by_id[record.proposal_id] = record
        place = (record.block_number, record.log_index, record.proposal_id)
        bisect.insort(self._order, place)


def _is_created(log: ChainLog) -> bool:
    return bool(log.topics) and log.topics[0] == CREATED
