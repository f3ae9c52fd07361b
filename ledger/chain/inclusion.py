"""Waiting until transactions that were sent are in blocks.

Rules:
    * One question tells how far an account's nonces have come; receipts are asked for only where
      the nonce is used, all of them in one request. So it costs the node little to be asked often.
    * The pause between two looks begins short, and again whenever some have arrived. It grows to a
      fraction of what inclusion has taken here lately: a block's time, wherever blocks are regular.
    * What is not included in time is offered again under the same nonce with higher fees, up to the
      ceiling. Only one of the versions can ever be included.
    * A nonce that is used, with no receipt for any version, belongs to another transaction of the
      account: ours can be in no block any more.
    * An outage does not lose anything: the hashes are known, and waiting goes on until the
      deadline.
    * A process that is being stopped waits for a few blocks of a busy chain and no longer
      (`last_wait_seconds`): what was sent is found by its nonce or in the contracts' logs.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from eth_typing import Address

from ledger.chain.encoding import data
from ledger.chain.errors import (
    ChainAnswerInvalid,
    ChainUnavailable,
    TransactionDisplaced,
    TransactionPending,
)
from ledger.chain.policy import SendingPolicy
from ledger.chain.requester import Requester
from ledger.chain.signing import FeeMarketTransaction
from ledger.chain.values import TransactionReceipt, read_quantity, read_receipt
from ledger.errors import ConcordError

_GROWTH = 1.5
_LOOKS = 6
"""In the time that inclusion usually takes here."""


@dataclass(slots=True)
class Flight:
    """A transaction on its way.

    Attributes:
        transaction: its latest version.
        hashes: of all versions that were offered, the latest last.
        outcome: once there is one.
        overtaken_at: since when its nonce is known to be used without a receipt of it.
    """

    transaction: FeeMarketTransaction
    hashes: list[bytes] = field(default_factory=list)
    outcome: TransactionReceipt | ConcordError | None = None
    overtaken_at: float | None = None


class Inclusion:
    """Waits for transactions. Safe to use from any thread.

    Args:
        requester: of the chain.
        policy: times.
        sleep: waits that many seconds.
    """

    def __init__(
        self, requester: Requester, *, policy: SendingPolicy, sleep: Callable[[float], None]
    ) -> None:
        self._requester = requester
        self._policy = policy
        self._sleep = sleep
        # Seconds that inclusion has taken lately; threads may overwrite each other's.
        self._usual: float | None = None
        # When waiting is to end, whatever the policy says; of a monotonic clock.
        self._ends_at: float | None = None

    def stop_waiting(self) -> None:
        """From `last_wait_seconds` after this, what is in no block is TransactionPending."""
        self._ends_at = time.monotonic() + self._policy.last_wait_seconds

    def wait(
        self,
        flights: Sequence[Flight],
        account: Address,
        replace: Callable[[Sequence[Flight]], None],
    ) -> None:
        """Wait until each has an outcome: receipt, TransactionPending or TransactionDisplaced.

        Args:
            flights: of that account, offered.
            account: that sent them.
            replace: offers them again with higher fees.
        """
        started = looked_for_fees = time.monotonic()
        pause = self._policy.first_poll_seconds
        while waiting := [each for each in flights if each.outcome is None]:
            arrived = 0
            try:
                arrived = self._look(waiting, account)
                if time.monotonic() - looked_for_fees >= self._policy.replace_after_seconds:
                    looked_for_fees = time.monotonic()
                    replace([each for each in waiting if each.outcome is None])
            except ChainUnavailable:
                # The transactions are out; the node may come back before the deadline.
                pause = self._policy.longest_poll_seconds
            if all(each.outcome is not None for each in waiting):
                self._remember(time.monotonic() - started)
                return
            if self._is_over(started):
                _give_up(waiting)
                return
            if arrived:
                pause = self._policy.first_poll_seconds
            self._sleep(pause)
            pause = min(_GROWTH * pause, self._longest_pause())

    def receipt_of(self, hashes: Sequence[bytes]) -> TransactionReceipt | None:
        """The receipt of the version that is in a block, if one is."""
        for transaction_hash in hashes:
            answer = self._requester.ask("eth_getTransactionReceipt", data(transaction_hash))
            if answer is not None:
                return read_receipt(answer)
        return None

    def _is_over(self, started: float) -> bool:
        now, ends_at = time.monotonic(), self._ends_at
        is_late = now - started >= self._policy.give_up_after_seconds
        return is_late or (ends_at is not None and now >= ends_at)

    def _remember(self, seconds: float) -> None:
        usual = self._usual
        self._usual = seconds if usual is None else (usual + seconds) / 2

    def _longest_pause(self) -> float:
        longest = self._policy.longest_poll_seconds
        if self._usual is None:
            return longest
        return max(self._policy.first_poll_seconds, min(longest, self._usual / _LOOKS))

    def _look(self, waiting: Sequence[Flight], account: Address) -> int:
        """How many more have arrived."""
        used = read_quantity(
            self._requester.ask("eth_getTransactionCount", data(account), "latest")
        )
        due = [each for each in waiting if each.transaction.nonce < used]
        calls = [
            (flight, ("eth_getTransactionReceipt", [data(transaction_hash)]))
            for flight in due
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
        self._find_displaced([each for each in due if each.outcome is None])
        return sum(each.outcome is not None for each in due)

    def _find_displaced(self, overtaken: Sequence[Flight]) -> None:
        now = time.monotonic()
        for flight in overtaken:
            if flight.overtaken_at is None:
                flight.overtaken_at = now
            elif now - flight.overtaken_at >= self._policy.displaced_after_seconds:
                flight.outcome = TransactionDisplaced(
                    f"another transaction of the account took nonce {flight.transaction.nonce}: "
                    f"0x{flight.hashes[-1].hex()} can be in no block any more"
                )


def _give_up(waiting: Sequence[Flight]) -> None:
    for flight in waiting:
        if flight.outcome is None:
            last = flight.hashes[-1]
            flight.outcome = TransactionPending(
                f"transaction 0x{last.hex()} is in no block yet: look for its receipt later", last
            )
