"""Why a ballot or a delegation is not relayed, by name."""

from __future__ import annotations

from ledger.errors import Conflict, InvalidInput, Refused, Unavailable


class InvalidBallot(InvalidInput):
    """A ballot that could never count, whatever the state of the proposal."""

    code = "invalid-ballot"


class VotingClosed(Refused):
    """The proposal is not open for votes: not yet, or not any more."""

    code = "voting-closed"


class NoVotingPower(Refused):
    """The voter had no votes at the proposal's snapshot: no tokens then, or all delegated."""

    code = "no-voting-power"


class AlreadyVoted(Conflict):
    """All the voter's votes on this proposal are cast."""

    code = "already-voted"


class NonceUsed(Conflict):
    """The ballot or delegation was signed with another nonce than the next one."""

    code = "vote-nonce-used"


class BallotRefused(Refused):
    """The contract refuses the ballot or delegation for another reason, which is in the message."""

    code = "ballot-refused"


class DelegationExpired(Refused):
    """The delegation was signed for an earlier time."""

    code = "delegation-expired"


class RateLimited(Unavailable):
    """Too many from one voter or one source; nothing was looked at.

    Attributes:
        retry_after: seconds after which the next one is taken.
    """

    code = "rate-limited"

    def __init__(self, message: str, retry_after: float) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class RelayBusy(Unavailable):
    """More wait to be relayed than there is room for; nothing was sent."""

    code = "relay-busy"


class RelayClosed(Unavailable):
    """The relay was closed before this was sent."""

    code = "relay-closed"
