"""What an audit answers: values, and their one form in JSON.

    verdict = tainted     some finding is an `error`
              incomplete  otherwise, if some finding is a `gap` or a limit cut the answer short
              clean       otherwise

`isComplete` tells of gaps and limits alone: a tainted answer may be incomplete too. A `warning`
changes neither.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from ledger.events.canonical import JsonObject, JsonValue
from ledger.merkle.encoding import encode_base64

Verdict = Literal["clean", "tainted", "incomplete"]
Severity = Literal["error", "gap", "warning"]
Sort = Literal["model", "run", "dataset"]
Basis = Literal["grant", "stewardship", "none"]


class Code(StrEnum):
    """What an audit can find. The values are stable."""

    GRANT_MISSING = "grant-missing"
    GRANT_NOT_YET_VALID = "grant-not-yet-valid"
    GRANT_EXPIRED = "grant-expired"
    GRANT_SUSPENDED = "grant-suspended"
    GRANT_REVOKED_BEFORE_USE = "grant-revoked-before-use"
    GRANT_REVOKED_AFTER_USE = "grant-revoked-after-use"
    ACTION_NOT_PERMITTED = "action-not-permitted"
    PURPOSE_MISMATCH = "purpose-mismatch"
    CONSTRAINT_VIOLATED = "constraint-violated"
    DIGEST_MISMATCH = "digest-mismatch"
    VERSION_NOT_COVERED = "version-not-covered"
    DATASET_WITHDRAWN = "dataset-withdrawn"
    INPUT_UNRESOLVED = "input-unresolved"
    RUN_INCOMPLETE = "run-incomplete"
    CYCLE = "cycle"
    BASE_MODEL_TAINTED = "base-model-tainted"
    POLICY_VIOLATED = "policy-violated"
    SIGNATURE_UNCONFIRMED = "signature-unconfirmed"
    SIGNATURE_WITHDRAWN = "signature-withdrawn"


@dataclass(frozen=True, slots=True)
class Tree:
    """The tree that an answer is given at: number of leaves and root (32 bytes)."""

    size: int
    root: bytes


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that an audit found.

    Attributes:
        code: what sort of thing.
        severity: `error` taints, `gap` leaves the answer incomplete, `warning` does neither.
        sentence: what happened, to whose grant, when; for people.
        path: lineage nodes from the audited version to where it was found; a long one is
            abbreviated with `…` in its middle.
        events: indices of the events behind it, ascending.
    """

    code: Code
    severity: Severity
    sentence: str
    path: tuple[str, ...]
    events: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Ancestor:
    """A lineage node that went into the audited version, itself included.

    Attributes:
        node: as of `ledger.views.records.Edge`.
        sort: what it is.
        depth: edges from the audited version on the shortest way.
        index: the event that made it known; None where none did.
    """

    node: str
    sort: Sort
    depth: int
    index: int | None


@dataclass(frozen=True, slots=True)
class Coverage:
    """A run's use of a dataset version, and by what right.

    Attributes:
        run: the run's id.
        dataset: lineage node of the dataset version.
        grant: the grant that the run names.
        basis: `grant`; `stewardship`, where the steward used its own data; `none`.
        holds: whether nothing stands against it; warnings aside.
        begin, end: of the use, milliseconds since the epoch.
        events: indices of the events that tell of the grant and those above it.
    """

    run: str
    dataset: str
    grant: str | None
    basis: Basis
    holds: bool
    begin: int
    end: int
    events: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class PolicyReference:
    """A policy that the answer was judged by: its id, version, SHA-256 (hex) and adopting event."""

    policy: str
    version: int
    digest: str
    index: int


@dataclass(frozen=True, slots=True)
class ModelAudit:
    """The answer about one model version.

    Attributes:
        model, version: what was asked about.
        verdict: as this module's formula says.
        is_complete: whether every ancestor was looked at and is known.
        tree: the tree it was answered at.
        limit: the most ancestors that were allowed for, where that cut the answer short.
        ancestors: every one, nearest first.
        coverages: every use of a dataset among them.
        findings: in the order of their ancestors.
        policies: in force at that size, by id and version.
    """

    model: str
    version: str
    verdict: Verdict
    is_complete: bool
    tree: Tree
    limit: int | None
    ancestors: tuple[Ancestor, ...]
    coverages: tuple[Coverage, ...]
    findings: tuple[Finding, ...]
    policies: tuple[PolicyReference, ...]


def verdict_of(findings: Iterable[Finding], *, cut: bool) -> tuple[Verdict, bool]:
    """Verdict and completeness, as this module's formula says."""
    severities = {finding.severity for finding in findings}
    is_complete = not cut and "gap" not in severities
    if "error" in severities:
        return "tainted", is_complete
    return ("clean" if is_complete else "incomplete"), is_complete


def audit_json(audit: ModelAudit) -> JsonObject:
    """The answer as the API gives it and a bundle holds it."""
    return {
        "model": audit.model,
        "version": audit.version,
        "verdict": audit.verdict,
        "isComplete": audit.is_complete,
        "size": audit.tree.size,
        "root": encode_base64(audit.tree.root),
        "limit": audit.limit,
        "ancestors": [_ancestor_json(a) for a in audit.ancestors],
        "coverages": [_coverage_json(c) for c in audit.coverages],
        "findings": [_finding_json(f) for f in audit.findings],
        "policies": [
            {"policy": p.policy, "version": p.version, "digest": p.digest, "index": p.index}
            for p in audit.policies
        ],
    }


def _ancestor_json(ancestor: Ancestor) -> JsonValue:
    return {
        "node": ancestor.node,
        "sort": ancestor.sort,
        "depth": ancestor.depth,
        "index": ancestor.index,
    }


def _coverage_json(coverage: Coverage) -> JsonValue:
    return {
        "run": coverage.run,
        "dataset": coverage.dataset,
        "grant": coverage.grant,
        "basis": coverage.basis,
        "holds": coverage.holds,
        "begin": coverage.begin,
        "end": coverage.end,
        "events": [*coverage.events],
    }


def _finding_json(finding: Finding) -> JsonValue:
    return {
        "code": finding.code.value,
        "severity": finding.severity,
        "sentence": finding.sentence,
        "path": [*finding.path],
        "events": [*finding.events],
    }
