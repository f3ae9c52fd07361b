"""What a check finds, and how it tells how far it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

Progress: TypeAlias = Callable[[str, int, int], None]
"""Called with the name of the pass, how many leaves are done, and of how many."""

Part: TypeAlias = Literal[
    "leaf",
    "tile",
    "checkpoint",
    "head",
    "last-signed",
    "column",
    "signature",
    "authority",
    "view",
    "vault",
]


@dataclass(frozen=True, slots=True)
class Difference:
    """The first thing that is not as it should be.

    Attributes:
        part: what kind of thing.
        name: which one, such as `leaf 17`, `tile/0/000`, `view access_grant ('g1',)`.
        index: of the leaf, or the size, that it belongs to; None where it belongs to none.
        detail: what was found and what should be there.
    """

    part: Part
    name: str
    index: int | None
    detail: str

    def __str__(self) -> str:
        return f"{self.name}: {self.detail}"


@dataclass(frozen=True, slots=True)
class Report:
    """The outcome of a check.

    Attributes:
        size: leaves that were checked.
        root: of the tree over them, 32 bytes, as computed; empty when there was a difference
            before it was known.
        difference: the first one; None if everything agrees.
        unconfirmed: indices of events whose signatures only their chain could confirm, because
            their actors are contract wallets and it was not asked; ascending.
    """

    size: int
    root: bytes
    difference: Difference | None
    unconfirmed: tuple[int, ...] = ()

    @property
    def is_clean(self) -> bool:
        """Whether everything agrees."""
        return self.difference is None


class Differs(Exception):
    """Ends a pass at its first difference."""

    def __init__(self, difference: Difference) -> None:
        super().__init__(str(difference))
        self.difference = difference


def differs(part: Part, name: str, index: int | None, detail: str) -> Differs:
    """A difference, ready to be raised."""
    return Differs(Difference(part, name, index, detail))
