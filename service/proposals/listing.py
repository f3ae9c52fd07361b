"""Pages of proposals, the newest first.

A page goes on after the last proposal that was looked at. The chain is asked for the states of
those that a block has touched since they were last asked about, and of no others.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from governance.proposals import (
    ChainProposals,
    ProposalRecord,
    ProposalState,
    ProposalStatus,
    StatusReader,
    UnknownProposal,
)
from service.http.errors import InvalidParameter
from service.http.pages import decode_cursor, encode_cursor

LOOKED_AT = 1_000
"""Proposals that one page looks at, at most: it may hold fewer than were asked for."""

FILTERED_AT_ONCE = 250
"""Proposals whose states are read together where a filter will leave most of them out."""

PROPOSAL_ID = re.compile(r"0|[1-9][0-9]{0,77}", re.ASCII)
"""A number of 256 bits."""


@dataclass(frozen=True, slots=True)
class ProposalFilter:
    """Which proposals are wanted; what is None does not matter."""

    state: ProposalState | None = None
    proposer: str | None = None

    def takes(self, record: ProposalRecord, status: ProposalStatus) -> bool:
        """Whether a proposal is wanted."""
        return self.proposer in {None, record.proposer} and self.state in {None, status.state}


@dataclass(frozen=True, slots=True)
class ProposalPage:
    """Some proposals.

    Attributes:
        items: with where they are.
        next: cursor to go on with; None at the end.
    """

    items: tuple[tuple[ProposalRecord, ProposalStatus], ...]
    next: str | None


def read_page(
    proposals: ChainProposals,
    statuses: StatusReader,
    wanted: ProposalFilter,
    *,
    after: str | None,
    limit: int,
) -> ProposalPage:
    """One page.

    Args:
        proposals: refreshed.
        statuses: of the same chain.
        wanted: which.
        after: cursor of the page before.
        limit: items at most.

    Raises:
        InvalidParameter: the cursor is none of ours, or its proposal is gone.
        ChainUnavailable: the chain's node is down.
    """
    last = _proposal_at(proposals, after)
    found: list[tuple[ProposalRecord, ProposalStatus]] = []
    looked_at = 0
    # Each reading of states asks the chain what time it is, which takes longer than the rest of it.
    at_once = limit if wanted == ProposalFilter() else max(limit, FILTERED_AT_ONCE)
    while looked_at < LOOKED_AT:
        asked = min(at_once, LOOKED_AT - looked_at)
        records = proposals.newest(asked, before=last)
        for record, status in zip(records, statuses.read(records), strict=True):
            last, looked_at = record, looked_at + 1
            if wanted.takes(record, status):
                found.append((record, status))
            if len(found) == limit:
                return ProposalPage(tuple(found), _cursor(proposals, last))
        if len(records) < asked:
            break
    return ProposalPage(tuple(found), _cursor(proposals, last))


def _cursor(proposals: ChainProposals, last: ProposalRecord | None) -> str | None:
    if last is None or not proposals.newest(1, before=last):
        return None
    return encode_cursor((str(last.proposal_id),))


def _proposal_at(proposals: ChainProposals, cursor: str | None) -> ProposalRecord | None:
    key = decode_cursor(cursor)
    if key is None:
        return None
    number = key[0] if len(key) == 1 else None
    if not isinstance(number, str) or not PROPOSAL_ID.fullmatch(number):
        raise InvalidParameter("after: take `next` of the page before, as it is.")
    try:
        return proposals.get(int(number))
    except UnknownProposal as error:
        raise InvalidParameter(
            "after: the last proposal of the page before is not on the chain any more; begin again."
        ) from error
