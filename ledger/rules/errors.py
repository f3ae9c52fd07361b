"""Why an event is refused. Every code is stable; every message says what would be let through."""

from __future__ import annotations

from ledger.errors import Conflict, InvalidInput, NotFound, Refused


class UnknownActor(Refused):
    """The signer is no member and no key of one."""

    code = "unknown-actor"


class KeyNotAuthorized(Refused):
    """The key is revoked, over its time, or not for this kind."""

    code = "key-not-authorized"


class MissingRole(Refused):
    """The member does not have the role that this kind asks for."""

    code = "missing-role"


class NotSteward(Refused):
    """Only who answers for the dataset (or the grant above) may do this."""

    code = "not-steward"


class NotOwner(Refused):
    """Only the member that it belongs to may do this."""

    code = "not-owner"


class NotAssignee(Refused):
    """The grant is somebody else's."""

    code = "not-assignee"


class NotMirror(Refused):
    """Only the mirror of the contracts may append this kind."""

    code = "not-mirror"


class UnknownId(NotFound):
    """The event names something that is not recorded."""

    code = "unknown-id"


class IdTaken(Conflict):
    """Something by that id is recorded already."""

    code = "id-taken"


class AlreadyEnded(Conflict):
    """What the event would change is over for good."""

    code = "already-ended"


class OutsideParent(Refused):
    """A grant would allow more than the grant it is made under."""

    code = "outside-parent"


class TimeOutOfWindow(InvalidInput):
    """`issuedAt` is too far from the ledger's clock, or a time in the body contradicts it."""

    code = "time-out-of-window"


class BodyNotAllowed(InvalidInput):
    """The body is well formed, but says what its kind may not say in this state."""

    code = "body-not-allowed"
