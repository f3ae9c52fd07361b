"""What a run could not record because nobody took it: signed, and kept in a file for later.

Rules:
- The file is a body of `POST /v1/events:batch`, so whatever speaks HTTP can send it, and sending it
  again has one effect.
- It may hold values that the log holds sealed, so only its owner may read it.
- The ledger takes no event that was signed more than a day ago; one that is too old is signed anew
  (`Ledger.record_kept`), which is safe: had it been recorded, its first receipt would be answered.
"""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Sequence
from pathlib import Path

import orjson

from client.answers import Signed
from client.drafts import Draft
from ledger.errors import ConcordError, InvalidInput
from ledger.events import parse_event
from ledger.events.canonical import JsonObject, JsonValue, parse_object
from ledger.events.sealed import Opening

TOO_OLD = "time-out-of-window"
"""The ledger's code for an event that was signed too long ago."""


class InvalidKept(InvalidInput):
    """Not a file of events that a run kept."""

    code = "invalid-kept"
    remedy = "Name the `….unrecorded.json` that the run's error names."


def keep_unrecorded(signed: Sequence[Signed], run: str, folder: Path) -> Path:
    """Writes events to a file of the run's name; when this returns, it survives a power failure.

    Raises:
        OSError: the folder does not take it.
    """
    file = folder / f"{run}.unrecorded.json"
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as kept:
        kept.write(orjson.dumps({"events": [each.as_json() for each in signed]}))
        kept.flush()
        os.fsync(kept.fileno())
    return file


def keep_beside(failure: ConcordError, signed: Sequence[Signed], run: str, folder: Path) -> None:
    """Keeps events that a failure left unrecorded, and notes on it where they are."""
    try:
        file = keep_unrecorded(signed, run, folder)
    except OSError as error:
        failure.add_note(f"What run {run} has not recorded could not be kept either: {error}")
        return
    failure.add_note(
        f"What run {run} has not recorded is kept, signed, in {file}. When the cause is mended: "
        f"ledger.record_kept(Path({str(file)!r}))"
    )


def read_unrecorded(document: bytes) -> list[Signed]:
    """The events of such a file, in the order in which they are to be recorded.

    Raises:
        InvalidKept: it is no such file.
        InvalidInput: an event in it is malformed.
    """
    items = parse_object(document).get("events")
    if not isinstance(items, list):
        raise InvalidKept("A file that a run kept holds a list of events.")
    return [_signed_of(item) for item in items]


def draft_of(signed: Signed) -> Draft:
    """What a signed event says, to be signed anew."""
    body = parse_object(signed.event.body_bytes)
    values = {opening.commitment: opening for opening in signed.openings}
    sealed: dict[str, JsonValue] = {}
    subject = "unspecified"
    for name, value in list(body.items()):
        commitment = value.get("$sealed") if isinstance(value, dict) else None
        if isinstance(commitment, str) and commitment in values:
            sealed[name] = values[commitment].value
            subject = values[commitment].data_subject
            del body[name]
    return Draft(signed.event.kind, body, sealed, subject)


def _signed_of(item: JsonValue) -> Signed:
    event = item.get("event") if isinstance(item, dict) else None
    openings = item.get("openings", []) if isinstance(item, dict) else None
    if not isinstance(event, dict) or not isinstance(openings, list):
        raise InvalidKept("An event that a run kept is an object, beside its openings.")
    return Signed(parse_event(event), tuple(_opening_of(each) for each in openings))


def _opening_of(item: JsonValue) -> Opening:
    fields: JsonObject = item if isinstance(item, dict) else {}
    commitment, salt = fields.get("commitment"), fields.get("salt")
    subject = fields.get("dataSubject")
    if not (isinstance(commitment, str) and isinstance(salt, str) and isinstance(subject, str)):
        raise InvalidKept("An opening that a run kept has commitment, salt, value, dataSubject.")
    try:
        raw = base64.b64decode(salt, validate=True)
    except binascii.Error as error:
        raise InvalidKept("The salt of an opening that a run kept is base64.") from error
    return Opening(commitment, raw, fields.get("value"), subject)
