"""Getting transactions onto a remote chain: gas, fees, nonces, broadcasting.

The embedded chain needs none of this (`EmbeddedNode.send_drafts`); both stand behind `Chain.send`.
Waiting for blocks is `ledger.chain.inclusion`'s.

Rules:
    * Nonces of an account are handed out under one lock, together with broadcasting, so they leave
      in order. After doubt (an outage, a nonce that is taken) the next one is read from the chain
      again.
    * Where several processes send for one account they take turns (`turn`), and ask the chain each
      time. A node may know of their transactions later than it should: then the nonce shows as
      taken, and is recovered from like anybody else's use of it.
    * A refused transaction leaves a hole in front of those behind it; the hole is filled with a
      transfer of nothing to oneself.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext

from eth_typing import Address

from ledger.chain.encoding import Json, data, quantity
from ledger.chain.errors import ChainAnswerInvalid, FeeTooHigh
from ledger.chain.inclusion import Flight, Inclusion
from ledger.chain.policy import SendingPolicy
from ledger.chain.requester import Requester, is_fault
from ledger.chain.signing import Signer, TransactionDraft
from ledger.chain.values import TransactionReceipt, read_quantity
from ledger.errors import ConcordError
from ledger.keccak import keccak

Turn = Callable[[Address], AbstractContextManager[None]]
"""Entered while nonces of an account are taken and used: one process at a time is inside."""

_TRANSFER_GAS = 21_000
_NONCE_ATTEMPTS = 5

# As Geth, anvil and Besu word them, and as Nethermind does: in lower case.
_TAKEN = ("nonce too low", "oldnonce", "replacement transaction underpriced", "replacementnot")
_KNOWN = ("already known", "alreadyknown", "already imported", "known transaction")


class RemoteSender:
    """Sends for any number of accounts over one requester. Safe to use from any thread.

    Args:
        requester: of the chain.
        policy: fees and times.
        sleep: waits that many seconds.
        turn: see `Turn`; None: this process alone sends for its accounts.
    """

    def __init__(
        self,
        requester: Requester,
        *,
        policy: SendingPolicy,
        sleep: Callable[[float], None],
        turn: Turn | None = None,
    ) -> None:
        self._requester = requester
        self._policy = policy
        self._sleep = sleep
        self._inclusion = Inclusion(requester, policy=policy, sleep=sleep)
        self._is_alone = turn is None
        self._turn: Turn = turn or (lambda _: nullcontext())
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
            TransactionPending (sent, in no block before the deadline), TransactionDisplaced
                (sent, and can be in none any more).
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

    def stop_waiting(self) -> None:
        """Waits for inclusion a few seconds more, and no longer; see `Inclusion.stop_waiting`."""
        self._inclusion.stop_waiting()

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
    ) -> list[Flight]:
        account, pause = signer.address, self._policy.first_poll_seconds
        with self._lock, self._turn(account):
            flights = self._fly(sendable, signer, max_fee, priority_fee)
            for _ in range(_NONCE_ATTEMPTS):
                late = [each for each, flight in enumerate(flights) if _is_late(flight)]
                if not late:
                    break
                # Somebody else uses these nonces. None of ours is on the chain, so sending again
                # is safe. A node may take a moment to count what it has just been sent.
                self._next_nonce.pop(account, None)
                self._sleep(pause)
                pause = min(2 * pause, self._policy.longest_poll_seconds)
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
    ) -> list[Flight]:
        chain_id, first = self._requester.chain_id, self._nonce(signer.address)
        flights = [
            Flight(
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
        refused = [each for each in flights if each.outcome is not None]
        accepted = [each.transaction.nonce for each in flights if each.outcome is None]
        holes = [
            each.transaction.nonce
            for each in refused
            if accepted and each.transaction.nonce < max(accepted) and not _is_late(each)
        ]
        self._fill(holes, signer, max_fee, priority_fee)
        if not refused:
            self._next_nonce[signer.address] = first + len(flights)
        elif accepted:
            self._next_nonce[signer.address] = max(accepted) + 1
        return flights

    def _nonce(self, account: Address) -> int:
        known = self._next_nonce.get(account)
        if known is not None and self._is_alone:
            return known
        pending = read_quantity(
            self._requester.ask("eth_getTransactionCount", data(account), "pending")
        )
        # What this process has just sent may not be counted yet.
        return pending if known is None else max(pending, known)

    def _offer(self, flights: Sequence[Flight], signer: Signer) -> None:
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
                if not flight.hashes and self._inclusion.receipt_of([transaction_hash]) is None:
                    flight.outcome = answer
                    continue
            elif not isinstance(answer, ConcordError) and answer != data(transaction_hash):
                raise ChainAnswerInvalid("the node answered another hash than the transaction's")
            flight.hashes.append(transaction_hash)

    def _fill(self, holes: Sequence[int], signer: Signer, max_fee: int, priority_fee: int) -> None:
        nothing = TransactionDraft(signer.address)
        fillers = [
            Flight(
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

    def _await_inclusion(self, flights: Sequence[Flight], signer: Signer) -> None:
        self._inclusion.wait(
            flights, signer.address, lambda waiting: self._replace(waiting, signer)
        )
        if any(isinstance(each.outcome, ConcordError) and each.hashes for each in flights):
            # What the chain has not taken may be lost, and its nonce free again.
            with self._lock:
                self._next_nonce.pop(signer.address, None)

    def _replace(self, waiting: Sequence[Flight], signer: Signer) -> None:
        ceiling = self._policy.max_fee_wei_per_gas
        factor = 100 + self._policy.replace_percent
        for flight in waiting:
            offered = flight.transaction
            max_fee = min(ceiling, max(offered.max_fee_per_gas * factor // 100, 1))
            priority_fee = min(max_fee, max(offered.max_priority_fee_per_gas * factor // 100, 1))
            flight.transaction = offered.with_fees(max_fee=max_fee, priority_fee=priority_fee)
        self._offer(waiting, signer)


def _is_late(flight: Flight) -> bool:
    """Whether it was refused because its nonce is taken."""
    outcome = flight.outcome
    return isinstance(outcome, ConcordError) and any(is_fault(outcome, words) for words in _TAKEN)


def _is_known(error: ConcordError) -> bool:
    return any(is_fault(error, words) for words in _KNOWN)


def _call_object(draft: TransactionDraft, sender: Address) -> dict[str, Json]:
    fields: dict[str, Json] = {
        "from": data(sender),
        "data": data(draft.data),
        "value": quantity(draft.value),
    }
    if draft.to is not None:
        fields["to"] = data(draft.to)
    return fields
