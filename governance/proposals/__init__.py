"""Proposals: put together, tried, sent, read, carried on.

Read from the bottom: `evidence` and `description` (the text), `draft` (what is sent), `effects` and
`simulation` (what it would do), `sending` (the steps), `records` (what was made), `states` (where
it is; pure), `canceling` (who may) and `reading` (asking the governor).
"""

from governance.proposals.canceling import cancelers, read_guardian
from governance.proposals.description import (
    MAX_DESCRIPTION_BYTES,
    MAX_EVIDENCE,
    Description,
    compose,
    parse,
)
from governance.proposals.draft import ProposalDraft, draft_proposal, proposal_id
from governance.proposals.effects import Change
from governance.proposals.errors import (
    EvidenceDiffers,
    InvalidProposal,
    ProposalRefused,
    UnknownProposal,
)
from governance.proposals.evidence import (
    MAX_EVIDENCE_BYTES,
    Evidence,
    EvidenceKind,
    keep_evidence,
    read_evidence,
)
from governance.proposals.reading import ProposalDetail, StatusReader, detail_of
from governance.proposals.records import ChainProposals, ProposalRecord, Proposals, read_record
from governance.proposals.sending import (
    cancel,
    cancel_transaction,
    execute,
    execute_transaction,
    propose_transaction,
    queue,
    queue_transaction,
    submit,
)
from governance.proposals.simulation import Outcome, SimulatedAction, Simulation, simulate
from governance.proposals.states import ProposalFacts, ProposalState, ProposalStatus, Tally

__all__ = [
    "MAX_DESCRIPTION_BYTES",
    "MAX_EVIDENCE",
    "MAX_EVIDENCE_BYTES",
    "ChainProposals",
    "Change",
    "Description",
    "Evidence",
    "EvidenceDiffers",
    "EvidenceKind",
    "InvalidProposal",
    "Outcome",
    "ProposalDetail",
    "ProposalDraft",
    "ProposalFacts",
    "ProposalRecord",
    "ProposalRefused",
    "ProposalState",
    "ProposalStatus",
    "Proposals",
    "SimulatedAction",
    "Simulation",
    "StatusReader",
    "Tally",
    "UnknownProposal",
    "cancel",
    "cancel_transaction",
    "cancelers",
    "compose",
    "detail_of",
    "draft_proposal",
    "execute",
    "execute_transaction",
    "keep_evidence",
    "parse",
    "proposal_id",
    "propose_transaction",
    "queue",
    "queue_transaction",
    "read_evidence",
    "read_guardian",
    "read_record",
    "simulate",
    "submit",
]
