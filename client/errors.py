"""What can go wrong between a client and a server that it does not trust."""

from __future__ import annotations

from ledger.errors import ConcordError, IntegrityError, InvalidInput, NotFound, Unavailable


class ServerProblem(ConcordError):
    """The server refused, with RFC 9457 problem details.

    Attributes:
        status: HTTP status.
        problem: stable code of the problem, the last part of its `type`.
        detail: what to do about it.
        retry_after: seconds after which trying again may help, where the server said so.
    """

    code = "server-problem"

    def __init__(
        self, status: int, problem: str, detail: str, retry_after: float | None = None
    ) -> None:
        super().__init__(f"{detail} [{problem}]")
        self.status = status
        self.problem = problem
        self.detail = detail
        self.retry_after = retry_after


class Unreachable(Unavailable):
    """No answer came, in the time allowed and after the retries allowed."""

    code = "unreachable"


class UnexpectedAnswer(IntegrityError):
    """The server's answer is not one that this API gives."""

    code = "unexpected-answer"


class InvalidServer(InvalidInput):
    """Not an address that a server can have."""

    code = "invalid-server"


class BatchTooLarge(InvalidInput):
    """More events than the API takes at once."""

    code = "batch-too-large"


class NoSigningKey(InvalidInput):
    """The client was made without a key, and this needs one."""

    code = "no-signing-key"


class DamagedTrust(IntegrityError):
    """What was kept about a log cannot be read; it is never replaced by what a server says."""

    code = "damaged-trust"


class ForkedLog(IntegrityError):
    """The server signed two histories that contradict each other. Keep the evidence."""

    code = "forked-log"


class RolledBackLog(IntegrityError):
    """The server shows an earlier state than one that it has signed before."""

    code = "rolled-back-log"


class WrongLog(IntegrityError):
    """Another log answers than the one that is trusted: other origin, key or chain."""

    code = "wrong-log"


class WrongReceipt(IntegrityError):
    """The receipt does not prove that what was sent, or asked for, is in the log."""

    code = "wrong-receipt"


class WrongPassphrase(InvalidInput):
    """The passphrase does not open the keystore file."""

    code = "wrong-passphrase"


class InvalidKeystore(InvalidInput):
    """Not a keystore V3 file, or one that others may read."""

    code = "invalid-keystore"


class UnknownKey(NotFound):
    """No key by that name."""

    code = "unknown-key"


class InvalidCroissant(InvalidInput):
    """The Croissant file cannot be registered as it is."""

    code = "invalid-croissant"
