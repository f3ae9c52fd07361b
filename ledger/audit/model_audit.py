"""What went into a model version, and was it allowed?

A pure function of the rows as of one size: the same answer from a database, from a bundle's events
and from the whole log. It walks every ancestor (`ledger.audit.ancestry`), judges every use of data
(`ledger.audit.uses`), and then:

- a version that names no run, a run that nobody recorded or that has not ended, one that failed, or
  that does not list the version among its outputs: `run-incomplete`;
- an input or a base that nobody published, a manifest that was not supplied: `input-unresolved`;
- digests that differ between a run and what was published: `digest-mismatch`;
- nodes that went into themselves: `cycle`, which leaves the answer incomplete;
- a base that is tainted, by itself or by what went into it: `base-model-tainted`.

It looks at no clock: what a run claims of time is held against what grants say of time, and both
against the order of the log.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType

from ledger.audit.ancestry import Ancestry, circles, reaching, walk
from ledger.audit.answer import (
    Code,
    Coverage,
    Finding,
    ModelAudit,
    Severity,
    Tree,
    verdict_of,
)
from ledger.audit.errors import UnknownVersion
from ledger.audit.metering import Meters
from ledger.audit.past import Past
from ledger.audit.policies import Policy, in_force
from ledger.audit.provenance import RunFacts
from ledger.audit.uses import judge_use
from ledger.views.records import Grant, ModelVersion, RunOutput, split_node
from ledger.views.state import MemoryState

MAX_ANCESTORS = 100_000
"""Nodes that an audit looks at unless told otherwise."""

_DERIVED_WITHOUT_DATA = frozenset({"quantized", "merged"})
"""Relations that need no run: their bases are all that went into them."""

_NO_MANIFESTS: Mapping[str, bytes] = MappingProxyType({})


def audit(
    state: MemoryState,
    *,
    model: str,
    version: str,
    tree: Tree,
    manifests: Mapping[str, bytes] = _NO_MANIFESTS,
    policies: Sequence[Policy] = (),
    limit: int = MAX_ANCESTORS,
    within: Collection[str] | None = None,
) -> ModelAudit:
    """Audits a model version as of a tree.

    Args:
        state: rows of this tree's size or of any larger one.
        model: id of the model.
        version: its version.
        tree: as of when; later events are left out.
        manifests: inputs manifests by their SHA-256 (hex).
        policies: every adopted version of every policy; later ones than the tree are left out.
        limit: the most ancestors that are looked at.
        within: the only lineage nodes whose rows the state holds, where a limit cut the reading.

    Raises:
        UnknownVersion: if that version is not published as of the tree.
    """
    past = Past(state, tree.size)
    row = past.one(ModelVersion, model, version)
    if row is None:
        raise UnknownVersion(
            f"Version {version} of model {model} is not published as of size {tree.size}."
        )
    adopted = in_force(policies, tree.size)
    found = walk(past, row, manifests=manifests, limit=limit, within=within)
    findings, coverages, own_faults = _judge(past, found, adopted)
    findings += _circles(found)
    findings += _tainted_bases(found, own_faults)
    verdict, is_complete = verdict_of(findings, cut=found.cut)
    return ModelAudit(
        model=model,
        version=version,
        verdict=verdict,
        is_complete=is_complete,
        tree=tree,
        limit=limit if found.cut else None,
        ancestors=tuple(found.ancestors.values()),
        coverages=tuple(coverages),
        findings=tuple(findings),
        policies=tuple(policy.reference() for policy in adopted),
    )


def _judge(
    past: Past, found: Ancestry, policies: Sequence[Policy]
) -> tuple[list[Finding], list[Coverage], set[str]]:
    """Findings of each ancestor by itself, and the nodes that have an error of their own."""
    meters = Meters(past)
    findings: list[Finding] = []
    coverages: list[Coverage] = []
    faults: set[str] = set()
    for node, ancestor in found.ancestors.items():
        own: list[Finding] = []
        if ancestor.sort == "model":
            own = _about_version(found, node)
        elif ancestor.sort == "run":
            own, covered = _about_run(past, found, node, meters, policies)
            coverages += covered
        findings += own
        if any(finding.severity == "error" for finding in own):
            faults.add(node)
    return findings, coverages, faults


def _about_version(found: Ancestry, node: str) -> list[Finding]:
    _, model, name = split_node(node)
    version = found.versions.get(node)
    if version is None:
        sentence = f"Version {name} of model {model} went into this model, and nobody published it."
        behind = found.indices_beside(node)
        return [_finding(found, Code.INPUT_UNRESOLVED, "gap", sentence, node, events=behind)]
    origins = found.origins[node]
    subject = f"Version {name} of model {model}"
    findings = []
    if not origins.own and version.relation not in _DERIVED_WITHOUT_DATA:
        sentence = f"{subject} was {version.relation}, and names no run that made it."
        finding = _finding(
            found, Code.RUN_INCOMPLETE, "gap", sentence, node, events=(version.index,)
        )
        findings.append(finding)
    for output in origins.outputs:
        if output.digest != version.digest:
            sentence = (
                f"Run {output.run} made {subject.lower()} with SHA-256 {output.digest}; "
                f"published is {version.digest}."
            )
            findings.append(_about_output(found, node, output, sentence, version))
    for output in origins.claimed:
        sentence = (
            f"Run {output.run}, of somebody else, says that it made {subject.lower()}; "
            "the version names another origin, so what that run read does not count."
        )
        findings.append(_about_output(found, node, output, sentence, version))
    listed = {output.run for output in origins.outputs}
    if version.run is not None and version.run not in listed:
        findings += _unlisted(found, node, version)
    return findings


def _about_output(
    found: Ancestry, node: str, output: RunOutput, sentence: str, version: ModelVersion
) -> Finding:
    own = output in found.origins[node].outputs
    severity: Severity = "error" if own else "warning"
    code = Code.DIGEST_MISMATCH if output.digest != version.digest else Code.RUN_INCOMPLETE
    events = (version.index, output.index)
    return _finding(found, code, severity, sentence, node, f"run:{output.run}", events=events)


def _unlisted(found: Ancestry, node: str, version: ModelVersion) -> list[Finding]:
    """What is missing where the run that a version names does not list it."""
    run_node = f"run:{version.run}"
    run = found.runs.get(run_node)
    if run is None or run.ended is None or run.ended.change == "failed":
        # Told of the run itself.
        return []
    sentence = (
        f"Run {version.run} does not list version {version.version} of model {version.model} "
        "among its outputs, though that version names it."
    )
    events = (version.index, *run.events)
    return [_finding(found, Code.RUN_INCOMPLETE, "gap", sentence, node, run_node, events=events)]


def _about_run(
    past: Past, found: Ancestry, node: str, meters: Meters, policies: Sequence[Policy]
) -> tuple[list[Finding], list[Coverage]]:
    run = found.runs.get(node)
    if run is None:
        sentence = f"Run {split_node(node)[1]} is named as an origin, and no event tells of it."
        behind = found.indices_beside(node)
        gap = _finding(found, Code.RUN_INCOMPLETE, "gap", sentence, node, events=behind)
        return [gap], []
    findings = _about_end(found, run)
    coverages = []
    for item in run.inputs:
        if item.node not in found.ancestors:
            continue
        if split_node(item.node)[0] == "model":
            findings += _about_model_input(found, run, item.node, item.digest, item.index)
            continue
        judgement = judge_use(past, run, item, meters, policies)
        coverages.append(judgement.coverage)
        findings += [
            _finding(found, r.code, r.severity, r.sentence, node, *r.further, events=r.events)
            for r in judgement.remarks
        ]
    return findings + _unlisted_uses(past, found, run), coverages


def _about_end(found: Ancestry, run: RunFacts) -> list[Finding]:
    findings = []
    if run.ended is None or run.ended.change == "failed":
        how = "has not ended" if run.ended is None else "failed"
        sentence = f"Run {run.run} of {run.developer} {how}, yet a model is said to come out of it."
        findings.append(
            _finding(found, Code.RUN_INCOMPLETE, "gap", sentence, run.node, events=run.events)
        )
    for digest in run.unread:
        sentence = (
            f"Run {run.run} lists inputs in a manifest of SHA-256 {digest}, which is not at hand."
        )
        findings.append(
            _finding(found, Code.INPUT_UNRESOLVED, "gap", sentence, run.node, events=run.events)
        )
    for digest, number in run.bad_lines:
        sentence = f"Line {number} of the manifest {digest} of run {run.run} names no input."
        findings.append(
            _finding(found, Code.INPUT_UNRESOLVED, "gap", sentence, run.node, events=run.events)
        )
    return findings


def _about_model_input(
    found: Ancestry, run: RunFacts, node: str, digest: str | None, index: int
) -> list[Finding]:
    version = found.versions.get(node)
    if version is None or digest is None or digest == version.digest:
        return []
    sentence = (
        f"Run {run.run} read version {version.version} of model {version.model} with SHA-256 "
        f"{digest}; published is {version.digest}."
    )
    events = (index, version.index)
    return [_finding(found, Code.DIGEST_MISMATCH, "error", sentence, run.node, node, events=events)]


def _unlisted_uses(past: Past, found: Ancestry, run: RunFacts) -> list[Finding]:
    """Uses that the developer or a gateway recorded in a run that lists no such input."""
    listed = {item.grant for item in run.inputs}
    findings = []
    for use in run.uses:
        grant = past.one(Grant, use.grant)
        # Another member cannot cast doubt on this run by recording a use of its own grant.
        trusted = grant is not None and (use.user == run.developer or use.user != grant.assignee)
        if use.grant in listed or grant is None or not trusted:
            continue
        listed.add(use.grant)
        sentence = (
            f"Event {use.index} records that run {run.run} used dataset {grant.dataset} under "
            f"grant {use.grant}, which the run does not list."
        )
        events = (use.index, *run.events)
        further = f"grant:{use.grant}"
        findings.append(
            _finding(
                found, Code.INPUT_UNRESOLVED, "gap", sentence, run.node, further, events=events
            )
        )
    return findings


def _circles(found: Ancestry) -> list[Finding]:
    findings = []
    for group in circles(found):
        names = ", ".join(group[:4]) + (f" and {len(group) - 4} more" if len(group) > 4 else "")
        sentence = f"{names} went into each other, which cannot be: at least one record is wrong."
        if len(group) == 1:
            sentence = f"{names} went into itself, which cannot be: a record is wrong."
        events = [index for node in group if (index := found.ancestors[node].index) is not None]
        findings.append(
            _finding(found, Code.CYCLE, "gap", sentence, group[0], *group[1:16], events=events)
        )
    return findings


def _tainted_bases(found: Ancestry, faults: set[str]) -> list[Finding]:
    """For each version and each base of it that is tainted, one finding."""
    tainted = reaching(found, faults)
    findings = []
    for node, version in found.versions.items():
        sources = list(version.base)
        for run in found.origins[node].own:
            facts = found.runs.get(f"run:{run}")
            sources += [item.node for item in facts.inputs] if facts is not None else []
        for source in dict.fromkeys(sources):
            base = found.versions.get(source)
            if base is None or source == node or source not in tainted:
                continue
            sentence = (
                f"Version {version.version} of model {version.model} builds on version "
                f"{base.version} of model {base.model}, which is tainted."
            )
            events = (version.index, base.index)
            findings.append(
                _finding(
                    found, Code.BASE_MODEL_TAINTED, "error", sentence, node, source, events=events
                )
            )
    return findings


def _finding(
    found: Ancestry,
    code: Code,
    severity: Severity,
    sentence: str,
    node: str,
    *further: str,
    events: Sequence[int],
) -> Finding:
    path = found.path(node, *further)
    return Finding(code, severity, sentence, path, tuple(sorted(set(events))))
