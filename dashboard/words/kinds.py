"""Kinds of events in words, and their icons."""

from __future__ import annotations

KINDS: dict[str, str] = {
    "ledger.created": "Ledger created",
    "member.admitted": "Member admitted",
    "member.roles_changed": "Member's roles changed",
    "member.removed": "Member removed",
    "key.authorized": "Key authorised",
    "key.revoked": "Key revoked",
    "dataset.registered": "Dataset registered",
    "dataset.version_published": "Dataset version published",
    "dataset.stewardship_transferred": "Stewardship transferred",
    "dataset.withdrawn": "Dataset withdrawn",
    "access.requested": "Access requested",
    "access.returned": "Request sent back",
    "access.denied": "Request denied",
    "access.granted": "Access granted",
    "access.renewed": "Access renewed",
    "access.suspended": "Access suspended",
    "access.resumed": "Access resumed",
    "access.revoked": "Access revoked",
    "access.expired": "Access expired",
    "access.emergency_opened": "Emergency access opened",
    "access.emergency_reviewed": "Emergency access reviewed",
    "access.used": "Data used",
    "model.registered": "Model registered",
    "run.started": "Training started",
    "run.completed": "Training completed",
    "run.failed": "Training failed",
    "model.version_published": "Model version published",
    "proposal.created": "Proposal made",
    "vote.cast": "Vote cast",
    "proposal.queued": "Proposal queued",
    "proposal.executed": "Proposal carried out",
    "proposal.canceled": "Proposal cancelled",
    "policy.adopted": "Policy adopted",
    "model.released": "Model released",
    "model.withdrawn": "Model withdrawn",
    "token.transferred": "Voting tokens moved",
    "delegation.changed": "Vote delegated",
    "erasure.performed": "Sealed values erased",
}


def kind_in_words(kind: str) -> str:
    """`Access granted` for `access.granted`; the kind itself where it is not known here."""
    return KINDS.get(kind, kind)
