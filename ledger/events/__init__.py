"""Event kinds and bodies, canonical bytes, EIP-712 digest, sign and recover."""

from ledger.events.bodies import BODIES, Body, parse_body
from ledger.events.envelope import (
    MAX_LEAF_BYTES,
    Event,
    RecordedEvent,
    build_event,
    decode_leaf,
    encode_leaf,
    parse_event,
)
from ledger.events.signing import SigningKey, sign, verify_signature
from ledger.events.typed_data import Domain, digest, typed_data

__all__ = [
    "BODIES",
    "MAX_LEAF_BYTES",
    "Body",
    "Domain",
    "Event",
    "RecordedEvent",
    "SigningKey",
    "build_event",
    "decode_leaf",
    "digest",
    "encode_leaf",
    "parse_body",
    "parse_event",
    "sign",
    "typed_data",
    "verify_signature",
]
