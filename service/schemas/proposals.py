"""Proposals: what stands to the vote, how it stands, and what it would do."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from governance.actions import Action
from governance.mirror.texts import MAX_TITLE
from governance.parameters import BASIS_POINTS
from governance.proposals import MAX_DESCRIPTION_BYTES, MAX_EVIDENCE, EvidenceKind
from ledger.audit import Code
from ledger.events.bodies.base import Version
from ledger.events.bodies.governance import MAX_CALLS
from ledger.events.identifiers import Address, Bytes32, DecimalString, Identifier, Instant
from service.schemas.base import Answer, Hex32, Request, Size
from service.schemas.dao import (
    ClassName,
    Count,
    DatedPlaceView,
    HexData,
    PlaceView,
    TransactionView,
)

StateName = Literal["pending", "active", "canceled", "defeated", "succeeded", "queued", "executed"]
VerdictName = Literal["clean", "tainted", "incomplete"]


class TallyView(Answer):
    """Votes counted."""

    against: DecimalString
    for_: Annotated[DecimalString, Field(alias="for")]
    abstain: DecimalString


class ProposalSummary(Answer):
    """A proposal in a list.

    Attributes:
        sentences: what it would do, one an action.
        quorum: votes for and abstaining that it takes; null before the snapshot.
        approval: basis points for, of those for and against; null before the snapshot.
        snapshot: when votes are weighed.
        deadline: when voting ends, extensions included.
        eta: from when on it can be executed, once it is queued.
        next_step_at: when the time alone takes it on; null where it does not.
        waits_for: what happens next, or why nothing does.
        is_due: whether anyone can queue or execute it now.
        now: the chain's clock.
    """

    proposal: DecimalString
    title: str
    proposer: Address
    state: StateName
    class_: Annotated[ClassName, Field(alias="class")]
    sentences: list[str]
    tally: TallyView
    quorum: DecimalString | None
    approval: Annotated[int, Field(ge=0, le=BASIS_POINTS)] | None
    quorum_reached: bool
    approved: bool
    snapshot: Instant
    deadline: Instant
    eta: Instant | None
    next_step_at: Instant | None
    waits_for: str
    is_due: bool
    now: Instant
    created: DatedPlaceView


class ProposalAction(Answer):
    """One call that a proposal makes.

    Attributes:
        warnings: what a reader might not see in the sentence.
        demands: of a policy that would be adopted, in words.
        action: the same as JSON; null where the call is of no known kind.
        value: wei that it sends.
        function: name and parameters, where it calls one of the DAO's contracts.
    """

    sentence: str
    warnings: list[str]
    demands: list[str]
    action: Action | None
    target: Address
    value: DecimalString
    calldata: HexData
    function: str | None


class ProposalFinding(Answer):
    """One thing that an audit found; see the audit's own call."""

    code: Code
    severity: Literal["error", "gap", "warning"]
    sentence: str


class EvidenceView(Answer):
    """A document that a proposal rests on.

    Attributes:
        is_held: whether it can be read here.
        verdict: of an audit bundle that verifies; null for anything else.
        model: which the bundle audits.
        problem: what is wrong with the document; null if nothing is.
    """

    kind: EvidenceKind
    content: str
    sha256: Hex32
    size: Count
    is_held: bool
    verdict: VerdictName | None
    findings: list[ProposalFinding]
    model: str | None
    version: str | None
    problem: str | None


class ReleaseAuditView(Answer):
    """The log's own audit, as of now, of a version that a proposal would release.

    Attributes:
        version: null where the log holds no such record of that model, and then the verdict is.
        record_leaf: that the proposal names.
        size: of the log.
    """

    model: str
    version: Version | None
    record_leaf: Bytes32
    verdict: VerdictName | None
    findings: list[ProposalFinding]
    size: Size


class PolicyBreachView(Answer):
    """What a release lacks.

    Attributes:
        version: of the policy in force; null where none was adopted.
    """

    policy: str
    version: Count | None
    reason: str


class TimelineStep(Answer):
    """A state that a proposal came to.

    Attributes:
        chain: where that happened; null for what the time alone does.
    """

    state: StateName
    at: Instant
    chain: PlaceView | None


class ProposalView(ProposalSummary):
    """A proposal, whole.

    Attributes:
        body: what stands between title and evidence; anybody's text, to be escaped where it is
            shown.
        description: the whole text. Both are cut after 131,072 bytes.
        description_size: bytes of the whole text.
        description_hash: Keccak-256 of it.
        cancelable_by: accounts that may cancel it now; the timelock stands for the members, by
            vote.
        actions_omitted: beyond the first 32.
        audits: of the versions that it would release.
        policy_breaches: what these still lack; nothing is told once the proposal is over.
        timeline: the states so far.
    """

    body: str
    description: str
    description_size: Count
    description_hash: Bytes32
    cancelable_by: list[Address]
    actions: list[ProposalAction]
    actions_omitted: Count
    evidence: list[EvidenceView]
    audits: list[ReleaseAuditView]
    policy_breaches: list[PolicyBreachView]
    timeline: list[TimelineStep]


# Before it is sent


class ChangeView(Answer):
    """A value that an action would write."""

    what: str
    before: str
    after: str


class SimulatedView(Answer):
    """One action, tried.

    Attributes:
        warnings: what a reader might not see in the sentence.
        demands: of a policy that would be adopted, in words.
        outcome: `untried` where the contract takes it from a running proposal only.
        reason: why it fails or could not be tried; empty if it succeeds.
        changes: what it would write; empty where that is not known.
        may_depend: it fails by itself, and an earlier action may be what it needs.
    """

    sentence: str
    warnings: list[str]
    demands: list[str]
    class_: Annotated[ClassName, Field(alias="class")]
    outcome: Literal["succeeds", "fails", "untried"]
    reason: str
    changes: list[ChangeView]
    may_depend: bool


class SimulationView(Answer):
    """A proposal, tried in the state after a block, and undone.

    Attributes:
        fails: whether some action fails that no earlier one could help.
    """

    class_: Annotated[ClassName, Field(alias="class")]
    block_number: Count
    fails: bool
    actions: list[SimulatedView]


class KeptEvidence(Request):
    """A document that the content store holds."""

    kind: EvidenceKind
    content: Annotated[str, StringConstraints(pattern=r"^b[a-z2-7]{58}$")]


class BundleEvidence(Request):
    """An audit bundle that is made and kept for this proposal."""

    kind: Literal["audit-bundle"]
    model: Identifier
    version: Version


class PrepareProposalRequest(Request):
    """A proposal, to be put together and tried.

    Attributes:
        title: one line.
        body: any text.
    """

    proposer: Address
    title: Annotated[str, StringConstraints(min_length=1, max_length=MAX_TITLE)]
    body: Annotated[str, StringConstraints(max_length=MAX_DESCRIPTION_BYTES)] = ""
    actions: Annotated[list[Action], Field(min_length=1, max_length=MAX_CALLS)]
    evidence: Annotated[list[KeptEvidence | BundleEvidence], Field(max_length=MAX_EVIDENCE)] = (
        Field(default_factory=list)
    )


class PreparedProposal(Answer):
    """A proposal that lacks nothing but its transaction.

    Attributes:
        proposal: the number that it will have.
        transaction: for the proposer to send.
        votes: that the proposer has.
        threshold: that it takes to propose.
    """

    proposal: DecimalString
    class_: Annotated[ClassName, Field(alias="class")]
    description: str
    transaction: TransactionView
    simulation: SimulationView
    evidence: list[EvidenceView]
    audits: list[ReleaseAuditView]
    policy_breaches: list[PolicyBreachView]
    votes: DecimalString
    threshold: DecimalString
