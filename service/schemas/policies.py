"""Policies: what members adopted by vote, and what it demands."""

from __future__ import annotations

from typing import Any

from ledger.events.identifiers import Cid, Identifier, Instant, Sha256Hex
from service.schemas.base import Answer
from service.schemas.dao import Count, HexData, PlaceView


class PolicyVersionView(Answer):
    """One version of a policy.

    Attributes:
        digest: SHA-256 of the text that was voted on.
        content: where the text is kept.
        parameters: what contracts enforce of it.
        document: the text; null where it is not at hand, or is no policy.
        sentences: what it demands, in words.
        problem: why it does not bind; null if it does.
    """

    policy: Identifier
    version: Count
    digest: Sha256Hex
    content: Cid | None
    parameters: HexData | None
    adopted_at: Instant
    document: dict[str, Any] | None
    sentences: list[str]
    problem: str | None
    chain: PlaceView


class PolicyDetail(PolicyVersionView):
    """The latest version of a policy, and all of them, the latest first."""

    versions: list[PolicyVersionView]
