"""Roots of the log that chains hold."""

from __future__ import annotations

from typing import Literal

from ledger.events.identifiers import Address, Bytes32, Instant
from service.schemas.base import Answer, Base64, Page, Size
from service.schemas.dao import Count


class AnchorPlaceView(Answer):
    """Where on its chain an anchor was written."""

    block_number: Count
    block_hash: Bytes32
    transaction_hash: Bytes32


class AnchorView(Answer):
    """A root that a registry holds, confirmed. `root` is that of the log's first `size` leaves."""

    chain_id: Count
    registry: Address
    size: Size
    root: Base64
    at: Instant
    chain: AnchorPlaceView


class AnchorPage(Page[AnchorView]):
    """Anchors, the largest size first."""


class AnchorWorkerView(Answer):
    """Whether anchoring goes on.

    Attributes:
        state: `standby` where another process on the database anchors.
        code: of what it waits for, or was stopped by; null while it works.
    """

    state: Literal["working", "waiting", "standby", "stopped"]
    code: str | None
    reason: str


class RegistryView(Answer):
    """A registry that is anchored in; `anchor` is the last one there."""

    chain_id: Count
    registry: Address
    anchor: AnchorView | None
    worker: AnchorWorkerView


class RegistryList(Answer):
    """Every registry, the DAO's own first; `size` is the log's."""

    items: list[RegistryView]
    size: Size


class AnchoredView(Answer):
    """What anchoring now has done.

    Attributes:
        sent: the size that was sent; null where the registry held it already.
        anchored: the largest size that the registry holds.
    """

    chain_id: Count
    registry: Address
    sent: Size | None
    anchored: Size
