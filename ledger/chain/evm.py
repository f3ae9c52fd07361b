"""The rules of the embedded chain: Prague, fee-free, with instant blocks.

Four rules differ from Ethereum's, each for a reason:
    * Nobody pays for gas. The base fee is 0 from genesis on (EIP-1559's formula keeps it there
      while blocks stay under half their gas limit), and a tip that a wallet offers is not charged,
      so no member needs coins.
    * A block may bear its parent's timestamp. Seconds are the finest time a header has; blocks
      sealed within one second share it instead of running ahead of the clock. For a contract it is
      as if they were one block.
    * Signatures, chain id and gas bounds are checked once, at admission (`ledger.chain.admission`),
      not again inside the block.
    * An execution has a budget of time beside its gas (`ledger.chain.bounds`).

Block hashes, tries, receipts and gas are Ethereum's, so that ordinary clients understand them.
"""

from __future__ import annotations

from collections.abc import Sequence

from eth._utils.address import generate_contract_address
from eth.abc import (
    AtomicDatabaseAPI,
    BlockAPI,
    BlockHeaderAPI,
    ExecutionContextAPI,
    MessageAPI,
    ReceiptAPI,
    SignedTransactionAPI,
    TransactionContextAPI,
    WithdrawalAPI,
)
from eth.chains.base import Chain
from eth.constants import CREATE_CONTRACT_ADDRESS
from eth.db.atomic import AtomicDB
from eth.typing import HeaderParams
from eth.vm.forks.cancun.transaction_context import CancunTransactionContext
from eth.vm.forks.prague import PragueVM
from eth.vm.forks.prague.state import PragueState, PragueTransactionExecutor
from eth.vm.message import Message
from eth_typing import Address, BlockNumber, Hash32

from ledger.chain.bounds import Stopwatch
from ledger.chain.errors import InsufficientFunds, NonceTooHigh, NonceTooLow
from ledger.chain.jit.computation import CompiledComputation
from ledger.chain.storage import Accounts
from ledger.chain.store import ChainStore
from ledger.chain.trie import of_list

BLOCK_GAS_LIMIT = 10**12
TRANSACTION_GAS_LIMIT = 30_000_000
_EXTRA_DATA_PREFIX = b"concord:"


class FeeFreeExecutor(PragueTransactionExecutor):
    """Applies a transaction whose form and signature were checked at admission."""

    def validate_transaction(self, transaction: SignedTransactionAPI) -> None:
        """Check what depends on the state: the nonce, and funds for the value.

        Raises:
            NonceTooLow, NonceTooHigh, InsufficientFunds: nothing was changed.
        """
        sender = transaction.sender
        nonce = self.vm_state.get_nonce(sender)
        if transaction.nonce < nonce:
            raise NonceTooLow(f"nonce too low: the account's next is {nonce}")
        if transaction.nonce > nonce:
            raise NonceTooHigh(f"nonce too high: the account's next is {nonce}")
        if self.vm_state.get_balance(sender) < transaction.value:
            raise InsufficientFunds("insufficient funds for gas * price + value")

    def build_evm_message(self, transaction: SignedTransactionAPI) -> MessageAPI:
        """The outermost call; as Prague's for the types that are admitted. That one writes out
        transaction and code for a log that nobody keeps.
        """
        state, sender = self.vm_state, transaction.sender
        state.increment_nonce(sender)
        gas = transaction.gas - transaction.intrinsic_gas
        to, value = transaction.to, transaction.value
        if to == CREATE_CONTRACT_ADDRESS:
            created = generate_contract_address(sender, state.get_nonce(sender) - 1)
            return Message(gas, to, sender, value, b"", transaction.data, create_address=created)
        code, delegate = self.get_code_at_address(to)
        is_delegation = delegate is not None
        return Message(gas, to, sender, value, transaction.data, code, is_delegation=is_delegation)


class FeeFreeState(PragueState):
    """Prague's state transition with gas metered and never charged."""

    computation_class = CompiledComputation
    account_db_class = Accounts
    transaction_executor_class = FeeFreeExecutor

    def __init__(
        self, db: AtomicDatabaseAPI, execution_context: ExecutionContextAPI, state_root: Hash32
    ) -> None:
        super().__init__(db, execution_context, state_root)
        self.stopwatch = Stopwatch()

    def delta_balance(self, address: Address, delta: int) -> None:
        """Nothing happens where nothing is paid, as mostly here; py-evm writes the account anew."""
        if delta:
            super().delta_balance(address, delta)

    def get_gas_price(self, transaction: SignedTransactionAPI) -> int:  # noqa: ARG002
        """What a unit of gas costs the sender."""
        return 0

    def get_tip(self, transaction: SignedTransactionAPI) -> int:  # noqa: ARG002
        """What a unit of gas pays to the coinbase."""
        return 0

    def get_transaction_context(self, transaction: SignedTransactionAPI) -> TransactionContextAPI:
        """Origin and gas price as the EVM sees them."""
        return CancunTransactionContext(gas_price=0, origin=transaction.sender)


class FeeFreeVM(PragueVM):
    """Prague's block rules, with timestamps that never decrease rather than always increase."""

    _state_class = FeeFreeState

    @classmethod
    def validate_header(cls, header: BlockHeaderAPI, parent_header: BlockHeaderAPI) -> None:
        """As Prague's. Equal timestamps pass because the parent is shown as one second older."""
        super().validate_header(header, parent_header.copy(timestamp=parent_header.timestamp - 1))

    def validate_block(self, block: BlockAPI) -> None:
        """The header: this chain takes no blocks of others, and the roots were made just now."""
        parent = self.chaindb.get_block_header_by_hash(block.header.parent_hash)
        self.validate_header(block.header, parent)

    def set_block_transactions_and_withdrawals(
        self,
        base_block: BlockAPI,
        new_header: BlockHeaderAPI,
        transactions: Sequence[SignedTransactionAPI],
        receipts: Sequence[ReceiptAPI],
        withdrawals: Sequence[WithdrawalAPI] | None = None,
    ) -> BlockAPI:
        """Complete a block; as py-evm's, which builds the two tries key by key. Nothing is
        withdrawn here.
        """
        del withdrawals
        transaction_root, of_transactions = of_list([each.encode() for each in transactions])
        receipt_root, of_receipts = of_list([each.encode() for each in receipts])
        self.chaindb.persist_trie_data_dict({**of_transactions, **of_receipts})
        header = new_header.copy(transaction_root=transaction_root, receipt_root=receipt_root)
        return base_block.copy(header=header, transactions=transactions)


class EmbeddedChain(Chain):
    """py-evm's chain under these rules; `for_chain_id` makes the class for one deployment."""

    vm_configuration = ((BlockNumber(0), FeeFreeVM),)

    @classmethod
    def for_chain_id(cls, chain_id: int) -> type[EmbeddedChain]:
        """The class whose EVM answers this id to CHAINID."""
        chain: type[EmbeddedChain] = cls.configure(chain_id=chain_id)
        return chain


def write_genesis(store: ChainStore, *, chain_id: int, timestamp: int) -> None:
    """Write block 0: an empty state, base fee 0, and the chain id in the extra data.

    The id makes every deployment's block hashes its own, also when two are created in the same
    second.
    """
    parameters: dict[str, HeaderParams] = {
        "gas_limit": BLOCK_GAS_LIMIT,
        "base_fee_per_gas": 0,
        "timestamp": timestamp,
        "extra_data": _EXTRA_DATA_PREFIX + chain_id.to_bytes(8, "big"),
    }
    with store.atomic_batch() as batch:
        EmbeddedChain.for_chain_id(chain_id).from_genesis(AtomicDB(batch), parameters, {})


def read_chain_id(genesis: BlockHeaderAPI) -> int:
    """The chain id that `write_genesis` put into block 0."""
    return int.from_bytes(genesis.extra_data[len(_EXTRA_DATA_PREFIX) :], "big")


def next_header(parent: BlockHeaderAPI, *, now: int) -> BlockHeaderAPI:
    """The header of the block after `parent` as the EVM is to see it; only roots and sums are
    filled in later.

    Args:
        parent: the head.
        now: the chain's clock in seconds since 1970. Where it is behind the parent, the parent's
            time stands still.
    """
    header: BlockHeaderAPI = FeeFreeVM.create_header_from_parent(
        parent, timestamp=max(now, parent.timestamp), gas_limit=parent.gas_limit
    )
    return header
