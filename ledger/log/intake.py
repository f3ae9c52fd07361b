"""The queue in front of the sequencer: bounded, and past it every signature is verified.

Submissions wait in order of arrival. One thread takes what waits, a batch at a time, has its
signatures verified, answers those whose signature is wrong, and hands the rest on; meanwhile the
sequencer commits the batch before. Large batches go to a second process (`ledger.recovery`): it is
started with the first of them, and where it is not there, or not yet, the thread does the work.
What no key has signed goes to the wallets' desk (`ledger.log.wallets`), where there is one, and
comes back behind what was verified meanwhile.

Owns the waiting submissions until `take` hands them over; from then on the sequencer answers them.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence

from ledger.errors import ConcordError
from ledger.events import Domain, Event, verify_signature
from ledger.events.typed_data import signed_fields
from ledger.log.errors import LogClosed, NoChainToAsk, QueueFull
from ledger.log.metrics import Metrics
from ledger.log.submission import Limits, Pending
from ledger.log.wallets import Settle, WalletDesk
from ledger.recovery import RecoveryProcess, RecoveryStopped, question
from ledger.secp256k1 import SIGNATURE_BYTES

RETRY_AFTER_SECONDS = 1


class Intake:
    """The queue.

    Args:
        domain: where signatures must be valid.
        limits: of the queue and of a batch.
        metrics: where refusals are counted.
        desk: makes what asks contract wallets, told whom to give events back; None where there is
            no chain to ask.
    """

    def __init__(
        self,
        domain: Domain,
        limits: Limits,
        metrics: Metrics,
        desk: Callable[[Settle], WalletDesk] | None = None,
    ) -> None:
        self._domain = domain
        self._limits = limits
        self._metrics = metrics
        # Guards everything below.
        self._lock = threading.Lock()
        # One waits at each, and is woken only for what it waits for: a thread that wakes in vain
        # takes the interpreter from those who work. The intake's thread waits for submissions and
        # for room to lay them ready; the sequencer for what is verified; both for the end.
        self._arrived = threading.Condition(self._lock)
        self._ready = threading.Condition(self._lock)
        self._waiting: deque[Pending] = deque()
        self._verified: deque[Pending] = deque()
        self._verifying = 0
        self._closed = False
        # Of the intake's thread alone; None before the first large batch, and after it has died.
        self._recovery: RecoveryProcess | None = None
        self._may_recover = limits.recover_from is not None
        self._desk = None if desk is None else desk(self._settle)
        self._thread = threading.Thread(target=self._run, name="concord-intake", daemon=True)
        self._thread.start()

    @property
    def depth(self) -> int:
        """Submissions that the sequencer has not taken yet."""
        asking = 0 if self._desk is None else self._desk.depth
        return len(self._waiting) + len(self._verified) + self._verifying + asking

    def put(self, pending: Sequence[Pending]) -> int:
        """Queues submissions, as many of the first ones as there is room for.

        Returns:
            How many are queued.

        Raises:
            LogClosed: the log takes nothing more.
            QueueFull: there is no room for any.
        """
        with self._lock:
            if self._closed:
                raise LogClosed("The log is shutting down. Send this to another server, or later.")
            room = min(self._limits.queue - self.depth, len(pending))
            self._metrics.queue_refusals += len(pending) - max(room, 0)
            if room <= 0:
                raise self.full()
            self._waiting.extend(pending[:room])
            self._arrived.notify()
            return room

    def full(self) -> QueueFull:
        """What those get who find no room."""
        return QueueFull(
            f"{self._limits.queue} events wait already. Send it again in "
            f"{RETRY_AFTER_SECONDS} s; nothing was recorded.",
            RETRY_AFTER_SECONDS,
        )

    def take(self, timeout: float) -> list[Pending]:
        """Hands over verified submissions in their order, a batch at most.

        Args:
            timeout: seconds to wait for the first one.

        Returns:
            None after the timeout, or when the queue is closed and empty.
        """
        with self._lock:
            self._ready.wait_for(lambda: self._verified or self.is_drained(), timeout)
            was_full = not self._has_room()
            count = min(len(self._verified), self._limits.batch)
            taken = [self._verified.popleft() for _ in range(count)]
            if was_full:
                self._arrived.notify()
            return taken

    def is_drained(self) -> bool:
        """Whether the queue is closed and nothing is in it any more."""
        return self._closed and self.depth == 0

    def close(self) -> None:
        """Takes nothing more; what waits is still handed over."""
        with self._lock:
            self._closed = True
            self._arrived.notify()
            self._ready.notify()

    def join(self) -> None:
        """Waits for the threads, after `close` and the last `take`."""
        self._thread.join()
        if self._desk is not None:
            self._desk.close()

    def _run(self) -> None:
        try:
            self._verify_all()
        finally:
            if self._recovery is not None:
                self._recovery.close()

    def _verify_all(self) -> None:
        batch = self._limits.batch
        while True:
            with self._lock:
                self._arrived.wait_for(lambda: self._has_room() if self._waiting else self._closed)
                if not self._waiting:
                    return
                taken = [self._waiting.popleft() for _ in range(min(len(self._waiting), batch))]
                self._verifying = len(taken)
            good = self._verify(taken)
            with self._lock:
                self._verified.extend(good)
                self._verifying = 0
                self._ready.notify()

    def _has_room(self) -> bool:
        # At most two batches lie ready, so that what waits is refused rather than hoarded.
        return len(self._verified) < self._limits.batch

    def _verify(self, batch: Sequence[Pending]) -> list[Pending]:
        checked = self._recovered(batch)
        good: list[Pending] = []
        for pending, is_verified in zip(batch, checked, strict=True):
            event = pending.submission.event
            pending.nonce = bytes.fromhex(event.nonce[2:])
            try:
                if not is_verified:
                    verify_signature(event, self._domain)
            except ConcordError as error:
                self._no_key_signed(pending, error)
                continue
            pending.event_id = event.id
            good.append(pending)
        return good

    def _no_key_signed(self, pending: Pending, refusal: ConcordError) -> None:
        """Refuses an event, or has the contract asked that its actor may be."""
        if self._desk is None:
            size = len(pending.submission.event.signature) // 2 - 1
            if size not in {0, SIGNATURE_BYTES}:
                refusal = NoChainToAsk(
                    f"A key's signature has {SIGNATURE_BYTES} bytes (r, s, v), this has {size}; "
                    "and there is no chain to ask whether the actor is a contract that takes it."
                )
            self._settle(pending, refusal)
            return
        try:
            self._desk.put(pending, refusal)
        except QueueFull as full:
            self._settle(pending, full)

    def _settle(self, pending: Pending, refusal: ConcordError | None) -> None:
        """An event's signature is found good, or it is refused."""
        if refusal is None:
            pending.event_id = pending.submission.event.id
        with self._lock:
            if refusal is None:
                self._verified.append(pending)
                self._ready.notify()
            else:
                self._metrics.invalid_signatures += 1
        if refusal is not None:
            pending.answer(refusal)

    def _recovered(self, batch: Sequence[Pending]) -> list[bool]:
        """Which signatures the second process has found right; no others are known to be."""
        none = [False] * len(batch)
        wanted = self._limits.recover_from
        if wanted is None or len(batch) < wanted or not self._may_recover:
            return none
        try:
            self._recovery = self._recovery or RecoveryProcess()
            if not self._recovery.is_ready():
                return none
            asked = [_question(pending.submission.event) for pending in batch]
            return self._recovery.matches(self._domain.separator, asked)
        except RecoveryStopped:
            # Slower, not wrong: from now on this thread does the work.
            self._may_recover = False
            return none


def _question(event: Event) -> bytes:
    signature = bytes.fromhex(event.signature[2:])
    # One of another length must not be cut to fit: it becomes one that nobody made.
    if len(signature) != SIGNATURE_BYTES:
        signature = bytes(SIGNATURE_BYTES)
    return question(signature, signed_fields(event))
