"""Which rows an event names, so that they can be read before its rule asks for them.

Views name their columns as bodies do: a body with the fields of a record's key names that record.
What is missed here is read when asked for; what is named in vain is known to be absent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from operator import attrgetter
from types import MappingProxyType
from typing import Final

from ledger.events.bodies import BODIES, Body
from ledger.events.bodies.base import ChainReference
from ledger.events.envelope import Event
from ledger.store.sql_state import Slot
from ledger.views.records import (
    AccessRequest,
    AuthorizedKey,
    ChainEvent,
    Dataset,
    DatasetVersion,
    Emergency,
    Grant,
    Member,
    Model,
    ModelVersion,
    Proposal,
    Record,
    Run,
    TokenHolder,
)
from ledger.views.state import Key

_NAMED: Final[tuple[type[Record], ...]] = (
    AccessRequest,
    AuthorizedKey,
    Dataset,
    DatasetVersion,
    Emergency,
    Grant,
    Member,
    Model,
    ModelVersion,
    Proposal,
    Run,
)


_HOLDERS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "token.transferred": ("sender", "to"),
        "delegation.changed": ("delegator", "from_delegate", "to_delegate"),
    }
)
"""Fields that name accounts which hold tokens, or may."""


def slots_named_by(event: Event) -> Iterator[Slot]:
    """Records, with their keys, that the event's rule and projection will probably ask for."""
    yield Member, (event.actor,)
    yield AuthorizedKey, (event.actor,)
    body = event.body
    for record, key_of in _getters(event.kind):
        key = key_of(body)
        if key and None not in key:
            yield record, key


@cache
def _getters(kind: str) -> tuple[tuple[type[Record], Callable[[Body], Key]], ...]:
    fields = BODIES[kind].__pydantic_fields__
    named: list[tuple[type[Record], Callable[[Body], Key]]] = [
        (record, _key_getter(record.KEY))
        for record in _NAMED
        if all(name in fields for name in record.KEY)
    ]
    named += [(TokenHolder, _key_getter((name,))) for name in _HOLDERS.get(kind, ())]
    if "chain" in fields:
        named.append((ChainEvent, _chain_key))
    return tuple(named)


def _chain_key(body: Body) -> Key:
    chain: ChainReference | None = getattr(body, "chain", None)
    return () if chain is None else (chain.chain_id, chain.block_hash, chain.log_index)


def _key_getter(names: tuple[str, ...]) -> Callable[[Body], Key]:
    if len(names) > 1:
        getter: Callable[[Body], Key] = attrgetter(*names)
        return getter
    single: Callable[[Body], str | int] = attrgetter(names[0])
    return lambda body: (single(body),)
