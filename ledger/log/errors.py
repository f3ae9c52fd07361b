"""Why the log does not take, or does not give, what was asked of it."""

from __future__ import annotations

from ledger.errors import ConcordError, Conflict, IntegrityError, NotFound, Unavailable
from ledger.secp256k1 import InvalidSignature


class QueueFull(Unavailable):
    """More events wait than the log is allowed to hold.

    Attributes:
        retry_after: seconds after which it is worth trying again.
    """

    code = "queue-full"
    remedy = (
        "Send the same event again after the seconds that `Retry-After` names, and fewer at a time."
    )

    def __init__(self, message: str, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class LogClosed(Unavailable):
    """The log is shutting down and takes nothing more."""

    code = "log-closed"
    remedy = "Send it again in some seconds, or to another server; nothing was recorded."


class NonceReused(Conflict):
    """The same signer has used this nonce for another event."""

    code = "nonce-reused"
    remedy = (
        "Sign the event with a new random nonce; to have the earlier event's receipt, send that "
        "one unchanged."
    )


class PredecessorMissing(Conflict):
    """The event that this one follows is not in the log."""

    code = "predecessor-missing"
    remedy = (
        "Nothing to do for callers: the mirror begins again after the last event that is recorded."
    )


class OpeningErased(Conflict):
    """The opening of this commitment was erased and cannot come back."""

    code = "opening-erased"
    remedy = "Seal the value anew, if there is a legal basis for keeping it."


class LedgerMissing(NotFound):
    """There is no ledger in this database."""

    code = "ledger-missing"
    remedy = "Run `concord init`, or name the right data directory."


class LedgerExists(Conflict):
    """There is another ledger in this database already."""

    code = "ledger-exists"
    remedy = "Choose another data directory or database for a new ledger."


class WrongLedger(IntegrityError):
    """The database holds another ledger than the one that is configured."""

    code = "wrong-ledger"
    remedy = "Name the data directory, database and origin that belong together."


class SizeNotReached(NotFound):
    """The log has no such leaf, or was never that large, so far."""

    code = "size-not-reached"
    remedy = (
        "Ask for a smaller index or size, or again later; `GET /v1/log` says how large the log is."
    )


class HistoryRewritten(IntegrityError):
    """The database does not extend what this log has already signed."""

    code = "history-rewritten"
    remedy = (
        "Restore the newest copy of the database, or put back what it lacks: `concord restore`. "
        "Never delete `checkpoint.last` to get past this."
    )


class RuleFault(ConcordError):
    """A rule or a projection has failed on an event: a bug in this program, not in the event."""

    code = "rule-fault"
    remedy = "Report it with the message: it is a fault in the program. The event is not recorded."


class LogStopped(Unavailable):
    """The sequencer has stopped on an error that it does not know."""

    code = "log-stopped"
    remedy = (
        "Tell the operator; keep the signed event and send it again afterwards: it is recorded "
        "once."
    )


class CheckpointNotKept(Unavailable):
    """The file of the last signed checkpoint cannot be written, so nothing new is signed."""

    code = "checkpoint-not-kept"
    remedy = (
        "Make the file that the message names writable; then send the same event again: it is "
        "recorded once."
    )


class WalletNotAsked(Unavailable):
    """The chain was too slow: a contract wallet was not asked in time, or its answer grew old."""

    code = "wallet-not-asked"
    remedy = "Send the same event again; nothing was recorded."


class NoChainToAsk(InvalidSignature):
    """The signature can only be a contract wallet's, and this ledger has no chain to ask."""

    code = "no-chain-to-ask"
    remedy = (
        "Sign with a key of your own, or have the contract's owners authorise one "
        "(`key.authorized`); only a ledger with a DAO takes signatures of contracts."
    )
