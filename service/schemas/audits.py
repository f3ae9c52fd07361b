"""Answers about lineage: audits, graphs and what a revocation reaches."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from ledger.audit import Code
from ledger.events.bodies.base import Version
from ledger.events.canonical import JsonValue
from ledger.events.identifiers import Identifier, Sha256Hex
from service.schemas.base import Answer, Base64, Index, Millis, Size

Node = str
"""`dataset:<id>@<version>`, `model:<id>@<version>`, `run:<id>`, `grant:<id>`, `agent:<address>`."""

Depth = Annotated[int, Field(ge=0)]


class AncestorView(Answer):
    """Something that went into the audited version, itself included."""

    node: Node
    sort: Literal["model", "run", "dataset"]
    depth: Depth
    index: Index | None


class CoverageView(Answer):
    """A run's use of a dataset version, and by what right."""

    run: str
    dataset: Node
    grant: str | None
    basis: Literal["grant", "stewardship", "none"]
    holds: bool
    begin: Millis
    end: Millis
    events: list[Index]


class FindingView(Answer):
    """One thing that the audit found.

    Attributes:
        severity: `error` taints, `gap` leaves the answer incomplete, `warning` does neither.
        path: from the audited version to where it was found.
        events: leaves behind it.
    """

    code: Code
    severity: Literal["error", "gap", "warning"]
    sentence: str
    path: list[Node]
    events: list[Index]


class PolicyView(Answer):
    """A policy that the answer was judged by."""

    policy: Identifier
    version: int
    digest: Sha256Hex
    index: Index


class AuditView(Answer):
    """Every ancestor of a model version, and everything that was found.

    Attributes:
        is_complete: whether every ancestor was looked at and is known.
        limit: the most ancestors that were looked at, where that cut the answer short.
    """

    model: Identifier
    version: Version
    verdict: Literal["clean", "tainted", "incomplete"]
    is_complete: bool
    size: Size
    root: Base64
    limit: int | None
    ancestors: list[AncestorView]
    coverages: list[CoverageView]
    findings: list[FindingView]
    policies: list[PolicyView]


class BundleEvent(Answer):
    """An event that the answer rests on."""

    index: Index
    leaf: Base64


class BundlePolicy(Answer):
    """A policy's document, and the event that adopted it."""

    index: Index
    document: Base64


class BundleView(Answer):
    """An audit with all that it takes to reach it again offline: `concord verify`."""

    v: Literal[1]
    answer: AuditView
    events: list[BundleEvent]
    proof: list[Base64]
    checkpoint: str
    consistency: list[Base64]
    manifests: list[Base64]
    policies: list[BundlePolicy]
    anchor: dict[str, JsonValue] | None


class LineageNodeView(Answer):
    """A node, its distance, and what it is called: a run by its job; null where it is sealed, or
    there is nothing to call it.
    """

    node: Node
    sort: str
    depth: Depth
    title: str | None


class TitleView(Answer):
    """What something is called; null where that is sealed, or there is none of that name."""

    node: Node
    title: str | None


class TitlesView(Answer):
    """Titles in the order in which they were asked for."""

    items: list[TitleView]


class RelationView(Answer):
    """A PROV relation, and the event that tells of it."""

    relation: str
    source: Node
    target: Node
    index: Index


class LineageView(Answer):
    """Part of the lineage graph, nearest nodes first.

    Attributes:
        is_complete: whether nothing was cut short.
        unread: runs whose manifest of inputs was not read, or not all of it.
    """

    start: Node
    direction: Literal["ancestors", "descendants"]
    size: Size
    is_complete: bool
    nodes: list[LineageNodeView]
    edges: list[RelationView]
    unread: list[str]


class ReachedView(Answer):
    """A run or model version that a revocation reaches."""

    node: Node
    depth: Depth
    index: Index | None


class ImpactView(Answer):
    """What withdrawing a dataset, or revoking a grant, would reach. Asking changes nothing."""

    dataset: Identifier
    grant: Identifier | None
    size: Size
    is_complete: bool
    sentence: str
    grants: list[str]
    uses: int
    runs: list[ReachedView]
    models: list[ReachedView]
    releases: list[Node]
    unread: list[str]


class VerdictView(Answer):
    """What the audit of a version said when the log had `verdictSize` events; null where it was not
    judged yet.
    """

    model: Identifier
    version: Version
    verdict: Literal["clean", "tainted", "incomplete"] | None
    verdict_size: Size | None


class VerdictsView(Answer):
    """Verdicts in the order in which they were asked for."""

    items: list[VerdictView]
