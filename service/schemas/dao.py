"""What answers about the DAO share: amounts, places on the chain, transactions; and the DAO itself.

Amounts are decimal strings in the token's smallest unit, shares basis points, times of the chain
RFC 3339 in whole seconds.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from governance.parameters import BASIS_POINTS
from ledger.events.canonical import MAX_SAFE_INTEGER
from ledger.events.identifiers import Address, Bytes32, DecimalString, Instant
from service.schemas.base import Answer, Index

ClassName = Literal["routine", "membership", "treasury", "constitutional"]
"""From the least to the most demanding."""

Count = Annotated[int, Field(ge=0, le=MAX_SAFE_INTEGER)]
Seconds = Annotated[int, Field(ge=0, le=MAX_SAFE_INTEGER)]
Share = Annotated[int, Field(ge=0, le=BASIS_POINTS)]
Quantity = Annotated[str, StringConstraints(pattern=r"^0x(0|[1-9a-f][0-9a-f]*)$")]
"""A number as JSON-RPC writes it."""

HexData = Annotated[str, StringConstraints(pattern=r"^0x([0-9a-f]{2})*$")]


class PlaceView(Answer):
    """Where on the chain something was written, and in the log.

    Attributes:
        index: of the event that tells of it; null while the mirror has not told it yet.
    """

    block_number: Count
    transaction_hash: Bytes32
    log_index: Count
    index: Index | None


class DatedPlaceView(PlaceView):
    """The same, with when."""

    at: Instant


class TransactionView(Answer):
    """What `eth_sendTransaction` takes. Anyone can send it where `from` is null."""

    chain_id: Count
    sender: Annotated[Address | None, Field(alias="from")]
    to: Address
    value: Quantity
    data: HexData
    gas: Quantity


class ContractsView(Answer):
    """Addresses of the contracts."""

    token: Address
    governor: Address
    timelock: Address
    members: Address
    policies: Address
    models: Address
    anchors: Address


class TokenView(Answer):
    """The voting token; 10^`decimals` of its smallest units are one token."""

    name: str
    symbol: str
    decimals: Literal[18]
    supply: DecimalString


class ClassView(Answer):
    """What a class of proposals takes.

    Attributes:
        quorum: votes for and abstaining, of the supply.
        approval: votes for, of those for and against.
    """

    class_: Annotated[ClassName, Field(alias="class")]
    quorum: Share
    approval: Share


class DaoView(Answer):
    """The DAO: where it is, and its rules as the votes have left them.

    Attributes:
        rpc: JSON-RPC of its chain, as this service offers it.
        is_embedded: whether the chain runs in this service: members alone send transactions there,
            and pay nothing.
        now: the chain's clock.
        proposal_threshold: votes that it takes to propose.
        least_quorum: of the supply, that any proposal takes.
        guardian: may cancel proposals until they are executed; the timelock where that takes a vote
            of the members. null where there is none: then proposers cancel their own until they are
            executed.
    """

    chain_id: Count
    rpc: str
    is_embedded: bool
    contracts: ContractsView
    token: TokenView
    now: Instant
    voting_delay_seconds: Seconds
    voting_period_seconds: Seconds
    vote_extension_seconds: Seconds
    timelock_delay_seconds: Seconds
    proposal_threshold: DecimalString
    least_quorum: Share
    guardian: Address | None
    classes: list[ClassView]
