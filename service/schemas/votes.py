"""Votes and delegations: what is signed, what was counted."""

from __future__ import annotations

from typing import Literal

from governance.votes import ChoiceForm
from ledger.events.canonical import JsonValue
from ledger.events.identifiers import Address, Bytes32, DecimalString, Instant
from service.schemas.base import Answer, Request
from service.schemas.dao import Count, HexData, PlaceView
from service.schemas.proposals import StateName, TallyView

SupportName = Literal["against", "for", "abstain", "split"]
VersionOne = Literal[1]


class PrepareBallotRequest(ChoiceForm):
    """A choice, to be signed."""

    proposal: DecimalString


class BallotView(Answer):
    """A ballot as it is signed; with its `signature` it is what `POST /v1/votes` takes.

    Attributes:
        split: for `split`, and for nothing else.
        nonce: this voter's next one on this proposal.
    """

    proposal: DecimalString
    voter: Address
    support: SupportName
    reason: str
    split: TallyView | None
    nonce: DecimalString


class PreparedBallot(Answer):
    """A ballot that lacks nothing but its signature.

    Attributes:
        typed_data: what `eth_signTypedData_v4` takes.
        digest: the 32 bytes that are signed, for signers that take a hash.
        weight: votes that the voter had at the snapshot.
        used: of these, cast before.
        has_voted: whether any were.
        state: of the proposal.
    """

    ballot: BallotView
    typed_data: dict[str, JsonValue]
    digest: Bytes32
    weight: DecimalString
    used: DecimalString
    has_voted: bool
    state: StateName


class RelayedPlaceView(Answer):
    """Where on the chain something was written. The log tells of it moments later."""

    chain_id: Count
    block_number: Count
    block_hash: Bytes32
    transaction_hash: Bytes32
    log_index: Count


class BallotReceiptView(Answer):
    """What a voter keeps: who has the chain can check every part of it.

    Attributes:
        typed_data: what was signed.
        weight: votes that it cast.
    """

    v: VersionOne
    typed_data: dict[str, JsonValue]
    signature: HexData
    weight: DecimalString
    chain: RelayedPlaceView


class VoteView(Answer):
    """A vote that was counted, as the log tells it.

    Attributes:
        weight: votes that it cast.
        split: how, where it was split.
        reason: anybody's text, to be escaped where it is shown; null where none was given.
        reason_digest: Keccak-256 of the reason on chain, where `reason` is not all of it.
    """

    voter: Address
    support: SupportName
    weight: DecimalString
    split: TallyView | None
    reason: str | None
    reason_digest: Bytes32 | None
    cast_at: Instant
    chain: PlaceView


class RecountView(Answer):
    """A tally, counted again from the chain's raw logs.

    Attributes:
        tally: as counted here.
        told: as the contract tells it.
        agrees: whether nothing is wrong.
        faults: what is.
        ballots: how many were counted.
        block_number: both are as of this block.
    """

    proposal: DecimalString
    tally: TallyView
    told: TallyView
    agrees: bool
    faults: list[str]
    ballots: Count
    block_number: Count


class PrepareDelegationRequest(Request):
    """Who is to vote with whose tokens.

    Attributes:
        delegatee: the delegator itself, to take a delegation back.
        expiry: second until which it can be relayed; an hour from now where it is left out.
    """

    delegator: Address
    delegatee: Address
    expiry: DecimalString | None = None


class DelegationView(Answer):
    """A delegation as it is signed; with its `signature` it is what `POST /v1/delegations` takes.

    Attributes:
        expiry: second until which it can be relayed.
    """

    delegator: Address
    delegatee: Address
    nonce: DecimalString
    expiry: DecimalString


class PreparedDelegation(Answer):
    """A delegation that lacks nothing but its signature; as `PreparedBallot`."""

    delegation: DelegationView
    typed_data: dict[str, JsonValue]
    digest: Bytes32


class DelegationReceiptView(Answer):
    """What a delegator keeps."""

    v: VersionOne
    delegator: Address
    typed_data: dict[str, JsonValue]
    signature: HexData
    chain: RelayedPlaceView
