"""Audits of model versions: the rows of the log, policies in force, and inputs manifests.

The latter two are documents in the content store that events name by their digest. What is not held
there is left out: a policy then does not bind (`/readyz` says so), and a run whose manifest is
missing leaves the answer incomplete.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection
from sqlmodel import SQLModel

from ledger.audit import MAX_ANCESTORS, ModelAudit, Policy, Tree, audit, build_bundle, gather
from ledger.content.cid import Cid, Codec
from ledger.content.reader import read_content
from ledger.content.store import ContentStore
from ledger.errors import ConcordError, Unavailable
from ledger.store.content import find_content
from ledger.store.evidence import SqlRows
from ledger.store.statements import rows_by_key
from ledger.store.tables.log import LeafRow
from ledger.store.tiles import ConnectionTiles
from ledger.views.state import MemoryState
from service.parts import Parts

_LEAVES = SQLModel.metadata.tables[str(LeafRow.__tablename__)]
_SHA256 = re.compile(r"[0-9a-f]{64}")


def audit_version(
    parts: Parts, model: str, version: str, size: int, *, limit: int = MAX_ANCESTORS
) -> ModelAudit:
    """Audits a model version as of a size of the log.

    Args:
        parts: of the service.
        model: id of the model.
        version: its version.
        size: as of when.
        limit: the most ancestors that are looked at.

    Raises:
        UnknownVersion: that version is not published as of that size.
        SizeNotReached: the log was never that large.
        Unavailable: database or content store do not answer.
    """
    tree = Tree(size, parts.log.root_at(size))
    with parts.log.database.read() as connection:
        found = _gathered(parts, connection, tree, model=model, version=version, limit=limit)
    return found.answer


def bundle_version(parts: Parts, model: str, version: str, size: int) -> bytes:
    """The same with everything that it takes to verify it offline; at the first anchored size that
    covers it, with the anchor, as receipts are; at the present size while there is none.

    Raises:
        AnswerCut: it has too many ancestors to be bundled.
        ConcordError: as `audit_version`.
    """
    log = parts.log
    tree = Tree(size, log.root_at(size))
    # Taken before the snapshot, which then holds all of its tree.
    checkpoint, anchor = log.anchored(size) or (log.checkpoint(), None)
    with log.database.read() as connection:
        found = _gathered(
            parts, connection, tree, model=model, version=version, limit=MAX_ANCESTORS
        )

        def leaves(indices: Sequence[int]) -> Mapping[int, bytes]:
            keys = [(index,) for index in indices]
            rows = rows_by_key(connection, _LEAVES, ("index",), keys, wanted=("index", "leaf"))
            return {int(row[0]): bytes(row[1]) for row in rows}  # type: ignore[arg-type]

        return build_bundle(
            found.state,
            found.answer,
            leaves=leaves,
            tiles=ConnectionTiles(connection),
            checkpoint=checkpoint,
            manifests=found.manifests,
            policies=found.policies,
            anchor=anchor,
        )


@dataclass(frozen=True, slots=True)
class _Audited:
    """An answer with what it was made of."""

    answer: ModelAudit
    state: MemoryState
    manifests: StoredManifests
    policies: tuple[Policy, ...]


def _gathered(
    parts: Parts, connection: Connection, tree: Tree, *, model: str, version: str, limit: int
) -> _Audited:
    manifests, policies = manifests_at(parts, connection), policies_at(parts, connection)
    rows = SqlRows(connection)
    found = gather(rows, model=model, version=version, manifests=manifests, limit=limit)
    answer = audit(
        found.state,
        model=model,
        version=version,
        tree=tree,
        manifests=manifests,
        policies=policies,
        limit=limit,
        within=found.within,
    )
    return _Audited(answer, found.state, manifests, policies)


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
