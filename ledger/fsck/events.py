"""Second pass: each leaf is a well-formed event, signed, authorised when it was recorded, and its
row says the same.

An event of a contract wallet (EIP-1271) is signed if its contract took the signature; where there
is no chain to ask, it is noted and nothing differs.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import Connection

from ledger.audit.errors import ForeignChain
from ledger.audit.signatures import Standing, check_wallet
from ledger.errors import ConcordError, Unavailable
from ledger.events import Domain, RecordedEvent, decode_leaf, verify_signature
from ledger.events.wallets import WalletChain
from ledger.fsck.report import Progress, differs
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
    wallets: WalletChain | None,
) -> tuple[int, ...]:
    """Replays every event: form, columns, signature, authority; then compares the views.

    Args:
        connection: of the read transaction.
        head: of the log.
        domain: where signatures must be valid.
        progress: as it goes.
        signatures: whether to check them; the slowest part by far.
        wallets: asks contract wallets; None where their chain is not at hand.

    Returns:
        Indices of events that only their chain could confirm, ascending.

    Raises:
        Differs: at the first difference.
        ForeignChain, Unavailable: the chain is another one, or cannot tell.
    """
    views = ReplayedViews(connection)
    last = 0
    unconfirmed: list[int] = []
    with ThreadPoolExecutor(_VERIFIERS) as pool:
        for rows in row_chunks(connection):
            events = [_decoded(row) for row in rows]
            unsigned = _unsigned(events, domain, pool) if signatures else {}
            for row, recorded in zip(rows, events, strict=True):
                last = _check_order(recorded, last)
                refusal = unsigned.get(row.index)
                if refusal is not None and not _asked(recorded, domain, views, wallets, refusal):
                    unconfirmed.append(row.index)
                _replay(row, recorded, views)
            views.check_facts(rows[0].index, rows[-1].index + 1)
            progress("events", rows[-1].index + 1, head.size)
    if last != head.recorded_at:
        detail = f"it says the last leaf was recorded at {head.recorded_at}, that was {last}"
        raise differs("head", "head", head.size, detail)
    views.check_entities(head.size)
    return tuple(unconfirmed)


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


def _unsigned(
    events: Sequence[RecordedEvent],
    domain: Domain,
    pool: ThreadPoolExecutor,
) -> dict[int, ConcordError]:
    """The events that their actors' keys have not signed, by index, and what is wrong with each."""

    def wrong(some: Sequence[RecordedEvent]) -> dict[int, ConcordError]:
        found: dict[int, ConcordError] = {}
        for recorded in some:
            try:
                verify_signature(recorded.event, domain)
            except ConcordError as error:
                found[recorded.index] = error
        return found

    half = -(-len(events) // _VERIFIERS)
    parts = [events[at : at + half] for at in range(0, len(events), half)]
    return {index: error for part in pool.map(wrong, parts) for index, error in part.items()}


def _asked(
    recorded: RecordedEvent,
    domain: Domain,
    views: ReplayedViews,
    wallets: WalletChain | None,
    refusal: ConcordError,
) -> bool:
    """Whether a contract wallet took the signature; False where there is no chain to ask."""
    try:
        standing = check_wallet(recorded, domain, views, wallets, refusal)
    except (ForeignChain, Unavailable):
        raise
    except ConcordError as error:
        name = f"signature of leaf {recorded.index}"
        raise differs("signature", name, recorded.index, str(error)) from error
    return standing is not Standing.UNCONFIRMED


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
