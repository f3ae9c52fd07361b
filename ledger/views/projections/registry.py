"""From an event to rows: one projection a kind of body.

A projection is total: it is given events that the rules let through, never refuses, and looks at
nothing but the event and the state. So dropping every view and projecting the log again gives
identical rows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from ledger.events.bodies import BODIES, Body
from ledger.events.envelope import Event
from ledger.events.sealed import Sealed
from ledger.views.principals import principal_of
from ledger.views.records import ChainEvent, Edge
from ledger.views.state import State


@dataclass(frozen=True, slots=True)
class Placed:
    """What a projection is told beside the body.

    Attributes:
        index: of the event's leaf.
        recorded_at: milliseconds since the epoch.
        leaf_hash: RFC 9162 hash of the leaf.
        event: the event.
        principal: the member whose act it is.
    """

    index: int
    recorded_at: int
    leaf_hash: bytes
    event: Event
    principal: str


B = TypeVar("B", bound=Body)
Projection = Callable[[Placed, B, State], None]
_PROJECTIONS: dict[str, Callable[[Placed, Body, State], None]] = {}
_ON_CHAIN = frozenset(kind for kind, body in BODIES.items() if "chain" in body.__pydantic_fields__)


def projects(model: type[B]) -> Callable[[Projection[B]], Projection[B]]:
    """Registers the projection of a kind of body."""

    def register(function: Projection[B]) -> Projection[B]:
        def checked(placed: Placed, body: Body, state: State) -> None:
            if not isinstance(body, model):
                raise TypeError(f"{placed.event.kind} carries a {type(body).__name__}")
            function(placed, body, state)

        _PROJECTIONS[model.KIND] = checked
        return function

    return register


def project(event: Event, *, index: int, recorded_at: int, leaf_hash: bytes, state: State) -> None:
    """Writes what an event changes into the state.

    Args:
        event: an event that is in the log.
        index: of its leaf.
        recorded_at: milliseconds since the epoch.
        leaf_hash: RFC 9162 hash of its leaf, 32 bytes.
        state: as of size `index`; as of `index + 1` afterwards.
    """
    placed = Placed(index, recorded_at, leaf_hash, event, principal_of(event.actor, state))
    # Asking pydantic for a field that a body does not have costs more than all the rest.
    chain = getattr(event.body, "chain", None) if event.kind in _ON_CHAIN else None
    if chain is not None:
        state.add(
            ChainEvent(
                chain_id=chain.chain_id,
                block_hash=chain.block_hash,
                log_index=chain.log_index,
                block_number=chain.block_number,
                transaction_hash=chain.transaction_hash,
                contract=chain.contract,
                kind=event.kind,
                subject=event.subject,
                index=index,
            )
        )
    projection = _PROJECTIONS.get(event.kind)
    if projection is not None:
        projection(placed, event.body, state)


def add_edges(placed: Placed, edges: list[tuple[str, str, str]], state: State) -> None:
    """Appends PROV edges `(relation, source, target)` of one event."""
    for position, (relation, source, target) in enumerate(edges):
        state.add(Edge(placed.index, position, relation, source, target))


SEALED_PREFIX = "$sealed:"
"""Marks a column that holds a commitment; no plain text may begin so."""


def text_of(value: str | Sealed | None) -> str | None:
    """A sealable text as its column holds it: the text, or the prefix and the commitment."""
    if isinstance(value, Sealed):
        return SEALED_PREFIX + value.commitment
    return value
