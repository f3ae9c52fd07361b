"""Rows of views: proposals, ballots, policies and tokens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ledger.views.records.record import Record


@dataclass(frozen=True, slots=True)
class Proposal(Record):
    """A proposal and its count of votes, as the contracts' logs tell it.

    Attributes:
        proposal_class: `routine`, `membership`, `treasury` or `constitutional`.
        description: content id of the whole text; `description_hash` is its Keccak-256.
        calls: canonical JSON of the body's calls; `calls_omitted` more did not fit.
        vote_start, vote_end: as it was made; only the chain knows of a late extension.
        status: the last thing that happened: `created`, `queued`, `executed`, `canceled`. Whether a
            vote is open or lost depends on the time.
        eta: when the timelock may execute it, once queued.
        votes_against, votes_for, votes_abstain: decimal, in the token's smallest unit.
        ballots: how many were counted.
    """

    TABLE: ClassVar[str] = "proposal"
    KEY: ClassVar[tuple[str, ...]] = ("proposal",)

    proposal: str
    proposer: str
    proposal_class: str | None
    title: str | None
    description: str | None
    description_hash: str
    calls: str
    calls_omitted: int
    vote_start: int
    vote_end: int
    status: str
    eta: int | None
    votes_against: str
    votes_for: str
    votes_abstain: str
    ballots: int
    index: int


@dataclass(frozen=True, slots=True)
class ProposalChange(Record):
    """Fact: a proposal was `created`, `queued`, `executed` or `canceled`. `at` is chain time."""

    TABLE: ClassVar[str] = "proposal_change"
    KEY: ClassVar[tuple[str, ...]] = ("index", "proposal")

    index: int
    proposal: str
    change: str
    eta: int | None
    at: int
    recorded_at: int


@dataclass(frozen=True, slots=True)
class Ballot(Record):
    """Fact: a ballot was counted.

    Attributes:
        support: 0 against, 1 for, 2 abstaining, 255 split.
        weight: votes of this ballot, decimal; `votes_…` say where they went.
        at: chain time.
    """

    TABLE: ClassVar[str] = "ballot"
    KEY: ClassVar[tuple[str, ...]] = ("index", "proposal")

    index: int
    proposal: str
    voter: str
    support: int
    weight: str
    votes_against: str
    votes_for: str
    votes_abstain: str
    reason: str | None
    reason_digest: str | None
    at: int
    recorded_at: int


@dataclass(frozen=True, slots=True)
class PolicyVersion(Record):
    """A version of a policy, in force from its adoption to that of the next one.

    Attributes:
        digest: SHA-256 of its text, hex.
        content: content id of the text.
        parameters: what contracts enforce of it, 0x-hex.
        adopted_at: chain time.
    """

    TABLE: ClassVar[str] = "policy_version"
    KEY: ClassVar[tuple[str, ...]] = ("policy", "version")

    policy: str
    version: int
    digest: str
    content: str | None
    parameters: str | None
    adopted_at: int
    recorded_at: int
    index: int


@dataclass(frozen=True, slots=True)
class TokenHolder(Record):
    """What an account holds, and how many votes it has, as the token's logs add up.

    Attributes:
        balance: decimal, in the token's smallest unit.
        delegate: who votes with it; None where nobody does.
        power: votes that this account has, its own and those delegated to it.
        index: of the last event that changed any of it.
    """

    TABLE: ClassVar[str] = "token_holder"
    KEY: ClassVar[tuple[str, ...]] = ("holder",)

    holder: str
    balance: str
    delegate: str | None
    power: str
    index: int


@dataclass(frozen=True, slots=True)
class TokenTransfer(Record):
    """Fact: voting tokens moved; the zero address mints and burns. `at` is chain time."""

    TABLE: ClassVar[str] = "token_transfer"
    KEY: ClassVar[tuple[str, ...]] = ("index",)

    index: int
    sender: str
    recipient: str
    amount: str
    at: int
    recorded_at: int


@dataclass(frozen=True, slots=True)
class Delegation(Record):
    """Fact: somebody votes for the delegator from now on; the zero address: nobody."""

    TABLE: ClassVar[str] = "delegation"
    KEY: ClassVar[tuple[str, ...]] = ("index",)

    index: int
    delegator: str
    from_delegate: str
    to_delegate: str
    at: int
    recorded_at: int
