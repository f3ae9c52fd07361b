"""What all commands share: exit codes, and the headings that `--help` puts them under."""

from __future__ import annotations

from enum import IntEnum, StrEnum


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


class Panel(StrEnum):
    """Headings of `concord --help`."""

    PEOPLE = "Keys and members"
    ACCESS = "Data, access and models"
    QUESTIONS = "Questions and proofs"
    DAO = "Proposals and votes"
    LEDGER = "Running a ledger"
