"""The envelope that a member signs, and the leaf that the log stores.

    leaf  = JCS({"event": EVENT, "recordedAt": <ms>, "v": 1})      RFC 8785, UTF-8, ≤ 65,535 bytes
    EVENT = {"kind", "actor", "subject", "issuedAt", "nonce", "body", "summary", "signature"}

Event id = SHA-256 of EVENT without `signature` (JCS). `(actor, nonce)` is the idempotency key.

What stands here is well formed, not yet authorised: a body fits its kind, the subject is the one
the body names, the summary is the one the renderer writes. Signatures are checked in
`ledger.events.signing`, authority in `ledger.rules`.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Annotated

import orjson
from pydantic import (
    ConfigDict,
    Field,
    StringConstraints,
    TypeAdapter,
    ValidationError,
    with_config,
)
from typing_extensions import TypedDict

from ledger.errors import InvalidInput
from ledger.events.bodies import Body, InvalidBody, parse_body
from ledger.events.bodies.base import describe
from ledger.events.canonical import (
    FreeJson,
    JsonObject,
    canonical,
    canonical_plain,
    check_limits,
    parse_object,
)
from ledger.events.identifiers import LATEST, Address, Bytes32, Milliseconds

MAX_LEAF_BYTES = 65_535
"""An entry bundle writes an entry's length in 16 bits (C2SP tlog-tiles)."""

MAX_BODY_DEPTH = 24
"""Levels of nesting in a body. Less than what `parse_object` reads, so that whatever is accepted on
its own can also be read inside a leaf, a batch or a bundle.
"""

MAX_SIGNATURE_BYTES = 4_096
"""A key's signature has 65; those of contract wallets are as long as their contracts like, up to
this: sixty owners.
"""

LEAF_VERSION = 1


class InvalidEvent(InvalidInput):
    """The envelope is not well formed, or contradicts its own body."""

    code = "invalid-event"
    remedy = (
        "Ask `POST /v1/events:prepare` for the event, or compare it with the page of this API, "
        "and sign it anew."
    )


class LeafTooLarge(InvalidInput):
    """The leaf would be longer than the log's format can hold."""

    code = "leaf-too-large"
    remedy = (
        "Put what is long into a document (a run's inputs into a manifest) and name it by its "
        "digest."
    )


class SummaryDiffers(InvalidInput):
    """The summary is not what kind and body give: a wallet would have shown something else."""

    code = "summary-differs"
    remedy = "Ask `POST /v1/events:prepare` for the summary, or update the client; then sign anew."


@with_config(ConfigDict(extra="forbid", strict=True))
class _Envelope(TypedDict):
    kind: Annotated[str, StringConstraints(max_length=64)]
    actor: Address
    subject: Annotated[str, StringConstraints(min_length=1, max_length=128)]
    issuedAt: Annotated[int, Field(ge=0, le=LATEST)]
    nonce: Bytes32
    body: FreeJson
    summary: Annotated[str, StringConstraints(max_length=4096)]
    signature: Annotated[
        str, StringConstraints(pattern=rf"^0x([0-9a-f]{{2}}){{0,{MAX_SIGNATURE_BYTES}}}$")
    ]


# Checked by the hundred thousand: a typed dict takes half the time of a model.
_ENVELOPE = TypeAdapter(_Envelope)


@dataclass(frozen=True, slots=True)
class Event:
    """One event, well formed.

    Attributes:
        kind: dotted, past tense.
        actor: signer's address in EIP-55.
        subject: the id that the event is about.
        issued_at: by the signer's clock.
        nonce: 32 bytes, 0x-hex.
        body: typed body.
        summary: the sentence that was signed.
        signature: 0x-hex.
        body_bytes: JCS of the body as it was signed.
    """

    kind: str
    actor: str
    subject: str
    issued_at: Milliseconds
    nonce: str
    body: Body
    summary: str
    signature: str
    body_bytes: bytes

    @property
    def id(self) -> bytes:
        """Event id, 32 bytes."""
        return hashlib.sha256(_event_bytes(self, with_signature=False)).digest()

    def encode(self) -> bytes:
        """JCS of the event, signature included."""
        return _event_bytes(self, with_signature=True)


@dataclass(frozen=True, slots=True)
class RecordedEvent:
    """An event at its place in the log.

    Attributes:
        index: position of its leaf, from 0.
        recorded_at: when the ledger recorded it; never decreases with the index.
        event: the event.
    """

    index: int
    recorded_at: Milliseconds
    event: Event


def build_event(
    *, body: Body | JsonObject, kind: str, actor: str, issued_at: int, nonce: bytes
) -> Event:
    """An unsigned event of the given kind, with its subject and summary filled in.

    Args:
        body: as JSON, or typed (then absent fields stay absent).
        kind: which kind of event.
        actor: who will sign, in EIP-55.
        issued_at: milliseconds since the epoch by the signer's clock.
        nonce: 32 random bytes.

    Raises:
        InvalidInput: if the body does not fit its kind.
    """
    value: JsonObject = (
        body.model_dump(mode="json", by_alias=True, exclude_unset=True)
        if isinstance(body, Body)
        else body
    )
    # What was made in Python, or comes from a chain, has been through no parser yet.
    raw = parse_object(canonical(value))
    typed = parse_body(kind, raw)
    envelope = _parse_envelope(
        {
            "kind": kind,
            "actor": actor,
            "subject": typed.subject,
            "issuedAt": issued_at,
            "nonce": "0x" + nonce.hex(),
            "body": raw,
            "summary": typed.summary(),
            "signature": "0x",
        }
    )
    return _event_of(envelope, typed)


def parse_event(value: JsonObject) -> Event:
    """An event from its JSON, checked for form.

    Args:
        value: as `parse_object` returns it.

    Raises:
        InvalidEvent: if the envelope is not well formed or the subject is another than the body's.
        SummaryDiffers: with the right sentence.
        InvalidBody, UnknownKind: as `parse_body`.
        LeafTooLarge: if its leaf might not fit, recorded at the latest possible time.
        InvalidJson: if its body is nested deeper than `MAX_BODY_DEPTH`.
    """
    envelope = _parse_envelope(value)
    return _event_of(envelope, parse_body(envelope["kind"], envelope["body"]))


def _parse_envelope(value: JsonObject) -> _Envelope:
    try:
        return _ENVELOPE.validate_python(value)
    except ValidationError as error:
        raise InvalidEvent(describe(error, "The event")) from error


def _event_of(envelope: _Envelope, body: Body) -> Event:
    # Only where shapes are free: other bodies' models bound both.
    if body.HOLDS_FLOATS:
        check_limits(envelope["body"], MAX_BODY_DEPTH)
    if body.subject != envelope["subject"]:
        raise InvalidEvent(
            f"subject is {envelope['subject']!r}, but this {body.KIND} is about {body.subject!r}."
        )
    summary = body.summary()
    if summary != envelope["summary"]:
        raise SummaryDiffers(f"summary must be exactly: {summary}")
    writer = canonical if body.HOLDS_FLOATS else canonical_plain
    event = Event(
        kind=envelope["kind"],
        actor=envelope["actor"],
        subject=envelope["subject"],
        issued_at=Milliseconds(envelope["issuedAt"]),
        nonce=envelope["nonce"],
        body=body,
        summary=summary,
        signature=envelope["signature"],
        body_bytes=writer(envelope["body"]),
    )
    # A character takes four bytes at most, the other fields less than 1,024 together: only an event
    # near the limit needs the exact figure.
    if len(event.body_bytes) + 4 * len(summary) + len(event.signature) > MAX_LEAF_BYTES - 1024:
        encode_leaf(event, LATEST)
    return event


def encode_leaf(event: Event, recorded_at: Milliseconds) -> bytes:
    """The leaf's bytes.

    Raises:
        LeafTooLarge: if they are more than 65,535.
    """
    leaf = orjson.dumps(
        {
            "event": orjson.Fragment(_event_bytes(event, with_signature=True)),
            "recordedAt": recorded_at,
            "v": LEAF_VERSION,
        }
    )
    if len(leaf) > MAX_LEAF_BYTES:
        raise LeafTooLarge(
            f"This event makes a leaf of {len(leaf)} bytes; {MAX_LEAF_BYTES} is the limit. "
            "Put long lists into a manifest and name it by its digest."
        )
    return leaf


def decode_leaf(leaf: bytes, index: int) -> RecordedEvent:
    """The event in a leaf.

    Raises:
        InvalidInput: if these bytes are not the canonical leaf of a well-formed event.
    """
    value = parse_object(leaf)
    recorded_at, event = value.get("recordedAt"), value.get("event")
    if (
        set(value) != {"event", "recordedAt", "v"}
        or value["v"] != LEAF_VERSION
        or not isinstance(recorded_at, int)
        or isinstance(recorded_at, bool)
        or not 0 <= recorded_at <= LATEST
        or not isinstance(event, dict)
    ):
        raise InvalidEvent(f"Leaf {index} is not a version {LEAF_VERSION} leaf.")
    parsed = parse_event(event)
    if encode_leaf(parsed, Milliseconds(recorded_at)) != leaf:
        raise InvalidEvent(f"Leaf {index} is not in canonical form.")
    return RecordedEvent(index, Milliseconds(recorded_at), parsed)


def _event_bytes(event: Event, *, with_signature: bool) -> bytes:
    # Keys in JCS order. orjson writes these ASCII keys, strings and integers exactly as RFC 8785
    # does.
    fields: dict[str, object] = {
        "actor": event.actor,
        "body": orjson.Fragment(event.body_bytes),
        "issuedAt": event.issued_at,
        "kind": event.kind,
        "nonce": event.nonce,
    }
    if with_signature:
        fields["signature"] = event.signature
    fields["subject"] = event.subject
    fields["summary"] = event.summary
    return orjson.dumps(fields)


__all__ = [
    "MAX_LEAF_BYTES",
    "Event",
    "InvalidBody",
    "InvalidEvent",
    "LeafTooLarge",
    "RecordedEvent",
    "SummaryDiffers",
    "build_event",
    "decode_leaf",
    "encode_leaf",
    "parse_event",
]
