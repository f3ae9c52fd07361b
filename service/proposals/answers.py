"""Proposals as the API answers them: what a list shows of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from governance.actions import Names, describe_call
from governance.addresses import DaoAddresses
from governance.mirror.texts import instant, title_of
from governance.proposals import ProposalRecord, ProposalStatus, Tally
from ledger.chain.chain import Chain
from ledger.events.bodies.governance import MAX_CALLS
from ledger.events.identifiers import format_instant
from ledger.store.reads import Snapshot
from ledger.views.records import ProposalChange

CREATED = "created"


@dataclass(frozen=True, slots=True)
class Creation:
    """When a proposal was made.

    Attributes:
        at: chain time, milliseconds since the epoch.
        index: of the event that tells of it; None while the mirror has not told it yet.
    """

    at: int
    index: int | None


def read_creations(
    views: Snapshot, chain: Chain, proposals: Sequence[ProposalRecord]
) -> Mapping[int, Creation]:
    """When each proposal was made: from the log, and from the chain what is not told yet."""
    ids = [str(each.proposal_id) for each in proposals]
    rows = views.where_in(ProposalChange, "proposal", ids) if ids else []
    told = {int(row.proposal): row for row in rows if row.change == CREATED}
    found: dict[int, Creation] = {}
    for proposal in proposals:
        row = told.get(proposal.proposal_id)
        found[proposal.proposal_id] = (
            Creation(row.at, row.index)
            if row is not None
            else Creation(chain.block(proposal.block_number).timestamp * 1_000, None)
        )
    return found


def summary_json(
    record: ProposalRecord,
    status: ProposalStatus,
    created: Creation,
    at: DaoAddresses,
    names: Names,
) -> dict[str, object]:
    """A proposal in a list."""
    facts = status.facts
    return {
        "proposal": str(record.proposal_id),
        "title": title_of(record.description) or "",
        "proposer": record.proposer,
        "state": status.state.name.lower(),
        "class": facts.proposal_class.name.lower(),
        "sentences": [describe_call(call, at, names).sentence for call in record.calls[:MAX_CALLS]],
        "tally": tally_json(facts.tally),
        "quorum": None if facts.quorum is None else str(facts.quorum),
        "approval": facts.approval,
        "quorumReached": facts.quorum_reached,
        "approved": facts.approved,
        "snapshot": instant(facts.snapshot),
        "deadline": instant(facts.deadline),
        "eta": instant(facts.eta) if facts.eta else None,
        "nextStepAt": None if status.next_step_at is None else instant(status.next_step_at),
        "waitsFor": status.waits_for,
        "isDue": status.is_due,
        "now": instant(status.now),
        "created": creation_place(record, created) | {"at": format_instant(created.at)},
    }


def creation_place(record: ProposalRecord, created: Creation) -> dict[str, object]:
    """Where on the chain a proposal was made."""
    return {
        "blockNumber": record.block_number,
        "transactionHash": "0x" + record.transaction_hash.hex(),
        "logIndex": record.log_index,
        "index": created.index,
    }


def tally_json(tally: Tally) -> dict[str, object]:
    """Votes counted."""
    return {
        "against": str(tally.against),
        "for": str(tally.in_favour),
        "abstain": str(tally.abstaining),
    }
