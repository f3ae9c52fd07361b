"""Who may do what, what went into a model, and what a revocation reaches: pure, over rows."""

from ledger.audit.answer import (
    Ancestor,
    Code,
    Coverage,
    Finding,
    ModelAudit,
    PolicyReference,
    Tree,
    audit_json,
)
from ledger.audit.model_audit import MAX_ANCESTORS, audit
from ledger.audit.policies import Policy, parse_policy

__all__ = [
    "MAX_ANCESTORS",
    "Ancestor",
    "Code",
    "Coverage",
    "Finding",
    "ModelAudit",
    "Policy",
    "PolicyReference",
    "Tree",
    "audit",
    "audit_json",
    "parse_policy",
]
