"""A log under test: opened, reopened, and checked as a whole when the test is over."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from ledger.events import Event, decode_leaf
from ledger.events.wallets import WalletChain
from ledger.fsck import fsck
from ledger.log import Appended, Limits, Log, LogReader, Submission
from ledger.merkle import (
    MerkleTree,
    VerifierKey,
    leaf_hash,
    open_checkpoint,
    parse_receipt,
    verify_consistency,
    verify_inclusion,
    verify_receipt,
)
from ledger.store.engine import Database
from tests.support.ledgers import Consortium

QUICK = Limits(poll_seconds=0.02)
"""Notices what other processes append soon enough for a test."""


@dataclass
class LogUnderTest:
    """One ledger in one database, and the logs that were opened on it.

    Attributes:
        database: with the schema, empty at first.
        folder: of the file that remembers the last signed checkpoint.
        consortium: who signs; its clock is the log's.
        wallets: asks contract wallets, in logs that are opened; None where there is no chain.
    """

    database: Database
    folder: Path
    consortium: Consortium = field(default_factory=Consortium)
    opened: list[Log] = field(default_factory=list)
    wallets: WalletChain | None = None

    @property
    def last_signed(self) -> Path:
        return self.folder / "last-signed"

    def create(self, limits: Limits = QUICK) -> Log:
        """Begins the ledger."""
        return self._keep(
            Log.create(
                self.database,
                self.consortium.genesis(),
                signing_key=self.consortium.log_key,
                domain=self.consortium.domain,
                clock=self.consortium.clock,
                limits=limits,
                last_signed_path=self.last_signed,
            )
        )

    def open(
        self,
        limits: Limits = QUICK,
        *,
        database: Database | None = None,
        last_signed: Path | None = None,
    ) -> Log:
        """Opens the ledger, again or a second time."""
        return self._keep(
            Log.open(
                database or self.database,
                signing_key=self.consortium.log_key,
                domain=self.consortium.domain,
                clock=self.consortium.clock,
                limits=limits,
                last_signed_path=last_signed or self.last_signed,
                wallets=self.wallets,
            )
        )

    def close(self) -> None:
        """Closes every log."""
        for log in self.opened:
            log.close()

    def _keep(self, log: Log) -> Log:
        self.opened.append(log)
        return log


def record(log: Log, events: Iterable[Event]) -> list[Appended]:
    """Appends events, all of which must be recorded."""
    answers = log.append([Submission(event) for event in events])
    for answer in answers:
        assert isinstance(answer, Appended), repr(answer)
    return [answer for answer in answers if isinstance(answer, Appended)]


def check_log(log: LogReader, consortium: Consortium, last_signed: Path | None = None) -> None:
    """Verifies the whole log: with another tree, as a client would, and as `fsck` does."""
    size = log.size
    leaves = log.leaves(0, size)
    tree = MerkleTree([leaf_hash(leaf) for leaf in leaves])
    verifier = consortium.log_key.verifier
    checkpoint = open_checkpoint(log.checkpoint(), [verifier])
    assert (checkpoint.size, checkpoint.root) == (size, tree.root()) == (log.size, log.root)
    events = [decode_leaf(leaf, index) for index, leaf in enumerate(leaves)]
    assert [e.recorded_at for e in events] == sorted(e.recorded_at for e in events)
    assert len({(e.event.actor, e.event.nonce) for e in events}) == size
    for index in _sample(size):
        verify_inclusion(index, size, leaf_hash(leaves[index]), log.inclusion(index), log.root)
        for receipt in [log.receipt(index)] + (
            [log.first_receipt(index)] if isinstance(log, Log) else []
        ):
            check_receipt(receipt, index, leaves[index], verifier)
        proof = log.consistency(index, size)
        verify_consistency(index, size, tree.root(index), log.root, proof)
    report = fsck(log.database, domain=consortium.domain, last_signed_path=last_signed)
    assert report.difference is None, str(report.difference)
    assert report.size >= size


def check_receipt(receipt: bytes, index: int, leaf: bytes, verifier: VerifierKey) -> None:
    """Verifies a receipt with nothing but the log's verifier key."""
    verified = verify_receipt(parse_receipt(receipt), [verifier])
    assert (verified.index, verified.leaf) == (index, leaf)


def _sample(size: int) -> list[int]:
    step = max(1, size // 40)
    return sorted({*range(0, size, step), *range(max(0, size - 3), size)})
