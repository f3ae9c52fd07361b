"""Sending what many people bring at once in as few blocks as possible.

Whatever arrives while a group is being sent is in the next one. Two transactions with the same key
(one voter's ballots on one proposal) are never on their way at the same time: the second is then
judged in a state that knows the first, on every kind of chain.

The embedded chain seals a group before it answers, so groups go one after the other. A remote one
takes its time for a block: meanwhile the next groups are rehearsed and sent.

The embedded chain leaves out of a block what reverts. For a remote one a group is rehearsed first,
in order and in one request, and what would fail is not sent; asking the node for the gas of each
would take several executions for each, and tell it of a state in which the others did not vote.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, replace

from governance.reads import Reader, Rehearsed
from governance.votes.errors import RelayBusy, RelayClosed
from ledger.chain.chain import Chain
from ledger.chain.provider import EmbeddedProvider
from ledger.chain.signing import Signer, TransactionDraft
from ledger.chain.values import TransactionReceipt
from ledger.errors import ConcordError

_log = logging.getLogger(__name__)

_INTRINSIC_GAS = 21_000
_EXECUTION_GAS = 400_000
"""More than any ballot or delegation has been seen to use; what is not used is not paid."""

_EXECUTION_GAS_PER_BYTE = 30  # copied, hashed and logged
_CALLDATA_GAS_PER_BYTE = 16  # EIP-2028; together above the floor of EIP-7623

Settle = Callable[[TransactionReceipt | ConcordError], None]
"""Told what became of a transaction, on the sending thread; it must not raise or wait long."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    draft: TransactionDraft
    key: Hashable
    settle: Settle


class GroupSender:
    """Threads that send for one account.

    Args:
        chain: where to.
        signer: the account.
        max_group: transactions in one group.
        max_waiting: beyond so many, RelayBusy.
        lanes: groups on their way at the same time on a remote chain.
    """

    def __init__(
        self,
        chain: Chain,
        signer: Signer,
        *,
        max_group: int = 256,
        max_waiting: int = 4096,
        lanes: int = 3,
    ) -> None:
        self._chain = chain
        self._signer = signer
        self._leaves_out_failures = isinstance(chain.provider, EmbeddedProvider)
        self._reader = Reader(chain)
        self._max_group = max_group
        self._max_waiting = max_waiting
        # Guards all below.
        self._changed = threading.Condition()
        self._waiting: deque[_Waiting] = deque()
        self._under_way: set[Hashable] = set()
        self._closed = False
        self._threads = [
            threading.Thread(target=self._run, name=f"concord-relay-{lane}", daemon=True)
            for lane in range(1 if self._leaves_out_failures else lanes)
        ]
        for thread in self._threads:
            thread.start()

    def submit(self, draft: TransactionDraft, key: Hashable, settle: Settle) -> None:
        """Queue a transaction; `settle` is told exactly once what became of it.

        Raises:
            RelayBusy: there is no room.
            RelayClosed: too late.
        """
        with self._changed:
            if self._closed:
                raise RelayClosed("the relay is closed: try again when the service is back")
            if len(self._waiting) >= self._max_waiting:
                raise RelayBusy(
                    f"{self._max_waiting} ballots and delegations wait already: send the same "
                    "again in a few seconds"
                )
            self._waiting.append(_Waiting(draft, key, settle))
            self._changed.notify()

    def close(self) -> None:
        """Finish the groups being sent; what still waits is told RelayClosed."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()

    def _run(self) -> None:
        unsettled: deque[_Waiting] = deque()
        try:
            while group := self._next_group():
                unsettled.extend(group)
                for each, outcome in zip(group, self._send(group), strict=True):
                    unsettled.popleft()
                    self._landed(each)
                    each.settle(outcome)
        finally:
            # Also when this thread dies of an error that nobody foresaw: nobody waits for ever.
            self._give_up(unsettled)

    def _next_group(self) -> list[_Waiting]:
        """Wait for something to send; empty when closed."""
        with self._changed:
            while not self._closed:
                if group := self._take():
                    return group
                self._changed.wait()
        return []

    def _landed(self, each: _Waiting) -> None:
        with self._changed:
            self._under_way.discard(each.key)
            if self._waiting:
                self._changed.notify()

    def _give_up(self, unsettled: Iterable[_Waiting]) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            left = [*unsettled, *self._waiting]
            self._waiting.clear()
        for each in left:
            each.settle(RelayClosed("the service was stopped before this was sent: try again"))

    def _take(self) -> list[_Waiting]:
        group: list[_Waiting] = []
        later: list[_Waiting] = []
        while self._waiting and len(group) < self._max_group:
            each = self._waiting.popleft()
            if each.key in self._under_way:
                later.append(each)
                continue
            self._under_way.add(each.key)
            group.append(each)
        self._waiting.extendleft(reversed(later))
        return group

    def _send(self, group: Sequence[_Waiting]) -> Sequence[TransactionReceipt | ConcordError]:
        drafts = [each.draft for each in group]
        try:
            if self._leaves_out_failures:
                return self._chain.send_many(drafts, self._signer)
            return self._send_rehearsed(drafts)
        except ConcordError as error:
            _log.warning("%d transactions could not be relayed: %s", len(group), error)
            return [error] * len(group)

    def _send_rehearsed(
        self, drafts: Sequence[TransactionDraft]
    ) -> list[TransactionReceipt | ConcordError]:
        calls = [
            Rehearsed(each.to, each.data, _execution_gas(each))
            for each in drafts
            if each.to is not None
        ]
        failures = self._reader.rehearse(calls)
        sendable = [
            replace(draft, gas=_gas_limit(draft))
            for draft, failure in zip(drafts, failures, strict=True)
            if failure is None
        ]
        sent = iter(self._chain.send_many(sendable, self._signer))
        return [next(sent) if failure is None else failure for failure in failures]


def _execution_gas(draft: TransactionDraft) -> int:
    return _EXECUTION_GAS + _EXECUTION_GAS_PER_BYTE * len(draft.data)


def _gas_limit(draft: TransactionDraft) -> int:
    return _execution_gas(draft) + _INTRINSIC_GAS + _CALLDATA_GAS_PER_BYTE * len(draft.data)
