"""One proposal, whole: what voters need to read before they decide.

Texts are handed on as they are, whoever wrote them; who shows them escapes them.
"""

from __future__ import annotations

from collections.abc import Sequence

from governance.actions import Call, DescribedAction
from governance.actions.decoding import function_called
from governance.actions.kinds import AdoptPolicy, RawCall
from governance.addresses import DaoAddresses
from governance.mirror.texts import instant
from governance.policies import PolicyBreach, adoption_faults, demands, parse_document
from governance.proposals import (
    MAX_DESCRIPTION_BYTES,
    Evidence,
    ProposalRecord,
    ProposalState,
    ProposalStatus,
)
from governance.wording import visible
from ledger.audit import Finding
from ledger.audit.policies import MAX_POLICY_BYTES
from ledger.content.cid import Cid
from ledger.content.errors import InvalidCid
from ledger.content.reader import read_content
from ledger.content.store import ContentStore
from ledger.errors import ConcordError
from ledger.events.bodies.governance import MAX_CALLS
from ledger.events.identifiers import format_instant
from ledger.views.records import ChainEvent, ProposalChange
from service.proposals.answers import Creation, creation_place
from service.proposals.evidence import EvidenceCheck
from service.proposals.releases import ReleaseAudit

MAX_FINDINGS = 100
"""That are told of one audit; the audit's own call tells all."""

_NOT_UNDERSTOOD = (
    "The sentence does not say all that the call does: read its bytes, and the contract's code."
)
_STATES = {"queued": "queued", "executed": "executed", "canceled": "canceled"}


# Actions


def action_json(
    described: DescribedAction, at: DaoAddresses, content: ContentStore
) -> dict[str, object]:
    """One action, in words, as JSON and as the bytes that it is."""
    call, action = described.call, described.action
    is_raw = isinstance(action, RawCall)
    return {
        "sentence": described.sentence,
        **about_action(described, content),
        "action": None if is_raw else action.model_dump(mode="json", by_alias=True),
        "target": call.target,
        "value": str(call.value),
        "calldata": "0x" + call.calldata.hex(),
        "function": _signature(call, at),
    }


def about_action(described: DescribedAction, content: ContentStore) -> dict[str, list[str]]:
    """What an action's sentence does not say."""
    warnings = [] if described.is_understood else [_NOT_UNDERSTOOD]
    demanded: list[str] = []
    if isinstance(described.action, AdoptPolicy):
        faults, demanded = _about_policy(described.action, content)
        warnings += faults
    return {"warnings": warnings, "demands": demanded}


def _about_policy(action: AdoptPolicy, content: ContentStore) -> tuple[list[str], list[str]]:
    """What is wrong with a policy's text; and what it demands, where nothing is."""
    try:
        cid = Cid.parse(action.content)
        document = read_content(content, cid, limit_bytes=MAX_POLICY_BYTES)
    except InvalidCid:
        named = visible(action.content) or "nothing"
        return [f"No text is named that could be read: {named}."], []
    except ConcordError as error:
        return [f"The text cannot be read here, so nobody has compared it: {error}"], []
    faults = adoption_faults(action, document)
    if faults:
        return [f"{fault[0].upper()}{fault[1:]}." for fault in faults], []
    return [], list(demands(parse_document(document)))


def _signature(call: Call, at: DaoAddresses) -> str | None:
    called = function_called(call, at)
    if called is None:
        return None
    function, _ = called
    parameters = ", ".join(f"{kind} {name}".rstrip() for name, kind in function.parameters)
    return f"{function.name}({parameters})"


# What it rests on


def evidence_json(evidence: Evidence, checked: EvidenceCheck) -> dict[str, object]:
    """A document that the proposal names, and what was found out about it."""
    return {
        "kind": evidence.kind,
        "content": str(evidence.content),
        "sha256": evidence.sha256,
        "size": evidence.size,
        "isHeld": checked.is_held,
        "verdict": checked.verdict,
        "findings": findings_json(checked.findings),
        "model": checked.model,
        "version": checked.version,
        "problem": checked.problem,
    }


def audit_json(release: ReleaseAudit, size: int) -> dict[str, object]:
    """The log's own audit of a version that would be released."""
    audit = release.audit
    return {
        "model": release.model,
        "version": None if audit is None else audit.version,
        "recordLeaf": release.record_leaf,
        "verdict": None if audit is None else audit.verdict,
        "findings": [] if audit is None else findings_json(audit.findings),
        "size": size if audit is None else audit.tree.size,
    }


def findings_json(findings: Sequence[Finding]) -> list[dict[str, object]]:
    """What an audit found."""
    return [
        {"code": each.code, "severity": each.severity, "sentence": each.sentence}
        for each in findings[:MAX_FINDINGS]
    ]


def breach_json(breach: PolicyBreach) -> dict[str, object]:
    """What a release lacks under a policy."""
    version = breach.version or None
    return {"policy": breach.policy, "version": version, "reason": breach.reason}


# What has happened


def timeline_json(
    record: ProposalRecord,
    status: ProposalStatus,
    created: Creation,
    changes: Sequence[tuple[ProposalChange, ChainEvent | None]],
) -> list[dict[str, object]]:
    """The states that a proposal went through, the first one first.

    Args:
        record: as it was made.
        status: where it is now.
        created: when it was made.
        changes: what the log tells of it, in order, with where on the chain that happened.
    """
    facts, now = status.facts, status.now
    steps: list[tuple[str, str, object]] = [
        ("pending", format_instant(created.at), creation_place(record, created))
    ]
    ended = [change.at // 1_000 for change, _ in changes if change.change == "canceled"]
    end = min([now, *ended])
    if facts.snapshot < end:
        steps.append(("active", instant(facts.snapshot + 1), None))
    if facts.deadline < end:
        won = facts.quorum_reached and facts.approved
        outcome = "succeeded" if won else "defeated"
        steps.append((outcome, instant(facts.deadline + 1), None))
    for change, event in changes:
        if change.change in _STATES:
            where = None if event is None else event_place(event)
            steps.append((_STATES[change.change], format_instant(change.at), where))
    return [{"state": state, "at": at, "chain": chain} for state, at, chain in steps]


def event_place(event: ChainEvent) -> dict[str, object]:
    """Where on the chain an event of the log happened."""
    return {
        "blockNumber": event.block_number,
        "transactionHash": event.transaction_hash,
        "logIndex": event.log_index,
        "index": event.index,
    }


def description_json(raw: bytes, body: str) -> dict[str, object]:
    """The text, as long as it may be proposed here; a longer one is cut."""
    return {
        "body": body[:MAX_DESCRIPTION_BYTES],
        "description": raw[:MAX_DESCRIPTION_BYTES].decode("utf-8", errors="replace"),
        "descriptionSize": len(raw),
    }


def is_settled(state: ProposalState) -> bool:
    """Whether nothing can happen to a proposal any more."""
    return state in {ProposalState.CANCELED, ProposalState.DEFEATED, ProposalState.EXECUTED}


def shown_actions(actions: Sequence[DescribedAction]) -> Sequence[DescribedAction]:
    """Those that an answer holds; proposals that were made elsewhere may have more."""
    return actions[:MAX_CALLS]
