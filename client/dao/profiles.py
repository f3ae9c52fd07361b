"""A member's profile: the small public file that says what a member is called.

Contracts hold its SHA-256 and nothing else; the file is kept with the ledger's documents. A profile
is the JSON object `{"name": …}` in canonical form (RFC 8785): the same name always makes the same
file.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from client.files import content_id
from ledger.events.canonical import canonical


@dataclass(frozen=True, slots=True)
class MemberProfile:
    """What a member is called.

    Attributes:
        name: for people.
    """

    name: str

    @property
    def document(self) -> bytes:
        """Its bytes."""
        return canonical({"name": self.name})

    @property
    def content(self) -> str:
        """Its content id."""
        return content_id(self.document)

    @property
    def digest(self) -> str:
        """SHA-256, 0x-hex: an action's `profileDigest`."""
        return "0x" + hashlib.sha256(self.document).hexdigest()
