"""May this member do this with this dataset, for this purpose, at this time?

    allowed ⇔ the subject is a member then, or a key that acts for one
            ∧ the dataset (and version) is recorded and not withdrawn by then
            ∧ the subject is its steward, or some grant to it holds then, with all above it, and
              fits action, version, purpose, consent, offer and constraints, and it breaks no
             policy that bound when it was given or renewed

Of several grants the first that fits is relied on; where none fits, the one that came nearest tells
why. A retroactive revocation denies every time, earlier ones included. What is not known denies.

Nothing is recorded by asking.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ledger.audit.answer import Code
from ledger.audit.constraints import Facts, violated
from ledger.audit.grants import Interval, changes_of, grant_chain, lapses
from ledger.audit.metering import Meters
from ledger.audit.offers import offer_refusal
from ledger.audit.past import Past
from ledger.audit.policies import Policy, broken_rules, in_force
from ledger.events.identifiers import format_instant
from ledger.rules.purposes import Terms, misfit, terms_of
from ledger.views.records import AuthorizedKey, Dataset, DatasetVersion, Grant
from ledger.views.state import MemoryState

PERMITTED = "permitted"
"""Reason of a decision that a grant allows."""
STEWARD = "steward"
"""Reason of a decision that allows a steward its own data."""
NOT_A_MEMBER = "not-a-member"
"""Reason where the subject may do nothing here, or no more."""


@dataclass(frozen=True, slots=True)
class Question:
    """What somebody wants to do.

    Attributes:
        subject: EIP-55 address of a member, or of a key that acts for one.
        action: `read`, `train`, `evaluate`, `derive` or `distribute`.
        dataset: its id.
        at: when, milliseconds since the epoch.
        version: which version; None asks about the dataset as such.
        purpose: what for; None denies to all but the steward.
        recipient: who uses the data, where another than the subject.
        spatial: where, such as `DE`.
    """

    subject: str
    action: str
    dataset: str
    at: int
    version: str | None = None
    purpose: Terms | None = None
    recipient: str | None = None
    spatial: str | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer.

    Attributes:
        allowed: whether.
        reason: `permitted`, `steward`, `not-a-member` or the value of a `Code`.
        sentence: the same for people.
        grant: the grant that is relied on, or that came nearest.
        events: indices of the events behind it, ascending.
    """

    allowed: bool
    reason: str
    sentence: str
    grant: str | None
    events: tuple[int, ...]


def decide(
    state: MemoryState, question: Question, *, size: int, policies: Sequence[Policy] = ()
) -> Decision:
    """Decides a question with what the log knew at a size.

    Args:
        state: rows of this size or of any larger one.
        question: who, what, when.
        size: events with a smaller index are known.
        policies: every adopted version of every policy; later ones than the size are left out.
    """
    past = Past(state, size)
    adopted = in_force(policies, size)
    dataset = past.one(Dataset, question.dataset)
    member, behind = _member(past, question)
    if member is None:
        sentence = f"{question.subject} is not a member at {format_instant(question.at)}."
        return _denied(NOT_A_MEMBER, sentence, behind)
    unavailable = _unavailable(past, question, dataset)
    if unavailable is not None or dataset is None:
        return unavailable or _unresolved(question)
    held = past.rows(Grant, "assignee", member)
    candidates = [grant for grant in held if grant.dataset == question.dataset]
    if past.steward(question.dataset, size) == member:
        sentence = f"{member} is the steward of dataset {question.dataset}."
        return _allowed(STEWARD, sentence, {dataset.index})
    nearest: tuple[int, Decision] | None = None
    for grant in candidates:
        steps, decision = _under(past, question, dataset, grant, adopted)
        if decision.allowed:
            return decision
        if nearest is None or steps > nearest[0]:
            nearest = (steps, decision)
    if nearest is not None:
        return nearest[1]
    sentence = f"{member} holds no grant on dataset {question.dataset}."
    return _denied(Code.GRANT_MISSING, sentence, {dataset.index})


def _allowed(
    reason: str, sentence: str, events: Iterable[int], grant: str | None = None
) -> Decision:
    behind = tuple(sorted(events))
    return Decision(allowed=True, reason=reason, sentence=sentence, grant=grant, events=behind)


def _denied(
    reason: str, sentence: str, events: Iterable[int], grant: str | None = None
) -> Decision:
    behind = tuple(sorted(events))
    # A Code is a str; the plain one shows in JSON and in messages.
    return Decision(
        allowed=False, reason=str(reason), sentence=sentence, grant=grant, events=behind
    )


def _member(past: Past, question: Question) -> tuple[str | None, tuple[int, ...]]:
    """The member who asks, and the events that tell of its standing."""
    member, events = question.subject, set[int]()
    key = past.one(AuthorizedKey, question.subject)
    if key is not None:
        revoked = key.revoked_index is not None and key.revoked_index < past.size
        events.add(key.index)
        if revoked or question.at >= key.until:
            return None, tuple(sorted(events))
        member = key.member
    membership = past.membership(member, question.at)
    if membership is None:
        return None, tuple(sorted(events))
    events.add(membership.index)
    return (member if membership.active else None), tuple(sorted(events))


def _unresolved(question: Question) -> Decision:
    what = f"dataset {question.dataset}"
    if question.version is not None:
        what = f"version {question.version} of {what}"
    return _denied(Code.INPUT_UNRESOLVED, f"No {what} is recorded.", ())


def _unavailable(past: Past, question: Question, dataset: Dataset | None) -> Decision | None:
    """The refusal where the data itself is not to be had."""
    if dataset is None:
        return _unresolved(question)
    if question.version is not None:
        published = past.one(DatasetVersion, question.dataset, question.version)
        if published is None:
            return _unresolved(question)
    withdrawal = past.withdrawal(dataset)
    if withdrawal is not None and withdrawal[1] <= question.at:
        sentence = (
            f"Dataset {question.dataset} was withdrawn at {format_instant(withdrawal[1])}; "
            "no new use."
        )
        return _denied(Code.DATASET_WITHDRAWN, sentence, {dataset.index, withdrawal[0]})
    return None


def _under(
    past: Past, question: Question, dataset: Dataset, grant: Grant, policies: Sequence[Policy]
) -> tuple[int, Decision]:
    """The decision under one grant, and how many checks it passed."""
    events = {c.index for g in grant_chain(past, grant) for c in changes_of(past, g.grant)}
    events.add(dataset.index)
    checks = (
        _time_fault(past, question, grant),
        _terms_fault(question, grant),
        _purpose_fault(question, dataset, grant),
        _constraint_fault(past, question, dataset, grant),
        _policy_fault(past, dataset, grant, policies),
    )
    for steps, fault in enumerate(checks):
        if fault is not None:
            code, clause = fault
            if code == Code.POLICY_VIOLATED:
                events |= {policy.index for policy in policies}
            sentence = f"Grant {grant.grant}, given by {grant.granted_by}, {clause}."
            return steps, _denied(code, sentence, events, grant.grant)
    sentence = (
        f"Grant {grant.grant}, given by {grant.granted_by}, lets {grant.assignee} "
        f"{question.action} dataset {question.dataset} at {format_instant(question.at)}."
    )
    return len(checks), _allowed(PERMITTED, sentence, events, grant.grant)


_Fault = tuple[Code, str]


def _time_fault(past: Past, question: Question, grant: Grant) -> _Fault | None:
    moment = Interval(question.at, question.at)
    for above in grant_chain(past, grant):
        # Whoever asks has recorded nothing yet: the order of the log tells nothing here.
        for lapse in lapses(changes_of(past, above.grant), moment, past.size):
            if lapse.severity == "error":
                own = above is grant
                prefix = "" if own else f"stands under grant {above.grant}, which "
                return lapse.code, prefix + lapse.clause
    return None


def _terms_fault(question: Question, grant: Grant) -> _Fault | None:
    if question.action not in grant.actions:
        clause = f"allows {', '.join(grant.actions)}, not {question.action}"
        return Code.ACTION_NOT_PERMITTED, clause
    if grant.versions is not None and question.version not in grant.versions:
        clause = f"covers version {', '.join(grant.versions)} only"
        return Code.VERSION_NOT_COVERED, clause
    return None


def _purpose_fault(question: Question, dataset: Dataset, grant: Grant) -> _Fault | None:
    if question.purpose is None:
        return Code.PURPOSE_MISMATCH, "is for a purpose, and the question names none"
    granted = terms_of(grant.purpose)
    actions = (question.action,)
    reason = misfit(question.purpose, granted, actions)
    if reason is None:
        reason = misfit(granted, terms_of(dataset.usage), actions)
        if reason is not None:
            return Code.PURPOSE_MISMATCH, f"goes beyond what was consented to: {reason}"
        return None
    return Code.PURPOSE_MISMATCH, f"is for another purpose: {reason}"


def _constraint_fault(
    past: Past, question: Question, dataset: Dataset, grant: Grant
) -> _Fault | None:
    moment = Interval(question.at, question.at)
    meter = Meters(past).read(grant, dataset, first=past.size, use=moment)
    facts = Facts(
        use=moment,
        purpose=question.purpose,
        recipient=question.recipient or grant.assignee,
        spatial=question.spatial,
        count=meter.count,
        elapsed=meter.elapsed,
    )
    for constraint in _constraints(grant):
        violation = violated(constraint, facts)
        if violation is not None:
            return Code.CONSTRAINT_VIOLATED, f"is limited: {violation.reason}"
    reason = offer_refusal(dataset, (question.action,), facts)
    if reason is not None:
        return Code.CONSTRAINT_VIOLATED, f"is limited by the dataset's terms: {reason}"
    return None


def _policy_fault(
    past: Past, dataset: Dataset, grant: Grant, policies: Sequence[Policy]
) -> _Fault | None:
    changes = changes_of(past, grant.grant)
    for policy, _, reason in broken_rules(policies, dataset, grant, changes):
        clause = f"breaks policy {policy.policy} (version {policy.version}): {reason}"
        return Code.POLICY_VIOLATED, clause
    return None


def _constraints(grant: Grant) -> Sequence[dict[str, object]]:
    constraints: list[dict[str, object]] = json.loads(grant.constraints)
    return constraints
