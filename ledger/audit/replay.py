"""Replaying events as the log took them in: signature, rules, projections, one after the other.

A bundle's events, or all leaves of a log, become the rows that an audit reads. What the log should
never have let in is named and stops the replay. An event of a contract wallet (EIP-1271) cannot be
checked without its chain: where there is none to ask, it is noted (`ledger.audit.signatures`), and
the replay goes on.
"""

from __future__ import annotations

from collections.abc import Mapping

from ledger.audit.errors import ForeignChain, ForgedEvent, LogContradiction, UnauthorisedEvent
from ledger.audit.signatures import Standing, check_signature
from ledger.errors import ConcordError, Unavailable
from ledger.events import Domain, RecordedEvent, decode_leaf
from ledger.events.bodies.governance import PolicyAdopted
from ledger.events.bodies.members import LedgerCreated
from ledger.events.wallets import WalletChain
from ledger.merkle import leaf_hash
from ledger.rules import authorise
from ledger.views.projections import project
from ledger.views.state import MemoryState


class Replay:
    """Rows as they grow, event by event.

    Args:
        origin: of the log whose checkpoint was verified.
        wallets: asks contract wallets on the chain of the ledger's DAO; None where it is not at
            hand.

    Attributes:
        state: the rows so far.
        adopted: bodies of `policy.adopted` by index.
        unconfirmed: indices of events that only the chain could confirm.
        withdrawn: indices of events whose contract took the signature then, and would not today.
    """

    def __init__(self, origin: str, wallets: WalletChain | None = None) -> None:
        self.state = MemoryState()
        self.unconfirmed: list[int] = []
        self.withdrawn: list[int] = []
        self._wallets = wallets
        self._adopted: dict[int, PolicyAdopted] = {}
        self._origin = origin
        self._domain: Domain | None = None
        self._recorded_at = 0

    @property
    def adopted(self) -> Mapping[int, PolicyAdopted]:
        """Adoptions of policies so far, by index."""
        return self._adopted

    def feed(self, index: int, leaf: bytes) -> RecordedEvent:
        """Takes in the next event.

        Args:
            index: of its leaf, above all earlier ones; the first is 0.
            leaf: the entry, whose inclusion the caller has verified or will.

        Raises:
            ForgedEvent: if the leaf is no event, or its actor did not sign it for this log.
            UnauthorisedEvent: if the rules do not let it in.
            LogContradiction: if it is of another log, or was recorded before an earlier one.
            ForeignChain, Unavailable: if the chain is another one, or cannot tell.
        """
        try:
            recorded = decode_leaf(leaf, index)
            domain = self._domain_for(recorded)
            standing = check_signature(recorded, domain, self.state, self._wallets)
        except (LogContradiction, ForeignChain, Unavailable):
            raise
        except ConcordError as error:
            raise ForgedEvent(f"Event {index} is not genuine: {error}") from error
        if recorded.recorded_at < self._recorded_at:
            raise LogContradiction(
                f"Event {index} was recorded before the one in front of it; the log's clock never "
                "runs back."
            )
        self._recorded_at = recorded.recorded_at
        if standing is Standing.UNCONFIRMED:
            self.unconfirmed.append(index)
        elif standing is Standing.WITHDRAWN:
            self.withdrawn.append(index)
        try:
            authorise(recorded.event, state=self.state, now=recorded.recorded_at)
        except ConcordError as error:
            raise UnauthorisedEvent(
                f"Event {index} should never have been let in: {error}"
            ) from error
        project(
            recorded.event,
            index=index,
            recorded_at=recorded.recorded_at,
            leaf_hash=leaf_hash(leaf),
            state=self.state,
        )
        if isinstance(recorded.event.body, PolicyAdopted):
            self._adopted[index] = recorded.event.body
        return recorded

    def _domain_for(self, recorded: RecordedEvent) -> Domain:
        """Where signatures are valid: the first leaf says it."""
        if self._domain is None:
            body = recorded.event.body
            if recorded.index != 0 or not isinstance(body, LedgerCreated):
                raise LogContradiction("The first leaf, ledger.created, is missing.")
            if body.origin != self._origin:
                raise LogContradiction(
                    f"The first leaf is of {body.origin}, the checkpoint of {self._origin}."
                )
            self._domain = Domain(body.chain_id, body.origin)
        return self._domain
