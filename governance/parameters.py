"""What a DAO is founded with: members, tokens, times, and how much agreement each class takes.

These are the arguments of the contracts' constructors, and no more: from then on the DAO changes
them by vote, and the chain is where the present values are read.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import Annotated, Literal, Self, TypeAlias, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from governance.contracts import ContractName
from ledger.errors import InvalidInput
from ledger.events.bodies.base import Role
from ledger.events.identifiers import Address, Bytes32
from ledger.keccak import keccak

BASIS_POINTS = 10_000
ZERO_ADDRESS = "0x" + 40 * "0"
MEMBERS: Literal["members"] = "members"
"""For the guardian: nobody but the members, by vote. On the chain it is the timelock."""

Guardian: TypeAlias = Address | Literal["members"]
ROLES: tuple[Role, ...] = get_args(Role)
"""In the order of the contract's `memberRoles`."""


class InvalidParameters(InvalidInput):
    """The parameters contradict themselves, or what the contracts accept."""

    code = "invalid-dao-parameters"
    remedy = "Change the parameter that the message names."


class ProposalClass(IntEnum):
    """As in `ProposalClasses.sol`, from the least to the most demanding."""

    ROUTINE = 0
    MEMBERSHIP = 1
    TREASURY = 2
    CONSTITUTIONAL = 3


ACTION_CLASSES: Mapping[tuple[ContractName, str], ProposalClass] = {
    ("ModelRegistry", "release"): ProposalClass.ROUTINE,
    ("ModelRegistry", "withdraw"): ProposalClass.ROUTINE,
    ("ModelRegistry", "clearFlag"): ProposalClass.ROUTINE,
    ("MembershipRegistry", "admit"): ProposalClass.MEMBERSHIP,
    ("MembershipRegistry", "changeRoles"): ProposalClass.MEMBERSHIP,
    ("MembershipRegistry", "changeProfile"): ProposalClass.MEMBERSHIP,
    ("MembershipRegistry", "remove"): ProposalClass.MEMBERSHIP,
    ("ModelRegistry", "reassign"): ProposalClass.TREASURY,
    ("ConcordToken", "transfer"): ProposalClass.TREASURY,
}
"""The classes set at deployment. All that is not here is CONSTITUTIONAL: policies, for they decide
what a release takes; minting, for whoever mints outvotes; ownership, and the rules themselves."""

PAYMENT_CLASS = ProposalClass.TREASURY
"""Of a call that sends value."""


def role_id(role: Role) -> bytes:
    """A role's id in `MembershipRegistry`, 32 bytes."""
    return keccak(f"{role.upper()}_ROLE".encode())


class _Value(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


Share = Annotated[int, Field(ge=0, le=BASIS_POINTS)]
Seconds = Annotated[int, Field(ge=0, lt=2**32)]
Amount = Annotated[int, Field(ge=0, lt=2**208)]
"""In the token's smallest unit; 18 decimals make one token."""


class ClassParameters(_Value):
    """What a class of proposals takes, in basis points.

    Attributes:
        quorum: votes for and abstaining, of the supply.
        approval: votes for, of those for and against.
    """

    quorum: Share
    approval: Annotated[int, Field(ge=BASIS_POINTS // 2, le=BASIS_POINTS)]


class Founder(_Value):
    """A member from the start.

    Attributes:
        member: account.
        roles: held from the start.
        profile_digest: SHA-256 of the member's profile, 0x-hex.
        tokens: allocated at deployment.
    """

    member: Address
    roles: tuple[Role, ...] = ()
    profile_digest: Bytes32 = "0x" + 64 * "0"
    tokens: Amount = 0


class DaoParameters(_Value):
    """Everything the constructors take that is not another contract.

    Attributes:
        origin: the log's origin line, whose digest names the log in `AnchorRegistry`.
        founders: members from the start.
        governor_name: EIP-712 domain name of ballots, at most 31 bytes.
        token_name: EIP-712 domain name of delegations.
        token_cap: the supply never exceeds it.
        voting_delay: seconds from a proposal to its snapshot.
        voting_period: seconds from the snapshot to the deadline.
        vote_extension: seconds that stay for voting once the quorum is reached.
        timelock_delay: seconds from queueing to execution.
        proposal_threshold: voting power that it takes to propose.
        least_quorum: basis points of the supply that any proposal takes.
        classes: what each class takes; each at least as much as the one before it.
        guardian: may cancel proposals until they are executed, beside their proposers while they
            are pending. `MEMBERS` lets nobody undo alone what was carried. The zero address stands
            for no guardian, and then proposers cancel their own, carried ones too.
    """

    origin: Annotated[str, Field(min_length=1)]
    founders: Annotated[tuple[Founder, ...], Field(min_length=1)]
    governor_name: str = "Concord Governor"
    token_name: str = "Concord"  # noqa: S105 - no secret
    token_symbol: str = "CCD"  # noqa: S105
    token_cap: Annotated[int, Field(gt=0, lt=2**208)] = 1_000_000_000 * 10**18
    voting_delay: Seconds = 86_400
    voting_period: Annotated[int, Field(gt=0, lt=2**32)] = 7 * 86_400
    vote_extension: Seconds = 86_400
    timelock_delay: Seconds = 2 * 86_400
    proposal_threshold: Amount = 10**18
    least_quorum: Share = 1_000
    classes: Mapping[ProposalClass, ClassParameters] = {
        ProposalClass.ROUTINE: ClassParameters(quorum=2_000, approval=5_000),
        ProposalClass.MEMBERSHIP: ClassParameters(quorum=3_000, approval=5_000),
        ProposalClass.TREASURY: ClassParameters(quorum=3_000, approval=6_000),
        ProposalClass.CONSTITUTIONAL: ClassParameters(quorum=4_000, approval=6_667),
    }
    guardian: Guardian = MEMBERS

    @model_validator(mode="after")
    def _check(self) -> Self:
        if len(self.governor_name.encode()) > 31 or len(self.token_name.encode()) > 31:
            raise ValueError("a name in an EIP-712 domain has at most 31 bytes")
        members = [founder.member for founder in self.founders]
        if len(set(members)) != len(members):
            raise ValueError("a founder is named twice")
        if sum(founder.tokens for founder in self.founders) > self.token_cap:
            raise ValueError("the founders' tokens exceed token_cap")
        if max(founder.tokens for founder in self.founders) < self.proposal_threshold:
            raise ValueError("no founder's tokens reach proposal_threshold: nobody could propose")
        if self.vote_extension > self.voting_period:
            raise ValueError("vote_extension exceeds voting_period")
        self._check_classes()
        return self

    def _check_classes(self) -> None:
        if set(self.classes) != set(ProposalClass):
            raise ValueError("classes must name every class")
        for lower, upper in zip(ProposalClass, list(ProposalClass)[1:], strict=False):
            weaker, stricter = self.classes[lower], self.classes[upper]
            if stricter.quorum < weaker.quorum or stricter.approval < weaker.approval:
                raise ValueError(f"{upper.name} takes less than {lower.name}")


def parse_parameters(document: str) -> DaoParameters:
    """Read parameters from JSON.

    Raises:
        InvalidParameters: something is missing, unknown or out of range; the message says what.
    """
    try:
        return DaoParameters.model_validate_json(document)
    except ValidationError as error:
        raise InvalidParameters(f"the DAO's parameters are not valid: {error}") from error
