"""Ballots and delegations: what members sign, and its form in JSON."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
)

from governance.votes.errors import InvalidBallot
from ledger.events.bodies.base import describe
from ledger.events.bodies.governance import MAX_REASON
from ledger.events.identifiers import Address, DecimalString

_NONCE_KEY_BITS = 192
_UINT128 = 2**128


class Support(IntEnum):
    """`GovernorCountingFractional`'s kinds of vote."""

    AGAINST = 0
    FOR = 1
    ABSTAIN = 2
    SPLIT = 255


SupportName = Literal["against", "for", "abstain", "split"]


@dataclass(frozen=True, slots=True)
class Split:
    """Votes split between the choices, in the token's smallest unit, each below 2^128."""

    against: int
    in_favour: int
    abstaining: int

    @property
    def total(self) -> int:
        """All of them."""
        return self.against + self.in_favour + self.abstaining

    def encode(self) -> bytes:
        """`abi.encodePacked(uint128 against, uint128 for, uint128 abstain)`."""
        shares = (self.against, self.in_favour, self.abstaining)
        return b"".join(each.to_bytes(16) for each in shares)


@dataclass(frozen=True, slots=True)
class Ballot:
    """What a voter signs.

    Attributes:
        proposal_id: the governor's number.
        support: the choice.
        voter: EIP-55.
        nonce: the next one of this voter and proposal, see `first_nonce`.
        reason: anything, up to MAX_REASON characters; public for ever.
        split: for `Support.SPLIT`, and for nothing else.

    Raises:
        InvalidBallot: it could never count.
    """

    proposal_id: int
    support: Support
    voter: str
    nonce: int
    reason: str = ""
    split: Split | None = None

    def __post_init__(self) -> None:
        if (self.support is Support.SPLIT) != (self.split is not None):
            raise InvalidBallot("a split ballot says how it is split, and no other does")
        if self.split is not None and not self.split.total > 0:
            raise InvalidBallot("a split ballot casts at least one vote")
        if self.split is not None and not all(
            0 <= each < _UINT128
            for each in (self.split.against, self.split.in_favour, self.split.abstaining)
        ):
            raise InvalidBallot("each share of a split ballot is below 2^128")
        if self.nonce >> 64 != self.proposal_id % 2**_NONCE_KEY_BITS:
            raise InvalidBallot(
                "this nonce is not one of this proposal's: ask for the ballot again and sign that"
            )
        if len(self.reason) > MAX_REASON:
            raise InvalidBallot(f"a reason has at most {MAX_REASON} characters")
        if not self.reason.isascii():
            try:
                self.reason.encode()
            except UnicodeEncodeError as error:
                raise InvalidBallot("a reason holds no lone surrogates") from error

    @property
    def params(self) -> bytes:
        """What the contract takes as `params`: empty, or 48 bytes."""
        return b"" if self.split is None else self.split.encode()

    @property
    def is_extended(self) -> bool:
        """Whether it is an ExtendedBallot, with reason and params, or a plain Ballot."""
        return bool(self.reason) or self.split is not None


@dataclass(frozen=True, slots=True)
class SignedBallot:
    """A ballot with its voter's signature: 65 bytes r, s, v; or what a contract wallet takes."""

    ballot: Ballot
    signature: bytes


@dataclass(frozen=True, slots=True)
class Delegation:
    """What a holder signs to let somebody else vote with their tokens.

    Attributes:
        delegator: EIP-55; not part of what is signed, but who must have signed it.
        delegatee: EIP-55; oneself to take it back.
        nonce: the token's next one of the delegator.
        expiry: second until which it can be relayed.
    """

    delegator: str
    delegatee: str
    nonce: int
    expiry: int


@dataclass(frozen=True, slots=True)
class SignedDelegation:
    """A delegation with its delegator's signature: 65 bytes r, s, v."""

    delegation: Delegation
    signature: bytes


def first_nonce(proposal_id: int) -> int:
    """The first nonce of everybody's ballots on a proposal; the next ones follow it.

    `(uint192(proposalId) << 64) | n`, `GovernorNoncesKeyed`: ballots on several proposals can be
    signed at once and relayed in any order.
    """
    key = proposal_id & ((1 << _NONCE_KEY_BITS) - 1)
    return key << 64


# JSON


class _Form(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


Signature = Annotated[
    str, StringConstraints(pattern=r"^0x([0-9a-f]{2})*$", max_length=2 + 2 * 4096)
]


class SplitForm(_Form):
    """Votes in the token's smallest unit, as decimal strings."""

    against: DecimalString = "0"
    for_: Annotated[DecimalString, Field(alias="for")] = "0"
    abstain: DecimalString = "0"


class ChoiceForm(_Form):
    """A choice before it has a nonce: what a voter says when asking what to sign."""

    voter: Address
    support: SupportName
    reason: Annotated[str, StringConstraints(max_length=MAX_REASON)] = ""
    split: SplitForm | None = None

    def to_ballot(self, proposal_id: int, nonce: int) -> Ballot:
        """The ballot to sign.

        Raises:
            InvalidBallot: support and split do not go together.
        """
        split = None
        if self.split is not None:
            form = self.split
            split = Split(int(form.against), int(form.for_), int(form.abstain))
        support = Support[self.support.upper()]
        return Ballot(proposal_id, support, self.voter, nonce, self.reason, split)


class SignedBallotForm(ChoiceForm):
    """A signed ballot in JSON."""

    proposal: DecimalString
    nonce: DecimalString
    signature: Signature

    def to_signed_ballot(self) -> SignedBallot:
        """The ballot with its signature.

        Raises:
            InvalidBallot: it could never count.
        """
        ballot = self.to_ballot(int(self.proposal), int(self.nonce))
        return SignedBallot(ballot, bytes.fromhex(self.signature[2:]))


class SignedDelegationForm(_Form):
    """A signed delegation in JSON; `expiry` in seconds since 1970."""

    delegator: Address
    delegatee: Address
    nonce: DecimalString
    expiry: DecimalString
    signature: Annotated[str, StringConstraints(pattern=r"^0x[0-9a-f]{130}$")]

    def to_signed_delegation(self) -> SignedDelegation:
        """The delegation with its signature."""
        delegation = Delegation(self.delegator, self.delegatee, int(self.nonce), int(self.expiry))
        return SignedDelegation(delegation, bytes.fromhex(self.signature[2:]))


def parse_signed_ballot(value: object) -> SignedBallot:
    """A signed ballot from its JSON form.

    Raises:
        InvalidBallot: naming what is wrong.
    """
    try:
        return SignedBallotForm.model_validate(value).to_signed_ballot()
    except ValidationError as error:
        raise InvalidBallot(describe(error, "The ballot")) from error


def parse_signed_delegation(value: object) -> SignedDelegation:
    """A signed delegation from its JSON form.

    Raises:
        InvalidBallot: naming what is wrong.
    """
    try:
        return SignedDelegationForm.model_validate(value).to_signed_delegation()
    except ValidationError as error:
        raise InvalidBallot(describe(error, "The delegation")) from error
