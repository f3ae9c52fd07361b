"""Manifests: where a run's inputs go that its event has no room for.

JSON lines (https://jsonlines.org): one input a line, as in the body's `inputs`, each in canonical
form (RFC 8785) and ended by a line feed, in the order in which the run named them. So the same
inputs make the same bytes, digest and CID. The event names the manifest by its SHA-256, and an
audit is `incomplete` for whoever does not have it.

Does no I/O: what a run lists stands here, where it is kept in `client.runs`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from client.files import content_id
from ledger.events.bodies.models import MAX_INPUTS
from ledger.events.canonical import JsonObject, JsonValue, canonical
from ledger.events.envelope import MAX_LEAF_BYTES

MEDIA_TYPE = "application/jsonl"

_RESERVE_BYTES = 8_192
"""For the envelope, the summary, the signature and the manifest's own descriptor in a leaf."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """Inputs of a run that its event does not list.

    Attributes:
        name: of its file.
        document: the lines.
        count: how many inputs there are.
    """

    name: str
    document: bytes
    count: int

    @property
    def sha256(self) -> str:
        """Digest of the document, hex."""
        return hashlib.sha256(self.document).hexdigest()

    @property
    def content(self) -> str:
        """CID under which any content store keeps it."""
        return content_id(self.document)

    def descriptor(self) -> JsonObject:
        """The ResourceDescriptor that a run's event names as `inputsManifest`."""
        return {
            "name": self.name,
            "uri": f"ipfs://{self.content}",
            "digest": {"sha256": self.sha256},
            "mediaType": MEDIA_TYPE,
            "size": len(self.document),
        }


def split_inputs(
    inputs: Sequence[JsonValue], *, body: JsonObject, name: str
) -> tuple[list[JsonValue], Manifest | None]:
    """The inputs that fit a leaf, in their order, and a manifest of the others.

    Args:
        inputs: as a run's body lists them.
        body: the rest of the body, which takes its room first.
        name: of the manifest's file.
    """
    lines = [canonical(item) for item in inputs]
    room = MAX_LEAF_BYTES - _RESERVE_BYTES - len(canonical(body))
    fit = 0
    for line in lines[:MAX_INPUTS]:
        room -= len(line) + 1
        if room < 0:
            break
        fit += 1
    if fit == len(lines):
        return list(inputs), None
    document = b"".join(line + b"\n" for line in lines[fit:])
    return list(inputs[:fit]), Manifest(name, document, len(lines) - fit)
