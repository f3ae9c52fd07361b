"""The keys that a log has had: what a server says of them, proven or refused.

Rules:
- The key that is trusted stays the only one. From it the handovers lead back, each signed by both
  keys, to the key that the log's first leaf names: nobody slips in one that these did not lead to.
- The tree at each handover is one of this log's: it is tied to the newest checkpoint.
"""

from __future__ import annotations

from client.errors import UnprovenKeys
from client.operations import Session
from client.wire import Operation, get, read_object
from ledger.errors import IntegrityError, InvalidInput
from ledger.events import RecordedEvent
from ledger.events.bodies.members import LedgerCreated
from ledger.events.canonical import JsonObject
from ledger.merkle import Handover, KeyPeriod, VerifierKey, key_history, open_handover


def log_keys(session: Session) -> Operation[tuple[KeyPeriod, ...]]:
    """The keys that the log has had, oldest first, each vouched for by the one after it.

    Raises:
        UnprovenKeys: the server names another key, or does not prove one.
        ForkedLog, RolledBackLog: a handover is about another history.
    """
    trust = yield from session.connect()
    newest = yield from session.checkpoint()
    said = read_object((yield get("/v1/log")))
    first = yield from session.leaf(0)
    try:
        handovers = _handovers(said)
        periods = key_history(_first_key(first), handovers, trust.keys[0])
    except (InvalidInput, IntegrityError) as error:
        raise UnprovenKeys(f"{session.server} does not prove the keys it had: {error}") from error
    for handover in handovers:
        yield from session.tie(handover.checkpoint, newest)
    return periods


def _handovers(said: JsonObject) -> list[Handover]:
    keys = said.get("keys")
    items = keys if isinstance(keys, list) else []
    notes = [item.get("handover") for item in items if isinstance(item, dict)]
    return [open_handover(str(note)) for note in notes if note is not None]


def _first_key(first: RecordedEvent) -> VerifierKey:
    body = first.event.body
    if not isinstance(body, LedgerCreated):
        raise UnprovenKeys("The log's first leaf creates no ledger, and names no key.")
    return VerifierKey.parse(body.log_key)
