"""What is asked beside the rules before an event is recorded.

The rules decide from the log alone, so that its replay always gives the same. An admission may rest
on more, such as the texts of the policies in force: what it turns away was never an event, and
replay, rebuild and `fsck` do not ask it again. It has no say in what facts the log takes: it is
asked about the kinds that it names, and those should be acts, not facts.
"""

from __future__ import annotations

from typing import Protocol

from sqlalchemy import Connection

from ledger.events.envelope import Event
from ledger.views.state import State


class Admission(Protocol):
    """Asked by the sequencer alone, inside the transaction that would record the event."""

    kinds: frozenset[str]
    """Kinds of events that it is asked about; for others it costs nothing."""

    def begin(self, connection: Connection) -> None:
        """A batch begins.

        Args:
            connection: of its transaction; holds what was recorded before the batch.
        """

    def check(self, event: Event, *, index: int, state: State) -> None:
        """Lets an event through that the rules have let through.

        It must be quick: all who write wait for it.

        Args:
            event: of one of `kinds`.
            index: that it would get.
            state: with all events before it, those of the same batch too.

        Raises:
            Refused: the event is not to be recorded.
            Unavailable: that cannot be told now; the event may be sent again.
        """
