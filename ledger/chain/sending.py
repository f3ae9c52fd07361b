"""Getting transactions onto a remote chain: nonces, fees, replacement, and waiting for inclusion.

The embedded chain needs none of this (`EmbeddedNode.send_drafts`); both stand behind `Chain.send`.

Rules:
    * Nonces of an account are handed out under one lock, together with broadcasting, so they leave
      in order. After doubt (an outage, "nonce too low") the next one is read from the chain again.
    * A refused transaction leaves a hole in front of those behind it; the hole is filled with a
      transfer of nothing to oneself.
    * What is not included in time is offered again under the same nonce with higher fees, up to the
      ceiling. Only one of the versions can ever be included.
    * An outage does not lose anything: the hashes are known, and waiting goes on until the
      deadline.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from eth_hash.auto import keccak
from eth_typing import Address

from ledger.chain.encoding import Json, data, quantity
from ledger.chain.errors import (
    ChainAnswerInvalid,
    ChainRefused,
    ChainUnavailable,
    FeeTooHigh,
    TransactionPending,
)
from ledger.chain.requester import Requester, is_fault
from ledger.chain.signing import FeeMarketTransaction, Signer, TransactionDraft
from ledger.chain.values import TransactionReceipt, read_quantity, read_receipt
from ledger.errors import ConcordError

_TRANSFER_GAS = 21_000
_NONCE_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class SendingPolicy:
    """How much may be paid and how long may be waited.

    Attributes:
        max_fee_wei_per_gas: the ceiling of base fee and tip together.
        gas_margin_percent: added to the node's gas estimate.
        gas_margin: added to it as well. Nodes estimate at the last block's time; contracts that
            keep a checkpoint a second (ERC-6372) write over one that is of that very second, and
            a new one for each party, some 22,100 gas each, as soon as the second is another.
        first_poll_seconds: before a receipt is asked for again; doubles up to
            `longest_poll_seconds`.
        longest_poll_seconds: see above.
        replace_after_seconds: without inclusion, before higher fees are offered.
        replace_percent: by how much they are raised; nodes want at least 10.
        give_up_after_seconds: without inclusion, before TransactionPending.
    """

    max_fee_wei_per_gas: int = 500 * 10**9
    gas_margin_percent: int = 20
    gas_margin: int = 100_000
    first_poll_seconds: float = 0.01
    longest_poll_seconds: float = 2.0
    replace_after_seconds: float = 45.0
    replace_percent: int = 25
    give_up_after_seconds: float = 300.0


@dataclass(slots=True)
class _Flight:
    """A transaction on its way; `hashes` are of all its versions, the latest last."""

    transaction: FeeMarketTransaction
    hashes: list[bytes] = field(default_factory=list)
    outcome: TransactionReceipt | ConcordError | None = None


class RemoteSender:
    """Sends for any number of accounts over one requester. Safe to use from any thread.

    Args:
        requester: of the chain.
        policy: fees and times.
        sleep: waits that many seconds.

    One process alone may send for an account; another one's transactions show as "nonce too low"
    and are recovered from, at the price of time.
    """

    def __init__(
        self, requester: Requester, *, policy: SendingPolicy, sleep: Callable[[float], None]
    ) -> None:
        self._requester = requester
        self._policy = policy
        self._sleep = sleep
        self._lock = threading.Lock()
        # Next nonce by account; absent where the chain must be asked. Guarded by _lock.
        self._next_nonce: dict[Address, int] = {}

    def send(
        self, drafts: Sequence[TransactionDraft], signer: Signer
    ) -> list[TransactionReceipt | ConcordError]:
        """Send transactions that do not depend on each other and wait until each is in a block.

        Raises:
            ChainUnavailable, FeeTooHigh: nothing was sent.

        Returns:
            For each its receipt, or: ExecutionReverted (simulation failed, not sent), ChainRefused
                (not accepted),
            TransactionPending (sent, in no block before the deadline).
        """
        gas = self._gas_limits(drafts, signer.address)
        max_fee, priority_fee = self._fees()
        sendable = [
            (draft, limit)
            for draft, limit in zip(drafts, gas, strict=True)
            if isinstance(limit, int)
        ]
        flights = iter(self._broadcast(sendable, signer, max_fee, priority_fee))
        in_order = [None if isinstance(limit, ConcordError) else next(flights) for limit in gas]
        self._await_inclusion([each for each in in_order if each is not None], signer)
        outcomes: list[TransactionReceipt | ConcordError] = []
        for flight, limit in zip(in_order, gas, strict=True):
            if isinstance(limit, ConcordError):
                outcomes.append(limit)
            elif flight is not None and flight.outcome is not None:
                outcomes.append(flight.outcome)
        return outcomes

    # Gas and fees

    def _gas_limits(
        self, drafts: Sequence[TransactionDraft], sender: Address
    ) -> list[int | ConcordError]:
        unknown = [draft for draft in drafts if draft.gas is None]
        answers = iter(
            self._requester.ask_many(
                [("eth_estimateGas", [_call_object(draft, sender)]) for draft in unknown]
            )
        )
        limits: list[int | ConcordError] = []
        for draft in drafts:
            if draft.gas is not None:
                limits.append(draft.gas)
                continue
            answer = next(answers)
            if isinstance(answer, ConcordError):
                limits.append(answer)
            else:
                percent = 100 + self._policy.gas_margin_percent
                limits.append(read_quantity(answer) * percent // 100 + self._policy.gas_margin)
        return limits

    def _fees(self) -> tuple[int, int]:
        """Highest fee and tip, wei per gas: twice the base fee leaves room for six full blocks."""
        block = self._requester.ask("eth_getBlockByNumber", "latest", False)  # noqa: FBT003
        if not isinstance(block, dict) or "baseFeePerGas" not in block:
            raise ChainAnswerInvalid("the chain has no base fee: it must follow EIP-1559 (London)")
        base_fee = read_quantity(block["baseFeePerGas"])
        if base_fee == 0:
            # A chain without fees (a permissioned network): its accounts hold no coins to offer.
            return 0, 0
        priority_fee = read_quantity(self._requester.ask("eth_maxPriorityFeePerGas"))
        ceiling = self._policy.max_fee_wei_per_gas
        if base_fee + priority_fee > ceiling:
            raise FeeTooHigh(
                f"the chain asks for {base_fee + priority_fee} wei per gas, "
                f"the ceiling is {ceiling}: wait, or raise the ceiling"
            )
        return min(2 * base_fee + priority_fee, ceiling), priority_fee

    # Nonces and broadcasting

    def _broadcast(
        self,
        sendable: Sequence[tuple[TransactionDraft, int]],
        signer: Signer,
        max_fee: int,
        priority_fee: int,
    ) -> list[_Flight]:
        with self._lock:
            flights = self._fly(sendable, signer, max_fee, priority_fee)
            for _ in range(_NONCE_ATTEMPTS):
                late = [
                    position
                    for position, flight in enumerate(flights)
                    if isinstance(flight.outcome, ConcordError)
                    and is_fault(flight.outcome, "nonce too low")
                ]
                if not late:
                    break
                # Somebody else used these nonces. None of ours is on the chain, so sending again is
                # safe.
                self._next_nonce.pop(signer.address, None)
                again = self._fly([sendable[each] for each in late], signer, max_fee, priority_fee)
                for position, flight in zip(late, again, strict=True):
                    flights[position] = flight
            return flights

    def _fly(
        self,
        sendable: Sequence[tuple[TransactionDraft, int]],
        signer: Signer,
        max_fee: int,
        priority_fee: int,
    ) -> list[_Flight]:
        chain_id, first = self._requester.chain_id, self._nonce(signer.address)
        flights = [
            _Flight(
                draft.with_nonce(
                    chain_id=chain_id,
                    nonce=first + offset,
                    gas=gas,
                    max_fee=max_fee,
                    priority_fee=priority_fee,
                )
            )
            for offset, (draft, gas) in enumerate(sendable)
        ]
        # Until the answers are in, the next nonce is in doubt.
        self._next_nonce.pop(signer.address, None)
        self._offer(flights, signer)
        refused = [each.transaction.nonce for each in flights if each.outcome is not None]
        accepted = [each.transaction.nonce for each in flights if each.outcome is None]
        holes = [nonce for nonce in refused if accepted and nonce < max(accepted)]
        self._fill(holes, signer, max_fee, priority_fee)
        if not refused:
            self._next_nonce[signer.address] = first + len(flights)
        elif accepted:
            self._next_nonce[signer.address] = max(accepted) + 1
        return flights

    def _nonce(self, account: Address) -> int:
        known = self._next_nonce.get(account)
        if known is not None:
            return known
        return read_quantity(
            self._requester.ask("eth_getTransactionCount", data(account), "pending")
        )

    def _offer(self, flights: Sequence[_Flight], signer: Signer) -> None:
        """Broadcast the present version of each; a first version's refusal is its outcome."""
        raw = [signer.sign(flight.transaction) for flight in flights]
        answers = self._requester.ask_many(
            [("eth_sendRawTransaction", [data(each)]) for each in raw]
        )
        for flight, transaction, answer in zip(flights, raw, answers, strict=True):
            transaction_hash = keccak(transaction)
            if isinstance(answer, ConcordError) and not _is_known(answer):
                # An earlier attempt of this very request may have got through before the connection
                # broke.
                if not flight.hashes and self._receipt_of([transaction_hash]) is None:
                    flight.outcome = answer
                    continue
            elif not isinstance(answer, ConcordError) and answer != data(transaction_hash):
                raise ChainAnswerInvalid("the node answered another hash than the transaction's")
            flight.hashes.append(transaction_hash)

    def _fill(self, holes: Sequence[int], signer: Signer, max_fee: int, priority_fee: int) -> None:
        nothing = TransactionDraft(signer.address)
        fillers = [
            _Flight(
                nothing.with_nonce(
                    chain_id=self._requester.chain_id,
                    nonce=nonce,
                    gas=_TRANSFER_GAS,
                    max_fee=max_fee,
                    priority_fee=priority_fee,
                )
            )
            for nonce in holes
        ]
        self._offer(fillers, signer)

    # Inclusion

    def _await_inclusion(self, flights: Sequence[_Flight], signer: Signer) -> None:
        started = replaced = time.monotonic()
        pause = self._policy.first_poll_seconds
        while waiting := [each for each in flights if each.outcome is None]:
            try:
                self._look_up(waiting)
                if time.monotonic() - replaced >= self._policy.replace_after_seconds:
                    replaced = time.monotonic()
                    self._replace([each for each in waiting if each.outcome is None], signer)
            except ChainUnavailable:
                # The transactions are out; the node may come back before the deadline.
                pause = self._policy.longest_poll_seconds
            if all(each.outcome is not None for each in waiting):
                return
            if time.monotonic() - started >= self._policy.give_up_after_seconds:
                self._give_up(waiting)
                return
            self._sleep(pause)
            pause = min(2 * pause, self._policy.longest_poll_seconds)

    def _look_up(self, waiting: Sequence[_Flight]) -> None:
        calls = [
            (flight, ("eth_getTransactionReceipt", [data(transaction_hash)]))
            for flight in waiting
            for transaction_hash in flight.hashes
        ]
        answers = self._requester.ask_many([call for _, call in calls])
        for (flight, (_, arguments)), answer in zip(calls, answers, strict=True):
            if answer is None or isinstance(answer, ConcordError):
                continue
            receipt = read_receipt(answer)
            if data(receipt.transaction_hash) != arguments[0]:
                raise ChainAnswerInvalid("the node answered another transaction's receipt")
            flight.outcome = receipt

    def _receipt_of(self, hashes: Sequence[bytes]) -> TransactionReceipt | None:
        for transaction_hash in hashes:
            answer = self._requester.ask("eth_getTransactionReceipt", data(transaction_hash))
            if answer is not None:
                return read_receipt(answer)
        return None

    def _replace(self, waiting: Sequence[_Flight], signer: Signer) -> None:
        ceiling = self._policy.max_fee_wei_per_gas
        factor = 100 + self._policy.replace_percent
        for flight in waiting:
            offered = flight.transaction
            max_fee = min(ceiling, max(offered.max_fee_per_gas * factor // 100, 1))
            priority_fee = min(max_fee, max(offered.max_priority_fee_per_gas * factor // 100, 1))
            flight.transaction = offered.with_fees(max_fee=max_fee, priority_fee=priority_fee)
        self._offer(waiting, signer)

    @staticmethod
    def _give_up(waiting: Sequence[_Flight]) -> None:
        for flight in waiting:
            if flight.outcome is None:
                last = flight.hashes[-1]
                flight.outcome = TransactionPending(
                    f"transaction 0x{last.hex()} is in no block yet: look for its receipt later",
                    last,
                )


def _is_known(error: ConcordError) -> bool:
    known = is_fault(error, "already known") or is_fault(error, "already imported")
    # Besu answers "Known transaction".
    return known or (isinstance(error, ChainRefused) and "known transaction" in str(error).lower())


def _call_object(draft: TransactionDraft, sender: Address) -> dict[str, Json]:
    fields: dict[str, Json] = {
        "from": data(sender),
        "data": data(draft.data),
        "value": quantity(draft.value),
    }
    if draft.to is not None:
        fields["to"] = data(draft.to)
    return fields
