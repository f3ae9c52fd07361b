"""How often, and for how long, a grant has been used: the facts of `count` and `elapsedTime`.

One use is one run of the assignee that names the grant, with all records of data being used in it,
or one record outside such runs. Runs that name the grant in a manifest alone are not counted.
"""

from __future__ import annotations

import json
from bisect import bisect_left
from dataclasses import dataclass
from itertools import accumulate

from ledger.audit.constraints import odrl_name
from ledger.audit.grants import Interval
from ledger.audit.past import Past
from ledger.audit.provenance import use_interval
from ledger.views.records import Dataset, Grant, RunChange, RunInput, Use

METERED_OPERANDS = frozenset({"count", "elapsedTime"})


@dataclass(frozen=True, slots=True)
class Meter:
    """Which use this one is, from 1, and milliseconds from the first one to its end; None where no
    constraint asks.
    """

    count: int | None
    elapsed: int | None


def is_metered(grant: Grant, dataset: Dataset | None) -> bool:
    """Whether a limit of the grant, or of its dataset's offer, depends on other uses of it."""
    texts = (grant.constraints, dataset.usage if dataset is not None else "")
    if not any(operand in text for operand in METERED_OPERANDS for text in texts):
        return False
    constraints = json.loads(grant.constraints)
    offer = json.loads(dataset.usage).get("odrl", {}) if dataset is not None else {}
    for rule in [*offer.get("permission", []), *offer.get("prohibition", [])]:
        constraints += rule.get("constraint", [])
    return any(odrl_name(str(c.get("leftOperand"))) in METERED_OPERANDS for c in constraints)


class Meters:
    """Reads meters; the uses of a grant are looked up once.

    Args:
        past: the rows.
    """

    def __init__(self, past: Past) -> None:
        self._past = past
        self._uses: dict[str, tuple[list[int], list[int]]] = {}

    def read(self, grant: Grant, dataset: Dataset | None, *, first: int, use: Interval) -> Meter:
        """Counts a use among all uses of a grant.

        Args:
            grant: under which data is used.
            dataset: that it is for.
            first: index of the event that first tells of this use.
            use: when, milliseconds since the epoch.
        """
        if not is_metered(grant, dataset):
            return Meter(None, None)
        if grant.grant not in self._uses:
            self._uses[grant.grant] = _uses_of(self._past, grant)
        indices, begins = self._uses[grant.grant]
        earlier = bisect_left(indices, first)
        started = min(use.begin, begins[earlier - 1]) if earlier else use.begin
        return Meter(earlier + 1, use.end - started)


def _uses_of(past: Past, grant: Grant) -> tuple[list[int], list[int]]:
    """First events of all uses, ascending, and beside each the earliest beginning up to it."""
    runs: dict[str, tuple[int, int]] = {}
    for item in past.rows(RunInput, "grant", grant.grant):
        if item.run in runs:
            continue
        changes = past.rows(RunChange, "run", item.run)
        if changes and changes[0].developer == grant.assignee:
            runs[item.run] = (changes[0].index, use_interval(changes).begin)
    records = [
        (use.index, use.recorded_at)
        for use in past.rows(Use, "grant", grant.grant)
        if use.run is None or use.run not in runs
    ]
    ordered = sorted([*runs.values(), *records])
    begins = accumulate((begin for _, begin in ordered), min)
    return [index for index, _ in ordered], list(begins)
