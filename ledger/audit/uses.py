"""One run's use of one dataset version: by what right, and what stands against it.

Rules, for an input of a run:
- The dataset version is published, and what the run saw of it is one of the published files.
- A steward needs no grant for its own data. Anyone else relies on the grant that the run names:
  given to the run's developer, for this dataset and version, holding all the while
  (`ledger.audit.grants`), and so every grant above it.
- What is done with the data is `train`, unless uses recorded by the run's end say otherwise; later
  records add actions and take none away, so nobody can explain a use away afterwards.
- The grant's purpose lies within the dataset's consent, and each recorded use's within the grant's.
- The grant's constraints and the dataset's ODRL offer hold, and so do the policies that bind.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from ledger.audit.answer import Basis, Code, Coverage, Severity
from ledger.audit.constraints import Facts, violated
from ledger.audit.grants import changes_of, grant_chain, lapses
from ledger.audit.manifests import ListedInput
from ledger.audit.metering import Meters
from ledger.audit.offers import offer_refusal
from ledger.audit.past import Past
from ledger.audit.policies import Policy, broken_rules
from ledger.audit.provenance import RunFacts
from ledger.events.identifiers import format_instant
from ledger.rules.purposes import Terms, misfit
from ledger.rules.purposes import terms_of as parse_terms
from ledger.views.records import Dataset, DatasetVersion, Grant, GrantChange, split_node


@lru_cache(maxsize=4096)
def terms_of(text: str) -> Terms:
    """Terms from canonical JSON; few purposes stand in many grants."""
    return parse_terms(text)


@dataclass(frozen=True, slots=True)
class Remark:
    """What stands against a use; a finding once it has a path.

    Attributes:
        code, severity, sentence: as of a finding.
        further: nodes that go on from the run.
        events: indices behind it.
    """

    code: Code
    severity: Severity
    sentence: str
    further: tuple[str, ...]
    events: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Judgement:
    """A use of a dataset by a run, judged."""

    coverage: Coverage
    remarks: tuple[Remark, ...]


def judge_use(
    past: Past, run: RunFacts, item: ListedInput, meters: Meters, policies: Sequence[Policy]
) -> Judgement:
    """Judges one input of a run that names a dataset version.

    Args:
        past: the rows.
        run: who used it, and when.
        item: the dataset version and the grant it relies on.
        meters: how often grants have been used.
        policies: adopted ones; those that bind the grant are chosen here.
    """
    _, name, version = split_node(item.node)
    use = _Use(run, item, name, version)
    dataset = past.one(Dataset, name)
    published = past.one(DatasetVersion, name, version)
    remarks = _about_data(past, use, dataset, published)
    basis, grant, missing = _basis(past, use, dataset)
    remarks += missing
    events: set[int] = set()
    if basis == "stewardship" and dataset is not None:
        events = {dataset.index}
    if grant is not None:
        chain = [(above, changes_of(past, above.grant)) for above in grant_chain(past, grant)]
        events = {change.index for _, changes in chain for change in changes}
        remarks += _about_grant(use, chain, dataset, meters=meters, policies=policies)
    return Judgement(
        Coverage(
            run=run.run,
            dataset=item.node,
            grant=item.grant,
            basis=basis,
            holds=basis != "none" and all(r.severity == "warning" for r in remarks),
            begin=run.use.begin,
            end=run.use.end,
            events=tuple(sorted(events)),
        ),
        tuple(remarks),
    )


_Chain = list[tuple[Grant, list[GrantChange]]]
"""A grant and those above it, nearest first, each with what happened to it."""


@dataclass(frozen=True, slots=True)
class _Use:
    """What the sentences begin with."""

    run: RunFacts
    item: ListedInput
    dataset: str
    version: str

    def __str__(self) -> str:
        begin, end = format_instant(self.run.use.begin), format_instant(self.run.use.end)
        when = f"at {begin}" if begin == end else f"from {begin} to {end}"
        who = f"Run {self.run.run} of {self.run.developer}"
        return f"{who} used dataset {self.dataset} {self.version} {when}"

    @property
    def further(self) -> tuple[str, ...]:
        grant = () if self.item.grant is None else (f"grant:{self.item.grant}",)
        return (self.item.node, *grant)

    def remark(
        self, code: Code, sentence: str, *events: int, severity: Severity = "error"
    ) -> Remark:
        behind = tuple(sorted({self.item.index, *events}))
        return Remark(code, severity, sentence, self.further, behind)


def _about_data(
    past: Past, use: _Use, dataset: Dataset | None, published: DatasetVersion | None
) -> list[Remark]:
    if dataset is None or published is None:
        what = "dataset" if dataset is None else "version"
        sentence = f"{use}; no such {what} is recorded."
        return [use.remark(Code.INPUT_UNRESOLVED, sentence, severity="gap")]
    remarks = []
    if use.item.digest is not None and use.item.digest not in published.digests:
        sentence = (
            f"{use} and saw a file of SHA-256 {use.item.digest}, which is none of the "
            f"{len(published.digests)} that event {published.index} published."
        )
        remarks.append(use.remark(Code.DIGEST_MISMATCH, sentence, published.index))
    withdrawal = past.withdrawal(dataset)
    if withdrawal is not None:
        index, at = withdrawal
        before = at <= use.run.use.last
        clause = f"its steward withdrew the dataset at {format_instant(at)}"
        if before:
            clause += ", so nobody was to use it any more"
        elif index < use.run.first:
            clause += (
                f", in event {index}, before anything told of this use; that the use came "
                "earlier is the developer's account"
            )
        else:
            clause += "; earlier use stands"
        severity: Severity = "error" if before else "warning"
        remark = use.remark(Code.DATASET_WITHDRAWN, f"{use}; {clause}.", index, severity=severity)
        remarks.append(remark)
    return remarks


def _basis(
    past: Past, use: _Use, dataset: Dataset | None
) -> tuple[Basis, Grant | None, list[Remark]]:
    """By what right the data was used: the grant where it is one, and what is missing."""
    run, item = use.run, use.item
    if dataset is not None and past.steward(use.dataset, run.first) == run.developer:
        return "stewardship", None, []
    if item.grant is None:
        sentence = f"{use} and names no grant."
        return "none", None, [use.remark(Code.GRANT_MISSING, sentence, *run.events)]
    grant = past.one(Grant, item.grant)
    fault = _wrong_grant(past, use, grant)
    if fault is None:
        return "grant", grant, []
    behind = (*run.events, *([grant.index] if grant else []))
    return "none", None, [use.remark(Code.GRANT_MISSING, f"{use}; {fault}.", *behind)]


def _wrong_grant(past: Past, use: _Use, grant: Grant | None) -> str | None:
    """Why the grant that a run names is none for this use at all."""
    if grant is None:
        return f"grant {use.item.grant}, which it names, is not recorded"
    if grant.dataset != use.dataset:
        return f"grant {grant.grant}, which it names, is for dataset {grant.dataset}"
    if grant.assignee != use.run.developer:
        return f"grant {grant.grant}, which it names, is {grant.assignee}'s"
    membership = past.membership(grant.assignee, use.run.use.last)
    if membership is not None and not membership.active:
        return (
            f"{grant.assignee}, whose grant {grant.grant} is, was removed from the members at "
            f"{format_instant(membership.recorded_at)}"
        )
    return None


def _about_grant(
    use: _Use, chain: _Chain, dataset: Dataset | None, *, meters: Meters, policies: Sequence[Policy]
) -> list[Remark]:
    remarks = _about_time(use, chain)
    grant, changes = chain[0]
    whose = f"grant {grant.grant}, given by {grant.granted_by} to {grant.assignee},"
    if grant.versions is not None and use.version not in grant.versions:
        sentence = f"{use}; {whose} covers version {', '.join(grant.versions)} only."
        remarks.append(use.remark(Code.VERSION_NOT_COVERED, sentence, grant.index))
    actions = _actions(use.run, grant)
    excess = [action for action in actions if action not in grant.actions]
    if excess:
        sentence = f"{use} to {', '.join(excess)}; {whose} allows {', '.join(grant.actions)} only."
        remarks.append(use.remark(Code.ACTION_NOT_PERMITTED, sentence, grant.index))
    remarks += _about_purpose(use, grant, dataset, actions, whose)
    facts = _facts(use.run, grant, dataset, meters)
    for constraint in json.loads(grant.constraints):
        violation = violated(constraint, facts)
        if violation is not None:
            sentence = f"{use}; {whose} is limited: {violation.reason}."
            remarks.append(use.remark(Code.CONSTRAINT_VIOLATED, sentence, grant.index))
    if dataset is None:
        return remarks
    reason = offer_refusal(dataset, actions, facts)
    if reason is not None:
        sentence = f"{use}; the dataset's own terms forbid it: {reason}."
        remarks.append(use.remark(Code.CONSTRAINT_VIOLATED, sentence, dataset.index))
    for policy, change, reason in broken_rules(policies, dataset, grant, changes):
        sentence = (
            f"{use}; {whose} breaks policy {policy.policy} (version {policy.version}): {reason}."
        )
        remarks.append(
            use.remark(Code.POLICY_VIOLATED, sentence, grant.index, change.index, policy.index)
        )
    return remarks


def _about_time(use: _Use, chain: _Chain) -> list[Remark]:
    remarks = []
    grant = chain[0][0]
    for above, changes in chain:
        under = "" if above is grant else f", which grant {grant.grant} stands under"
        whose = f"grant {above.grant}{under}, given by {above.granted_by} to {above.assignee},"
        tail = () if above is grant else (f"grant:{above.grant}",)
        for lapse in lapses(changes, use.run.use, use.run.first):
            events = tuple(sorted({use.item.index, above.index, *lapse.events}))
            sentence = f"{use}; {whose} {lapse.clause}."
            further = (*use.further, *tail)
            remarks.append(Remark(lapse.code, lapse.severity, sentence, further, events))
    return remarks


def _actions(run: RunFacts, grant: Grant) -> tuple[str, ...]:
    uses = [use for use in run.uses if use.grant == grant.grant]
    in_time = {u.action for u in uses if run.ended is None or u.index < run.ended.index}
    late = {u.action for u in uses} - in_time
    return tuple(sorted((in_time or {"train"}) | late))


def _about_purpose(
    use: _Use, grant: Grant, dataset: Dataset | None, actions: tuple[str, ...], whose: str
) -> list[Remark]:
    remarks = []
    purpose = terms_of(grant.purpose)
    if dataset is not None:
        reason = misfit(purpose, terms_of(dataset.usage), actions)
        if reason is not None:
            sentence = f"{use}; {whose} goes beyond what was consented to: {reason}."
            remark = use.remark(Code.PURPOSE_MISMATCH, sentence, dataset.index, grant.index)
            remarks.append(remark)
    for recorded in _distinct_purposes(use.run, grant):
        asked = terms_of(recorded)
        reason = misfit(asked, purpose, actions)
        if reason is not None:
            sentence = f"{use}; a recorded use goes beyond what {whose} is for: {reason}."
            events = [u.index for u in use.run.uses if u.purpose == recorded]
            remarks.append(use.remark(Code.PURPOSE_MISMATCH, sentence, grant.index, *events))
    return remarks


def _distinct_purposes(run: RunFacts, grant: Grant) -> list[str]:
    return list(dict.fromkeys(u.purpose for u in run.uses if u.grant == grant.grant))


def _facts(run: RunFacts, grant: Grant, dataset: Dataset | None, meters: Meters) -> Facts:
    """What is known of this use. Its purpose is what was recorded, else what was granted."""
    purposes = [terms_of(text) for text in _distinct_purposes(run, grant)]
    meter = meters.read(grant, dataset, first=run.first, use=run.use)
    return Facts(
        use=run.use,
        purpose=_joined(purposes) if purposes else terms_of(grant.purpose),
        recipient=run.developer,
        spatial=run.spatial,
        count=meter.count,
        elapsed=meter.elapsed,
    )


def _joined(purposes: Iterable[Terms]) -> Terms:
    """All that several uses were for, as if one had been for all of it."""
    listed = list(purposes)
    return Terms(
        frozenset[str]().union(*(terms.duo for terms in listed)),
        tuple(disease for terms in listed for disease in terms.diseases),
    )
