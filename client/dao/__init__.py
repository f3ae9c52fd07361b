"""The DAO as a member meets it: reads, ballots, delegations, proposals, transactions, content.

Read from the bottom: `contracts` (what is trusted), `typed_data` and `calls` (what is signed,
worked out here), `ballots`, `delegations`, `profiles`, `proposals`, `transactions`,
`operations`, and the two clients `sync` and `aio`.
"""

from client.dao.aio import AsyncDao
from client.dao.ballots import BallotReceipt, Choice, Split, UnsignedBallot
from client.dao.contracts import DaoContracts
from client.dao.delegations import UnsignedDelegation
from client.dao.profiles import MemberProfile
from client.dao.proposals import EvidenceNamed, PreparedProposal, ProposalDraft
from client.dao.sync import Dao
from client.dao.transactions import Sent, Transaction

__all__ = [
    "AsyncDao",
    "BallotReceipt",
    "Choice",
    "Dao",
    "DaoContracts",
    "EvidenceNamed",
    "MemberProfile",
    "PreparedProposal",
    "ProposalDraft",
    "Sent",
    "Split",
    "Transaction",
    "UnsignedBallot",
    "UnsignedDelegation",
]
