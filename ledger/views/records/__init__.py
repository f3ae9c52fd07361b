"""What the views hold: one dataclass a table, in the words of the bodies.

Every row names the event it comes from by `index`, so an answer as of an earlier size is the same
rows with the later ones left out. Two sorts:
- *entities* (`KEY` names one thing): the present state, replaced when an event changes it;
- *facts* (`KEY` ends in `index` or a position): appended once, never changed. What an entity has
  forgotten, its facts still tell.

Times are milliseconds since the Unix epoch. Lists are tuples, nested JSON is kept as canonical
text, so every row can be hashed, compared and stored in any database.
"""

from __future__ import annotations

from ledger.views.records.access import (
    AccessRequest,
    Dataset,
    DatasetVersion,
    Emergency,
    Grant,
    GrantChange,
    Stewardship,
    Use,
)
from ledger.views.records.governance import (
    Ballot,
    Delegation,
    PolicyVersion,
    Proposal,
    ProposalChange,
    TokenHolder,
    TokenTransfer,
)
from ledger.views.records.lineage import (
    Edge,
    Model,
    ModelVersion,
    ReleaseChange,
    Run,
    RunChange,
    RunInput,
    RunOutput,
    dataset_node,
    model_node,
    split_node,
)
from ledger.views.records.people import (
    AuthorizedKey,
    ChainEvent,
    Erasure,
    LedgerInfo,
    Member,
    MemberChange,
)
from ledger.views.records.record import Record

__all__ = [
    "RECORDS",
    "AccessRequest",
    "AuthorizedKey",
    "Ballot",
    "ChainEvent",
    "Dataset",
    "DatasetVersion",
    "Delegation",
    "Edge",
    "Emergency",
    "Erasure",
    "Grant",
    "GrantChange",
    "LedgerInfo",
    "Member",
    "MemberChange",
    "Model",
    "ModelVersion",
    "PolicyVersion",
    "Proposal",
    "ProposalChange",
    "Record",
    "ReleaseChange",
    "Run",
    "RunChange",
    "RunInput",
    "RunOutput",
    "Stewardship",
    "TokenHolder",
    "TokenTransfer",
    "Use",
    "dataset_node",
    "model_node",
    "split_node",
]

RECORDS: tuple[type[Record], ...] = (
    LedgerInfo,
    Member,
    MemberChange,
    AuthorizedKey,
    Dataset,
    Stewardship,
    DatasetVersion,
    AccessRequest,
    Grant,
    GrantChange,
    Use,
    Emergency,
    Run,
    RunChange,
    RunInput,
    RunOutput,
    Model,
    ModelVersion,
    ReleaseChange,
    Proposal,
    ProposalChange,
    Ballot,
    PolicyVersion,
    TokenHolder,
    TokenTransfer,
    Delegation,
    Edge,
    ChainEvent,
    Erasure,
)
"""Every view, in the order in which they are created."""
