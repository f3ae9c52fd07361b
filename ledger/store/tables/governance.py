"""Views of what the DAO decided: proposals, ballots, policies, and the token that votes."""

from __future__ import annotations

from sqlmodel import SQLModel

from ledger.store.columns import (
    Integer64,
    KeyInteger,
    KeyWord,
    LongText,
    Name,
    OptionalInteger64,
    OptionalLongText,
    OptionalName,
)
from ledger.store.tables.views import indexed, view_of
from ledger.views import records


@view_of(records.Proposal)
class ProposalRow(SQLModel, table=True):
    """See `records.Proposal`."""

    __tablename__ = "proposal"
    __table_args__ = indexed("proposal", ("status", "index"), ("index",))

    proposal: KeyWord
    proposer: Name
    proposal_class: OptionalName
    title: OptionalLongText
    description: OptionalName
    description_hash: Name
    calls: LongText
    calls_omitted: Integer64
    vote_start: Integer64
    vote_end: Integer64
    status: Name
    eta: OptionalInteger64
    votes_against: Name
    votes_for: Name
    votes_abstain: Name
    ballots: Integer64
    index: Integer64


@view_of(records.ProposalChange)
class ProposalChangeRow(SQLModel, table=True):
    """See `records.ProposalChange`."""

    __tablename__ = "proposal_change"
    __table_args__ = indexed("proposal_change", ("proposal", "index"))

    index: KeyInteger
    proposal: KeyWord
    change: Name
    eta: OptionalInteger64
    at: Integer64
    recorded_at: Integer64


@view_of(records.Ballot)
class BallotRow(SQLModel, table=True):
    """See `records.Ballot`."""

    __tablename__ = "ballot"
    __table_args__ = indexed("ballot", ("proposal", "index"), ("voter", "index"))

    index: KeyInteger
    proposal: KeyWord
    voter: Name
    support: Integer64
    weight: Name
    votes_against: Name
    votes_for: Name
    votes_abstain: Name
    reason: OptionalLongText
    reason_digest: OptionalName
    at: Integer64
    recorded_at: Integer64


@view_of(records.PolicyVersion)
class PolicyVersionRow(SQLModel, table=True):
    """See `records.PolicyVersion`."""

    __tablename__ = "policy_version"
    __table_args__ = indexed("policy_version")

    policy: KeyWord
    version: KeyInteger
    digest: Name
    content: OptionalName
    parameters: OptionalLongText
    adopted_at: Integer64
    recorded_at: Integer64
    index: Integer64


@view_of(records.TokenHolder)
class TokenHolderRow(SQLModel, table=True):
    """See `records.TokenHolder`."""

    __tablename__ = "token_holder"
    __table_args__ = indexed("token_holder", ("delegate", "holder"))

    holder: KeyWord
    balance: Name
    delegate: OptionalName
    power: Name
    index: Integer64


@view_of(records.TokenTransfer)
class TokenTransferRow(SQLModel, table=True):
    """See `records.TokenTransfer`."""

    __tablename__ = "token_transfer"
    __table_args__ = indexed("token_transfer", ("sender", "index"), ("recipient", "index"))

    index: KeyInteger
    sender: Name
    recipient: Name
    amount: Name
    at: Integer64
    recorded_at: Integer64


@view_of(records.Delegation)
class DelegationRow(SQLModel, table=True):
    """See `records.Delegation`."""

    __tablename__ = "delegation"
    __table_args__ = indexed("delegation", ("delegator", "index"))

    index: KeyInteger
    delegator: Name
    from_delegate: Name
    to_delegate: Name
    at: Integer64
    recorded_at: Integer64
