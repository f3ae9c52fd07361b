"""What the contracts decided, as the mirror appends it, and what the operator erased.

`chain` says where on chain it happened. Amounts are decimal strings of the token's smallest unit;
token ids and proposal ids are decimal strings because they exceed 2^53. Times beyond the year 9999
are written as its last second.

Anyone who may propose or vote chooses what is said on chain. What does not fit a body is left out
or shortened, always in the same way, and what stands here says so: a proposal's id commits to all
of its calls and to its description, a reason's digest to the reason.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from ledger.events.bodies.base import (
    Body,
    ChainReference,
    Count,
    Text,
    Title,
    Value,
    Version,
    counted,
    event_kind,
)
from ledger.events.identifiers import (
    Address,
    Bytes32,
    Cid,
    DecimalString,
    Identifier,
    Instant,
)
from ledger.events.sealed import Commitment

MAX_CALLS = 32
MAX_DATA_BYTES = 8_192
MAX_REASON = 4_000
"""Characters of a vote's reason."""

HexData = Annotated[
    str, StringConstraints(pattern=r"^0x([0-9a-f]{2})*$", max_length=2 + 2 * MAX_DATA_BYTES)
]
ProposalClassName = Literal["routine", "membership", "treasury", "constitutional"]
"""From the least to the most demanding."""


class MirrorBody(Body):
    """What a contract's log says, with where on chain it says so."""

    chain: ChainReference


class ProposedCall(Value):
    """One call that a proposal makes when it is executed. `value` is in wei.

    `calldata` is absent where it is longer than a leaf can hold.
    """

    target: Address
    value: DecimalString
    calldata: HexData | None = None


@event_kind("proposal.created", subject="proposal")
class ProposalCreated(MirrorBody):
    """A proposal stands. Its description is named by `descriptionHash` (Keccak-256) and, where it
    is kept, its content id; `callsOmitted` counts the calls beyond the first `MAX_CALLS`.
    """

    proposal: DecimalString
    proposer: Address
    calls: Annotated[list[ProposedCall], Field(max_length=MAX_CALLS)]
    description_hash: Bytes32
    vote_start: Instant
    vote_end: Instant
    title: Title | None = None
    description: Cid | None = None
    proposal_class: ProposalClassName | None = None
    calls_omitted: Count | None = None

    def summary(self) -> str:
        return f"Proposal {self.proposal} was created by {self.proposer}."


_BALLOTS = {0: "voted against", 1: "voted for", 2: "abstained on", 255: "split its votes on"}
"""OpenZeppelin's GovernorCountingFractional."""


@event_kind("vote.cast", subject="proposal")
class VoteCast(MirrorBody):
    """A ballot was counted. `params` holds fractional votes: against, for and abstaining, 16 bytes
    each.

    `reasonDigest` is the Keccak-256 of the reason on chain, where `reason` is not all of it as it
    is there.
    """

    proposal: DecimalString
    voter: Address
    support: Annotated[int, Field(ge=0, le=255)]
    weight: DecimalString
    reason: Annotated[str, StringConstraints(max_length=MAX_REASON)] | None = None
    params: HexData | None = None
    reason_digest: Bytes32 | None = None

    def summary(self) -> str:
        did = _BALLOTS.get(self.support, "voted on")
        return f"{self.voter} {did} proposal {self.proposal} with weight {self.weight}."


@event_kind("proposal.queued", subject="proposal")
class ProposalQueued(MirrorBody):
    """The timelock may execute it from `eta` on."""

    proposal: DecimalString
    eta: Instant

    def summary(self) -> str:
        return f"Proposal {self.proposal} was queued until {self.eta}."


@event_kind("proposal.executed", subject="proposal")
class ProposalExecuted(MirrorBody):
    """Its calls were made."""

    proposal: DecimalString

    def summary(self) -> str:
        return f"Proposal {self.proposal} was executed."


@event_kind("proposal.canceled", subject="proposal")
class ProposalCanceled(MirrorBody):
    """It will never be executed."""

    proposal: DecimalString

    def summary(self) -> str:
        return f"Proposal {self.proposal} was canceled."


@event_kind("policy.adopted", subject="policy")
class PolicyAdopted(MirrorBody):
    """A policy holds from now on, until its next version.

    `parameters` is the part of it that contracts enforce; absent where it is longer than
    `MAX_DATA_BYTES`.
    """

    policy: Identifier
    version: Count
    digest: Bytes32
    content: Cid | None = None
    parameters: HexData | None = None

    def summary(self) -> str:
        return f"Version {self.version} of policy {self.policy} was adopted."


@event_kind("model.released", subject="model")
class ModelReleased(MirrorBody):
    """The DAO released the model version whose record is the leaf `recordLeaf`, under the release
    policy `policyVersion`; 0 where there was none.
    """

    model: Identifier
    record_leaf: Bytes32
    valid_until: Instant
    version: Version | None = None
    policy_version: Count | None = None

    def summary(self) -> str:
        return f"Model {self.model} was released by vote: record {self.record_leaf}."


@event_kind("model.withdrawn", subject="model")
class ModelWithdrawn(MirrorBody):
    """The DAO took a release back, for a reason whose digest it named."""

    model: Identifier
    record_leaf: Bytes32
    version: Version | None = None
    reason_digest: Bytes32 | None = None

    def summary(self) -> str:
        return f"The release of model {self.model} was withdrawn: record {self.record_leaf}."


@event_kind("token.transferred", subject="to")
class TokenTransferred(MirrorBody):
    """Voting tokens changed hands; the zero address mints and burns."""

    sender: Annotated[Address, Field(alias="from")]
    to: Address
    amount: DecimalString

    def summary(self) -> str:
        return f"{self.amount} token units moved from {self.sender} to {self.to}."


@event_kind("delegation.changed", subject="delegator")
class DelegationChanged(MirrorBody):
    """Somebody else votes with the delegator's power from now on."""

    delegator: Address
    from_delegate: Address
    to_delegate: Address

    def summary(self) -> str:
        return f"{self.delegator} delegated its votes to {self.to_delegate}."


@event_kind("erasure.performed", subject="erasure")
class ErasurePerformed(Body):
    """Openings were destroyed on the controller's order; the commitments stand and open nothing any
    more.
    """

    erasure: Identifier
    commitments: Annotated[list[Commitment], Field(min_length=1, max_length=1000)]
    legal_basis: Text

    def summary(self) -> str:
        values = counted(len(self.commitments), "sealed value")
        return f"Record erasure {self.erasure} of {values}."
