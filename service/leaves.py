"""Leaves as the API shows them: the event as it was signed, and where it stands."""

from __future__ import annotations

import orjson

from ledger.errors import IntegrityError
from ledger.store.reads import StoredLeaf

_BEFORE = b'{"event":'


class LeafDamaged(IntegrityError):
    """A stored leaf that is not what was recorded."""

    code = "leaf-damaged"


def event_of(leaf: bytes, recorded_at: int) -> bytes:
    """JCS of the event in a leaf: a leaf is written in one way only, so it is cut out as it is.

    Raises:
        LeafDamaged: these bytes are no such leaf.
    """
    after = b',"recordedAt":%d,"v":1}' % recorded_at
    if not (leaf.startswith(_BEFORE) and leaf.endswith(after)):
        raise LeafDamaged("A stored leaf does not fit its row; run `concord fsck`.")
    return leaf[len(_BEFORE) : -len(after)]


def recorded_event(stored: StoredLeaf) -> dict[str, object]:
    """A leaf, ready to be encoded."""
    return {
        "index": stored.index,
        "recordedAt": stored.recorded_at,
        "eventId": stored.event_id.hex(),
        "onBehalfOf": stored.principal,
        "event": orjson.Fragment(event_of(stored.leaf, stored.recorded_at)),
    }
