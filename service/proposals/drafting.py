"""A proposal before it is sent: its text, its evidence, what it would do, what it lacks."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from governance.actions import canonical_address, checksum_address
from governance.actions.calls import call_data
from governance.current import read_rules
from governance.proposals import (
    MAX_EVIDENCE_BYTES,
    Evidence,
    ProposalDraft,
    Simulation,
    draft_proposal,
    keep_evidence,
    propose_transaction,
    simulate,
)
from governance.reads import Read
from ledger.content.cid import Cid
from ledger.content.reader import read_content
from ledger.content.store import ContentStore
from service.auditing import bundle_version
from service.http.errors import InvalidRequest
from service.parts import Parts
from service.proposals import details
from service.proposals.judging import earliest_release, judge
from service.proposals.names import LedgerNames
from service.proposals.transactions import transaction_json
from service.schemas.proposals import BundleEvidence, KeptEvidence, PrepareProposalRequest

if TYPE_CHECKING:
    from service.dao import Dao


def prepare_proposal(
    parts: Parts, dao: Dao, names: LedgerNames, asked: PrepareProposalRequest
) -> dict[str, object]:
    """Puts a proposal together and tries it. What fails is told, not refused.

    Raises:
        InvalidProposal, InvalidRequest: it cannot be proposed so.
        ContentNotFound, ContentTooLarge: evidence cannot be read here.
        UnknownVersion: a version is to be audited that is not published.
        Unavailable: chain, database or content store do not answer.
    """
    proposer = checksum_address(asked.proposer)
    evidence = [_evidence(parts, dao, each) for each in asked.evidence]
    draft = draft_proposal(
        asked.actions,
        dao.addresses,
        proposer=proposer,
        title=asked.title,
        body=asked.body,
        evidence=evidence,
    )
    simulation = simulate(dao.chain, dao.addresses, draft.calls, names)
    rules = read_rules(dao.reader, dao.addresses)
    actions = [each.described.action for each in simulation.actions]
    judged = judge(parts, dao, actions, release_at=earliest_release(rules))
    return {
        "proposal": str(draft.proposal_id),
        "class": simulation.proposal_class.name.lower(),
        "description": draft.description,
        "transaction": transaction_json(
            dao.chain, propose_transaction(draft, dao.addresses), proposer
        ),
        "simulation": simulation_json(simulation, dao.content),
        "evidence": [
            details.evidence_json(each, dao.evidence.check(each, parts.verifier_key))
            for each in evidence
        ],
        "audits": judged.audits,
        "policyBreaches": judged.breaches,
        "votes": str(_votes(dao, draft, rules.now)),
        "threshold": str(rules.proposal_threshold),
    }


def simulation_json(simulation: Simulation, content: ContentStore) -> dict[str, object]:
    """A proposal that was tried; `content` has the texts that it names."""
    return {
        "class": simulation.proposal_class.name.lower(),
        "blockNumber": simulation.block_number,
        "fails": simulation.fails,
        "actions": [
            {
                "sentence": each.described.sentence,
                **details.about_action(each.described, content),
                "class": each.proposal_class.name.lower(),
                "outcome": each.outcome.value,
                "reason": each.reason,
                "changes": [
                    {"what": change.what, "before": change.before, "after": change.after}
                    for change in each.changes
                ],
                "mayDepend": each.may_depend,
            }
            for each in simulation.actions
        ],
    }


def _evidence(parts: Parts, dao: Dao, asked: KeptEvidence | BundleEvidence) -> Evidence:
    if isinstance(asked, BundleEvidence):
        document = bundle_version(parts, asked.model, asked.version, parts.log.size)
        if len(document) > MAX_EVIDENCE_BYTES:
            raise InvalidRequest(
                f"The bundle of {asked.model} {asked.version} has {len(document)} bytes, and "
                f"{MAX_EVIDENCE_BYTES} are read of one document; name what it says instead."
            )
        return keep_evidence(dao.content, "audit-bundle", document)
    cid = Cid.parse(asked.content)
    document = read_content(dao.content, cid, limit_bytes=MAX_EVIDENCE_BYTES)
    # Nothing but its grace period protects it until the proposal's text names it.
    dao.content.hold(cid)
    return Evidence(asked.kind, cid, hashlib.sha256(document).hexdigest(), len(document))


def _votes(dao: Dao, draft: ProposalDraft, now: int) -> int:
    """What the governor will compare with the threshold: votes a second ago."""
    call = call_data("ConcordGovernor", "getVotes", draft.proposer, now - 1)
    return int.from_bytes(
        dao.reader.read_one(Read(canonical_address(dao.addresses.governor), call))
    )
