"""What a proposal rests on: documents in the content store, named in its description.

One line names one document, in this form and no other:

    evidence: <kind> <content id> sha256:<64 hex digits> <size> bytes

The content id says where to get it, the digest what it is: a reader needs no knowledge of IPFS to
check that it has the right bytes.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Literal, cast, get_args

from governance.proposals.errors import EvidenceDiffers
from ledger.content.cid import Cid
from ledger.content.errors import InvalidCid
from ledger.content.reader import read_content
from ledger.content.store import ContentStore

EvidenceKind = Literal["audit-bundle", "policy", "model-card", "document"]
MAX_EVIDENCE_BYTES = 16 * 1024**2
"""Of one document, where it is read whole."""

LINE_PREFIX = "evidence:"
_LINE = re.compile(
    rf"evidence: ({'|'.join(get_args(EvidenceKind))}) (b[a-z2-7]{{58}}) "
    r"sha256:([0-9a-f]{64}) (0|[1-9][0-9]{0,14}) bytes"
)


@dataclass(frozen=True, slots=True)
class Evidence:
    """One document.

    Attributes:
        kind: what it is.
        content: its content id.
        sha256: of its bytes, 64 hex digits.
        size: in bytes.
    """

    kind: EvidenceKind
    content: Cid
    sha256: str
    size: int

    @property
    def line(self) -> str:
        """How a description names it."""
        return f"{LINE_PREFIX} {self.kind} {self.content} sha256:{self.sha256} {self.size} bytes"


def parse_evidence(line: str) -> Evidence | None:
    """The document that a line of a description names; None if it names none."""
    found = _LINE.fullmatch(line)
    if found is None:
        return None
    try:
        content = Cid.parse(found[2])
    except InvalidCid:
        return None
    return Evidence(cast("EvidenceKind", found[1]), content, found[3], int(found[4]))


def keep_evidence(store: ContentStore, kind: EvidenceKind, document: bytes) -> Evidence:
    """Put a document into the content store, durably, to be named in a proposal.

    Raises:
        ContentTooLarge, Unavailable: see `ContentStore.add`.
    """
    content = store.add(document)
    return Evidence(kind, content, hashlib.sha256(document).hexdigest(), len(document))


def read_evidence(store: ContentStore, evidence: Evidence) -> bytes:
    """The document, checked against digest and size.

    Raises:
        ContentNotFound: it is not held here.
        ContentTooLarge: it has more than MAX_EVIDENCE_BYTES.
        EvidenceDiffers: these are other bytes than the proposal names.
    """
    document = read_content(store, evidence.content, limit_bytes=MAX_EVIDENCE_BYTES)
    digest = hashlib.sha256(document).hexdigest()
    if len(document) != evidence.size or digest != evidence.sha256:
        raise EvidenceDiffers(
            f"{evidence.content} has {len(document)} bytes with SHA-256 {digest}, the proposal "
            f"names {evidence.size} bytes with {evidence.sha256}: do not rely on this evidence"
        )
    return document
