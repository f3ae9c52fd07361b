"""Why a ballot or a delegation is not relayed, by name."""

from __future__ import annotations

from ledger.errors import Conflict, InvalidInput, Refused, Unavailable


class InvalidBallot(InvalidInput):
    """A ballot that could never count, whatever the state of the proposal."""

    code = "invalid-ballot"
    remedy = "Ask `POST /v1/votes:prepare` for the ballot, and sign it as it is."


class VotingClosed(Refused):
    """The proposal is not open for votes: not yet, or not any more."""

    code = "voting-closed"
    remedy = (
        "Vote between the proposal's snapshot and its deadline; `GET /v1/proposals/{proposal}` "
        "tells both."
    )


class NoVotingPower(Refused):
    """The voter had no votes at the proposal's snapshot: no tokens then, or all delegated."""

    code = "no-voting-power"
    remedy = (
        "Delegate to yourself before the next proposal's snapshot; for this one it is too late."
    )


class AlreadyVoted(Conflict):
    """All the voter's votes on this proposal are cast."""

    code = "already-voted"
    remedy = "Nothing: your votes on this proposal count, and cannot be changed."


class NonceUsed(Conflict):
    """The ballot or delegation was signed with another nonce than the next one."""

    code = "vote-nonce-used"
    remedy = "Ask `POST /v1/votes:prepare` or `POST /v1/delegations:prepare` again, and sign that."


class BallotRefused(Refused):
    """The contract refuses the ballot or delegation for another reason, which is in the message."""

    code = "ballot-refused"
    remedy = (
        "Read the contract's reason in the message, and ask `POST /v1/votes:prepare` for the "
        "ballot again."
    )


class DelegationExpired(Refused):
    """The delegation was signed for an earlier time."""

    code = "delegation-expired"
    remedy = "Ask `POST /v1/delegations:prepare` for it again with a later expiry, and sign that."


class RateLimited(Unavailable):
    """Too many from one voter or one source; nothing was looked at.

    Attributes:
        retry_after: seconds after which the next one is taken.
    """

    code = "rate-limited"
    remedy = "Try again after the seconds that `Retry-After` names, and send fewer at a time."

    def __init__(self, message: str, retry_after: float) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class RelayBusy(Unavailable):
    """More wait to be relayed than there is room for; nothing was sent."""

    code = "relay-busy"
    remedy = "Send the same ballot again in some seconds: it counts once."


class RelayClosed(Unavailable):
    """The relay was closed before this was sent."""

    code = "relay-closed"
    remedy = "Send the same ballot again when the service is back: it counts once."
