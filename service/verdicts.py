"""Verdicts on many model versions at once, for lists.

Rules:
- A verdict is always told with the size of the log that it holds for.
- What was judged is kept, and told again for as long as nothing it rests on can have changed: same
  size of the log, same policies. Documents that were missing can arrive without an event: a verdict
  that is not complete is told for some seconds only.
- One question judges for a short time only. What is left over keeps the verdict of an earlier size,
  or has none yet; whoever asks again finds more judged.
- One version is judged at a time, by a thread of its own, and to its end: a version with thousands
  of ancestors takes longer than anybody waits for a list, and is judged once all the same.

A list therefore answers as quickly for models with thousands of ancestors as for others; the audit
of one version is always of the present log.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, Future, wait
from dataclasses import dataclass, replace
from typing import TypeAlias

from ledger.audit.answer import Verdict

_log = logging.getLogger(__name__)

BUDGET_SECONDS = 0.04
"""How long one question goes on with another version."""

PATIENCE_SECONDS = 0.15
"""How long one question waits for the version that is being judged."""

INCOMPLETE_SECONDS = 60.0
"""How long a verdict is told to which something was missing."""

KEPT = 20_000
"""Verdicts that are kept, at most; those that were asked for longest ago go first."""

VersionKey: TypeAlias = tuple[str, str]
"""Id of a model and a version of it."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A verdict and when it holds.

    Attributes:
        size: of the log that was judged.
        is_complete: whether nothing was missing.
        policies: what policies were at hand.
        at: when it was judged, seconds of the clock of `Verdicts`.
    """

    verdict: Verdict
    size: int
    is_complete: bool
    policies: frozenset[str]
    at: float = 0.0


class Verdicts:
    """What versions were judged last. Safe to use from any thread.

    Args:
        judges: runs the judging, beside the threads that ask.
        monotonic: seconds of a clock that only goes forward.
    """

    def __init__(self, judges: Executor, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._judges = judges
        self._monotonic = monotonic
        self._turn = threading.Lock()  # held by whoever has a version judged, until it is
        self._lock = threading.Lock()
        self._kept: OrderedDict[VersionKey, Judged] = OrderedDict()  # guarded by _lock

    def of(
        self,
        versions: Sequence[VersionKey],
        judge: Callable[[VersionKey], Judged],
        *,
        size: int,
        policies: frozenset[str],
    ) -> Mapping[VersionKey, Judged]:
        """The verdicts of versions; those that were never judged and find no time are left out.

        Args:
            versions: that are asked about.
            judge: judges one as of `size`.
            size: of the log now.
            policies: that are at hand now.
        """
        known = self._known(versions)
        now = self._monotonic()

        def is_current(version: VersionKey) -> bool:
            found = known.get(version)
            return (
                found is not None
                and found.size >= size
                and (found.is_complete or now - found.at < INCOMPLETE_SECONDS)
                and found.policies == policies
            )

        waiting = [version for version in versions if not is_current(version)]
        # First what nobody knows anything of, then what is known of the longest time ago.
        waiting.sort(key=lambda version: known[version].size if version in known else -1)
        patience = time.monotonic() + PATIENCE_SECONDS
        for version in waiting:
            if not self._turn.acquire(timeout=max(0.0, patience - time.monotonic())):
                break
            # Somebody else may have had it judged meanwhile.
            known |= self._known([version])
            if is_current(version):
                self._turn.release()
            elif not self._judged(version, judge, until=patience):
                break
            known |= self._known([version])
            if self._monotonic() >= now + BUDGET_SECONDS:
                break
        return known

    def _judged(
        self, version: VersionKey, judge: Callable[[VersionKey], Judged], *, until: float
    ) -> bool:
        """Has a version judged, and gives the turn back once it is; whether it is by then.

        Raises:
            ConcordError: it could not be judged.
        """

        def judging() -> None:
            try:
                self._keep(version, replace(judge(version), at=self._monotonic()))
            finally:
                self._turn.release()

        try:
            future = self._judges.submit(judging)
        except RuntimeError:
            self._turn.release()
            return False  # the service is being stopped
        wait([future], max(0.0, until - time.monotonic()))
        if not future.done():
            future.add_done_callback(lambda done: _tell_failure(version, done))
            return False
        future.result()
        return True

    def _known(self, versions: Sequence[VersionKey]) -> dict[VersionKey, Judged]:
        with self._lock:
            found = {version: self._kept[version] for version in versions if version in self._kept}
            for version in found:
                self._kept.move_to_end(version)
            return found

    def _keep(self, version: VersionKey, judged: Judged) -> None:
        with self._lock:
            self._kept[version] = judged
            self._kept.move_to_end(version)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)


def _tell_failure(version: VersionKey, judged: Future[None]) -> None:
    error = None if judged.cancelled() else judged.exception()
    if error is not None:
        _log.error("version %s of model %s could not be judged", *reversed(version), exc_info=error)
