"""What can go wrong on a chain, by name.

Two families. `RpcFault` and its subclasses are what a node answers: each knows its JSON-RPC error
code, and its message keeps geth's wording where wallets match on it ("nonce too low", "already
known", "execution reverted"). The others are what a user of a chain meets: the chain is down, is
another chain, was reorganised, or answers what cannot be true.
"""

from __future__ import annotations

from typing import ClassVar

from ledger.errors import (
    ConcordError,
    Conflict,
    IntegrityError,
    InvalidInput,
    NotFound,
    Refused,
    Unavailable,
)


class RpcFault(ConcordError):
    """A request that a node answers with an error.

    Attributes:
        rpc_code: the `error.code` of JSON-RPC 2.0 section 5.1, EIP-1474 or geth.
    """

    code = "rpc-fault"
    rpc_code: ClassVar[int] = -32000

    @property
    def data(self) -> str | None:
        """The `error.data` of the answer; None leaves it out."""
        return None


class RpcParseError(RpcFault, InvalidInput):
    """The body is not JSON."""

    code = "rpc-parse-error"
    remedy = "Send JSON."
    rpc_code = -32700


class RpcInvalidRequest(RpcFault, InvalidInput):
    """The body is JSON, but no JSON-RPC 2.0 request."""

    code = "rpc-invalid-request"
    remedy = "Send JSON-RPC 2.0."
    rpc_code = -32600


class RpcMethodNotFound(RpcFault, NotFound):
    """The method does not exist here, or is not open to callers."""

    code = "rpc-method-not-found"
    remedy = (
        "Use a method that contract wallets and web3.py use; the message names the one that is "
        "missing."
    )
    rpc_code = -32601


class RpcInvalidParams(RpcFault, InvalidInput):
    """The parameters of a method are missing, of the wrong type or out of range."""

    code = "rpc-invalid-params"
    remedy = "Mend the parameters that the message names."
    rpc_code = -32602


class RpcInternalError(RpcFault):
    """The node failed; its log says why."""

    code = "rpc-internal-error"
    remedy = "Tell the operator; the service's log has the cause."
    rpc_code = -32603


class RpcLimitExceeded(RpcFault, Refused):
    """The request asks for more than one answer may hold."""

    code = "rpc-limit-exceeded"
    remedy = "Ask for fewer blocks, logs or calls at a time."
    rpc_code = -32005


class BlockUnknown(RpcFault, NotFound):
    """No block of that number or hash is on the chain."""

    code = "block-unknown"
    remedy = "Ask for a block up to the latest one."
    rpc_code = -32001


class TransactionMalformed(RpcFault, InvalidInput):
    """The bytes are no signed transaction that this chain could ever include."""

    code = "transaction-malformed"
    remedy = "Sign a legacy, EIP-2930 or EIP-1559 transaction, and send its bytes as hex."
    rpc_code = -32602


class TransactionForOtherChain(RpcFault, InvalidInput):
    """The transaction was signed for another chain id, or for none (before EIP-155)."""

    code = "transaction-for-other-chain"
    remedy = "Switch the wallet to the chain id of `GET /v1/log`, and sign again."


class SenderNotPermitted(RpcFault, Refused):
    """The chain is permissioned and the sender is no member."""

    code = "sender-not-permitted"
    remedy = "Send from a member's account, or have the account admitted."
    rpc_code = -32003


class NonceTooLow(RpcFault, Conflict):
    """The sender has already used that nonce."""

    code = "nonce-too-low"
    remedy = "Ask `eth_getTransactionCount` for the next nonce, and sign again."


class NonceTooHigh(RpcFault, Refused):
    """Transactions of the sender with lower nonces are missing."""

    code = "nonce-too-high"
    remedy = "Send the transactions with lower nonces first."


class TransactionKnown(RpcFault, Conflict):
    """That very transaction is on the chain or waiting."""

    code = "transaction-known"
    remedy = "Nothing: it was sent before. Ask for its receipt."


class InsufficientFunds(RpcFault, Refused):
    """The sender does not hold the value that it wants to transfer."""

    code = "insufficient-funds"
    remedy = "Send the account coins, or transfer less."


class SealerBusy(RpcFault, Unavailable):
    """More transactions wait for a block than the node accepts."""

    code = "sealer-busy"
    remedy = "Send it again in some seconds."
    rpc_code = -32005


class ExecutionFailed(RpcFault, Refused):
    """The EVM stopped without a revert: out of gas, invalid opcode, stack or memory fault."""

    code = "execution-failed"
    remedy = "Try the call with `eth_call`; raise its gas if it ran out."


class ExecutionTooLong(RpcFault, Refused):
    """The EVM used up its processor time; nothing of it was kept."""

    code = "execution-too-long"
    remedy = "Ask for less in one call."


class ExecutionReverted(RpcFault, Refused):
    """A contract reverted.

    Attributes:
        output: what it reverted with: empty, `Error(string)`, `Panic(uint256)` or a custom error,
            ABI-encoded.
    """

    code = "execution-reverted"
    remedy = "Read the contract's reason in the message, and send what it accepts."
    rpc_code = 3

    def __init__(self, message: str, output: bytes) -> None:
        super().__init__(message)
        self.output = output

    @property
    def data(self) -> str:
        """The output as hex, which clients decode against the contract's ABI."""
        return "0x" + self.output.hex()


class ChainStoreCorrupt(IntegrityError):
    """A stored value is not what its key says: the file was altered or the disk failed."""

    code = "chain-store-corrupt"


class ChainStoreFailed(Unavailable):
    """The store could not write or read: disk full, read-only, or an I/O error."""

    code = "chain-store-failed"
    remedy = (
        "Look after the disk of the chain's directory; a service that runs goes on by itself as "
        "soon as it can write there."
    )


class ChainInUse(Unavailable):
    """Another process has the embedded chain open."""

    code = "chain-in-use"
    remedy = "Stop the other process, or name another data directory."


class ChainMissing(NotFound):
    """There is no embedded chain in that directory."""

    code = "chain-missing"
    remedy = "Name the directory of the chain, or restore it from a backup."


class ChainExists(Conflict):
    """An embedded chain is already in that directory."""

    code = "chain-exists"
    remedy = "Choose another directory; a chain is never overwritten."


class ChainUrlInvalid(InvalidInput):
    """The chain's URL is neither `embedded:DIRECTORY` nor http(s)."""

    code = "chain-url-invalid"
    remedy = "Set CONCORD_CHAIN_URL to `embedded:DIRECTORY` or a node's http(s) address."


class ChainUnavailable(Unavailable):
    """The chain's node cannot be reached, or answers with server errors.

    Attributes:
        retry_after: seconds after which it is worth trying again. A node that is down is told of at
            once, so a client that tries a handful of times waits out a restart of twenty seconds.
    """

    code = "chain-unavailable"
    retry_after: ClassVar[float] = 4.0
    remedy = "Wait and try again; the operator looks after the node that CONCORD_CHAIN_URL names."


class WrongChain(Conflict):
    """The node answers for another chain id than the one that was configured."""

    code = "wrong-chain"
    remedy = "Have the operator set CONCORD_CHAIN_URL to the chain that the log's first leaf names."


class ChainReorganised(IntegrityError):
    """A block that was taken as final is no longer on the chain."""

    code = "chain-reorganised"


class ChainAnswerInvalid(IntegrityError):
    """The node answered something that contradicts itself or the question."""

    code = "chain-answer-invalid"


class ChainRefused(Refused):
    """The node refused a request.

    Attributes:
        rpc_code: its `error.code`.
    """

    code = "chain-refused"
    remedy = "Look at the node's answer in the message; with fees, see that the account has coins."

    def __init__(self, message: str, rpc_code: int) -> None:
        super().__init__(message)
        self.rpc_code = rpc_code


class TransactionFailed(Refused):
    """A transaction was included and failed; what it did is undone, its nonce is used.

    Attributes:
        transaction_hash: of the failed transaction, 32 bytes.
    """

    code = "transaction-failed"
    remedy = "Read the contract's reason in the message; the nonce is used, so sign anew."

    def __init__(self, message: str, transaction_hash: bytes) -> None:
        super().__init__(message)
        self.transaction_hash = transaction_hash


class TransactionPending(Unavailable):
    """A transaction was sent and is in no block yet; it may still be included.

    Attributes:
        transaction_hash: of the last version that was sent, 32 bytes.
    """

    code = "transaction-pending"
    remedy = "Ask for its receipt later; do not sign another one."

    def __init__(self, message: str, transaction_hash: bytes) -> None:
        super().__init__(message)
        self.transaction_hash = transaction_hash


class TransactionDisplaced(Unavailable):
    """Another transaction of the account was included under the nonce of one that was sent.

    A reorganisation can bring back what was displaced: send again only what the contract takes
    once, such as a ballot, an anchor or a step of a proposal.
    """

    code = "transaction-displaced"
    remedy = "Send it again: it was not carried out."


class FeeTooHigh(Refused):
    """The chain asks for a higher fee than the configured ceiling."""

    code = "fee-too-high"
    remedy = "Wait for lower fees, or have the operator raise the ceiling."
