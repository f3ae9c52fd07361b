"""Why the log does not take, or does not give, what was asked of it."""

from __future__ import annotations

from ledger.errors import ConcordError, Conflict, IntegrityError, NotFound, Unavailable


class QueueFull(Unavailable):
    """More events wait than the log is allowed to hold.

    Attributes:
        retry_after: seconds after which it is worth trying again.
    """

    code = "queue-full"

    def __init__(self, message: str, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class LogClosed(Unavailable):
    """The log is shutting down and takes nothing more."""

    code = "log-closed"


class NonceReused(Conflict):
    """The same signer has used this nonce for another event."""

    code = "nonce-reused"


class PredecessorMissing(Conflict):
    """The event that this one follows is not in the log."""

    code = "predecessor-missing"


class OpeningErased(Conflict):
    """The opening of this commitment was erased and cannot come back."""

    code = "opening-erased"


class LedgerMissing(NotFound):
    """There is no ledger in this database."""

    code = "ledger-missing"


class LedgerExists(Conflict):
    """There is another ledger in this database already."""

    code = "ledger-exists"


class WrongLedger(IntegrityError):
    """The database holds another ledger than the one that is configured."""

    code = "wrong-ledger"


class SizeNotReached(NotFound):
    """The log has no such leaf, or was never that large, so far."""

    code = "size-not-reached"


class HistoryRewritten(IntegrityError):
    """The database does not extend what this log has already signed."""

    code = "history-rewritten"


class RuleFault(ConcordError):
    """A rule or a projection has failed on an event: a bug in this program, not in the event."""

    code = "rule-fault"


class LogStopped(Unavailable):
    """The sequencer has stopped on an error that it does not know."""

    code = "log-stopped"


class CheckpointNotKept(Unavailable):
    """The file of the last signed checkpoint cannot be written, so nothing new is signed."""

    code = "checkpoint-not-kept"
