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
from ledger.audit.bundle import Bundle, build_bundle, parse_bundle
from ledger.audit.closure import LineageIndex
from ledger.audit.decision import Decision, Question, decide
from ledger.audit.impact import Impact, impact, impact_json
from ledger.audit.lineage import Lineage, lineage, lineage_json
from ledger.audit.manifest_rows import ManifestRows
from ledger.audit.manifests import supplied
from ledger.audit.model_audit import MAX_ANCESTORS, audit
from ledger.audit.policies import Policy, parse_policy
from ledger.audit.sources import Gathered, MemoryRows, RowSource, gather, gather_decision

__all__ = [
    "MAX_ANCESTORS",
    "Ancestor",
    "Bundle",
    "Code",
    "Coverage",
    "Decision",
    "Finding",
    "Gathered",
    "Impact",
    "Lineage",
    "LineageIndex",
    "ManifestRows",
    "MemoryRows",
    "ModelAudit",
    "Policy",
    "PolicyReference",
    "Question",
    "RowSource",
    "Tree",
    "audit",
    "audit_json",
    "build_bundle",
    "decide",
    "gather",
    "gather_decision",
    "impact",
    "impact_json",
    "lineage",
    "lineage_json",
    "parse_bundle",
    "parse_policy",
    "supplied",
]
