"""Group sealing: whoever waits while a block is being built is in the next one.

A transaction is sealed at once when nothing else is going on; under load, all that arrived during
one block share the following one, so throughput rises with concurrency and chain time never has to
run ahead of the clock.

There is no sealing thread. Callers queue their submissions and then compete for the sealing lock;
the one who gets it builds the block for everybody in the queue, the others find theirs done. An
exception reaches the caller whose call met it, and no thread can die unseen.

Order: arrival, but each sender's transactions by nonce. A nonce ahead of its turn waits for the
missing ones for a bounded time, since concurrent senders' requests overtake each other.
"""

from __future__ import annotations

import heapq
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from eth_typing import Address

from ledger.chain.block import Submission
from ledger.chain.errors import NonceTooHigh, NonceTooLow, SealerBusy, TransactionKnown

MAX_BLOCK_TRANSACTIONS = 256
MAX_WAITING = 4096
NONCE_GAP_SECONDS = 2.0


@dataclass(slots=True)
class _Turns:
    """One sender's waiting transactions while a block is being chosen."""

    next_nonce: int
    by_nonce: list[tuple[int, int, Submission]] = field(default_factory=list)


class Sealer:
    """The queue before the chain.

    Args:
        build: seals one block of the given submissions and sets their outcomes. Called by one
            thread at a time.
        next_nonce: of an account, in the state of the head.

    Who holds what: `_sealing` guards the chain's head; whoever has it may call `build`. `_changed`
        guards `_waiting`
    and outcomes, and is held only for moments.
    """

    def __init__(
        self,
        build: Callable[[Sequence[Submission]], None],
        next_nonce: Callable[[Address], int],
    ) -> None:
        self._build = build
        self._next_nonce = next_nonce
        self._sealing = threading.Lock()
        self._changed = threading.Condition()
        self._waiting: list[Submission] = []

    def seal(self, submissions: Sequence[Submission]) -> None:
        """Return when every submission has its outcome.

        Args:
            submissions: each new; a later one of the same sender may build on an earlier one.

        Raises:
            SealerBusy: the queue is full; none was taken.
            ChainStoreFailed, ChainStoreCorrupt: see `ledger.chain.block.build_block`.
        """
        self._enqueue(submissions)
        deadline = time.monotonic() + NONCE_GAP_SECONDS
        try:
            while unsealed := [each for each in submissions if each.outcome is None]:
                with self._sealing:
                    progressed = self._seal_waiting(unsealed)
                if progressed:
                    continue
                if time.monotonic() >= deadline:
                    self._give_up(unsealed)
                with self._changed:
                    if any(each.outcome is None for each in unsealed):
                        self._changed.wait(max(0.0, deadline - time.monotonic()))
        finally:
            self._dequeue(submissions)

    def exclusively(self, action: Callable[[], None]) -> None:
        """Run something that builds a block by itself, while no other block is being built."""
        with self._sealing:
            action()

    def waiting_nonces(self, sender: Address) -> int:
        """How many of the sender's transactions wait with nonces that follow one another."""
        with self._changed:
            waiting = {each.nonce for each in self._waiting if each.sender == sender}
        nonce = first = self._next_nonce(sender)
        while nonce in waiting:
            nonce += 1
        return nonce - first

    def _enqueue(self, submissions: Sequence[Submission]) -> None:
        with self._changed:
            if len(self._waiting) + len(submissions) > MAX_WAITING:
                raise SealerBusy(
                    f"txpool is full: {MAX_WAITING} transactions wait already; try again soon"
                )
            known = {each.transaction_hash for each in self._waiting}
            for submission in submissions:
                transaction_hash = submission.transaction_hash
                if transaction_hash is not None and transaction_hash in known:
                    submission.outcome = TransactionKnown("already known")
                    continue
                known.add(transaction_hash)
                self._waiting.append(submission)
            # Someone may wait for just these nonces.
            self._changed.notify_all()

    def _dequeue(self, submissions: Sequence[Submission]) -> None:
        with self._changed:
            gone = set(map(id, submissions))
            self._waiting = [each for each in self._waiting if id(each) not in gone]
            self._changed.notify_all()

    def _seal_waiting(self, own: Sequence[Submission]) -> bool:
        """Seal one block for everybody; whether there was anything to do."""
        if all(each.outcome is not None for each in own):
            return True
        with self._changed:
            waiting = list(self._waiting)
        due = self._due(waiting)
        if not due:
            return any(each.outcome is not None for each in own)
        try:
            self._build(due)
        except Exception:
            # What broke the block may be another's transaction. Try without the others before
            # giving up; they remain queued and will find out for themselves.
            alone = self._due(own)
            if not alone or len(alone) == len(due):
                raise
            self._build(alone)
        with self._changed:
            self._waiting = [each for each in self._waiting if each.outcome is None]
            self._changed.notify_all()
        return True

    def _due(self, waiting: Sequence[Submission]) -> list[Submission]:
        """What can go into the next block now, in order. Sets the outcome of what never can."""
        turns: dict[Address, _Turns] = {}
        for arrival, submission in enumerate(waiting):
            if submission.sender not in turns:
                turns[submission.sender] = _Turns(self._next_nonce(submission.sender))
            if submission.nonce is not None:
                entry = (submission.nonce, arrival, submission)
                heapq.heappush(turns[submission.sender].by_nonce, entry)
        due: list[Submission] = []
        for submission in waiting:
            if len(due) == MAX_BLOCK_TRANSACTIONS:
                break
            turn = turns[submission.sender]
            if submission.nonce is None:
                # A draft takes the next nonce. Should it fail, signed ones behind it are refused as
                # too high.
                due.append(submission)
                turn.next_nonce += 1
                continue
            self._take_turn(turn, due)
        return due

    def _take_turn(self, turn: _Turns, due: list[Submission]) -> None:
        while turn.by_nonce:
            nonce, _, submission = turn.by_nonce[0]
            if nonce > turn.next_nonce:
                return
            heapq.heappop(turn.by_nonce)
            if nonce == turn.next_nonce:
                turn.next_nonce += 1
                due.append(submission)
                return
            self._settle(submission, NonceTooLow(f"nonce too low: next is {turn.next_nonce}"))

    def _give_up(self, submissions: Sequence[Submission]) -> None:
        for submission in submissions:
            next_nonce = self._next_nonce(submission.sender)
            self._settle(
                submission,
                NonceTooHigh(
                    f"nonce too high: {submission.nonce}, the account's next is {next_nonce}; "
                    "send the transactions before it first"
                ),
            )

    def _settle(self, submission: Submission, fault: NonceTooLow | NonceTooHigh) -> None:
        with self._changed:
            if submission.outcome is None:
                submission.outcome = fault
            self._waiting = [each for each in self._waiting if each is not submission]
            self._changed.notify_all()
