"""Proposals made the way the service makes them, for tests."""

from __future__ import annotations

from collections.abc import Sequence

from governance.actions import Action, NoNames
from governance.mirror.contract_logs import LogReader
from governance.proposals import (
    ChainProposals,
    Evidence,
    ProposalDraft,
    ProposalRecord,
    StatusReader,
    draft_proposal,
    read_record,
    submit,
)
from governance.proposals.draft import call_lists
from governance.proposals.records import CREATED
from ledger.chain.values import TransactionReceipt
from ledger.events.envelope import encode_leaf
from ledger.events.identifiers import Milliseconds, format_instant
from ledger.merkle.hashing import leaf_hash
from ledger.merkle.tree import MerkleTree
from tests.governance.dao import ALICE, BOB, DAVE, MALLORY, Dao, Member, Proposal
from tests.support.examples import ISSUED_AT, body_of, signed_event

MODEL = "tumour-classifier"


class ModelNames(NoNames):
    """Knows MODEL."""

    def model(self, token: int) -> str | None:
        return MODEL


def drafted(
    dao: Dao,
    *actions: Action,
    proposer: Member = ALICE,
    title: str = "A proposal",
    body: str = "Because.",
    evidence: Sequence[Evidence] = (),
) -> ProposalDraft:
    return draft_proposal(
        actions, dao.at, proposer=proposer.address, title=title, body=body, evidence=evidence
    )


def submitted(dao: Dao, draft: ProposalDraft, proposer: Member = ALICE) -> ProposalRecord:
    return record_in(dao, submit(dao.chain, proposer.signer, draft, dao.at))


def record_in(dao: Dao, receipt: TransactionReceipt) -> ProposalRecord:
    (log,) = (each for each in receipt.logs if each.topics[0] == CREATED)
    return read_record(LogReader(dao.at).decode(log))


def proposed(dao: Dao, *actions: Action, title: str = "A proposal") -> ProposalRecord:
    return submitted(dao, drafted(dao, *actions, title=title))


def votable(record: ProposalRecord) -> Proposal:
    """The same proposal as the DAO's steps take it."""
    return Proposal(record.proposal_id, *call_lists(record.calls), record.description.decode())


def statuses(dao: Dao) -> StatusReader:
    return StatusReader(dao.chain, dao.at)


def all_proposals(dao: Dao) -> ChainProposals:
    proposals = ChainProposals(dao.chain, dao.at, dao.plan.from_block)
    proposals.refresh()
    return proposals


def attested(dao: Dao, version: str = "1.0") -> str:
    """Register, anchor and attest a version of MODEL; its record as 0x-hex."""
    event = signed_event(
        "model.version_published", body_of("model.version_published", model=MODEL, version=version)
    )
    entry = encode_leaf(event, Milliseconds(ISSUED_AT + 5))
    record = leaf_hash(entry)
    tree = MerkleTree([leaf_hash(b"first"), record])
    token = dao.models.functions.modelOf(MODEL).call()
    dao.send(BOB, dao.models.functions.register(MODEL, 0))
    dao.send(DAVE, dao.anchors.functions.anchor(tree.size, tree.root(), []))
    proof = list(tree.inclusion(1))
    dao.send(MALLORY, dao.models.functions.attest(token, entry, tree.size, 1, proof))
    return "0x" + record.hex()


def instant_after(dao: Dao, seconds: int) -> str:
    return format_instant((dao.now() + seconds) * 1000)
