"""Events of contract wallets (EIP-1271) ask the chain before they wait for the sequencer.

An event whose signature is not its actor's key's is no longer the intake's: it comes here, and goes
back with the wallet's answer, or is refused. So a chain that is slow keeps back whoever has to be
asked there, and nobody else.

Rules:
- Only accounts that may be contracts (`ledger.rules.wallets`) are asked: anyone can name any actor.
- An event that is in the log as it is, signature included, is not asked again: it gets its receipt
  whatever its wallet says today.
- One wallet is asked one question at a time, in the order of arrival; wallets take turns.
- What has waited for `PATIENCE_SECONDS` is not asked any more: whoever sent it has given up.

Owns what it was handed until it gives it back.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from sqlalchemy import select
from sqlmodel import col

from ledger.errors import ConcordError
from ledger.events import Domain, decode_leaf, digest
from ledger.events.identifiers import Milliseconds
from ledger.events.wallets import WalletAnswer, WalletChain, WalletRefuses
from ledger.log.errors import LogStopped, QueueFull, WalletNotAsked
from ledger.log.submission import Pending
from ledger.rules.wallets import may_be_contract
from ledger.store.columns import blob
from ledger.store.engine import Database
from ledger.store.reads import snapshot
from ledger.store.tables.log import LeafRow

MAX_WAITING: Final = 256
"""Events of all wallets that may wait for the chain."""

PATIENCE_SECONDS: Final = 10.0
"""How long an event waits for its turn to be asked about."""

_THREADS: Final = 4
_RETRY_AFTER_SECONDS: Final = 2


Settle = Callable[[Pending, ConcordError | None], None]
"""Takes back an event: to be recorded, or with the error that refuses it."""


class WalletDesk:
    """Where events wait whose actors may be contracts.

    Args:
        domain: where signatures must be valid.
        database: of the ledger.
        wallets: asks the chain.
        clock: the log's; milliseconds since the epoch.
        settle: called by the desk's threads, once for each event.
    """

    def __init__(
        self,
        domain: Domain,
        database: Database,
        wallets: WalletChain,
        clock: Callable[[], int],
        settle: Settle,
    ) -> None:
        self._domain = domain
        self._database = database
        self._wallets = wallets
        self._clock = clock
        self._settle = settle
        self._threads = ThreadPoolExecutor(_THREADS, "concord-wallets")
        # Guards the rest.
        self._lock = threading.Lock()
        self._waiting: dict[str, deque[tuple[Pending, ConcordError, float]]] = {}
        self._depth = 0

    @property
    def depth(self) -> int:
        """Events that have not been given back."""
        return self._depth

    def put(self, pending: Pending, refusal: ConcordError) -> None:
        """Takes over an event; any thread may call it, and it does not block.

        Args:
            pending: the event.
            refusal: why the signature is none of the actor's key; what a plain account gets.

        Raises:
            QueueFull: as many wait as may.
        """
        actor = pending.submission.event.actor
        with self._lock:
            if self._depth >= MAX_WAITING:
                raise QueueFull(
                    f"{MAX_WAITING} events of contract wallets wait for the chain already. Nothing "
                    "was recorded.",
                    _RETRY_AFTER_SECONDS,
                )
            self._depth += 1
            line = self._waiting.setdefault(actor, deque())
            line.append((pending, refusal, time.monotonic() + PATIENCE_SECONDS))
            if len(line) == 1:
                self._threads.submit(self._serve, actor)

    def close(self) -> None:
        """Ends its threads, once nothing waits any more."""
        self._threads.shutdown()

    def _serve(self, actor: str) -> None:
        """Asks about the first event of an actor; the actor's next one waits for its turn."""
        pending, refusal, deadline = self._waiting[actor][0]
        # Stays so only if something fails that nobody foresaw. Nobody waits for ever.
        answer: ConcordError | None = LogStopped("Asking the wallet failed; the log says why.")
        try:
            answer = self._ask(pending, refusal, deadline)
        except ConcordError as error:
            answer = error
        finally:
            # Given back before the next one is asked about, so that order is kept.
            self._settle(pending, answer)
            self._next(actor)

    def _next(self, actor: str) -> None:
        with self._lock:
            self._depth -= 1
            line = self._waiting[actor]
            line.popleft()
            if line:
                self._threads.submit(self._serve, actor)
            else:
                del self._waiting[actor]

    def _ask(self, pending: Pending, refusal: ConcordError, deadline: float) -> ConcordError | None:
        """Why an event is refused; None if it is not, with the time of the answer noted."""
        event = pending.submission.event
        if self._is_recorded(pending):
            return None
        with snapshot(self._database) as views:
            if not may_be_contract(event.actor, views):
                return refusal
        if time.monotonic() > deadline:
            return WalletNotAsked(
                f"This event waited for {PATIENCE_SECONDS:.0f} s to ask {event.actor}, in vain."
            )
        at = Milliseconds(self._clock())
        signature = bytes.fromhex(event.signature[2:])
        answer = self._wallets.ask(event.actor, digest(event, self._domain), signature, at=at)
        if answer is WalletAnswer.PLAIN:
            return refusal
        if answer is WalletAnswer.REFUSED:
            return WalletRefuses(
                f"{event.actor} is a contract and does not take this signature for its own."
            )
        pending.asked_at = at
        return None

    def _is_recorded(self, pending: Pending) -> bool:
        """Whether this very event is a leaf, with this very signature."""
        event = pending.submission.event
        wanted = select(col(LeafRow.leaf)).where(
            col(LeafRow.nonce) == pending.nonce, col(LeafRow.actor) == event.actor
        )
        with self._database.read() as connection:
            leaf = connection.execute(wanted).scalar_one_or_none()
        return leaf is not None and decode_leaf(blob(leaf), 0).event == event
