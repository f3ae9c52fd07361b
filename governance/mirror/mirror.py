"""The mirror of one DAO.

Rules:
- In order and exactly once, whatever crashes: where it goes on is read from the log (`position`),
  and what was told already is recognised (`submitting`).
- Only confirmed blocks. If one that was taken is gone, the chain was reorganised deeper than its
  confirmations: the mirror stops and says so. Nothing in the log is ever taken back.
- No contract log can stall it: what people said is shortened, never refused (`texts`). What the log
  itself refuses stops it, by name.
- `issuedAt` is when the mirror tells; when it happened stands in the chain reference. So it catches
  up after any time of being down.

Any number of processes may mirror into one log: each contract log is recorded by the first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from governance.addresses import DaoAddresses
from governance.mirror.contract_logs import ContractLog, LogReader
from governance.mirror.position import Position, require_deployment, resume, store
from governance.mirror.submitting import Tale, Teller
from governance.mirror.translation import classes_told, is_told, translate
from ledger.chain.chain import Chain, Cursor, LogBatch
from ledger.chain.values import ChainLog
from ledger.content.store import ContentStore
from ledger.events import SigningKey
from ledger.log import Log
from ledger.store.reads import Snapshot
from ledger.views.records import ModelVersion

_STORE_EVERY = 100
"""Blocks without a word of ours after which the position is stored."""


@dataclass(frozen=True, slots=True)
class MirrorProgress:
    """What one step did.

    Attributes:
        recorded: contract logs that became events.
        block: the last block that was taken.
        is_complete: whether that is the last confirmed one.
    """

    recorded: int
    block: int
    is_complete: bool


class Mirror:
    """Tells a log what a DAO's contracts do. Used by one thread.

    Args:
        log: the log, whose first leaf names the contracts and this mirror.
        chain: with its confirmations.
        key: the mirror's.
        addresses: of the contracts.
        from_block: none of the contracts exists at this block yet.
        clock: milliseconds since the epoch.
        content: keeps proposals' texts before they are named; None names none.
        batch: contract logs that are sent to the log at a time.
        max_blocks: blocks that are looked at in one step.
    """

    def __init__(
        self,
        log: Log,
        chain: Chain,
        key: SigningKey,
        *,
        addresses: DaoAddresses,
        from_block: int,
        clock: Callable[[], int],
        content: ContentStore | None = None,
        batch: int = 500,
        max_blocks: int = 1_000,
    ) -> None:
        self._log = log
        self._chain = chain
        self._key = key
        self._addresses = addresses
        self._from_block = from_block
        self._clock = clock
        self._content = content
        self._batch = batch
        self._max_blocks = max_blocks
        self._reader = LogReader(addresses)
        # None whenever it is not certain: at first, and after every error.
        self._position: Position | None = None
        self._stored_block = -1

    def step(self) -> MirrorProgress:
        """Takes the next blocks, as many as are confirmed, at most `max_blocks`.

        Raises:
            ChainReorganised, MirroredBlockGone: deeper than the confirmations; stop.
            MirrorRefused, ContractLogInvalid, ModelRecordUnknown, ChainAnswerInvalid: stop.
            WrongMirror, GenesisMembersNamed: it is set up wrongly.
            Unavailable: chain or log do not answer; step again.
        """
        position, self._position = self._position, None
        if position is None:
            position = self._resume()
        batch = self._chain.read_logs(
            position.cursor, self._reader.addresses, max_blocks=self._max_blocks
        )
        recorded, position = self._tell(batch, position)
        self._store(batch.cursor, force=recorded > 0)
        self._position = position
        return MirrorProgress(recorded, batch.cursor.number, batch.is_complete)

    def catch_up(self) -> MirrorProgress:
        """Steps until the last confirmed block is taken; raises as `step`."""
        recorded = 0
        while True:
            done = self.step()
            recorded += done.recorded
            if done.is_complete:
                return MirrorProgress(recorded, done.block, is_complete=True)

    def _resume(self) -> Position:
        chain_id = self._chain.chain_id
        require_deployment(self._log, chain_id, self._addresses, self._key.address)
        position = resume(self._log, self._chain, self._from_block)
        self._stored_block = position.cursor.number
        return position

    def _tell(self, batch: LogBatch, position: Position) -> tuple[int, Position]:
        new = (log for log in batch.logs if _place(log) > position.last)
        wanted = (log for log in new if is_told(*self._reader.name_of(log)))
        decoded = [self._reader.decode(log) for log in wanted]
        around = _Around(self._log, self._content, classes_told(decoded))
        told = [(log.source, event) for log in decoded if (event := translate(log, around))]
        times = self._block_times([source for source, _ in told])
        tales = [Tale(source, event, times[source.block_number]) for source, event in told]
        teller = Teller(self._log, self._key, self._chain.chain_id, self._batch)
        nonce = teller.tell(tales, position.nonce, self._clock)
        last = _place(tales[-1].source) if tales else position.last
        return len(tales), Position(batch.cursor, last, nonce)

    def _block_times(self, logs: Sequence[ChainLog]) -> Mapping[int, int]:
        times: dict[int, int] = {}
        for log in logs:
            if log.block_number not in times:
                times[log.block_number] = self._chain.block_of(log).timestamp
        return times

    def _store(self, cursor: Cursor, *, force: bool) -> None:
        if cursor.number - self._stored_block >= (1 if force else _STORE_EVERY):
            store(self._log, self._chain.chain_id, cursor)
            self._stored_block = cursor.number


@dataclass(frozen=True, slots=True)
class _Around:
    """What translations ask for, of one batch. See `translation.Surroundings`."""

    log: Log
    content: ContentStore | None
    classes: Mapping[tuple[bytes, int], int]

    def proposal_class(self, log: ContractLog) -> int | None:
        return self.classes.get((log.source.transaction_hash, log.integer("proposalId")))

    def keep(self, text: bytes) -> str | None:
        return None if self.content is None else str(self.content.add(text))

    def model_version(self, record_leaf: bytes) -> ModelVersion | None:
        with self.log.database.read() as connection:
            found = Snapshot(connection).where(ModelVersion, "leaf_hash", record_leaf.hex())
        return found[0] if found else None


def _place(log: ChainLog) -> tuple[int, int]:
    return log.block_number, log.log_index
