"""Second pass: each leaf is a well-formed event, signed, authorised when it was recorded, and its
row says the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import Connection

from ledger.errors import ConcordError
from ledger.events import Domain, RecordedEvent, decode_leaf, verify_signature
from ledger.fsck.report import Differs, Progress, differs
from ledger.fsck.views import ReplayedViews
from ledger.merkle import leaf_hash
from ledger.rules import authorise
from ledger.store.columns import blob
from ledger.store.head import Head
from ledger.store.leaves import StoredRow, row_chunks
from ledger.views.projections import project

_VERIFIERS = 2


def check_events(
    connection: Connection,
    head: Head,
    domain: Domain,
    progress: Progress,
    *,
    signatures: bool,
) -> None:
    """Replays every event: form, columns, signature, authority; then compares the views.

    Args:
        connection: of the read transaction.
        head: of the log.
        domain: where signatures must be valid.
        progress: as it goes.
        signatures: whether to check them; the slowest part by far.

    Raises:
        Differs: at the first difference.
    """
    views = ReplayedViews(connection)
    last = 0
    with ThreadPoolExecutor(_VERIFIERS) as pool:
        for rows in row_chunks(connection):
            events = [_decoded(row) for row in rows]
            if signatures:
                _check_signatures(events, domain, pool)
            for row, recorded in zip(rows, events, strict=True):
                last = _check_order(recorded, last)
                _replay(row, recorded, views)
            views.check_facts(rows[0].index, rows[-1].index + 1)
            progress("events", rows[-1].index + 1, head.size)
    if last != head.recorded_at:
        detail = f"it says the last leaf was recorded at {head.recorded_at}, that was {last}"
        raise differs("head", "head", head.size, detail)
    views.check_entities(head.size)


def _decoded(row: StoredRow) -> RecordedEvent:
    name = f"leaf {row.index}"
    try:
        recorded = decode_leaf(blob(row.leaf), row.index)
    except ConcordError as error:
        raise differs("leaf", name, row.index, str(error)) from error
    event = recorded.event
    columns: list[tuple[str, object, object]] = [
        ("event_id", blob(row.event_id), event.id),
        ("actor", row.actor, event.actor),
        ("nonce", blob(row.nonce), bytes.fromhex(event.nonce[2:])),
        ("kind", row.kind, event.kind),
        ("subject", row.subject, event.subject),
        ("issued_at", row.issued_at, event.issued_at),
        ("recorded_at", row.recorded_at, recorded.recorded_at),
    ]
    for column, found, expected in columns:
        if found != expected:
            detail = f"its column {column} is not what the leaf says"
            raise differs("column", name, row.index, detail)
    return recorded


def _check_order(recorded: RecordedEvent, last: int) -> int:
    if recorded.recorded_at < last:
        detail = f"recorded at {recorded.recorded_at}, before the leaf that precedes it ({last})"
        raise differs("leaf", f"leaf {recorded.index}", recorded.index, detail)
    return recorded.recorded_at


def _check_signatures(
    events: Sequence[RecordedEvent],
    domain: Domain,
    pool: ThreadPoolExecutor,
) -> None:
    def first_wrong(some: Sequence[RecordedEvent]) -> Differs | None:
        for recorded in some:
            try:
                verify_signature(recorded.event, domain)
            except ConcordError as error:
                name = f"signature of leaf {recorded.index}"
                return differs("signature", name, recorded.index, str(error))
        return None

    half = -(-len(events) // _VERIFIERS)
    parts = [events[at : at + half] for at in range(0, len(events), half)]
    for wrong in pool.map(first_wrong, parts):
        if wrong is not None:
            raise wrong


def _replay(row: StoredRow, recorded: RecordedEvent, views: ReplayedViews) -> None:
    try:
        authorise(recorded.event, state=views, now=recorded.recorded_at)
    except ConcordError as error:
        name = f"authority of leaf {row.index}"
        raise differs("authority", name, row.index, str(error)) from error
    project(
        recorded.event,
        index=row.index,
        recorded_at=recorded.recorded_at,
        leaf_hash=leaf_hash(blob(row.leaf)),
        state=views,
    )
