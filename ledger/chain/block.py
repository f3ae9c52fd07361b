"""One block: from transactions that wait to a block that is durable.

Rules:
    * The header's timestamp is fixed before anything runs, so the EVM sees the very time that is
      sealed. (py-evm's `mine_all(timestamp=...)` seals one time and shows contracts another.)
    * A transaction that the state refuses (nonce, funds) is left out and told why; the others are
      not affected.
    * What takes too long is undone and left out (`ledger.chain.bounds`).
    * A draft that fails is undone and left out. It then has used neither its nonce nor anyone's
      gas.
    * Everything of the block goes to disk in one transaction of the store. Outcomes are set after
      that, never before.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from eth.abc import (
    BlockAPI,
    BlockHeaderAPI,
    ComputationAPI,
    ReceiptAPI,
    SignedTransactionAPI,
    VirtualMachineAPI,
)
from eth.db.atomic import AtomicDB
from eth_typing import Address

from ledger.chain.errors import RpcFault
from ledger.chain.evm import EmbeddedChain, FeeFreeState, next_header
from ledger.chain.failures import failure_of
from ledger.chain.records import TransactionRecord, write_transaction
from ledger.chain.store import ChainStore, WriteBatch


@dataclass(eq=False, slots=True)
class Submission:
    """A transaction on its way into a block; the thread that brought it waits for `outcome`.

    Attributes:
        sender: recovered at admission, or the draft's.
        source: the transaction, signed and admitted; or for a draft what makes it of its nonce,
            called on the sealing thread.
        outcome: its hash once it is durable in a block, or why it is in none. Set once, under the
            sealer's lock.
    """

    sender: Address
    source: SignedTransactionAPI | Callable[[int], SignedTransactionAPI]
    outcome: bytes | RpcFault | None = None

    @property
    def nonce(self) -> int | None:
        """None for a draft, which takes whatever nonce is next."""
        return self.source.nonce if isinstance(self.source, SignedTransactionAPI) else None

    @property
    def transaction_hash(self) -> bytes | None:
        """None for a draft, which is not signed yet."""
        return self.source.hash if isinstance(self.source, SignedTransactionAPI) else None


@dataclass(frozen=True, slots=True)
class SealedBlock:
    """A block that is on disk, with its receipts."""

    block: BlockAPI
    receipts: Sequence[ReceiptAPI]


@dataclass(slots=True)
class _Contents:
    """What has been applied so far."""

    header: BlockHeaderAPI
    transactions: list[SignedTransactionAPI] = field(default_factory=list)
    receipts: list[ReceiptAPI] = field(default_factory=list)
    outcomes: list[tuple[Submission, bytes | RpcFault]] = field(default_factory=list)


def build_block(
    store: ChainStore,
    chain_class: type[EmbeddedChain],
    submissions: Sequence[Submission],
    *,
    now: int,
    allow_empty: bool = False,
) -> SealedBlock | None:
    """Seal one block of whatever of `submissions` applies, in that order, and set every outcome.

    Args:
        store: holds the parent; receives the block.
        chain_class: the rules, for this chain id.
        submissions: each sender's in the order of their nonces.
        now: the chain's clock in seconds since 1970.
        allow_empty: seal also when nothing applied.

    Returns:
        The block, once it is durable; None if nothing applied.

    Raises:
        ChainStoreFailed: nothing was acknowledged. The block may be on disk all the same if the
            failure was in the last step of the commit; the next block is built on whatever is
            there.
        ChainStoreCorrupt: the state cannot be read.
    """
    with store.atomic_batch() as batch:
        chain = chain_class(AtomicDB(batch))
        parent = chain.get_canonical_head()
        vm = chain.get_vm(next_header(parent, now=now))
        contents = _Contents(vm.get_header())
        for submission in submissions:
            _apply(vm, contents, submission)
        sealed = None
        if contents.transactions or allow_empty:
            sealed = _seal(chain, vm, contents, batch)
    for submission, outcome in contents.outcomes:
        submission.outcome = outcome
    return sealed


def _apply(vm: VirtualMachineAPI, contents: _Contents, submission: Submission) -> None:
    source = submission.source
    try:
        if isinstance(source, SignedTransactionAPI):
            transaction, keep_failed = source, True
        else:
            transaction, keep_failed = source(vm.state.get_nonce(submission.sender)), False
        computation = _execute(vm, transaction, keep_failed=keep_failed)
    except RpcFault as fault:
        contents.outcomes.append((submission, fault))
        return
    receipt = vm.make_receipt(contents.header, transaction, computation, vm.state)
    contents.header = vm.add_receipt_to_header(contents.header, receipt)
    contents.transactions.append(transaction)
    contents.receipts.append(receipt)
    contents.outcomes.append((submission, bytes(transaction.hash)))


def _execute(
    vm: VirtualMachineAPI, transaction: SignedTransactionAPI, *, keep_failed: bool
) -> ComputationAPI:
    # What earlier transactions did must not be undone with this one: lock first, then take the
    # snapshot.
    vm.state.lock_changes()
    snapshot = vm.state.snapshot()
    state: FeeFreeState = vm.state  # type: ignore[assignment]
    state.stopwatch.start()
    try:
        computation = state.apply_transaction(transaction)
        if computation.is_error and not keep_failed:
            raise failure_of(computation)
    except RpcFault:
        state.revert(snapshot)
        raise
    state.commit(snapshot)
    return computation


def _seal(
    chain: EmbeddedChain, vm: VirtualMachineAPI, contents: _Contents, batch: WriteBatch
) -> SealedBlock:
    filled = vm.set_block_transactions_and_withdrawals(
        vm.get_block(), contents.header, contents.transactions, contents.receipts
    )
    block = vm.mine_block(filled).block
    chain.chaindb.persist_block(block)
    gas_before = first_log_index = 0
    for index, (transaction, receipt) in enumerate(
        zip(contents.transactions, contents.receipts, strict=True)
    ):
        record = TransactionRecord(
            block.number,
            index,
            first_log_index,
            receipt.gas_used - gas_before,
            transaction.sender,
        )
        write_transaction(batch, transaction.hash, record, receipt)
        gas_before = receipt.gas_used
        first_log_index += len(receipt.logs)
    return SealedBlock(block, tuple(contents.receipts))
