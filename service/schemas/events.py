"""Events on the wire, and what is said about them.

The models of requests are for the OpenAPI document: events are read by `ledger.events`, which knows
more than a schema can say.
"""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import Annotated, Any, Literal, cast

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, create_model

from ledger.events.bodies import BODIES
from ledger.events.canonical import JsonValue
from ledger.events.envelope import MAX_SIGNATURE_BYTES
from ledger.events.identifiers import Address, Bytes32
from ledger.events.sealed import Commitment
from service.schemas.base import Answer, Base64, Hex32, Index, Millis, Page, Problem, Request

# A key's has 65 bytes; what a contract wallet takes may have any number of them.
Signature = Annotated[
    str, StringConstraints(pattern=rf"^0x([0-9a-f]{{2}}){{0,{MAX_SIGNATURE_BYTES}}}$")
]


class Envelope(BaseModel):
    """What a member signs. `summary` is the sentence that the ledger renders from kind and body."""

    model_config = ConfigDict(extra="forbid")

    actor: Address
    subject: Annotated[str, StringConstraints(min_length=1, max_length=128)]
    issuedAt: Millis  # noqa: N815 - the wire's name
    nonce: Bytes32
    summary: Annotated[str, StringConstraints(max_length=4096)]
    signature: Signature


def _variant(kind: str, body: type[BaseModel]) -> type[Envelope]:
    name = "".join(part.capitalize() for part in kind.replace("_", ".").split(".")) + "Event"
    return create_model(
        name,
        __base__=Envelope,
        __doc__=body.__doc__,
        kind=(cast("Any", Literal[kind]), ...),
        body=(body, ...),
    )


VARIANTS: tuple[type[Envelope], ...] = tuple(_variant(kind, body) for kind, body in BODIES.items())
"""One model a kind."""

AnyEvent: Any = Annotated[reduce(or_, VARIANTS), Field(discriminator="kind")]


class OpeningIn(Request):
    """What opens a commitment that stands in the event's body. It goes to the vault, encrypted."""

    commitment: Commitment
    salt: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$")]
    value: JsonValue
    data_subject: Annotated[str, StringConstraints(min_length=1, max_length=128)]


class AppendRequest(Request):
    """One signed event, with the openings of its sealed fields."""

    event: AnyEvent
    openings: list[OpeningIn] = Field(default_factory=list)


class BatchRequest(Request):
    """Signed events; each is answered on its own."""

    events: Annotated[list[AppendRequest], Field(min_length=1, max_length=1_000)]


class PrepareRequest(Request):
    """What is to be signed. The ledger's clock and random numbers fill in what is left out."""

    kind: Annotated[str, StringConstraints(max_length=64)]
    actor: Address
    body: dict[str, JsonValue]
    issued_at: Millis | None = None
    nonce: Bytes32 | None = None


class ReceiptView(Answer):
    """What anyone may keep and verify with no server: leaf, C2SP tlog-proof, anchor."""

    v: Literal[1]
    leaf: Base64
    index: Index
    proof: str
    anchor: dict[str, JsonValue] | None


class AppendAnswer(Answer):
    """Where an event stands in the log, with the proof of it."""

    index: Index
    event_id: Hex32
    duplicate: bool
    receipt: ReceiptView


class AppendedResult(AppendAnswer):
    """An event of a batch that is in the log."""

    status: Literal[200, 201]


class RefusedResult(Answer):
    """An event of a batch that is not."""

    status: Annotated[int, Field(ge=400, le=599)]
    problem: Problem


class BatchAnswer(Answer):
    """One result for each event, in their order."""

    results: list[AppendedResult | RefusedResult]


class PreparedEvent(Answer):
    """An event that lacks nothing but its signature.

    Attributes:
        event: with signature `0x`.
        typed_data: what `eth_signTypedData_v4` takes.
        digest: the 32 bytes that are signed, for signers that take a hash.
        event_id: the id that it will have.
        warnings: what its signer may not have meant, in sentences; it is recorded all the same.
    """

    event: dict[str, JsonValue]
    typed_data: dict[str, JsonValue]
    digest: Bytes32
    event_id: Hex32
    warnings: list[str]


class RecordedEventView(Answer):
    """An event at its place in the log.

    Attributes:
        on_behalf_of: the member whose key signed; null where the actor is the member itself.
    """

    index: Index
    recorded_at: Millis
    event_id: Hex32
    on_behalf_of: Address | None
    event: AnyEvent


EventPage = Page[RecordedEventView]
