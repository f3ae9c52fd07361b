"""Dropping every view and making it again from the leaves.

One transaction: readers see the old rows until the new ones are complete, and whoever appends
waits. The vault is no view and is not touched.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import delete

from ledger.events import decode_leaf
from ledger.merkle import leaf_hash
from ledger.store.engine import Database
from ledger.store.head import lock_head
from ledger.store.leaves import leaf_chunks
from ledger.store.sql_state import SqlState
from ledger.store.tables import VIEW_TABLES
from ledger.views.projections import project


def rebuild(database: Database, progress: Callable[[int, int], None] | None = None) -> int:
    """Drops and replays all views.

    Args:
        database: of the ledger.
        progress: called with how many leaves are done, of how many.

    Returns:
        How many leaves were replayed.

    Raises:
        InvalidInput: a leaf is not the canonical form of an event; run `concord fsck`.
        Unavailable: the database cannot be written; nothing has changed.
    """
    state = SqlState()
    done = 0
    with database.write() as connection:
        head = lock_head(connection)
        total = head.size if head else 0
        for table in VIEW_TABLES.values():
            connection.execute(delete(table))
        for chunk in leaf_chunks(connection, end=total):
            state.begin(connection)
            for index, leaf in chunk:
                recorded = decode_leaf(leaf, index)
                project(
                    recorded.event,
                    index=index,
                    recorded_at=recorded.recorded_at,
                    leaf_hash=leaf_hash(leaf),
                    state=state,
                )
                state.accept()
            state.flush()
            state.commit()
            done += len(chunk)
            if progress is not None:
                progress(done, total)
    return done
