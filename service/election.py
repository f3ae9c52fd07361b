"""Which of the processes on one database works in the background, and whose turn it is to send.

Rules:
- One process mirrors, keeps and anchors; the others stand by. When it ends, however that is, the
  database gives its lock to the next that asks.
- All of them relay for the relayer's account: they take turns where nonces are handed out.
- Nothing rests on there being one leader alone: whoever lost the lock in the middle of a step ends
  that step. Events, anchors and steps of proposals are each taken once, whoever brings them.
- The embedded chain is open in one process only, which needs none of this.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from eth_typing import Address

from ledger.chain.sending import Turn
from ledger.store.engine import Database
from ledger.store.locks import SharedLock


class Election:
    """Of the processes on one database. Safe to use from any thread.

    Args:
        database: that they share; None: this process is the only one.
    """

    def __init__(self, database: Database | None) -> None:
        self._database = database
        self._leading = None if database is None else SharedLock(database, "background")
        self._guard = threading.Lock()
        # By name; guarded by _guard.
        self._turns: dict[str, SharedLock] = {}

    def is_leader(self) -> bool:
        """Whether this process works in the background now.

        Raises:
            DatabaseDown: it cannot be known.
        """
        return self._leading is None or self._leading.is_held()

    def turn_on(self, chain_id: int) -> Turn | None:
        """Whose turn it is to use an account's nonces on a chain; None: always this process's."""
        database = self._database
        if database is None:
            return None

        @contextmanager
        def turn(account: Address) -> Iterator[None]:
            with self._lock(database, f"nonces {chain_id} {account.hex()}").held():
                yield

        return turn

    def close(self) -> None:
        """Lets another process lead."""
        if self._leading is not None:
            self._leading.close()
        with self._guard:
            for lock in self._turns.values():
                lock.close()

    def _lock(self, database: Database, name: str) -> SharedLock:
        with self._guard:
            return self._turns.setdefault(name, SharedLock(database, name))
