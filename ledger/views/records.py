"""What the views hold: one dataclass a table, in the words of the bodies.

Every row names the event it comes from by `index`, so an answer as of an earlier size is the same
rows with the later ones left out. Two sorts:
- *entities* (`KEY` names one thing): the present state, replaced when an event changes it;
- *facts* (`KEY` ends in `index` or a position): appended once, never changed. What an entity has
  forgotten, its facts still tell.

Times are milliseconds since the Unix epoch. Lists are tuples, nested JSON is kept as canonical
text, so every row can be hashed, compared and stored in any database.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


class Record:
    """A row of a view.

    Attributes:
        TABLE: name of its table.
        KEY: fields that name it.
        index: of the event that it comes from.
    """

    __slots__ = ()
    TABLE: ClassVar[str]
    KEY: ClassVar[tuple[str, ...]]
    index: int


@dataclass(frozen=True, slots=True)
class LedgerInfo(Record):
    """The ledger itself, from its first leaf. There is one row, `ledger` = "ledger"."""

    TABLE: ClassVar[str] = "ledger_info"
    KEY: ClassVar[tuple[str, ...]] = ("ledger",)

    ledger: str
    origin: str
    chain_id: int
    operator: str
    mirror: str
    log_key: str
    contracts: str
    index: int


@dataclass(frozen=True, slots=True)
class Member(Record):
    """An organisation that takes part. `roles` is what it may do now; none once removed."""

    TABLE: ClassVar[str] = "member"
    KEY: ClassVar[tuple[str, ...]] = ("member",)

    member: str
    name: str | None
    roles: tuple[str, ...]
    profile: str | None
    active: bool
    index: int


@dataclass(frozen=True, slots=True)
class MemberChange(Record):
    """Fact: the member's roles from this event on."""

    TABLE: ClassVar[str] = "member_change"
    KEY: ClassVar[tuple[str, ...]] = ("index", "member")

    index: int
    member: str
    change: str
    roles: tuple[str, ...]
    active: bool
    recorded_at: int


@dataclass(frozen=True, slots=True)
class AuthorizedKey(Record):
    """A key that signs on a member's behalf. It belongs to one member for ever."""

    TABLE: ClassVar[str] = "authorized_key"
    KEY: ClassVar[tuple[str, ...]] = ("key",)

    key: str
    member: str
    kinds: tuple[str, ...]
    until: int
    label: str | None
    revoked_index: int | None
    index: int


@dataclass(frozen=True, slots=True)
class Dataset(Record):
    """A dataset with its terms. `usage` is the canonical JSON of the body's usage."""

    TABLE: ClassVar[str] = "dataset"
    KEY: ClassVar[tuple[str, ...]] = ("dataset",)

    dataset: str
    title: str
    description: str | None
    license: str
    usage: str
    personal_data: bool
    steward: str
    withdrawn_index: int | None
    withdrawn_at: int | None
    index: int


@dataclass(frozen=True, slots=True)
class Stewardship(Record):
    """Fact: who answers for the dataset from this event on."""

    TABLE: ClassVar[str] = "stewardship"
    KEY: ClassVar[tuple[str, ...]] = ("index", "dataset")

    index: int
    dataset: str
    steward: str


@dataclass(frozen=True, slots=True)
class DatasetVersion(Record):
    """The exact bytes of one version. `digests` holds the SHA-256 of each file, in order."""

    TABLE: ClassVar[str] = "dataset_version"
    KEY: ClassVar[tuple[str, ...]] = ("dataset", "version")

    dataset: str
    version: str
    distribution: str
    digests: tuple[str, ...]
    record_count: int | None
    croissant: str | None
    revision_of: str | None
    index: int


@dataclass(frozen=True, slots=True)
class AccessRequest(Record):
    """A request and what became of it: `open`, `returned`, `denied`, `granted`."""

    TABLE: ClassVar[str] = "access_request"
    KEY: ClassVar[tuple[str, ...]] = ("request",)

    request: str
    dataset: str
    requester: str
    actions: tuple[str, ...]
    purpose: str
    until: int
    justification: str | None
    status: str
    decided_index: int | None
    index: int


@dataclass(frozen=True, slots=True)
class Grant(Record):
    """Who may do what with which dataset, as it stands now.

    Attributes:
        granted_by: the member that granted: the steward, or a delegable grant's assignee.
        versions: covered versions; all where None.
        purpose, constraints: canonical JSON of the body's fields.
        not_before, expires_at: with renewals applied.
        status: `active`, `suspended`, `revoked` or `expired` as recorded; time is judged when
            asked.
    """

    TABLE: ClassVar[str] = "access_grant"
    KEY: ClassVar[tuple[str, ...]] = ("grant",)

    grant: str
    dataset: str
    granted_by: str
    assignee: str
    actions: tuple[str, ...]
    purpose: str
    constraints: str
    versions: tuple[str, ...] | None
    not_before: int
    expires_at: int
    request: str | None
    terms: str | None
    delegable: bool
    parent: str | None
    status: str
    index: int


@dataclass(frozen=True, slots=True)
class GrantChange(Record):
    """Fact: what happened to a grant: `granted`, `renewed`, `suspended`, `resumed`, `revoked`,
    `expired`.

    Attributes:
        effective_at: from when it counts.
        expires_at: the end that holds from `effective_at` on, for granted and renewed.
        effect: `prospective` or `retroactive`, for revoked.
    """

    TABLE: ClassVar[str] = "grant_change"
    KEY: ClassVar[tuple[str, ...]] = ("index", "grant")

    index: int
    grant: str
    change: str
    effective_at: int
    expires_at: int | None
    effect: str | None
    recorded_at: int


@dataclass(frozen=True, slots=True)
class Use(Record):
    """Fact: data was used under a grant."""

    TABLE: ClassVar[str] = "access_use"
    KEY: ClassVar[tuple[str, ...]] = ("index",)

    index: int
    grant: str
    user: str
    action: str
    purpose: str
    run: str | None
    records: int | None
    bytes: int | None
    recorded_at: int


@dataclass(frozen=True, slots=True)
class Emergency(Record):
    """Break-glass access and its review. `verdict` is None until the steward has looked."""

    TABLE: ClassVar[str] = "emergency"
    KEY: ClassVar[tuple[str, ...]] = ("emergency",)

    emergency: str
    dataset: str
    opened_by: str
    until: int
    justification: str
    verdict: str | None
    reviewed_index: int | None
    index: int


@dataclass(frozen=True, slots=True)
class Run(Record):
    """A training run: `started`, `completed` or `failed`.

    Attributes:
        index: its first event.
        ended_index: the event that ended it.
        recorded_at: when its first event was recorded.
        inputs_manifest: SHA-256 of the manifest that lists further inputs.
    """

    TABLE: ClassVar[str] = "run"
    KEY: ClassVar[tuple[str, ...]] = ("run",)

    run: str
    job: str
    developer: str
    status: str
    started_at: int
    ended_at: int | None
    inputs_manifest: str | None
    ended_index: int | None
    recorded_at: int
    index: int


@dataclass(frozen=True, slots=True)
class RunChange(Record):
    """Fact: what one event says of a run: it `started`, `completed` or `failed`.

    Attributes:
        developer: the member whose act the event is.
        inputs_manifest: as of `Run`.
        spatial: where the run took place, by the entry `spatial` of its environment.
    """

    TABLE: ClassVar[str] = "run_change"
    KEY: ClassVar[tuple[str, ...]] = ("index", "run")

    index: int
    run: str
    change: str
    developer: str
    started_at: int
    ended_at: int | None
    inputs_manifest: str | None
    spatial: str | None
    recorded_at: int


@dataclass(frozen=True, slots=True)
class RunInput(Record):
    """Fact: what a run read, as one of its events says. `node` is the lineage node of the input."""

    TABLE: ClassVar[str] = "run_input"
    KEY: ClassVar[tuple[str, ...]] = ("index", "position")

    index: int
    position: int
    run: str
    node: str
    grant: str | None
    digest: str | None


@dataclass(frozen=True, slots=True)
class RunOutput(Record):
    """Fact: what a run made."""

    TABLE: ClassVar[str] = "run_output"
    KEY: ClassVar[tuple[str, ...]] = ("index", "position")

    index: int
    position: int
    run: str
    node: str
    digest: str


@dataclass(frozen=True, slots=True)
class Model(Record):
    """A model and its owner."""

    TABLE: ClassVar[str] = "model"
    KEY: ClassVar[tuple[str, ...]] = ("model",)

    model: str
    title: str
    owner: str
    license: str
    task: str | None
    index: int


@dataclass(frozen=True, slots=True)
class ModelVersion(Record):
    """The exact bytes of one version. `leaf_hash` (hex) is what a release proposal names."""

    TABLE: ClassVar[str] = "model_version"
    KEY: ClassVar[tuple[str, ...]] = ("model", "version")

    model: str
    version: str
    digest: str
    artifact: str
    relation: str
    run: str | None
    base: tuple[str, ...]
    card: str | None
    leaf_hash: str
    index: int


@dataclass(frozen=True, slots=True)
class ReleaseChange(Record):
    """Fact: the DAO released a model version or took that back, as the mirror recorded it."""

    TABLE: ClassVar[str] = "release_change"
    KEY: ClassVar[tuple[str, ...]] = ("index", "model")

    index: int
    model: str
    version: str | None
    change: str
    record_leaf: str
    valid_until: int | None
    recorded_at: int


@dataclass(frozen=True, slots=True)
class Proposal(Record):
    """A proposal and its count of votes, as the contracts' logs tell it.

    Attributes:
        proposal_class: `routine`, `membership`, `treasury` or `constitutional`.
        description: content id of the whole text; `description_hash` is its Keccak-256.
        calls: canonical JSON of the body's calls; `calls_omitted` more did not fit.
        vote_start, vote_end: as it was made; only the chain knows of a late extension.
        status: the last thing that happened: `created`, `queued`, `executed`, `canceled`. Whether a
            vote is open or lost depends on the time.
        eta: when the timelock may execute it, once queued.
        votes_against, votes_for, votes_abstain: decimal, in the token's smallest unit.
        ballots: how many were counted.
    """

    TABLE: ClassVar[str] = "proposal"
    KEY: ClassVar[tuple[str, ...]] = ("proposal",)

    proposal: str
    proposer: str
    proposal_class: str | None
    title: str | None
    description: str | None
    description_hash: str
    calls: str
    calls_omitted: int
    vote_start: int
    vote_end: int
    status: str
    eta: int | None
    votes_against: str
    votes_for: str
    votes_abstain: str
    ballots: int
    index: int


@dataclass(frozen=True, slots=True)
class ProposalChange(Record):
    """Fact: a proposal was `created`, `queued`, `executed` or `canceled`. `at` is chain time."""

    TABLE: ClassVar[str] = "proposal_change"
    KEY: ClassVar[tuple[str, ...]] = ("index", "proposal")

    index: int
    proposal: str
    change: str
    eta: int | None
    at: int
    recorded_at: int


@dataclass(frozen=True, slots=True)
class Ballot(Record):
    """Fact: a ballot was counted.

    Attributes:
        support: 0 against, 1 for, 2 abstaining, 255 split.
        weight: votes of this ballot, decimal; `votes_…` say where they went.
        at: chain time.
    """

    TABLE: ClassVar[str] = "ballot"
    KEY: ClassVar[tuple[str, ...]] = ("index", "proposal")

    index: int
    proposal: str
    voter: str
    support: int
    weight: str
    votes_against: str
    votes_for: str
    votes_abstain: str
    reason: str | None
    reason_digest: str | None
    at: int
    recorded_at: int


@dataclass(frozen=True, slots=True)
class PolicyVersion(Record):
    """A version of a policy, in force from its adoption to that of the next one.

    Attributes:
        digest: SHA-256 of its text, hex.
        content: content id of the text.
        parameters: what contracts enforce of it, 0x-hex.
        adopted_at: chain time.
    """

    TABLE: ClassVar[str] = "policy_version"
    KEY: ClassVar[tuple[str, ...]] = ("policy", "version")

    policy: str
    version: int
    digest: str
    content: str | None
    parameters: str | None
    adopted_at: int
    recorded_at: int
    index: int


@dataclass(frozen=True, slots=True)
class TokenHolder(Record):
    """What an account holds, and how many votes it has, as the token's logs add up.

    Attributes:
        balance: decimal, in the token's smallest unit.
        delegate: who votes with it; None where nobody does.
        power: votes that this account has, its own and those delegated to it.
        index: of the last event that changed any of it.
    """

    TABLE: ClassVar[str] = "token_holder"
    KEY: ClassVar[tuple[str, ...]] = ("holder",)

    holder: str
    balance: str
    delegate: str | None
    power: str
    index: int


@dataclass(frozen=True, slots=True)
class TokenTransfer(Record):
    """Fact: voting tokens moved; the zero address mints and burns. `at` is chain time."""

    TABLE: ClassVar[str] = "token_transfer"
    KEY: ClassVar[tuple[str, ...]] = ("index",)

    index: int
    sender: str
    recipient: str
    amount: str
    at: int
    recorded_at: int


@dataclass(frozen=True, slots=True)
class Delegation(Record):
    """Fact: somebody votes for the delegator from now on; the zero address: nobody."""

    TABLE: ClassVar[str] = "delegation"
    KEY: ClassVar[tuple[str, ...]] = ("index",)

    index: int
    delegator: str
    from_delegate: str
    to_delegate: str
    at: int
    recorded_at: int


@dataclass(frozen=True, slots=True)
class Edge(Record):
    """Fact: a PROV relation from `source` to `target`, both lineage nodes.

    A node is `dataset:<id>@<version>`, `model:<id>@<version>`, `run:<id>`, `grant:<id>` or
    `agent:<address>`.
    """

    TABLE: ClassVar[str] = "edge"
    KEY: ClassVar[tuple[str, ...]] = ("index", "position")

    index: int
    position: int
    relation: str
    source: str
    target: str


@dataclass(frozen=True, slots=True)
class ChainEvent(Record):
    """Fact: what the mirror took from the chain.

    One row a contract log, so that none is mirrored twice.
    """

    TABLE: ClassVar[str] = "chain_event"
    KEY: ClassVar[tuple[str, ...]] = ("chain_id", "block_hash", "log_index")

    chain_id: int
    block_hash: str
    log_index: int
    block_number: int
    transaction_hash: str
    contract: str
    kind: str
    subject: str
    index: int


@dataclass(frozen=True, slots=True)
class Erasure(Record):
    """Fact: an opening was destroyed. A commitment listed here reads as redacted."""

    TABLE: ClassVar[str] = "erasure"
    KEY: ClassVar[tuple[str, ...]] = ("commitment",)

    commitment: str
    erasure: str
    index: int


RECORDS: tuple[type[Record], ...] = (
    LedgerInfo,
    Member,
    MemberChange,
    AuthorizedKey,
    Dataset,
    Stewardship,
    DatasetVersion,
    AccessRequest,
    Grant,
    GrantChange,
    Use,
    Emergency,
    Run,
    RunChange,
    RunInput,
    RunOutput,
    Model,
    ModelVersion,
    ReleaseChange,
    Proposal,
    ProposalChange,
    Ballot,
    PolicyVersion,
    TokenHolder,
    TokenTransfer,
    Delegation,
    Edge,
    ChainEvent,
    Erasure,
)
"""Every view, in the order in which they are created."""


def dataset_node(dataset: str, version: str) -> str:
    """Lineage node of a dataset version."""
    return f"dataset:{dataset}@{version}"


def model_node(model: str, version: str) -> str:
    """Lineage node of a model version."""
    return f"model:{model}@{version}"


def split_node(node: str) -> tuple[str, str, str]:
    """`dataset:d@1` → `("dataset", "d", "1")`; nodes without a version give an empty one."""
    sort, _, rest = node.partition(":")
    name, _, version = rest.partition("@")
    return sort, name, version
