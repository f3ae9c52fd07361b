"""Events and openings as requests carry them."""

from __future__ import annotations

import base64
from collections.abc import Iterable

from ledger.events import Event
from ledger.events.canonical import JsonObject
from ledger.events.sealed import Opening


def opening_json(opening: Opening) -> JsonObject:
    """An opening."""
    return {
        "commitment": opening.commitment,
        "salt": base64.b64encode(opening.salt).decode(),
        "value": opening.value,
        "dataSubject": opening.data_subject,
    }


def single_body(event: Event) -> bytes:
    """Body of `POST /v1/events`."""
    return b'{"event":' + event.encode() + b"}"


def batch_body(events: Iterable[Event]) -> bytes:
    """Body of `POST /v1/events:batch`."""
    return b'{"events":[' + b",".join(single_body(event) for event in events) + b"]}"
