"""Every error that Concord raises on purpose, under one base.

Each class has a stable `code`. The service turns it into the `type` of RFC 9457 problem details,
the CLI prints it, and clients may branch on it; the message is for people and says what to do next.
Rooms with many errors of their own define them beside their code, as subclasses of a class from
here.
"""

from __future__ import annotations

from typing import ClassVar


class ConcordError(Exception):
    """Base of all errors raised on purpose.

    Attributes:
        code: stable kebab-case identifier, unique to the class.
    """

    code: ClassVar[str] = "concord-error"


class InvalidInput(ConcordError):
    """What was handed in cannot be right, whatever the state of the ledger."""

    code = "invalid-input"


class Refused(ConcordError):
    """Well formed, but the rules do not allow it in the present state."""

    code = "refused"


class Conflict(ConcordError):
    """It contradicts something that is already recorded."""

    code = "conflict"


class NotFound(ConcordError):
    """Nothing by that name is recorded."""

    code = "not-found"


class Unavailable(ConcordError):
    """It cannot be answered now; trying again later may work."""

    code = "unavailable"


class IntegrityError(ConcordError):
    """Stored or received data contradicts itself: tampering, corruption or a fork."""

    code = "integrity"
