"""Documents in the content store."""

from __future__ import annotations

from ledger.events.identifiers import Cid, Sha256Hex
from service.schemas.base import Answer, Size


class ContentView(Answer):
    """A document that was added: its content id, and the SHA-256 that events name it with."""

    content: Cid
    sha256: Sha256Hex
    size: Size
