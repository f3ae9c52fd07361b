"""The texts of adopted policies, at hand: read once from the content store, kept in memory.

Rules:
- A text is known by the SHA-256 that was voted on. What the content store holds under the adopted
  content id is taken only if it has that digest; a text of one block is found by the digest alone.
- A text that cannot be found does not bind, and neither does one that is no policy: the version
  before it goes on binding. `problem_of` says so, and `refresh` raises it, so that it is noticed.
- Which versions were adopted is never remembered here: whoever asks brings them from the views, so
  that the answer fits the size of the log that it is given at.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress

from sqlalchemy import Connection

from governance.policies.documents import (
    AdoptedText,
    PolicyDocument,
    audit_policies,
    parse_document,
)
from ledger.audit import Policy
from ledger.audit.errors import InvalidPolicy
from ledger.audit.policies import MAX_POLICY_BYTES
from ledger.content.cid import Cid, Codec
from ledger.content.errors import InvalidCid
from ledger.content.reader import read_content
from ledger.content.store import ContentStore
from ledger.errors import ConcordError, Unavailable
from ledger.events.canonical import InvalidJson
from ledger.store.engine import Database
from ledger.store.reads import Snapshot
from ledger.views.records import PolicyVersion


class PolicyTextMissing(Unavailable):
    """The text of an adopted policy is not held here, so it does not bind."""

    code = "policy-text-missing"
    remedy = (
        "Add the policy's text to the content store with `POST /v1/content`; it binds from then on."
    )


def adopted_versions(connection: Connection) -> tuple[PolicyVersion, ...]:
    """Every version of every policy, as the views of a transaction have them."""
    return tuple(Snapshot(connection).all(PolicyVersion))


class PolicyBook:
    """Texts by their digest. Safe to use from any thread.

    Args:
        content: where the texts are kept.
    """

    def __init__(self, content: ContentStore) -> None:
        self._content = content
        # Guards what follows; content is never read under it.
        self._lock = threading.Lock()
        # By SHA-256, hex; None for one that was looked for and not found.
        self._texts: dict[str, bytes | None] = {}
        # The last answer of `policies_of`, and what it was given for.
        self._answered: tuple[list[PolicyVersion], tuple[Policy, ...]] = ([], ())

    def refresh(self, database: Database) -> None:
        """Looks for every text that is not at hand.

        Raises:
            PolicyTextMissing: naming one that could not be found.
            Unavailable: content store or database do not answer.
        """
        with database.read() as connection:
            versions = adopted_versions(connection)
        self.load(versions, again=True)
        for version in versions:
            if self._texts.get(version.digest) is None:
                raise PolicyTextMissing(
                    f"Version {version.version} of policy {version.policy} does not bind: the "
                    f"content store does not hold its text (SHA-256 {version.digest}). Add it."
                )

    def load(self, versions: Sequence[PolicyVersion], *, again: bool = False) -> None:
        """Reads the texts of these versions that were not looked for yet.

        Args:
            versions: any.
            again: whether to look again for those that could not be found.

        Raises:
            Unavailable: the content store does not answer.
        """
        for version in versions:
            known = self._texts.get(version.digest)
            if known is None and (again or version.digest not in self._texts):
                text = self._read(version)
                with self._lock:
                    self._texts[version.digest] = text

    def has_looked_for(self, versions: Sequence[PolicyVersion]) -> bool:
        """Whether each of these was looked for, so that nothing that binds is left out."""
        return all(version.digest in self._texts for version in versions)

    def policies_of(self, versions: Sequence[PolicyVersion]) -> tuple[Policy, ...]:
        """The policies that grants are judged by, of all versions that were adopted.

        Only texts at hand count: `load` first.
        """
        held = [version for version in versions if self._texts.get(version.digest) is not None]
        with self._lock:
            answered_for, policies = self._answered
        if answered_for != held:
            policies = tuple(audit_policies(self._adopted(version) for version in held))
            with self._lock:
                self._answered = (held, policies)
        return policies

    def document_of(self, version: PolicyVersion) -> PolicyDocument | None:
        """The text of a version, read; None where `problem_of` says why not."""
        text = self._texts.get(version.digest)
        try:
            document = None if text is None else parse_document(text)
        except (InvalidPolicy, InvalidJson):
            return None
        return document if document is not None and document.name == version.policy else None

    def problem_of(self, version: PolicyVersion) -> str | None:
        """Why a version does not bind, in words; None if it does."""
        text = self._texts.get(version.digest)
        if text is None:
            return "The content store does not hold its text."
        try:
            document = parse_document(text)
        except (InvalidPolicy, InvalidJson) as error:
            return f"Its text is no policy: {error}"
        if document.name != version.policy:
            return f"Its text is policy {document.name}, not {version.policy}."
        return None

    def text_of(self, version: PolicyVersion) -> bytes | None:
        """The bytes that were adopted, if they are at hand."""
        return self._texts.get(version.digest)

    def _adopted(self, version: PolicyVersion) -> AdoptedText:
        text = self._texts[version.digest] or b""
        return AdoptedText(version.policy, version.version, version.index, text)

    def _read(self, version: PolicyVersion) -> bytes | None:
        for cid in _places(version):
            try:
                text = read_content(self._content, cid, limit_bytes=MAX_POLICY_BYTES)
            except Unavailable:
                raise
            except ConcordError:
                # Not held, too large, damaged: as good as not there.
                continue
            if hashlib.sha256(text).hexdigest() == version.digest:
                return text
        return None


def _places(version: PolicyVersion) -> Iterator[Cid]:
    if version.content is not None:
        with suppress(InvalidCid):
            yield Cid.parse(version.content)
    # What fits into one block has the digest of its bytes for a name.
    yield Cid(Codec.RAW, bytes.fromhex(version.digest))
