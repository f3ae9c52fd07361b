"""The anchorer of one registry: sends the log's roots there, and finds those that it holds.

Rules:
- What is anchored is what the chain says, read from the registry's logs in confirmed blocks; never
  what a transaction was hoped to do. So a crash between a transaction and its receipt loses
  nothing, and sending again is refused by the contract or not needed.
- Every root that the registry holds must be one that this log had. If not, somebody anchored
  another history under this log's name, or this log was rewritten: the anchorer stops and says so.
- Only signed sizes are sent, each with the proof that it extends the last one.
- A root that the contract refuses stops the anchorer. Only losing a race is no refusal: then
  another process has anchored meanwhile.

Several registries, on one chain or many, have an anchorer each; none waits for another.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from eth_typing import Address

from ledger.anchor.errors import (
    AnchorContradiction,
    AnchorRefused,
    AnchorUnderWay,
    WrongRegistry,
)
from ledger.anchor.registry import (
    NOT_GROWN,
    NOT_OPERATOR,
    AnchoredLog,
    AnchorRegistry,
    LatestAnchor,
    is_error,
)
from ledger.chain.chain import Chain, Cursor
from ledger.chain.errors import ExecutionReverted, TransactionFailed
from ledger.chain.signing import Signer
from ledger.events.identifiers import to_checksum_address
from ledger.log import Log
from ledger.store.chains import StoredAnchor, read_cursor, write_anchors, write_cursor

_STORE_EVERY = 100
"""Blocks without an anchor after which the position is stored."""

_GROWTH_SECONDS = 5.0
"""How long what another process has anchored may be ahead of what this one has read."""


@dataclass(frozen=True, slots=True)
class AnchorTarget:
    """A registry to anchor in.

    Attributes:
        chain: where it is; its confirmations say when an anchor counts.
        registry: address of the contract.
        signer: holds the operator's role there.
        from_block: the contract does not exist at this block yet.
    """

    chain: Chain
    registry: Address
    signer: Signer
    from_block: int


@dataclass(frozen=True, slots=True)
class AnchorPolicy:
    """When a root is due: enough new leaves, or some and enough time.

    Attributes:
        new_leaves: since the last anchor.
        seconds: since the last anchor, with at least one new leaf.
    """

    new_leaves: int = 1_000
    seconds: int = 3_600


@dataclass(frozen=True, slots=True)
class AnchorProgress:
    """What one step did.

    Attributes:
        found: anchors that were read and kept.
        sent: the size that was sent; None if none was due.
        anchored: the largest size that the contract holds, confirmed or not.
        is_complete: whether everything confirmed has been read.
    """

    found: int
    sent: int | None
    anchored: int
    is_complete: bool


class Anchorer:
    """Anchors one log in one registry. Used by one thread.

    Args:
        log: the log.
        target: where to.
        policy: when.
        clock: seconds since the epoch; compared to the chain's time.
        max_blocks: blocks that are looked at in one step.
    """

    def __init__(
        self,
        log: Log,
        target: AnchorTarget,
        *,
        policy: AnchorPolicy,
        clock: Callable[[], float],
        max_blocks: int = 1_000,
    ) -> None:
        self._log = log
        self._target = target
        self._chain = target.chain
        self._registry = AnchorRegistry(target.chain, target.registry)
        self._policy = policy
        self._clock = clock
        self._max_blocks = max_blocks
        # None whenever it is not certain: at first, and after every error.
        self._cursor: Cursor | None = None
        self._stored_block = -1

    def step(self) -> AnchorProgress:
        """Reads what is anchored, and anchors what is due.

        Raises:
            AnchorContradiction: the registry holds another history; stop.
            AnchorRefused: the contract does not take the root; stop.
            AnchorUnderWay: one waits for its block; step again.
            WrongRegistry: it is set up wrongly.
            ChainReorganised, ChainAnswerInvalid: stop.
            Unavailable: chain or log do not answer; step again.
        """
        return self._step(is_due=self._is_due)

    def anchor_now(self) -> AnchorProgress:
        """Anchors the present size, whether it is due or not; raises as `step`."""
        return self._step(is_due=lambda size, latest: size > latest.size)

    def _step(self, *, is_due: Callable[[int, LatestAnchor], bool]) -> AnchorProgress:
        found, is_complete = self._find()
        latest = self._registry.latest()
        self._check(latest.size, latest.root, latest.number)
        size = self._log.size
        sent = size if is_due(size, latest) and self._send(size, latest) else None
        if sent is not None:
            more, is_complete = self._find()
            found += more
        return AnchorProgress(found, sent, max(latest.size, sent or 0), is_complete)

    def _is_due(self, size: int, latest: LatestAnchor) -> bool:
        new = size - latest.size
        waited = self._clock() - latest.anchored_at
        return new >= self._policy.new_leaves or (new > 0 and waited >= self._policy.seconds)

    # Finding

    def _find(self) -> tuple[int, bool]:
        """Keeps the anchors in the next confirmed blocks: how many, and whether these were all."""
        cursor, self._cursor = self._cursor, None
        if cursor is None:
            cursor = self._resume()
        batch = self._chain.read_logs(cursor, [self._target.registry], max_blocks=self._max_blocks)
        anchored = [self._registry.read(log) for log in batch.logs]
        for each in anchored:
            self._check(each.size, each.root, each.number)
        self._keep(batch.cursor, anchored)
        self._cursor = batch.cursor
        return len(anchored), batch.is_complete

    def _resume(self) -> Cursor:
        origin = self._log.domain.origin
        if self._registry.origin_digest() != hashlib.sha256(origin.encode()).digest():
            raise WrongRegistry(
                f"{self._registry.name} on chain {self._chain.chain_id} anchors another log than "
                f"{origin}: check the address"
            )
        with self._log.database.read() as connection:
            stored = read_cursor(connection, self._reader, self._chain.chain_id)
        if stored is None:
            return self._chain.start(self._target.from_block)
        self._stored_block = stored.number
        return Cursor(stored.number, stored.block_hash)

    @property
    def _reader(self) -> str:
        return f"anchors {self._registry.name}"

    def _check(self, size: int, root: bytes, number: int) -> None:
        """Makes sure that what the registry holds is what this log had."""
        if number == 0:
            return
        if size > self._log.size:
            # Another process on this database may have grown the log and anchored it just now.
            self._log.wait_for_growth(size - 1, _GROWTH_SECONDS)
        where = f"{self._registry.name} on chain {self._chain.chain_id}"
        if size > self._log.size:
            raise AnchorContradiction(
                f"{where} holds a root for size {size}, and this log has {self._log.size} leaves: "
                "it was rolled back; restore the newest copy. Nothing is anchored until then."
            )
        expected = self._log.root_at(size)
        if expected != root:
            raise AnchorContradiction(
                f"{where} holds the root {root.hex()} for size {size}; this log had "
                f"{expected.hex()}. Another history was anchored under this log's name, or this "
                "log was rewritten; run `concord fsck`. Nothing is anchored until that is known."
            )

    def _keep(self, cursor: Cursor, anchored: Sequence[AnchoredLog]) -> None:
        if not anchored and cursor.number - self._stored_block < _STORE_EVERY:
            return
        rows = [self._row(each) for each in anchored]
        with self._log.database.write() as connection:
            write_anchors(connection, rows)
            chain_id = self._chain.chain_id
            write_cursor(connection, self._reader, chain_id, cursor.number, cursor.block_hash)
        self._stored_block = cursor.number

    def _row(self, anchored: AnchoredLog) -> StoredAnchor:
        source = anchored.source
        return StoredAnchor(
            chain_id=self._chain.chain_id,
            contract=self._registry.name,
            size=anchored.size,
            root=anchored.root,
            number=anchored.number,
            block_number=source.block_number,
            block_hash=f"0x{source.block_hash.hex()}",
            block_time=self._chain.block_of(source).timestamp * 1000,
            transaction_hash=f"0x{source.transaction_hash.hex()}",
        )

    # Sending

    def _send(self, size: int, latest: LatestAnchor) -> bool:
        """Anchors a size; False if somebody else has anchored meanwhile."""
        proof = self._log.consistency(latest.size, size)
        draft = self._registry.anchoring(size, self._log.root_at(size), proof)
        try:
            self._chain.send(draft, self._target.signer)
        except (ExecutionReverted, TransactionFailed) as error:
            if self._registry.latest() != latest:
                return False
            if self._is_under_way(error):
                raise AnchorUnderWay(
                    f"an anchor for {self._registry.name} on chain {self._chain.chain_id} was sent "
                    "before and is in no block yet: looking for it again"
                ) from error
            raise self._refused(size, error) from error
        return True

    def _is_under_way(self, error: ExecutionReverted | TransactionFailed) -> bool:
        """Whether the contract may have judged by a state that blocks do not show yet.

        Nodes may try a transaction after those that wait in their pool. Among these is what a
        process sent that was killed before it saw its receipt.
        """
        if isinstance(error, ExecutionReverted) and is_error(error, NOT_GROWN):
            return True
        return self._chain.has_pending(self._target.signer.address)

    def _refused(self, size: int, error: ExecutionReverted | TransactionFailed) -> AnchorRefused:
        where = f"{self._registry.name} on chain {self._chain.chain_id}"
        if isinstance(error, ExecutionReverted) and is_error(error, NOT_OPERATOR):
            account = to_checksum_address(self._target.signer.address)
            return AnchorRefused(
                f"{where} takes anchors from operators only, and {account} is none: give it the "
                "role by vote, or configure another account"
            )
        return AnchorRefused(
            f"{where} refuses the root of size {size} ({error.code}: {error}). Compare the log "
            "with what others have kept of it before anchoring again."
        )
