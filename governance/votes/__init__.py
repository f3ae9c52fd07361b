"""Votes by signature: what is signed, who relays it, and counting it again.

Read from the bottom: `ballots` (what members sign), `typed_data` (how), `standing` (whether it
would count), `limits` and `group` (how much, how fast), `relay` (all of it together), `receipts`
(what a voter keeps), `tally` (counting again, by nobody's leave).
"""

from governance.votes.ballots import (
    Ballot,
    ChoiceForm,
    Delegation,
    SignedBallot,
    SignedBallotForm,
    SignedDelegation,
    SignedDelegationForm,
    Split,
    SplitForm,
    Support,
    first_nonce,
    parse_signed_ballot,
    parse_signed_delegation,
)
from governance.votes.delegations import prepare_delegation
from governance.votes.errors import (
    AlreadyVoted,
    BallotRefused,
    DelegationExpired,
    InvalidBallot,
    NonceUsed,
    NoVotingPower,
    RateLimited,
    RelayBusy,
    RelayClosed,
    VotingClosed,
)
from governance.votes.limits import Rate, RateLimiter
from governance.votes.receipts import BallotReceipt, DelegationReceipt, Place
from governance.votes.relay import (
    RelayLimits,
    VoteRelay,
    ballot_transaction,
    delegation_transaction,
)
from governance.votes.standing import Standing, prepare_ballot, read_standing
from governance.votes.tally import Recount, Recounter, recount, recount_proposal, votes_in
from governance.votes.typed_data import (
    ContractDomain,
    VotingDomains,
    ballot_digest,
    ballot_typed_data,
    delegation_digest,
    delegation_typed_data,
    planned_domains,
    read_domains,
)

__all__ = [
    "AlreadyVoted",
    "Ballot",
    "BallotReceipt",
    "BallotRefused",
    "ChoiceForm",
    "ContractDomain",
    "Delegation",
    "DelegationExpired",
    "DelegationReceipt",
    "InvalidBallot",
    "NoVotingPower",
    "NonceUsed",
    "Place",
    "Rate",
    "RateLimited",
    "RateLimiter",
    "Recount",
    "Recounter",
    "RelayBusy",
    "RelayClosed",
    "RelayLimits",
    "SignedBallot",
    "SignedBallotForm",
    "SignedDelegation",
    "SignedDelegationForm",
    "Split",
    "SplitForm",
    "Standing",
    "Support",
    "VoteRelay",
    "VotingClosed",
    "VotingDomains",
    "ballot_digest",
    "ballot_transaction",
    "ballot_typed_data",
    "delegation_digest",
    "delegation_transaction",
    "delegation_typed_data",
    "first_nonce",
    "parse_signed_ballot",
    "parse_signed_delegation",
    "planned_domains",
    "prepare_ballot",
    "prepare_delegation",
    "read_domains",
    "read_standing",
    "recount",
    "recount_proposal",
    "votes_in",
]
