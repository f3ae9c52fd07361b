"""The log: queue, sequencer and readers of one ledger, in one process.

Rules:
- Nothing is acknowledged before the transaction that records it is durable, and its checkpoint is
  signed.
- A checkpoint that does not extend the last signed one is never signed: the log stops and says so.
- An error of the database is answered to all who waited for that transaction; whether it was
  recorded is found out by sending the same event again.
- Other processes may append to the same database; their growth is noticed and published too.

Two threads: the intake verifies signatures, the sequencer commits and answers; where there is a
chain, further ones ask contract wallets. Reads go past all of them.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

from ledger.errors import ConcordError, IntegrityError, Unavailable
from ledger.events import Domain, Event, decode_leaf
from ledger.events.wallets import WalletChain
from ledger.log.admission import Admission
from ledger.log.batch import Batch, Known, Outcome, Recorded, Sequencer
from ledger.log.errors import LedgerExists, LogClosed, LogStopped
from ledger.log.intake import Intake
from ledger.log.metrics import BatchReport, Metrics
from ledger.log.opening import require_ledger, write_first_head
from ledger.log.receipts import batch_receipts
from ledger.log.signed_reading import SigningReader
from ledger.log.signer import Signer
from ledger.log.submission import (
    Answer,
    Appended,
    Group,
    Limits,
    Pending,
    Submission,
    answer_all,
)
from ledger.log.wallets import WalletDesk
from ledger.merkle import (
    SigningKey,
)
from ledger.store.engine import Database
from ledger.store.errors import RowsContradict
from ledger.store.head import Head, read_head
from ledger.store.tiles import ConnectionTiles
from ledger.vault import Vault, check_openings


class Log(SigningReader):
    """One ledger's log. Made by `create` or `open`; `close` it, or use it as a context.

    Attributes:
        vault: openings of sealed values.
        metrics: figures since it was opened.
    """

    def __init__(
        self,
        database: Database,
        *,
        signing_key: SigningKey,
        domain: Domain,
        clock: Callable[[], int],
        limits: Limits,
        last_signed_path: Path | None,
        randomness: Callable[[int], bytes],
        admission: Admission | None,
        wallets: WalletChain | None,
    ) -> None:
        self._domain = domain
        self._clock = clock
        self._limits = limits
        self.metrics = Metrics()
        self.vault = Vault(database, randomness)
        # The file is read before the head, which is then at least as new.
        self._signer = Signer(signing_key, last_signed_path)
        head = require_ledger(database, self._signer, domain, signing_key.name)
        super().__init__(database, head, self._signer.sign(head), signing_key)
        self._sequencer = Sequencer(database, self.vault, self._signer, admission)
        self._observers: list[Callable[[BatchReport], None]] = []
        # Set once, by the sequencer; from then on nothing is taken.
        self._stopped: ConcordError | None = None
        self._must_scrub = False
        desk = None if wallets is None else partial(WalletDesk, domain, database, wallets, clock)
        self._intake = Intake(domain, limits, self.metrics, desk)
        self._thread = threading.Thread(target=self._run, name="concord-sequencer", daemon=True)
        self._thread.start()

    @classmethod
    def open(
        cls,
        database: Database,
        *,
        signing_key: SigningKey,
        domain: Domain,
        clock: Callable[[], int],
        limits: Limits | None = None,
        last_signed_path: Path | None = None,
        randomness: Callable[[int], bytes] = os.urandom,
        admission: Admission | None = None,
        wallets: WalletChain | None = None,
    ) -> Self:
        """Opens the log of a database.

        Args:
            database: with this program's schema.
            signing_key: of checkpoints; its name is the log's origin.
            domain: where signatures of events are valid.
            clock: milliseconds since the epoch.
            limits: how much it takes on.
            last_signed_path: file outside the database that remembers the last signed checkpoint;
                None only where losing that guard does not matter.
            randomness: as `os.urandom`, for the vault.
            admission: asked beside the rules before an event is recorded.
            wallets: asks contract wallets; None where there is no chain, and only keys sign.

        Raises:
            LedgerMissing: the database holds no ledger.
            WrongLedger: it holds another one.
            HistoryRewritten: it does not extend what was signed.
            Unavailable: it cannot be read.
        """
        return cls(
            database,
            signing_key=signing_key,
            domain=domain,
            clock=clock,
            limits=limits or Limits(),
            last_signed_path=last_signed_path,
            randomness=randomness,
            admission=admission,
            wallets=wallets,
        )

    @classmethod
    def create(
        cls,
        database: Database,
        genesis: Event,
        *,
        signing_key: SigningKey,
        domain: Domain,
        clock: Callable[[], int],
        limits: Limits | None = None,
        last_signed_path: Path | None = None,
        randomness: Callable[[int], bytes] = os.urandom,
    ) -> Self:
        """Begins a ledger with its first event, and opens it. Doing it again changes nothing.

        Args:
            database: with this program's schema.
            genesis: a signed `ledger.created`.
            signing_key: as `open` takes it.
            domain: likewise.
            clock: likewise.
            limits: likewise.
            last_signed_path: likewise.
            randomness: likewise.

        Raises:
            LedgerExists: the database holds a ledger with another first event.
            ConcordError: as `open`, or why the first event is refused.
        """
        write_first_head(database)
        log = cls.open(
            database,
            signing_key=signing_key,
            domain=domain,
            clock=clock,
            limits=limits,
            last_signed_path=last_signed_path,
            randomness=randomness,
        )
        if log.size and decode_leaf(log.leaf(0), 0).event.id != genesis.id:
            log.close()
            raise LedgerExists("The database holds a ledger already. Choose another database.")
        answer = log.append([Submission(genesis)])[0]
        if isinstance(answer, ConcordError):
            log.close()
            raise answer
        return log

    @property
    def domain(self) -> Domain:
        """Where signatures of events are valid."""
        return self._domain

    @property
    def queue_depth(self) -> int:
        """Submissions that wait."""
        return self._intake.depth

    @property
    def stopped(self) -> ConcordError | None:
        """Why the log takes nothing any more; None while it does."""
        return self._stopped

    def submit(self, submission: Submission) -> Future[Appended]:
        """Queues one event.

        Returns:
            What it became, once that is durable; or the error that refused it.
        """
        future: Future[Appended] = Future()

        def hand_over(answers: Future[list[Answer]]) -> None:
            answer = answers.result()[0]
            if isinstance(answer, ConcordError):
                future.set_exception(answer)
            else:
                future.set_result(answer)

        self.submit_all([submission]).add_done_callback(hand_over)
        return future

    def submit_all(self, submissions: Sequence[Submission]) -> Future[list[Answer]]:
        """Queues events that are answered together; each stands for itself.

        Returns:
            For each what it became or the error that refused it, in order. The future itself never
            fails.
        """
        group = Group(len(submissions))
        pending: list[Pending] = []
        for position, submission in enumerate(submissions):
            try:
                check_openings(submission.event.body_bytes, submission.openings)
            except ConcordError as error:
                group.answer(position, error)
            else:
                pending.append(Pending(submission, group, position))
        try:
            if self._stopped is not None:
                raise self._stopped
            queued = self._intake.put(pending) if pending else 0
        except ConcordError as error:
            answer_all(pending, error)
        else:
            answer_all(pending[queued:], self._intake.full())
        return group.future

    def append(self, submissions: Sequence[Submission]) -> list[Answer]:
        """Appends events and waits until each is durable or refused, in order."""
        return self.submit_all(submissions).result()

    def observe(self, observer: Callable[[BatchReport], None]) -> None:
        """Calls `observer` after each batch, from the sequencer's thread."""
        self._observers.append(observer)

    def close(self) -> None:
        """Takes nothing more, finishes what waits, ends the threads. Closing again does nothing."""
        self._intake.close()
        self._thread.join()
        self._intake.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _run(self) -> None:
        batch: list[Pending] = []
        try:
            while not self._intake.is_drained():
                batch = self._intake.take(self._limits.poll_seconds)
                if batch:
                    self._process(batch)
                else:
                    self._refresh()
            self._stopped = self._stopped or LogClosed("The log is closed.")
        finally:
            # Still running only if something failed that nobody foresaw. Nobody waits for ever.
            error = self._stopped or LogStopped("The sequencer failed; the process's log says why.")
            self._stop(error)
            answer_all(batch, error)
            while not self._intake.is_drained():
                answer_all(self._intake.take(self._limits.poll_seconds), error)

    def _stop(self, error: ConcordError) -> None:
        self._stopped = error
        self._intake.close()

    def _process(self, batch: Sequence[Pending]) -> None:
        started = time.perf_counter()
        try:
            if self._stopped is not None:
                raise self._stopped
            done = self._sequencer.append(batch, self._clock())
            committed = time.perf_counter()
            if done.head.size > self.size:
                self._publish(done.head, self._signer.sign(done.head))
            self._must_scrub |= done.erased
            self._scrub()
            answers = self._answers(batch, done)
        except RowsContradict as error:
            self.metrics.failed_batches += 1
            if len(batch) == 1:
                answer_all(batch, error)
            # One row does not fit; the others need not suffer for it.
            for pending in batch if len(batch) > 1 else ():
                self._process([pending])
            return
        except ConcordError as error:
            self.metrics.failed_batches += 1
            if isinstance(error, IntegrityError):
                self._stop(error)
            answer_all(batch, error)
            return
        for pending, answer in zip(batch, answers, strict=True):
            pending.answer(answer)
        report = _report(done, committed - started, time.perf_counter() - started)
        self.metrics.count(report)
        for observer in self._observers:
            observer(report)

    def _answers(self, batch: Sequence[Pending], done: Batch) -> list[Answer]:
        new = [outcome for outcome in done.outcomes if isinstance(outcome, Recorded)]
        leaves = [outcome.leaf for outcome in new]
        made = batch_receipts(done.before, done.growth, leaves, self.checkpoint())
        receipts = dict(zip((outcome.index for outcome in new), made, strict=True))
        return [
            self._answer_of(pending, outcome, receipts)
            for pending, outcome in zip(batch, done.outcomes, strict=True)
        ]

    def _answer_of(self, pending: Pending, outcome: Outcome, receipts: dict[int, bytes]) -> Answer:
        if isinstance(outcome, Recorded):
            receipt = receipts[outcome.index]
            return Appended(outcome.index, pending.event_id, outcome.leaf, receipt)
        if isinstance(outcome, Known):
            receipt = receipts.get(outcome.index) or self.first_receipt(outcome.index)
            leaf = self.leaf(outcome.index)
            return Appended(outcome.index, pending.event_id, leaf, receipt, duplicate=True)
        return outcome

    def _refresh(self) -> None:
        """Publishes what another process has appended, or what could not be published before."""
        try:
            self._database.require_file()
            self._scrub()
            with self._database.read() as connection:
                head = read_head(connection) or Head()
                if head != self.head:
                    self._signer.check(head, ConnectionTiles(connection))
            if head.size > self.size:
                self._publish(head, self._signer.sign(head))
        except Unavailable:
            # Readers keep what they have; whoever appends is told.
            return
        except IntegrityError as error:
            self._stop(error)

    def _scrub(self) -> None:
        if self._must_scrub:
            self._must_scrub = not self.vault.scrub()


def _report(done: Batch, commit_seconds: float, total_seconds: float) -> BatchReport:
    appended = sum(isinstance(outcome, Recorded) for outcome in done.outcomes)
    duplicates = sum(isinstance(outcome, Known) for outcome in done.outcomes)
    refused = len(done.outcomes) - appended - duplicates
    return BatchReport(appended, duplicates, refused, commit_seconds, total_seconds)
