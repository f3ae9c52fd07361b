"""The embedded node: a whole, durable, permissioned, fee-free EVM chain inside this process.

What it answers for: blocks that are on disk before anyone hears of them, a state that reads as of
any block, and a clock. JSON-RPC is not here (`ledger.chain.methods`), nor is signing.

The clock: block time is the machine's, plus an offset that only development mode can move
(`increase_time`). It never runs ahead of that, and never back: where the machine's clock jumped
back, block time stands still until it is caught up. Reads of "latest" see the present time, not the
last block's, because a governor's `state()` depends on it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from eth.abc import (
    BlockAPI,
    BlockHeaderAPI,
    ReceiptAPI,
    SignedTransactionAPI,
    StateAPI,
    VirtualMachineAPI,
)
from eth.exceptions import CanonicalHeadNotFound, HeaderNotFound
from eth_typing import Address, BlockNumber, Hash32
from rlp import RLPException

from ledger.chain.admission import Admission
from ledger.chain.block import SealedBlock, Submission, build_block
from ledger.chain.errors import (
    BlockUnknown,
    ChainExists,
    ChainMissing,
    ChainStoreCorrupt,
    RpcFault,
    RpcInternalError,
)
from ledger.chain.evm import (
    TRANSACTION_GAS_LIMIT,
    EmbeddedChain,
    next_header,
    read_chain_id,
    write_genesis,
)
from ledger.chain.records import read_time_offset, write_time_offset
from ledger.chain.sealer import Sealer
from ledger.chain.signing import KeySigner, Signer, TransactionDraft
from ledger.chain.store import ChainStore
from ledger.errors import ConcordError, Refused

MIN_CHAIN_ID = 2**31
MAX_CHAIN_ID = 2**52 - 1
_STORE_FILE = "data.mdb"
_RECENT_BLOCKS = 8


class TimeTravelRefused(Refused):
    """The clock can be moved in development mode only."""

    code = "time-travel-refused"
    remedy = "Set CONCORD_CHAIN_DEVELOPMENT for tests; never for a ledger that counts."


class EmbeddedNode:
    """One open chain. Its methods may be called from any thread.

    Args:
        store: holds a chain; closed with the node.
        is_permitted: whether an address may send transactions now; asked for each transaction.
        clock: seconds since 1970, as `time.time`.
        development: allow `increase_time` and `mine`.

    Raises:
        ChainMissing: the store holds no chain.
        ChainStoreCorrupt: its first block is damaged.
    """

    def __init__(
        self,
        store: ChainStore,
        *,
        is_permitted: Callable[[Address], bool],
        clock: Callable[[], float],
        development: bool = False,
    ) -> None:
        self.store = store
        self.development = development
        self._clock = clock
        self._time_offset = read_time_offset(store)
        try:
            genesis = _header_by_number(EmbeddedChain(store), 0)
        except BlockUnknown as error:
            raise ChainMissing("the store holds no chain: run `concord init` first") from error
        self.chain_id = read_chain_id(genesis)
        self._chain_class = EmbeddedChain.for_chain_id(self.chain_id)
        # Reads only; every block is built on a chain of its own over a batch.
        self.chain = self._chain_class(store)
        self.admission = Admission(self.chain_id, is_permitted)
        self._sealer = Sealer(self._build, self.nonce_of)
        # What was sealed last is asked for next. By block hash, so it is never out of date.
        self._recent: dict[bytes, SealedBlock] = {}
        self._recent_lock = threading.Lock()

    @staticmethod
    def create(directory: Path, *, chain_id: int, timestamp: int) -> None:
        """Write a new chain's genesis block.

        Args:
            directory: of the store; holds no chain yet.
            chain_id: fixed for ever, unique to the deployment: draw it at random from MIN_CHAIN_ID
                to MAX_CHAIN_ID (32 to 52 bits, which wallets can take as a safe integer).
            timestamp: of block 0, seconds since 1970.

        Raises:
            ChainExists: the directory holds a chain.
            ValueError: the chain id is out of range.
        """
        if not MIN_CHAIN_ID <= chain_id <= MAX_CHAIN_ID:
            raise ValueError(f"chain id {chain_id} is not in {MIN_CHAIN_ID}..{MAX_CHAIN_ID}")
        store = ChainStore(directory)
        try:
            EmbeddedChain(store).get_canonical_head()
        except CanonicalHeadNotFound:
            write_genesis(store, chain_id=chain_id, timestamp=timestamp)
        else:
            raise ChainExists(f"{directory} already holds a chain: open it, or choose another one")
        finally:
            store.close()

    @classmethod
    def open(
        cls,
        directory: Path,
        *,
        is_permitted: Callable[[Address], bool],
        clock: Callable[[], float],
        development: bool = False,
    ) -> EmbeddedNode:
        """Open the chain in a directory; the arguments are the class's.

        Raises:
            ChainMissing: there is none.
            ChainInUse: another process has it open.
        """
        if not (directory / _STORE_FILE).exists():
            raise ChainMissing(f"{directory} holds no chain: run `concord init` first")
        store = ChainStore(directory)
        try:
            return cls(store, is_permitted=is_permitted, clock=clock, development=development)
        except ConcordError:
            store.close()
            raise

    def close(self) -> None:
        """Wait for the block being sealed, then release the directory."""
        self._sealer.exclusively(self.store.close)

    # Blocks and time

    def now(self) -> int:
        """The chain's clock, seconds since 1970."""
        return int(self._clock()) + self._time_offset

    def head(self) -> BlockHeaderAPI:
        """The header of the last block.

        Raises:
            ChainStoreCorrupt: the record of which it is is damaged.
        """
        try:
            return self.chain.get_canonical_head()
        except (CanonicalHeadNotFound, HeaderNotFound) as error:
            raise ChainStoreCorrupt(f"the head cannot be read: {error}") from error

    def header_by_number(self, number: int) -> BlockHeaderAPI:
        """The header of a block.

        Raises:
            BlockUnknown: the chain is shorter.
            ChainStoreCorrupt: its record is damaged.
        """
        return _header_by_number(self.chain, number)

    def header_by_hash(self, block_hash: bytes) -> BlockHeaderAPI:
        """The header with that hash.

        Raises:
            BlockUnknown: there is none.
        """
        try:
            return self.chain.get_block_header_by_hash(Hash32(block_hash))
        except HeaderNotFound as error:
            raise BlockUnknown(f"block not found: 0x{block_hash.hex()}") from error

    def block(self, header: BlockHeaderAPI) -> BlockAPI:
        """The block of a header, with its transactions."""
        recent = self._recent.get(header.hash)
        return self.chain.get_block_by_header(header) if recent is None else recent.block

    def transaction(self, header: BlockHeaderAPI, index: int) -> SignedTransactionAPI:
        """A transaction of a block by its place."""
        recent = self._recent.get(header.hash)
        if recent is None:
            return self.chain.get_canonical_transaction_by_index(header.block_number, index)
        return recent.block.transactions[index]

    def receipt(self, header: BlockHeaderAPI, index: int) -> ReceiptAPI:
        """The receipt of a block's transaction by its place."""
        recent = self._recent.get(header.hash)
        if recent is None:
            return self.chain.get_transaction_receipt_by_index(header.block_number, index)
        return recent.receipts[index]

    # State

    def present(self) -> VirtualMachineAPI:
        """A machine on the head's state, in the block that would come now. Use it once."""
        return self.chain.get_vm(next_header(self.head(), now=self.now()))

    def past(self, header: BlockHeaderAPI) -> VirtualMachineAPI:
        """A machine on the state after that block, at that block's time. Use it once."""
        return self.chain.get_vm(header)

    def nonce_of(self, address: Address) -> int:
        """The next nonce of an account, after the last block."""
        state: StateAPI = self.past(self.head()).state
        return int(state.get_nonce(address))

    def pending_nonce_of(self, address: Address) -> int:
        """The next nonce of an account, after what waits for a block."""
        return self.nonce_of(address) + self._sealer.waiting_nonces(address)

    # Transactions

    def send_raw(self, transactions: Sequence[bytes]) -> list[bytes | RpcFault]:
        """Include signed transactions, in one block as far as possible.

        Args:
            transactions: as `eth_sendRawTransaction` takes them. A failing one is included and
                fails.

        Returns:
            For each the hash, once its block is durable, or why it is in none.
        """
        results: list[Submission | RpcFault] = []
        for raw in transactions:
            try:
                transaction = self.admission.admit(raw)
            except RpcFault as fault:
                results.append(fault)
            else:
                results.append(Submission(transaction.sender, transaction))
        return self._submit(results)

    def send_drafts(
        self, drafts: Sequence[TransactionDraft], signer: Signer
    ) -> list[bytes | RpcFault]:
        """Sign and include transactions of one account that hold no nonce yet; those that would
        fail are left out.

        The nonce is given when a draft's turn comes, so callers on many threads need no
        bookkeeping, and one that reverts leaves no gap.

        Args:
            drafts: fees in them are ignored.
            signer: of all of them; must be permitted.

        Returns:
            For each the hash, once its block is durable, or the fault (ExecutionReverted and so
            on).
        """
        self.admission.check_sender(signer.address)
        return self._submit(
            [Submission(signer.address, partial(self._sign, draft, signer)) for draft in drafts]
        )

    # Development mode

    def increase_time(self, seconds: int) -> int:
        """Move the chain's clock ahead, for ever.

        Returns:
            The whole offset from the machine's clock, in seconds.

        Raises:
            TimeTravelRefused: not in development mode, or backwards.
        """
        self._check_development()
        if seconds < 0:
            raise TimeTravelRefused("time only moves ahead: give a positive number of seconds")
        self._sealer.exclusively(partial(self._add_offset, seconds))
        return self._time_offset

    def mine(self) -> None:
        """Seal an empty block.

        Raises:
            TimeTravelRefused: not in development mode.
        """
        self._check_development()
        self._sealer.exclusively(partial(self._build, (), allow_empty=True))

    def _add_offset(self, seconds: int) -> None:
        write_time_offset(self.store, self._time_offset + seconds)
        self._time_offset += seconds

    def _check_development(self) -> None:
        if not self.development:
            raise TimeTravelRefused(
                "the clock is moved in development mode only: open the chain with development=True"
            )

    def _build(self, submissions: Sequence[Submission], *, allow_empty: bool = False) -> None:
        sealed = build_block(
            self.store, self._chain_class, submissions, now=self.now(), allow_empty=allow_empty
        )
        if sealed is None:
            return
        with self._recent_lock:
            self._recent[sealed.block.hash] = sealed
            if len(self._recent) > _RECENT_BLOCKS:
                # Dictionaries keep the order of insertion: the first is the oldest.
                del self._recent[next(iter(self._recent))]

    def _sign(self, draft: TransactionDraft, signer: Signer, nonce: int) -> SignedTransactionAPI:
        gas = TRANSACTION_GAS_LIMIT if draft.gas is None else draft.gas
        unsigned = draft.with_nonce(chain_id=self.chain_id, nonce=nonce, gas=gas)
        raw = signer.sign(unsigned)
        if isinstance(signer, KeySigner):
            return self.admission.admit_own(raw, signer.address)
        return self.admission.admit(raw)

    def _submit(self, results: Sequence[Submission | RpcFault]) -> list[bytes | RpcFault]:
        self._sealer.seal([each for each in results if isinstance(each, Submission)])
        outcomes: list[bytes | RpcFault] = []
        for result in results:
            outcome = result.outcome if isinstance(result, Submission) else result
            outcomes.append(
                outcome or RpcInternalError("the transaction was neither kept nor refused")
            )
        return outcomes


def _header_by_number(chain: EmbeddedChain, number: int) -> BlockHeaderAPI:
    try:
        header = chain.get_canonical_block_header_by_number(BlockNumber(number))
    except HeaderNotFound as error:
        raise BlockUnknown(f"block not found: {number}") from error
    except RLPException as error:
        raise ChainStoreCorrupt(f"the record of block {number} is damaged: {error}") from error
    if header.block_number != number:
        raise ChainStoreCorrupt(f"under block {number} stands block {header.block_number}")
    return header
