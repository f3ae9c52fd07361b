"""Why an event is refused. Every code is stable; every message says what would be let through."""

from __future__ import annotations

from ledger.errors import Conflict, InvalidInput, NotFound, Refused


class UnknownActor(Refused):
    """The signer is no member and no key of one."""

    code = "unknown-actor"
    remedy = (
        "Have the account admitted as a member (an admission by vote where there is a DAO), or "
        "have a member authorise the key with `concord key authorize`."
    )


class KeyNotAuthorized(Refused):
    """The key is revoked, over its time, or not for this kind."""

    code = "key-not-authorized"
    remedy = (
        "Sign with another key, or have the member authorise a new one for this kind and time "
        "with `concord key authorize`."
    )


class MissingRole(Refused):
    """The member does not have the role that this kind asks for."""

    code = "missing-role"
    remedy = (
        "Have the role given to the member (a change of roles by vote where there is a DAO, "
        "otherwise `concord members roles`), or have a member sign who has it."
    )


class NotSteward(Refused):
    """Only who answers for the dataset (or the grant above) may do this."""

    code = "not-steward"
    remedy = "Have the steward that the message names sign this."


class NotOwner(Refused):
    """Only the member that it belongs to may do this."""

    code = "not-owner"
    remedy = "Have the member that the message names sign this itself."


class NotAssignee(Refused):
    """The grant is somebody else's."""

    code = "not-assignee"
    remedy = "Use a grant of your own, or ask the dataset's steward for one with `concord request`."


class NotMirror(Refused):
    """Only the mirror of the contracts may append this kind."""

    code = "not-mirror"
    remedy = (
        "Nothing to send: the service's mirror tells what the contracts did, by itself. To change"
        " it, propose a vote."
    )


class UnknownId(NotFound):
    """The event names something that is not recorded."""

    code = "unknown-id"
    remedy = "Check the id for its spelling; if it is right, register or publish it first."


class IdTaken(Conflict):
    """Something by that id is recorded already."""

    code = "id-taken"
    remedy = (
        "Choose another id. To have the receipt of the event that is recorded, send that very "
        "event again, or ask `GET /v1/receipts/{index}`."
    )


class AlreadyEnded(Conflict):
    """What the event would change is over for good."""

    code = "already-ended"
    remedy = "Make a new one under another id; what is over does not come back."


class OutsideParent(Refused):
    """A grant would allow more than the grant it is made under."""

    code = "outside-parent"
    remedy = (
        "Narrow the grant to what the message names, or ask the dataset's steward for a grant "
        "that allows more."
    )


class TimeOutOfWindow(InvalidInput):
    """`issuedAt` is too far from the ledger's clock, or a time in the body contradicts it."""

    code = "time-out-of-window"
    remedy = "Set the signer's clock and sign anew with the present time."


class BodyNotAllowed(InvalidInput):
    """The body is well formed, but says what its kind may not say in this state."""

    code = "body-not-allowed"
    remedy = "Change the field that the message names, sign the event anew, and send it."
