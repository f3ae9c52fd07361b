"""Exit codes of the command line, the same for every command."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """What a script may branch on."""

    OK = 0
    FAILED = 1
    """Something unforeseen, or a local file problem."""
    USAGE = 2
    """The command line itself is wrong (Typer's own code)."""
    REFUSED = 3
    """The ledger refused: not allowed, contradicts what is recorded, or not found."""
    INVALID = 4
    """What was handed in cannot be right, whatever the ledger's state."""
    UNAVAILABLE = 5
    """No answer; trying again may help."""
    NOT_PROVEN = 6
    """A proof, signature or log does not hold: tampering, corruption or a fork."""
    TAINTED = 10
    """`audit` or `verify`: the model is tainted."""
    INCOMPLETE = 11
    """`audit` or `verify`: the answer is incomplete."""
