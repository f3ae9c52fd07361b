"""The rows of all views as they stood at an earlier size of the log.

Facts and unchanging fields are read as they are; what an entity has forgotten is never read, its
facts are. A row of an event at or beyond the size does not exist yet.
"""

from __future__ import annotations

from dataclasses import dataclass
from operator import attrgetter
from typing import TypeVar

from ledger.views.records import Dataset, MemberChange, Record, Stewardship
from ledger.views.state import MemoryState

R = TypeVar("R", bound=Record)
_INDEX = attrgetter("index")


@dataclass(frozen=True, slots=True)
class Past:
    """A state, read as of a size.

    Attributes:
        state: rows of this size or of any larger one.
        size: events with a smaller index have happened.
    """

    state: MemoryState
    size: int

    def one(self, record: type[R], *key: str | int) -> R | None:
        """The row with this key, if its event had happened.

        Only fields that no later event changes may be read of an entity.
        """
        row = self.state.get(record, *key)
        return row if row is not None and row.index < self.size else None

    def rows(self, record: type[R], field: str, value: object) -> list[R]:
        """Rows whose `field` equals `value`, in the order of the log."""
        found = [row for row in self.state.where(record, field, value) if row.index < self.size]
        if len(found) > 1:
            found.sort(key=_INDEX)
        return found

    def steward(self, dataset: str, index: int) -> str | None:
        """Who answered for a dataset when event `index` was about to be recorded."""
        held = [s for s in self.rows(Stewardship, "dataset", dataset) if s.index < index]
        return held[-1].steward if held else None

    def withdrawal(self, dataset: Dataset) -> tuple[int, int] | None:
        """Index and time of the dataset's withdrawal; None if it has not been withdrawn."""
        if dataset.withdrawn_index is None or dataset.withdrawn_at is None:
            return None
        if dataset.withdrawn_index >= self.size:
            return None
        return dataset.withdrawn_index, dataset.withdrawn_at

    def membership(self, member: str, at: int) -> MemberChange | None:
        """The last change to a member that was recorded by a time, in milliseconds."""
        changes = [c for c in self.rows(MemberChange, "member", member) if c.recorded_at <= at]
        return changes[-1] if changes else None
