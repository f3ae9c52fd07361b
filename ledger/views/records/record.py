"""What every row of a view has."""

from __future__ import annotations

from typing import ClassVar


class Record:
    """A row of a view.

    Attributes:
        TABLE: name of its table.
        KEY: fields that name it.
        index: of the event that it comes from.
    """

    __slots__ = ()
    TABLE: ClassVar[str]
    KEY: ClassVar[tuple[str, ...]]
    index: int
