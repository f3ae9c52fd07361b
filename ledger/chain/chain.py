"""One chain for those who use it: send, call, and read logs in an order that a reorganisation
cannot upset unnoticed.

The same class stands over the embedded node and over any node's JSON-RPC. What differs (nonces and
fees, who waits for whom) is behind `Sender`; what a node answers is checked against the question.

Reading logs: a `Cursor` is the last block whose logs were taken. `read_logs` goes on from there, no
further than the block that has the configured number of confirmations, and first makes sure that
the cursor's block is still on the chain. It is a pure function of chain and cursor: store the
cursor together with what was made of the logs, and each log is taken exactly once, whatever
crashes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from eth_typing import Address
from web3 import Web3
from web3.providers.base import BaseProvider

from ledger.chain.encoding import Json, data, quantity
from ledger.chain.errors import (
    BlockUnknown,
    ChainAnswerInvalid,
    ChainRefused,
    ChainReorganised,
    RpcLimitExceeded,
    TransactionFailed,
)
from ledger.chain.requester import Requester
from ledger.chain.signing import Signer, TransactionDraft
from ledger.chain.values import (
    BlockRef,
    ChainLog,
    TransactionReceipt,
    read_block,
    read_data,
    read_log,
    read_quantity,
    read_receipt,
)
from ledger.errors import ConcordError, Unavailable

_READ_ATTEMPTS = 5


class ChainMoved(Unavailable):
    """The chain was reorganised again and again while logs were being read."""

    code = "chain-moved"
    remedy = "Wait: it is tried again by itself."


class Sender(Protocol):
    """How transactions get onto this chain."""

    def send(
        self, drafts: Sequence[TransactionDraft], signer: Signer
    ) -> list[TransactionReceipt | ConcordError]:
        """Send independent transactions; for each its receipt or why there is none."""
        ...

    def stop_waiting(self) -> None:
        """Wait for blocks a few seconds more and no longer."""
        ...


@dataclass(frozen=True, slots=True)
class Cursor:
    """The last block whose logs were taken."""

    number: int
    block_hash: bytes


@dataclass(frozen=True, slots=True)
class LogBatch:
    """Logs that follow a cursor.

    Attributes:
        logs: in chain order.
        cursor: to store together with them; equal to the old one if no new block is confirmed.
        is_complete: whether `cursor` is the last confirmed block, so that there is nothing more to
            read now.
    """

    logs: tuple[ChainLog, ...]
    cursor: Cursor
    is_complete: bool


class Chain:
    """A chain to build on. Safe to use from any thread.

    Attributes:
        provider: for those who speak JSON-RPC themselves.
        web3: a Web3 over it, for contract objects.
        confirmations: how many blocks must follow one before it is taken as final.

    Args:
        provider: embedded or HTTP.
        requester: over the same provider.
        sender: sends transactions.
        confirmations: see above.
        on_close: releases what the chain holds.
    """

    def __init__(
        self,
        provider: BaseProvider,
        *,
        requester: Requester,
        sender: Sender,
        confirmations: int,
        on_close: Callable[[], None],
    ) -> None:
        self.provider = provider
        self.web3 = Web3(provider)
        self.confirmations = confirmations
        self._requester = requester
        self._sender = sender
        self._on_close = on_close

    @property
    def chain_id(self) -> int:
        """EIP-155 id of the chain; see `Requester.chain_id`."""
        return self._requester.chain_id

    def close(self) -> None:
        """Release the chain; it is not used again."""
        self._on_close()

    # Sending

    def send(self, draft: TransactionDraft, signer: Signer) -> TransactionReceipt:
        """Send a transaction and wait until it is in a block.

        What would revert is refused without being sent, unless `draft.gas` is set on a remote
        chain: then it is sent unseen and TransactionFailed if it reverts. Many threads may send for
        one account at the same time.

        Raises:
            ExecutionReverted: it would revert; the custom error is in `output`.
            TransactionFailed: it was included and failed.
            TransactionPending: it was sent and is in no block yet.
            ChainRefused, RpcFault: the node does not accept it.
            FeeTooHigh, ChainUnavailable: nothing was sent.
        """
        (outcome,) = self.send_many([draft], signer)
        if isinstance(outcome, ConcordError):
            raise outcome
        return outcome

    def send_many(
        self, drafts: Sequence[TransactionDraft], signer: Signer
    ) -> list[TransactionReceipt | ConcordError]:
        """Send transactions that do not depend on each other, in as few blocks and round trips as
        possible.

        Returns:
            For each its receipt, or what `send` would raise for it.

        Raises:
            FeeTooHigh, ChainUnavailable: nothing was sent.
        """
        if not drafts:
            return []
        return [_failed_or(outcome) for outcome in self._sender.send(drafts, signer)]

    def stop_waiting(self) -> None:
        """Before the end: whoever waits for a transaction has its receipt, or TransactionPending,
        within some seconds (`SendingPolicy.last_wait_seconds`).
        """
        self._sender.stop_waiting()

    # Reading

    def call(
        self,
        to: Address,
        call_data: bytes,
        *,
        sender: Address | None = None,
        block: int | None = None,
        gas: int | None = None,
    ) -> bytes:
        """What a contract answers, now or after a block.

        Raises:
            ExecutionReverted: with the contract's error in `output`.
            ChainRefused: the node would not, or the gas did not suffice.
        """
        message: dict[str, Json] = {"to": data(to), "data": data(call_data)}
        if sender is not None:
            message["from"] = data(sender)
        if gas is not None:
            message["gas"] = quantity(gas)
        at = "latest" if block is None else quantity(block)
        return read_data(self._requester.ask("eth_call", message, at))

    def estimate_gas(self, draft: TransactionDraft, sender: Address) -> int:
        """What a transaction would take now, as the node has it.

        Raises:
            ExecutionReverted, ChainRefused: it would fail.
        """
        message: dict[str, Json] = {
            "from": data(sender),
            "data": data(draft.data),
            "value": quantity(draft.value),
        }
        if draft.to is not None:
            message["to"] = data(draft.to)
        return read_quantity(self._requester.ask("eth_estimateGas", message))

    def code(self, address: Address, *, block: int | None = None) -> bytes:
        """The code of a contract, now or after a block; empty where there is none."""
        at = "latest" if block is None else quantity(block)
        return read_data(self._requester.ask("eth_getCode", data(address), at))

    def head(self) -> BlockRef:
        """The last block."""
        return read_block(self._requester.ask("eth_getBlockByNumber", "latest", False))  # noqa: FBT003

    def block(self, number: int) -> BlockRef:
        """A block by its number.

        Raises:
            BlockUnknown: the chain is shorter.
            ChainAnswerInvalid: the node answers another block.
        """
        answer = self._requester.ask("eth_getBlockByNumber", quantity(number), False)  # noqa: FBT003
        if answer is None:
            raise BlockUnknown(f"block not found: {number}")
        block = read_block(answer)
        if block.number != number:
            raise ChainAnswerInvalid(f"the node answered block {block.number} for {number}")
        return block

    def confirmed_number(self) -> int:
        """The number of the last block that has enough confirmations; -1 if none has."""
        head = read_quantity(self._requester.ask("eth_blockNumber"))
        return max(head - self.confirmations, -1)

    def receipt(self, transaction_hash: bytes) -> TransactionReceipt | None:
        """The receipt of a transaction; None if it is in no block.

        Raises:
            ChainAnswerInvalid: the node answers another transaction's.
        """
        answer = self._requester.ask("eth_getTransactionReceipt", data(transaction_hash))
        if answer is None:
            return None
        receipt = read_receipt(answer)
        if receipt.transaction_hash != transaction_hash:
            raise ChainAnswerInvalid("the node answered another transaction's receipt")
        return receipt

    def has_pending(self, account: Address) -> bool:
        """Whether transactions of an account wait for a block, as far as the node knows."""
        included, offered = (
            read_quantity(self._requester.ask("eth_getTransactionCount", data(account), at))
            for at in ("latest", "pending")
        )
        return offered > included

    def is_confirmed(self, receipt: TransactionReceipt) -> bool:
        """Whether a transaction is in a block with enough confirmations.

        Raises:
            ChainReorganised: its block is no longer on the chain. Ask for the receipt again: it may
                be in another.
        """
        if self.confirmed_number() < receipt.block_number:
            return False
        self._check_on_chain(Cursor(receipt.block_number, receipt.block_hash))
        return True

    # Logs

    def block_of(self, log: ChainLog) -> BlockRef:
        """The block that a log was read from.

        Raises:
            ChainMoved: the chain has another block in its place, or none; try again.
        """
        try:
            block = self.block(log.block_number)
        except BlockUnknown:
            block = None
        if block is None or block.block_hash != log.block_hash:
            raise ChainMoved(
                f"block {log.block_number} was replaced while its logs were read: try again"
            )
        return block

    def logs(
        self, first_block: int, last_block: int, addresses: Sequence[Address]
    ) -> tuple[ChainLog, ...]:
        """Logs of a range of blocks, both ends included, in chain order, whatever their
        confirmations.

        Args:
            first_block: number of the first block.
            last_block: number of the last block.
            addresses: of the contracts; empty means any.

        Raises:
            ChainAnswerInvalid: the node answered logs that were not asked for, or out of order.
        """
        answer = self._requester.ask(
            "eth_getLogs",
            {
                "fromBlock": quantity(first_block),
                "toBlock": quantity(last_block),
                "address": [data(each) for each in addresses],
            },
        )
        if not isinstance(answer, list):
            raise ChainAnswerInvalid("the node answered no list of logs")
        logs = tuple(read_log(each) for each in answer)
        _check_logs(logs, first_block, last_block, frozenset(addresses))
        return logs

    def start(self, number: int) -> Cursor:
        """A cursor on a block, to begin reading after it.

        Raises:
            BlockUnknown: the chain is shorter.
        """
        block = self.block(number)
        return Cursor(block.number, block.block_hash)

    def read_logs(
        self, cursor: Cursor, addresses: Sequence[Address], *, max_blocks: int = 1_000
    ) -> LogBatch:
        """The logs after a cursor, of confirmed blocks only.

        Args:
            cursor: where the last reading ended.
            addresses: of the contracts; empty means any.
            max_blocks: to look at in this call; fewer are, where the node limits its answers.

        Raises:
            ChainReorganised: the cursor's block is no longer on the chain: the reorganisation is
                deeper than the confirmations, and what was taken from it is void.
            ChainMoved: the chain did not hold still; try again.
            ChainUnavailable: the node is down.
        """
        attempts = _READ_ATTEMPTS
        while attempts > 0:
            self._check_on_chain(cursor)
            confirmed = self.confirmed_number()
            if confirmed <= cursor.number:
                return LogBatch((), cursor, is_complete=True)
            last = min(confirmed, cursor.number + max_blocks)
            try:
                logs = self._read_up_to(last, cursor, addresses)
            except (ChainRefused, RpcLimitExceeded):
                # Nodes limit range or size of an answer, each in its own words: ask for less.
                if last == cursor.number + 1:
                    raise
                max_blocks = (last - cursor.number) // 2
                continue
            if logs is not None:
                return LogBatch(*logs, is_complete=last == confirmed)
            attempts -= 1
        raise ChainMoved("the chain did not hold still while its logs were read: try again")

    def _read_up_to(
        self, last: int, cursor: Cursor, addresses: Sequence[Address]
    ) -> tuple[tuple[ChainLog, ...], Cursor] | None:
        """The logs after a cursor up to a block, and the cursor there; None if the chain moved
        meanwhile.
        """
        try:
            end = self.start(last)
            logs = self.logs(cursor.number + 1, last, addresses)
            after = self.start(last)
        except BlockUnknown:
            # The chain has become shorter since it said how long it is.
            return None
        # The same last block before and after: the logs are of one chain, and it contains the
        # cursor.
        of_the_last = [log for log in logs if log.block_number == last]
        if after != end or any(log.block_hash != end.block_hash for log in of_the_last):
            return None
        return logs, end

    def _check_on_chain(self, cursor: Cursor) -> None:
        try:
            found = self.block(cursor.number)
        except BlockUnknown:
            found = None
        if found is None or found.block_hash != cursor.block_hash:
            now = "gone" if found is None else f"0x{found.block_hash.hex()}"
            raise ChainReorganised(
                f"block {cursor.number} was 0x{cursor.block_hash.hex()} and is now {now}: "
                "the chain was reorganised deeper than its confirmations"
            )


def _failed_or(outcome: TransactionReceipt | ConcordError) -> TransactionReceipt | ConcordError:
    if isinstance(outcome, TransactionReceipt) and not outcome.succeeded:
        return TransactionFailed(
            f"0x{outcome.transaction_hash.hex()} failed in block {outcome.block_number}",
            outcome.transaction_hash,
        )
    return outcome


def _check_logs(
    logs: Sequence[ChainLog], first_block: int, last_block: int, addresses: frozenset[Address]
) -> None:
    places = [(log.block_number, log.log_index) for log in logs]
    if places != sorted(set(places)):
        raise ChainAnswerInvalid("the node answered logs out of order or twice")
    if places and not first_block <= places[0][0] <= places[-1][0] <= last_block:
        raise ChainAnswerInvalid("the node answered logs of other blocks than were asked for")
    if addresses and any(log.address not in addresses for log in logs):
        raise ChainAnswerInvalid("the node answered logs of other contracts than were asked for")
    if len({(log.block_number, log.block_hash) for log in logs}) != len(
        {log.block_number for log in logs}
    ):
        raise ChainAnswerInvalid("the node answered logs of two blocks with one number")
