"""What can go wrong between a client and a server that it does not trust."""

from __future__ import annotations

from ledger.errors import (
    ConcordError,
    IntegrityError,
    InvalidInput,
    NotFound,
    Refused,
    Unavailable,
)


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


class NoDao(NotFound):
    """The ledger has no DAO: no contracts, no votes."""

    code = "no-dao"


class InvalidChoice(InvalidInput):
    """Not a way to vote."""

    code = "invalid-choice"


class InvalidProposalDraft(InvalidInput):
    """A proposal that says nothing, or an action that is none."""

    code = "invalid-proposal-draft"


class WrongBallot(IntegrityError):
    """The server shows something else to sign, or to keep, than the ballot that was asked for."""

    code = "wrong-ballot"


class WrongDelegation(IntegrityError):
    """The server shows something else to sign than the delegation that was asked for."""

    code = "wrong-delegation"


class WrongTransaction(IntegrityError):
    """The server shows a transaction that does something else than was asked for."""

    code = "wrong-transaction"


class WrongContent(IntegrityError):
    """The bytes are not those that the content id names."""

    code = "wrong-content"


class ChainRefused(Refused):
    """The chain does not take the transaction, or does not answer the question."""

    code = "chain-refused"


class TransactionFailed(Refused):
    """The transaction is in a block, and the contract refused it there."""

    code = "transaction-failed"


class TransactionPending(Unavailable):
    """The transaction was sent and is in no block yet."""

    code = "transaction-pending"


class FeeTooHigh(Refused):
    """The chain asks for more than this client pays."""

    code = "fee-too-high"
