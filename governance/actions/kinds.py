"""What a proposal can do, as somebody would say it: one model for each kind of action.

In JSON an action is `{"action": "<kind>", …}` in camelCase, without unknown fields. Times are
RFC 3339 in whole seconds, amounts decimal strings in the smallest unit (10^18 of them make one
token or one of the chain's coins), shares basis points, digests 0x-hex. A model is named by its id
in the log; one that nobody can name is `#` and the number of its token.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    TypeAdapter,
    ValidationError,
)
from pydantic.alias_generators import to_camel

from governance.parameters import BASIS_POINTS
from ledger.errors import InvalidInput
from ledger.events.bodies.base import Role, describe
from ledger.events.identifiers import (
    Address,
    Bytes32,
    DecimalString,
    Identifier,
    Instant,
    format_instant,
    parse_instant,
)

MAX_CALLDATA_BYTES = 8_192
"""Of one action: what a `proposal.created` event holds."""

MAX_SECONDS = 2**48 - 1


class InvalidAction(InvalidInput):
    """Not an action of any kind, or one with a value that it may not have."""

    code = "invalid-action"
    remedy = "Mend the action's field that the message names; docs/api.md lists the actions."


def _whole_seconds(text: str) -> str:
    millis = parse_instant(text)
    if millis % 1000:
        raise ValueError("a time on chain has whole seconds")
    return format_instant(millis)


def _unique(roles: tuple[Role, ...]) -> tuple[Role, ...]:
    if len(set(roles)) != len(roles):
        raise ValueError("a role is named twice")
    return roles


Second = Annotated[Instant, AfterValidator(_whole_seconds)]
"""RFC 3339, UTC, whole seconds."""

Seconds = Annotated[int, Field(ge=0, le=MAX_SECONDS)]
Roles = Annotated[tuple[Role, ...], Field(max_length=5, strict=False), AfterValidator(_unique)]
Share = Annotated[int, Field(ge=0, le=BASIS_POINTS)]
ClassName = Literal["routine", "membership", "treasury", "constitutional"]
ModelName = Identifier | Annotated[str, StringConstraints(pattern=r"^#(0|[1-9][0-9]{0,77})$")]
PolicyName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{0,31}$")]
"""An identifier that fits in a bytes32."""

HexBytes = Annotated[
    str, StringConstraints(pattern=r"^0x([0-9a-f]{2})*$", max_length=2 + 2 * MAX_CALLDATA_BYTES)
]
Selector = Annotated[str, StringConstraints(pattern=r"^0x[0-9a-f]{8}$")]


class _Action(BaseModel):
    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, alias_generator=to_camel, populate_by_name=True
    )


class Release(_Action):
    """Release a model version, until a time. `record_leaf` names its record in the log."""

    action: Literal["release"] = "release"
    model: ModelName
    record_leaf: Bytes32
    valid_until: Second


class Withdraw(_Action):
    """Take a release back, for good. `reason` is the SHA-256 of a text."""

    action: Literal["withdraw"] = "withdraw"
    model: ModelName
    record_leaf: Bytes32
    reason: Bytes32


class ClearFlag(_Action):
    """Lift an auditor's flag from a record."""

    action: Literal["clear-flag"] = "clear-flag"
    model: ModelName
    record_leaf: Bytes32


class Reassign(_Action):
    """Give a model's token to another developer."""

    action: Literal["reassign"] = "reassign"
    model: ModelName
    developer: Address


class Admit(_Action):
    """Admit a member. `profile_digest` is the SHA-256 of a document that is kept elsewhere."""

    action: Literal["admit"] = "admit"
    member: Address
    roles: Roles
    profile_digest: Bytes32 = "0x" + 64 * "0"


class ChangeRoles(_Action):
    """Give a member exactly these roles."""

    action: Literal["change-roles"] = "change-roles"
    member: Address
    roles: Roles


class ChangeProfile(_Action):
    """Give a member another profile."""

    action: Literal["change-profile"] = "change-profile"
    member: Address
    profile_digest: Bytes32


class RemoveMember(_Action):
    """Remove a member and all their roles; their tokens stay theirs."""

    action: Literal["remove-member"] = "remove-member"
    member: Address


class AdoptPolicy(_Action):
    """Adopt the next version of a policy. `content` is the content id of its text, `parameters`
    what contracts enforce of it.
    """

    action: Literal["adopt-policy"] = "adopt-policy"
    policy: PolicyName
    digest: Bytes32
    content: Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]{0,128}$")]
    parameters: HexBytes = "0x"


class ClassDemand(_Action):
    """How much agreement a class takes, in basis points."""

    quorum: Share
    approval: Annotated[int, Field(ge=BASIS_POINTS // 2, le=BASIS_POINTS)]


class SetClass(_Action):
    """Set how much agreement one class takes."""

    action: Literal["set-class"] = "set-class"
    proposal_class: ClassName
    quorum: Share
    approval: Annotated[int, Field(ge=BASIS_POINTS // 2, le=BASIS_POINTS)]


class SetAllClasses(_Action):
    """Set how much agreement every class takes at once, from routine to constitutional."""

    action: Literal["set-all-classes"] = "set-all-classes"
    classes: Annotated[tuple[ClassDemand, ...], Field(min_length=4, max_length=4, strict=False)]


class SetActionClass(_Action):
    """Set which class a kind of call is of; both zero for plain payments."""

    action: Literal["set-action-class"] = "set-action-class"
    target: Address
    selector: Selector
    proposal_class: ClassName


class SetVotingDelay(_Action):
    """Seconds from a proposal to its snapshot."""

    action: Literal["set-voting-delay"] = "set-voting-delay"
    seconds: Seconds


class SetVotingPeriod(_Action):
    """Seconds from the snapshot to the deadline."""

    action: Literal["set-voting-period"] = "set-voting-period"
    seconds: Annotated[int, Field(ge=0, lt=2**32)]


class SetVoteExtension(_Action):
    """Seconds that stay for voting once the quorum is reached."""

    action: Literal["set-vote-extension"] = "set-vote-extension"
    seconds: Seconds


class SetProposalThreshold(_Action):
    """Votes that it takes to propose."""

    action: Literal["set-proposal-threshold"] = "set-proposal-threshold"
    amount: DecimalString


class SetLeastQuorum(_Action):
    """Share of the supply that any proposal takes."""

    action: Literal["set-least-quorum"] = "set-least-quorum"
    quorum: Share


class SetTimelockDelay(_Action):
    """Seconds from queueing to execution."""

    action: Literal["set-timelock-delay"] = "set-timelock-delay"
    seconds: Seconds


class SetGuardian(_Action):
    """Who may cancel proposals; the zero address for nobody."""

    action: Literal["set-guardian"] = "set-guardian"
    guardian: Address


class Pay(_Action):
    """Pay the chain's own coin from the treasury, in wei."""

    action: Literal["pay"] = "pay"
    to: Address
    amount: DecimalString


class PayToken(_Action):
    """Pay an ERC-20 token from the treasury."""

    action: Literal["pay-token"] = "pay-token"
    token: Address
    to: Address
    amount: DecimalString


class Mint(_Action):
    """Make new voting tokens."""

    action: Literal["mint"] = "mint"
    to: Address
    amount: DecimalString


class RawCall(_Action):
    """Any other call, as it is."""

    action: Literal["call"] = "call"
    target: Address
    value: DecimalString = "0"
    calldata: HexBytes = "0x"


Action = Annotated[
    Release
    | Withdraw
    | ClearFlag
    | Reassign
    | Admit
    | ChangeRoles
    | ChangeProfile
    | RemoveMember
    | AdoptPolicy
    | SetClass
    | SetAllClasses
    | SetActionClass
    | SetVotingDelay
    | SetVotingPeriod
    | SetVoteExtension
    | SetProposalThreshold
    | SetLeastQuorum
    | SetTimelockDelay
    | SetGuardian
    | Pay
    | PayToken
    | Mint
    | RawCall,
    Field(discriminator="action"),
]
_ACTION: TypeAdapter[Action] = TypeAdapter(Action)


def parse_action(value: object) -> Action:
    """An action from its JSON form.

    Raises:
        InvalidAction: naming each field that is wrong and why.
    """
    try:
        return _ACTION.validate_python(value)
    except ValidationError as error:
        raise InvalidAction(describe(error, "The action")) from error
