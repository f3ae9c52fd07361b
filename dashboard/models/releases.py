"""Whether a model version is released, since when and by which decision, as the log tells it."""

from __future__ import annotations

from dataclasses import dataclass

from client import JsonObject
from dashboard.components.markup import Markup, badge, line, show, text, when
from dashboard.navigation import link
from dashboard.reading.connection import read
from dashboard.reading.dao import chain_now, has_dao
from dashboard.reading.fields import inner, number, objects
from dashboard.reading.fields import text as text_of
from dashboard.words.times import instant_ms

_MOST = 1_000
_NEAR = 16
"""How many events around a release one transaction tells of."""


@dataclass(frozen=True, slots=True)
class Release:
    """The last word on a version.

    Attributes:
        is_released: whether it may be used by the members' decision.
        index: of the event that says so.
        at: when the chain did it, milliseconds since the epoch.
        proposal: that decided it; empty where the log does not tell.
    """

    is_released: bool
    index: int
    at: int | None
    proposal: str


def release_of(model: str, leaf: str) -> Release | None:
    """What was decided last about the version with that record; None if nothing was.

    Args:
        model: its id.
        leaf: hash of its record, 64 hex digits.
    """
    found: list[tuple[int, bool, JsonObject]] = []
    for kind, is_release in (("model.released", True), ("model.withdrawn", False)):
        for item in objects(read("/v1/events", kind=kind, subject=model, limit=_MOST), "items"):
            body = inner(inner(item, "event"), "body")
            if text_of(body, "recordLeaf").removeprefix("0x") == leaf.removeprefix("0x"):
                found.append((number(item, "index"), is_release, inner(body, "chain")))
    if not found:
        return None
    index, is_released, chain = max(found, key=lambda each: each[0])
    at = instant_ms(text_of(chain, "blockTime"))
    return Release(is_released, index, at, _decided_by(index, text_of(chain, "transactionHash")))


def _decided_by(index: int, transaction: str) -> str:
    """The proposal that the same transaction carried out."""
    near = read("/v1/events", since=max(0, index - _NEAR), until=index + _NEAR, limit=2 * _NEAR + 1)
    for item in objects(near, "items"):
        event = inner(item, "event")
        body = inner(event, "body")
        is_same = text_of(inner(body, "chain"), "transactionHash") == transaction
        if text_of(event, "kind") == "proposal.executed" and is_same:
            return text_of(body, "proposal")
    return ""


def release_badge(release: Release | None) -> Markup:
    """The state as a word."""
    if release is None:
        return badge("Not released", "calm", "–")
    if release.is_released:
        return badge("Released", "good", "✓")
    return badge("Withdrawn", "bad", "✕")


def show_release(model: str, version: str, leaf: str) -> None:
    """The state of a version, what decided it, and proposing to change it."""
    if not has_dao():
        return
    release = release_of(model, leaf)
    if release is None:
        sentence = "The members have not decided about this version."
        show(line(release_badge(release), " ", sentence))
        link("proposals", "Propose its release", icon=":material/how_to_vote:", new="release",
             model=model, version=version)  # fmt: skip
        return
    words = "by the members’ vote " if release.is_released else "by the members’ vote, for good, "
    show(line(release_badge(release), text(f" {words}"), when(release.at, chain_now()), "."))
    if release.proposal:
        link("proposals", "The proposal that decided it", icon=":material/how_to_vote:",
             proposal=release.proposal)  # fmt: skip
    link("audit", f"Proof: event {release.index}", icon=":material/verified:", event=release.index)
    if release.is_released:
        link("proposals", "Propose to take it back", icon=":material/undo:", new="withdraw",
             model=model, version=version)  # fmt: skip
