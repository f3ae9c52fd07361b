"""What an audit is given beside the rows of the log: policies in force, and inputs manifests.

Both are documents in the content store that events name by their digest. What is not held there is
left out: a policy then does not bind (`/readyz` says so), and a run whose manifest is missing
leaves the answer incomplete.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping

from sqlalchemy import Connection

from ledger.audit import Policy
from ledger.content.cid import Cid, Codec
from ledger.content.reader import read_content
from ledger.content.store import ContentStore
from ledger.errors import ConcordError, Unavailable
from ledger.store.content import find_content
from service.parts import Parts

_SHA256 = re.compile(r"[0-9a-f]{64}")


def policies_at(parts: Parts, connection: Connection) -> tuple[Policy, ...]:
    """Every adopted version of every policy that grants are judged by; none where there is no DAO.

    Args:
        parts: of the service.
        connection: of a read transaction.

    Raises:
        Unavailable: the content store does not answer.
    """
    if parts.dao is None:
        return ()
    # A ledger without a DAO need not know what policies are.
    from governance.policies import adopted_versions  # noqa: PLC0415

    versions = adopted_versions(connection)
    parts.dao.policies.load(versions)
    return parts.dao.policies.policies_of(versions)


def manifests_at(parts: Parts, connection: Connection) -> StoredManifests:
    """The inputs manifests that the service holds, read when they are asked for."""
    limit = parts.settings.max_manifest_bytes
    return StoredManifests(parts.content, connection, limit_bytes=limit)


class StoredManifests(Mapping[str, bytes]):
    """Manifests by their SHA-256 (hex), from the content store. For one answer, in one thread.

    Iterates over those that were asked for and found.

    Args:
        content: where they are kept.
        connection: knows the content ids of those that have more than one block.
        limit_bytes: read for one answer, all manifests together; what goes beyond is left out.
    """

    def __init__(self, content: ContentStore, connection: Connection, *, limit_bytes: int) -> None:
        self._content = content
        self._connection = connection
        self._left = limit_bytes
        self._read: dict[str, bytes | None] = {}

    def __getitem__(self, sha256: str) -> bytes:
        """The manifest.

        Raises:
            KeyError: it is not held here, or would go beyond the limit.
            Unavailable: the content store does not answer.
        """
        if sha256 not in self._read:
            self._read[sha256] = self._find(sha256)
        document = self._read[sha256]
        if document is None:
            raise KeyError(sha256)
        return document

    def __iter__(self) -> Iterator[str]:
        """Digests of those that were found."""
        return iter([sha256 for sha256, found in self._read.items() if found is not None])

    def __len__(self) -> int:
        """How many were found."""
        return sum(found is not None for found in self._read.values())

    def _find(self, sha256: str) -> bytes | None:
        if not _SHA256.fullmatch(sha256):
            return None
        added = find_content(self._connection, sha256)
        # What fits into one block has the digest of its bytes for a name.
        cid = Cid(Codec.RAW, bytes.fromhex(sha256)) if added is None else Cid.parse(added.content)
        try:
            document = read_content(self._content, cid, limit_bytes=self._left)
        except Unavailable:
            raise
        except ConcordError:
            # Not held, damaged, or too large.
            return None
        if hashlib.sha256(document).hexdigest() != sha256:
            return None
        self._left -= len(document)
        return document
