"""What members are called: as the log says, or as the profile says that the log names by digest.

A contract holds the SHA-256 of a member's profile, no more. The profile is a small JSON object in
the content store, found by that digest; its `name` is anybody's text, so nothing in it stays
hidden.

Rules:
- A profile that is not held, is too large or is no JSON object with a name gives no name, and never
  an error: a list of members does not fail for what one of them left out.
- The service's own accounts have names of their own, unless the members gave them one.
- Names are kept in memory by digest, which never gives another; what is missing is looked for again
  after a while.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping

from governance.wording import visible
from ledger.content.cid import Cid, Codec
from ledger.content.reader import read_content
from ledger.content.store import ContentStore
from ledger.errors import ConcordError
from ledger.events.canonical import parse_object
from ledger.views.records import Member

MAX_PROFILE_BYTES = 64 * 1024
"""Less than a block, so that the digest of a profile is its content id."""

RELAYER = "The ledger’s relayer"
"""What the account is called that relays and anchors; and mirrors, while its key does both."""

MIRROR = "The ledger’s mirror"
"""What the account is called that mirrors alone, since the relayer has another key."""

MAX_NAME = 200
"""Characters that are shown."""

MAX_KEPT = 10_000
"""Names in memory."""

RETRY_MS = 60_000
"""After how long a profile is looked for again that was not there, in milliseconds."""

_NO_PROFILE = 64 * "0"


class Profiles:
    """Names of members. Safe to use from any thread.

    Args:
        content: where profiles are kept.
        clock: milliseconds since the epoch.
        own: names of the service's own accounts, by address in EIP-55.
    """

    def __init__(
        self, content: ContentStore, clock: Callable[[], int], own: Mapping[str, str]
    ) -> None:
        self._content = content
        self._clock = clock
        self._own = own
        self._lock = threading.Lock()
        # By digest, the latest used last: the name, and when to look again where there is none.
        self._names: OrderedDict[str, tuple[str | None, int]] = OrderedDict()

    def name_of(self, member: Member | None) -> str | None:
        """What a member is called; None if nobody says."""
        if member is None:
            return None
        name = member.name
        if name is None and member.profile is not None:
            name = self.name_in(member.profile)
        return self._own.get(member.member) if name is None else name

    def name_in(self, digest: str) -> str | None:
        """The name in a profile, by its SHA-256 in hex; None if it is not held, or says none."""
        if digest == _NO_PROFILE:
            return None
        now = self._clock()
        with self._lock:
            known = self._names.get(digest)
            if known is not None:
                self._names.move_to_end(digest)
                if known[0] is not None or now < known[1]:
                    return known[0]
        name = self._read(digest)
        with self._lock:
            self._names[digest] = (name, now + RETRY_MS)
            while len(self._names) > MAX_KEPT:
                self._names.popitem(last=False)
        return name

    def _read(self, digest: str) -> str | None:
        cid = Cid(Codec.RAW, bytes.fromhex(digest))
        try:
            profile = read_content(self._content, cid, limit_bytes=MAX_PROFILE_BYTES)
            if hashlib.sha256(profile).hexdigest() != digest:
                return None
            name = parse_object(profile).get("name")
        except ConcordError:
            return None
        if not isinstance(name, str):
            return None
        return visible(name.strip(), MAX_NAME) or None
