"""One batch: from verified submissions to leaves, in one durable transaction.

In the order of arrival each event is looked up (the same again, or its nonce used for another?),
authorised against the state with everything before it (and admitted, where its kind is subject to
admission), encoded and projected. Then leaves, tiles, views, openings, the checkpoint and the head
are written together. An event that is refused leaves nothing behind and does not keep the others
back.

`recordedAt` is the clock's time, or that of the last leaf where the clock has gone back.

Owned by one thread. After an error nothing in memory is believed: the next batch reads the edge of
the log again from the database, which may or may not hold the batch that failed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from sqlalchemy import Connection
from sqlmodel import SQLModel

from ledger.errors import ConcordError
from ledger.events.bodies.governance import ErasurePerformed
from ledger.events.envelope import Event, RecordedEvent, encode_leaf
from ledger.events.identifiers import Milliseconds
from ledger.events.wallets import ANSWER_MS
from ledger.log.admission import Admission
from ledger.log.errors import (
    NonceReused,
    OpeningErased,
    PredecessorMissing,
    RuleFault,
    WalletNotAsked,
)
from ledger.log.opening import require_head
from ledger.log.signer import Signer
from ledger.log.submission import Pending
from ledger.merkle import CompactRange, LeafHash, Tile, TileEdge, leaf_hash
from ledger.merkle.tree import Growth
from ledger.rules import authorise
from ledger.store.engine import Database
from ledger.store.head import Head, lock_head
from ledger.store.naming import slots_named_by
from ledger.store.sql_state import SqlState
from ledger.store.statements import Row, insert_into, rows_by_key, upsert_into
from ledger.store.tables.log import HEAD_ROW, CheckpointRow, HeadRow, LeafRow, TileRow
from ledger.store.tiles import ConnectionTiles
from ledger.vault import Vault
from ledger.views.projections import project
from ledger.views.records import Erasure

_LEAF: Final = SQLModel.metadata.tables[str(LeafRow.__tablename__)]
_TILE: Final = SQLModel.metadata.tables[str(TileRow.__tablename__)]
_CHECKPOINT: Final = SQLModel.metadata.tables[str(CheckpointRow.__tablename__)]
_HEAD: Final = SQLModel.metadata.tables[str(HeadRow.__tablename__)]

# What Python raises where a program is wrong. One such event must not stop everyone else's.
_FAULTS: Final = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    RuntimeError,
    TypeError,
    ValueError,
)


@dataclass(frozen=True, slots=True)
class Recorded:
    """An event that became a leaf in this batch."""

    index: int
    leaf: bytes


@dataclass(frozen=True, slots=True)
class Known:
    """An event that is a leaf already, or earlier in the same batch."""

    index: int


Outcome: TypeAlias = Recorded | Known | ConcordError
IdempotencyKey: TypeAlias = tuple[bytes, str]
"""(nonce, actor)."""


@dataclass(frozen=True, slots=True)
class Batch:
    """What a committed batch did.

    Attributes:
        outcomes: of each submission, in order.
        head: the log afterwards.
        before: the log that the new leaves were appended to.
        growth: what they made of it.
        erased: whether openings were destroyed.
    """

    outcomes: list[Outcome]
    head: Head
    before: CompactRange
    growth: Growth
    erased: bool


@dataclass(slots=True)
class _Draft:
    """A batch in the making."""

    start: int
    recorded_at: Milliseconds
    hashes: list[LeafHash]
    rows: list[Row]
    stored: dict[IdempotencyKey, tuple[bytes, int]]
    erased: bool = False

    @property
    def next_index(self) -> int:
        return self.start + len(self.rows)


class Sequencer:
    """Appends batches.

    Args:
        database: where the log is.
        vault: where openings go, in the same transaction.
        signer: what has been signed; the log must extend it.
        admission: asked beside the rules; None where nothing is.
    """

    def __init__(
        self,
        database: Database,
        vault: Vault,
        signer: Signer,
        admission: Admission | None = None,
    ) -> None:
        self._database = database
        self._vault = vault
        self._signer = signer
        self._admission = admission
        self._admission_kinds = frozenset[str]() if admission is None else admission.kinds
        self._state = SqlState()
        # The log as this thread has last left it; None when that is not certain.
        self._edge: TileEdge | None = None
        self._head = Head()

    def append(self, batch: Sequence[Pending], now: int) -> Batch:
        """Appends a batch; when this returns it is durable.

        Args:
            batch: with verified signatures.
            now: the clock's time, milliseconds since the epoch.

        Raises:
            Unavailable: nothing is certain; sending the events again finds out.
            HistoryRewritten: the database is not the one that was signed for.
            IntegrityError: the database contradicts itself.
        """
        edge, self._edge = self._edge, None
        try:
            with self._database.write() as connection:
                head = require_head(lock_head(connection))
                if edge is None or head != self._head:
                    edge = self._restore(head, connection)
                done, edge = self._write(batch, head, edge, now, connection)
        except BaseException:
            self._state.forget()
            raise
        self._state.commit()
        self._edge, self._head = edge, done.head
        return done

    def _restore(self, head: Head, connection: Connection) -> TileEdge:
        """The edge of the log as the database has it, once it extends what was signed."""
        self._state.forget()
        tiles = ConnectionTiles(connection)
        self._signer.check(head, tiles)
        return TileEdge.restore(head.size, tiles)

    def _write(
        self,
        batch: Sequence[Pending],
        head: Head,
        edge: TileEdge,
        now: int,
        connection: Connection,
    ) -> tuple[Batch, TileEdge]:
        self._state.begin(connection)
        if self._admission is not None:
            self._admission.begin(connection)
        draft = _Draft(
            start=head.size,
            recorded_at=Milliseconds(max(now, head.recorded_at)),
            hashes=[],
            rows=[],
            stored=_stored_keys(batch, connection),
        )
        self._state.prefetch(
            slot for pending in batch for slot in slots_named_by(pending.submission.event)
        )
        outcomes = [self._outcome(pending, draft, connection) for pending in batch]
        if not draft.rows:
            return Batch(outcomes, head, edge.range, Growth(edge.range, ()), erased=False), edge
        growth = edge.range.grow(draft.hashes)
        before, (edge, changed) = edge.range, edge.after(growth)
        after = Head(edge.size, edge.range.root(), draft.recorded_at)
        self._state.flush()
        write_log(connection, draft.rows, changed, after)
        return Batch(outcomes, after, before, growth, draft.erased), edge

    def _outcome(self, pending: Pending, draft: _Draft, connection: Connection) -> Outcome:
        event = pending.submission.event
        key = (pending.nonce, event.actor)
        earlier = draft.stored.get(key)
        if earlier is not None:
            event_id, index = earlier
            if event_id == pending.event_id:
                return Known(index)
            return NonceReused(
                f"{event.actor} has used this nonce in event {index}; draw another, sign again."
            )
        follows = pending.submission.follows
        if follows is not None and (follows, event.actor) not in draft.stored:
            return PredecessorMissing(
                "The event that this one follows is not recorded; send that one first."
            )
        asked_at = pending.asked_at
        if asked_at is not None and not 0 <= draft.recorded_at - asked_at <= ANSWER_MS:
            return WalletNotAsked(
                f"{event.actor} was asked too long before its event could be recorded."
            )
        index = draft.next_index
        try:
            leaf, hashed = self._record(event, index, draft.recorded_at)
            self._refuse_erased(pending)
            self._vault.store(connection, index, pending.submission.openings)
        except ConcordError as error:
            self._state.discard()
            return error
        self._state.accept()
        if isinstance(event.body, ErasurePerformed):
            self._vault.erase(connection, event.body.commitments)
            draft.erased = True
        draft.stored[key] = (pending.event_id, index)
        draft.hashes.append(hashed)
        draft.rows.append(
            (
                index,
                pending.event_id,
                event.actor,
                pending.nonce,
                event.kind,
                event.subject,
                event.issued_at,
                draft.recorded_at,
                leaf,
            )
        )
        return Recorded(index, leaf)

    def _record(
        self, event: Event, index: int, recorded_at: Milliseconds
    ) -> tuple[bytes, LeafHash]:
        """Authorises, admits and projects one event; returns its leaf and the leaf's hash."""
        state = self._state
        try:
            authorise(event, state=state, now=recorded_at)
            if event.kind in self._admission_kinds and self._admission is not None:
                self._admission.check(event, index=index, state=state)
            leaf = encode_leaf(event, recorded_at)
            hashed = leaf_hash(leaf)
            project(event, index=index, recorded_at=recorded_at, leaf_hash=hashed, state=state)
        except _FAULTS as error:
            raise RuleFault(
                f"The rule for {event.kind} failed on this event; it is not recorded. Report it: "
                f"{type(error).__name__}: {error}"
            ) from error
        return leaf, hashed

    def _refuse_erased(self, pending: Pending) -> None:
        for opening in pending.submission.openings:
            erased = self._state.get(Erasure, opening.commitment)
            if erased is not None:
                raise OpeningErased(
                    f"{opening.commitment} was erased in event {erased.index}; seal the value anew "
                    "if there is a legal basis for keeping it."
                )


def _stored_keys(
    batch: Sequence[Pending], connection: Connection
) -> dict[IdempotencyKey, tuple[bytes, int]]:
    """The log's rows with a nonce of these events, or of those they follow: event's id and index.

    Looked up by the nonce alone, six times as fast on SQLite as by both; nonces are random, so a
    row of another actor is rare and does no harm.
    """
    nonces = {pending.nonce for pending in batch}
    nonces.update(p.submission.follows for p in batch if p.submission.follows is not None)
    found = rows_by_key(
        connection,
        _LEAF,
        ("nonce",),
        [(nonce,) for nonce in nonces],
        wanted=("nonce", "actor", "event_id", "index"),
    )
    return {
        (bytes(nonce), actor): (bytes(event_id), index)  # type: ignore[arg-type, misc]
        for nonce, actor, event_id, index in found
    }


def leaf_row(recorded: RecordedEvent, leaf: bytes) -> Row:
    """A leaf as its table has it."""
    event = recorded.event
    return (
        recorded.index,
        event.id,
        event.actor,
        bytes.fromhex(event.nonce[2:]),
        event.kind,
        event.subject,
        event.issued_at,
        recorded.recorded_at,
        leaf,
    )


def write_log(
    connection: Connection, rows: Sequence[Row], changed: Sequence[Tile], head: Head
) -> None:
    """Writes leaves, the tiles that they change, and the head with its checkpoint.

    Args:
        connection: of the transaction that locked the head.
        rows: of the leaf table, at least one.
        changed: what they made of the tiles.
        head: the log afterwards.
    """
    dialect = connection.dialect.name
    tiles: list[Row] = [(tile.level, tile.n, tile.hashes) for tile in changed]
    connection.exec_driver_sql(insert_into(_LEAF, dialect), list(rows))
    connection.exec_driver_sql(upsert_into(_TILE, dialect), tiles)
    state: Row = (head.size, head.root, head.recorded_at)
    connection.exec_driver_sql(insert_into(_CHECKPOINT, dialect), state)
    connection.exec_driver_sql(upsert_into(_HEAD, dialect), (HEAD_ROW, *state))
