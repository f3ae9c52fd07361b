"""Putting lost leaves back: an old copy of the database, and the leaves as others have kept them.

Rules:
- A leaf comes back as it was, byte for byte and at its index: its time and its signature included.
  So the tree is the same again, and every receipt and bundle of it still verifies.
- What the tree was is said by signed checkpoints alone. Leaves are put back up to the largest one
  that is known, and the root of each of them must come out; else nothing is written.
- Each event is checked as a replay checks it: its form, who signed it, whether the rules let it in.
  What only a contract wallet's chain could confirm is told, as `fsck` does.
- Erasures erase again: an old copy holds what was destroyed after it was made.
- One transaction: whoever was interrupted begins again.

Never here: values that were sealed after the copy was made. No leaf holds them, and no proof needs
them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

import orjson
from sqlalchemy import Connection

from ledger.audit.errors import ForgedEvent, LogContradiction, UnauthorisedEvent
from ledger.audit.signatures import Standing, check_signature
from ledger.errors import ConcordError, IntegrityError, NotFound
from ledger.events import Domain, RecordedEvent, decode_leaf
from ledger.events.bodies.governance import ErasurePerformed
from ledger.events.sealed import commitments_in
from ledger.log.batch import leaf_row, write_log
from ledger.log.errors import HistoryRewritten
from ledger.log.opening import require_head
from ledger.merkle import Checkpoint, TileEdge, leaf_hash, root_at
from ledger.rules import authorise
from ledger.store.engine import Database
from ledger.store.head import Head, lock_head
from ledger.store.naming import slots_named_by
from ledger.store.sql_state import SqlState
from ledger.store.tiles import ConnectionTiles
from ledger.vault import Vault
from ledger.views.projections import project

LEAVES_A_STEP: Final = 1_000

LeafAt: TypeAlias = Callable[[int], bytes | None]
"""The leaf that others have kept at an index; None where nobody has it."""


class LeavesMissing(NotFound):
    """Leaves were signed for that nobody at hand has kept."""

    code = "leaves-missing"
    remedy = (
        "Find an export, a mirror or receipts that hold them, and name those as well; nothing was "
        "written."
    )


class WrongLeaves(IntegrityError):
    """The leaves do not lead to a root that was signed: one of them is not the log's."""

    code = "wrong-leaves"
    remedy = "Have the leaves from somebody else; nothing was written."


@dataclass(frozen=True, slots=True)
class Restored:
    """What was put back.

    Attributes:
        first: index of the first leaf that was missing.
        size: of the log, afterwards.
        root: at that size.
        unconfirmed: indices of events among them that only their chain could confirm, ascending.
        sealed: values sealed in them and not erased since; they are not held here any more.
    """

    first: int
    size: int
    root: bytes
    unconfirmed: tuple[int, ...] = ()
    sealed: int = 0


@dataclass(slots=True)
class _Rebuilt:
    """The log in the making.

    Attributes:
        head: as it is so far.
        edge: of its tiles.
        unconfirmed: see `Restored`.
        sealed: commitments whose values are not held.
        has_erased: whether openings were destroyed.
    """

    head: Head
    edge: TileEdge
    unconfirmed: list[int] = field(default_factory=list)
    sealed: set[str] = field(default_factory=set)
    has_erased: bool = False


def restore(
    database: Database,
    leaf_at: LeafAt,
    signed: Sequence[Checkpoint],
    *,
    domain: Domain,
    vault: Vault,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Restored:
    """Puts back what a database lacks of what was signed for. No process may serve it meanwhile.

    Args:
        database: of the ledger, as it was at some earlier size.
        leaf_at: asked for each missing index, ascending.
        signed: checkpoints of the log whose signatures were verified, or that it keeps itself.
        domain: where signatures of events are valid.
        vault: of the database.
        progress: called with leaves put back, of how many.

    Raises:
        LeavesMissing: naming the first that nobody has.
        WrongLeaves: they do not lead to what was signed.
        HistoryRewritten: the database is no earlier state of this log.
        ForgedEvent, UnauthorisedEvent, LogContradiction: a leaf that the log never took.
        Unavailable: the database cannot be written.
    """
    state = SqlState()
    with database.write() as connection:
        tiles = ConnectionTiles(connection)
        head = require_head(lock_head(connection))
        _check_earlier(head, signed, tiles)
        log = _Rebuilt(head, TileEdge.restore(head.size, tiles))
        later = {each.size: each for each in signed if each.size > head.size}
        total = max(later, default=head.size) - head.size
        for start, end in _steps(head.size, sorted(later)):
            leaves = [_leaf(leaf_at, index, head.size + total) for index in range(start, end)]
            _append(connection, log, leaves, state=state, domain=domain, vault=vault)
            _check_root(log.head, later.get(end))
            progress(end - head.size, total)
    if log.has_erased:
        vault.scrub()
    return Restored(
        head.size, log.head.size, log.head.root, tuple(log.unconfirmed), len(log.sealed)
    )


def _check_earlier(head: Head, signed: Sequence[Checkpoint], tiles: ConnectionTiles) -> None:
    """The database agrees with itself, and with what was signed up to its size."""
    if root_at(head.size, tiles) != head.root:
        raise HistoryRewritten(
            f"The stored tiles do not give the root of the head at size {head.size}. Take another "
            "copy of the database; `concord fsck` says what is wrong with this one."
        )
    for each in signed:
        if each.size <= head.size and root_at(each.size, tiles) != each.root:
            raise HistoryRewritten(
                f"The first {each.size} events in the database are not those that were signed for. "
                "Take another copy of it."
            )


def _steps(start: int, ends: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Ranges of leaves; every end among them, so that its root can be compared."""
    for end in ends:
        while start < end:
            stop = min(start + LEAVES_A_STEP, end)
            yield start, stop
            start = stop


def _leaf(leaf_at: LeafAt, index: int, wanted: int) -> bytes:
    leaf = leaf_at(index)
    if leaf is None:
        raise LeavesMissing(
            f"Event {index} is missing: {wanted} were signed for, and nothing that was named holds "
            "this one."
        )
    return leaf


def _check_root(head: Head, signed: Checkpoint | None) -> None:
    if signed is not None and head.root != signed.root:
        raise WrongLeaves(
            f"With the leaves that were named the root at size {head.size} is {head.root.hex()}; "
            f"signed was {signed.root.hex()}."
        )


def _append(
    connection: Connection,
    log: _Rebuilt,
    leaves: Sequence[bytes],
    *,
    state: SqlState,
    domain: Domain,
    vault: Vault,
) -> None:
    events = [_decoded(leaf, log.head.size + n) for n, leaf in enumerate(leaves)]
    state.begin(connection)
    state.prefetch(slot for recorded in events for slot in slots_named_by(recorded.event))
    recorded_at = log.head.recorded_at
    for recorded, leaf in zip(events, leaves, strict=True):
        _take(recorded, leaf, log, state, domain)
        if recorded.recorded_at < recorded_at:
            raise LogContradiction(
                f"Event {recorded.index} was recorded before the one in front of it; the log's "
                "clock never runs back."
            )
        recorded_at = recorded.recorded_at
        if isinstance(recorded.event.body, ErasurePerformed):
            vault.erase(connection, recorded.event.body.commitments)
            log.has_erased = True
    state.flush()
    state.commit()
    log.edge, changed = log.edge.append([leaf_hash(leaf) for leaf in leaves])
    log.head = Head(log.edge.size, log.edge.range.root(), recorded_at)
    rows = [leaf_row(each, leaf) for each, leaf in zip(events, leaves, strict=True)]
    write_log(connection, rows, changed, log.head)


def _decoded(leaf: bytes, index: int) -> RecordedEvent:
    try:
        return decode_leaf(leaf, index)
    except ConcordError as error:
        raise ForgedEvent(f"What should be event {index} is none: {error}") from error


def _take(
    recorded: RecordedEvent, leaf: bytes, log: _Rebuilt, state: SqlState, domain: Domain
) -> None:
    event, index = recorded.event, recorded.index
    try:
        standing = check_signature(recorded, domain, state, None)
    except ConcordError as error:
        raise ForgedEvent(f"Event {index} is not genuine: {error}") from error
    if standing is Standing.UNCONFIRMED:
        log.unconfirmed.append(index)
    try:
        authorise(event, state=state, now=recorded.recorded_at)
    except ConcordError as error:
        raise UnauthorisedEvent(f"Event {index} should never have been let in: {error}") from error
    project(
        event,
        index=index,
        recorded_at=recorded.recorded_at,
        leaf_hash=leaf_hash(leaf),
        state=state,
    )
    state.accept()
    log.sealed |= set(commitments_in(orjson.loads(event.body_bytes)))
    if isinstance(event.body, ErasurePerformed):
        log.sealed -= set(event.body.commitments)
