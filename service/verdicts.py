"""Verdicts on many model versions at once, for lists.

Rules:
- A verdict is always told with the size of the log that it holds for.
- What was judged is kept, and told again for as long as nothing it rests on can have changed: same
  size of the log, same policies. Documents that were missing can arrive without an event: a verdict
  that is not complete is told for some seconds only.
- One question judges for a short time only. What is left over keeps the verdict of an earlier size,
  or has none yet; whoever asks again finds more judged.

A list therefore answers as quickly for models with thousands of ancestors as for others; the audit
of one version is always of the present log.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from ledger.audit.answer import Verdict

BUDGET_SECONDS = 0.04
"""How long one question goes on judging; the version that is being judged is finished."""

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
        monotonic: seconds of a clock that only goes forward.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
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
        for version in waiting:
            known[version] = replace(judge(version), at=self._monotonic())
            self._keep(version, known[version])
            if known[version].at >= now + BUDGET_SECONDS:
                break
        return known

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
