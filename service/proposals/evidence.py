"""What a proposal's evidence says, checked: whether it is held, is what it is said to be, and what
an audit bundle among it proves.

Rules:
- A verdict is told only of a bundle that verifies: its events stand in this log, and its answer
  follows from them. Whoever proposes can name any document; what does not verify has no verdict.
- What is read is bounded, and remembered: content never changes under its id.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass

from governance.proposals import Evidence, EvidenceDiffers, read_evidence
from ledger.audit import Finding
from ledger.audit.answer import Verdict
from ledger.content.errors import ContentNotFound
from ledger.content.store import ContentStore
from ledger.errors import ConcordError, Unavailable
from ledger.events.wallets import WalletChain
from ledger.merkle import VerifierKey
from ledger.verify import verify_bundle

MAX_VERIFIED_BYTES = 4 * 1024**2
"""Of a bundle that is verified while somebody waits; some 2,000 events."""

_REMEMBERED = 512


@dataclass(frozen=True, slots=True)
class EvidenceCheck:
    """What was found out about one document.

    Attributes:
        is_held: whether it can be read here.
        verdict: of a bundle that verifies; None for anything else.
        findings: of that bundle.
        model, version: which it audits.
        problem: what is wrong with it, in words; None if nothing is.
    """

    is_held: bool
    verdict: Verdict | None = None
    findings: tuple[Finding, ...] = ()
    model: str | None = None
    version: str | None = None
    problem: str | None = None


class EvidenceChecker:
    """Checks evidence against one log. Safe to use from any thread.

    Args:
        content: where documents are held.
        wallets: asks members that are contracts whether they signed their events.
    """

    def __init__(self, content: ContentStore, wallets: WalletChain | None = None) -> None:
        self._content = content
        self._wallets = wallets
        # Guarded by _lock; what is asked for longest ago goes first.
        self._lock = threading.Lock()
        self._known: OrderedDict[Evidence, EvidenceCheck] = OrderedDict()

    def check(self, evidence: Evidence, key: VerifierKey) -> EvidenceCheck:
        """What one document is; `key` is the log's, always the same one."""
        with self._lock:
            if evidence in self._known:
                self._known.move_to_end(evidence)
                return self._known[evidence]
        try:
            found = self._look_at(evidence, key)
        except ContentNotFound:
            # It may still come.
            return EvidenceCheck(is_held=False)
        except Unavailable as error:
            return EvidenceCheck(is_held=False, problem=str(error))
        with self._lock:
            self._known[evidence] = found
            if len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        return found

    def _look_at(self, evidence: Evidence, key: VerifierKey) -> EvidenceCheck:
        try:
            document = read_evidence(self._content, evidence)
        except EvidenceDiffers as error:
            return EvidenceCheck(is_held=True, problem=str(error))
        except (ContentNotFound, Unavailable):
            raise
        except ConcordError as error:
            return EvidenceCheck(is_held=True, problem=f"It cannot be read: {error}")
        if evidence.kind != "audit-bundle":
            return EvidenceCheck(is_held=True)
        if len(document) > MAX_VERIFIED_BYTES:
            return EvidenceCheck(
                is_held=True,
                problem=f"A bundle of {len(document)} bytes is not verified here; fetch it and run "
                "`concord verify`.",
            )
        try:
            answer = verify_bundle(document, [key], wallets=self._wallets).answer
        except Unavailable:
            raise
        except ConcordError as error:
            return EvidenceCheck(
                is_held=True, problem=f"It does not verify, so it proves nothing: {error}"
            )
        return EvidenceCheck(
            is_held=True,
            verdict=answer.verdict,
            findings=answer.findings,
            model=answer.model,
            version=answer.version,
        )
