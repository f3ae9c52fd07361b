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
    remedy = "Look up the server's own code, which is in brackets."

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
    remedy = (
        "See that the server is up and its address right (`--server`); sending the same again is "
        "safe."
    )


class UnexpectedAnswer(IntegrityError):
    """The server's answer is not one that this API gives."""

    code = "unexpected-answer"


class InvalidServer(InvalidInput):
    """Not an address that a server can have."""

    code = "invalid-server"
    remedy = "Write `http(s)://host[:port]`."


class BatchTooLarge(InvalidInput):
    """More events than the API takes at once."""

    code = "batch-too-large"
    remedy = "Send fewer events at a time."


class NoSigningKey(InvalidInput):
    """The client was made without a key, and this needs one."""

    code = "no-signing-key"
    remedy = "Make the client with `key=`."


class DamagedTrust(IntegrityError):
    """What was kept about a log cannot be read; it is never replaced by what a server says."""

    code = "damaged-trust"


class ForkedLog(IntegrityError):
    """The server signed two histories that contradict each other. Keep the evidence."""

    code = "forked-log"
    remedy = (
        "Keep the evidence that the message names and show it to the other members; do not go on "
        "with this server."
    )


class RolledBackLog(IntegrityError):
    """The server shows an earlier state than one that it has signed before."""

    code = "rolled-back-log"
    remedy = "Do not go on; ask the operator and other members which history stands."


class WrongLog(IntegrityError):
    """Another log answers than the one that is trusted: other origin, key or chain."""

    code = "wrong-log"
    remedy = (
        "See that `--server` is right. Only if you know why the log is another one: `concord log "
        "forget`."
    )


class UnprovenKeys(IntegrityError):
    """The server names keys that the log is said to have had, and does not prove it."""

    code = "unproven-keys"
    remedy = (
        "Rely on no key but the one that you trust; ask the operator for the file of handovers, "
        "`log.key.handovers`."
    )


class WrongReceipt(IntegrityError):
    """The receipt does not prove that what was sent, or asked for, is in the log."""

    code = "wrong-receipt"
    remedy = "Do not rely on it; ask for the receipt again, and keep what was answered."


class WrongPassphrase(InvalidInput):
    """The passphrase does not open the keystore file."""

    code = "wrong-passphrase"
    remedy = "Type it again; there is no way around it."


class InvalidKeystore(InvalidInput):
    """Not a keystore V3 file, or one that others may read."""

    code = "invalid-keystore"
    remedy = "Use a keystore V3 file that only you can read (mode 0600)."


class UnknownKey(NotFound):
    """No key by that name."""

    code = "unknown-key"
    remedy = "Look at `concord keys list`, or make the key with `concord keys new`."


class InvalidCroissant(InvalidInput):
    """The Croissant file cannot be registered as it is."""

    code = "invalid-croissant"
    remedy = "Mend the file as the message says, or give the terms on the command line."


class NotAwaited(InvalidInput):
    """A call of an async run was made and never awaited, so it named nothing."""

    code = "not-awaited"
    remedy = "Await every `used`, `started_from` and `produced` of the run, and train again."


class NoDao(NotFound):
    """The ledger has no DAO: no contracts, no votes."""

    code = "no-dao"
    remedy = "Use a ledger that was made with a DAO; one is not added later."


class InvalidChoice(InvalidInput):
    """Not a way to vote."""

    code = "invalid-choice"
    remedy = "Vote `for`, `against`, `abstain` or `split`."


class InvalidProposalDraft(InvalidInput):
    """A proposal that says nothing, or an action that is none."""

    code = "invalid-proposal-draft"
    remedy = "Give a title and at least one action."


class WrongBallot(IntegrityError):
    """The server shows something else to sign, or to keep, than the ballot that was asked for."""

    code = "wrong-ballot"
    remedy = (
        "Do not sign it; the server is faulty or dishonest. Vote over the chain's own `/rpc` or "
        "another server."
    )


class WrongDelegation(IntegrityError):
    """The server shows something else to sign than the delegation that was asked for."""

    code = "wrong-delegation"
    remedy = "Do not sign it; the server is faulty or dishonest."


class WrongTransaction(IntegrityError):
    """The server shows a transaction that does something else than was asked for."""

    code = "wrong-transaction"
    remedy = "Do not sign it; the server is faulty or dishonest."


class NotYoursToCancel(Refused):
    """Somebody else's proposal: its proposer or the guardian cancels it."""

    code = "not-yours-to-cancel"
    remedy = "Ask its proposer, or vote against it."


class WrongContent(IntegrityError):
    """The bytes are not those that the content id names."""

    code = "wrong-content"


class ChainRefused(Refused):
    """The chain does not take the transaction, or does not answer the question."""

    code = "chain-refused"
    remedy = "Look at the node's answer in the message; with fees, see that the account has coins."


class TransactionFailed(Refused):
    """The transaction is in a block, and the contract refused it there."""

    code = "transaction-failed"
    remedy = "Read the contract's reason in the message; the nonce is used, so sign anew."


class TransactionPending(Unavailable):
    """The transaction was sent and is in no block yet."""

    code = "transaction-pending"
    remedy = "Ask for its receipt later; do not sign another one."


class FeeTooHigh(Refused):
    """The chain asks for more than this client pays."""

    code = "fee-too-high"
    remedy = "Wait for lower fees."
