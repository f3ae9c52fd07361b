"""Proofs, the log's identity, and sealed values."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, RootModel

from ledger.events.canonical import JsonValue
from ledger.events.identifiers import Address
from ledger.events.sealed import Commitment
from service.schemas.audits import BundleView
from service.schemas.base import Answer, Base64, Hex32, Index, Millis, Request, Size
from service.schemas.events import ReceiptView, Signature


class LogKeyView(Answer):
    """A key that the log has, or had.

    Attributes:
        verifier_key: what checks what it signed (C2SP signed-note).
        from_size: size of the log when it became the log's; it signs smaller sizes too, where they
            are asked for again. Null where that is not known here.
        from_time: when; null for the first key, and where that is not known here.
        until_size: the largest size that it signed; null for the present key, and where that is not
            known here.
        until_time: when the next one took its place; likewise.
        handover: signed note of both keys that says so, from which the numbers come; likewise.
    """

    verifier_key: str
    from_size: Size | None
    from_time: Millis | None
    until_size: Size | None
    until_time: Millis | None
    handover: str | None


class LogView(Answer):
    """Which log this is, and how large.

    Attributes:
        verifier_key: what checks its checkpoints (C2SP signed-note).
        chain_id: part of what members sign; unique to this deployment.
        recorded_at: of the last leaf.
        keys: all that the log has had, oldest first; the present one is last. What a server says of
            old keys is worth what the handovers prove: `concord log keys` checks them.
    """

    origin: str
    verifier_key: str
    size: Size
    root: Base64
    chain_id: Annotated[int, Field(ge=1)]
    operator: Address
    recorded_at: Millis
    keys: list[LogKeyView]


class ConsistencyView(Answer):
    """RFC 9162 consistency proof from one size to a later one."""

    first: Size
    second: Size
    proof: list[Base64]


class SealedReadRequest(Request):
    """Asks for the value behind a commitment; signed as EIP-712 `SealedRead`."""

    commitment: Commitment
    reader: Address
    issued_at: Millis
    signature: Signature


class SealedReadAnswer(Answer):
    """The value and what makes its commitment again."""

    commitment: Commitment
    value: JsonValue
    salt: Base64
    index: Index


class ProofDocument(RootModel[ReceiptView | BundleView]):
    """A receipt or a bundle, as it was answered."""


class Verdict(Answer):
    """Whether a receipt or bundle proves what it claims, and what it claims.

    Attributes:
        kind: which sort of document it was taken for.
        valid: whether everything in it was verified; the rest is null where it was not.
        problem: code of the first thing that is wrong.
        detail: the same for people.
        index, event_id: what a receipt proves.
        model, version, verdict: what a bundle proves.
        size, root: of the signed tree.
        anchor: whether this service has read exactly the document's anchor on its chain:
            `confirmed`, or `unconfirmed`: it is a claim until that chain is asked. Null where the
            document names none.
    """

    kind: Literal["receipt", "bundle"]
    valid: bool
    problem: str | None
    detail: str | None
    index: Index | None
    event_id: Hex32 | None
    model: str | None
    version: str | None
    verdict: Literal["clean", "tainted", "incomplete"] | None
    size: Size | None
    root: Base64 | None
    anchor: Literal["confirmed", "unconfirmed"] | None
