"""Every error that Concord raises on purpose, under one base.

Each class has a stable `code`. The service turns it into the `type` of RFC 9457 problem details,
the CLI prints it, and clients may branch on it; the message is for people: what happened, with
which value. Its `remedy` says what to do next whatever the values; docs/problems.md lists them all.
Rooms with many errors of their own define them beside their code, as subclasses of a class from
here.
"""

from __future__ import annotations

from typing import ClassVar


class ConcordError(Exception):
    """Base of all errors raised on purpose.

    Attributes:
        code: stable kebab-case identifier, unique to the class.
        remedy: what to do next; a family's holds for all of it that have none of their own.
    """

    code: ClassVar[str] = "concord-error"
    remedy: ClassVar[str] = "Report it with its message: it is a fault in the program."


class InvalidInput(ConcordError):
    """What was handed in cannot be right, whatever the state of the ledger."""

    code = "invalid-input"
    remedy = "Mend what the message names and send it again; as it is it will never be taken."


class Refused(ConcordError):
    """Well formed, but the rules do not allow it in the present state."""

    code = "refused"
    remedy = "Change what the message names, or have somebody do it who may."


class Conflict(ConcordError):
    """It contradicts something that is already recorded."""

    code = "conflict"
    remedy = "Look up what is recorded, and send what fits it."


class NotFound(ConcordError):
    """Nothing by that name is recorded."""

    code = "not-found"
    remedy = "Check the id for its spelling, and that the server is the right one."


class Unavailable(ConcordError):
    """It cannot be answered now; trying again later may work."""

    code = "unavailable"
    remedy = "Try again later; if it stays so, tell the operator."


class IntegrityError(ConcordError):
    """Stored or received data contradicts itself: tampering, corruption or a fork."""

    code = "integrity"
    remedy = "Rely on none of it, and keep it as evidence; the operator runs `concord fsck`."
