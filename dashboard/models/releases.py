"""Whether a model version is released, since when and by which decision, as the log tells it."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from client import JsonObject
from client.fields import inner, number, objects
from client.fields import text as text_of
from dashboard.components.markup import Markup, badge, line, show, text, when
from dashboard.navigation import link
from dashboard.reading.connection import read
from dashboard.reading.dao import chain_now, has_dao
from dashboard.words.times import instant_ms

_MOST = 1_000
_NEAR = 16
"""How many events around a release one transaction tells of."""

_LOOKED_AT = 200
"""Proposals that are looked through for one about a version, the newest first."""

_ABOUT = {"release": "its release", "withdraw": "taking its release back"}
"""Kind of action to what a vote on it is about."""

_STANDS = {
    "pending": "A vote on {} begins soon.",
    "active": "A vote on {} is open.",
    "defeated": "The vote on {} did not pass.",
    "succeeded": "The vote on {} passed; it is not carried out yet.",
    "queued": "The vote on {} passed; it is not carried out yet.",
}
"""State of a proposal to what it means for the version; a cancelled one means nothing, and the log
tells of those that were carried out.
"""


@dataclass(frozen=True, slots=True)
class Vote:
    """A vote on a version.

    Attributes:
        kind: `release` or `withdraw`.
        state: of the proposal; one of `_STANDS`.
        proposal: its number.
    """

    kind: str
    state: str
    proposal: str


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


def vote_on(leaf: str, published: int) -> Vote | None:
    """The newest vote on the version with that record; None where the last proposals hold none.

    Args:
        leaf: hash of its record, 64 hex digits.
        published: index of the record: no proposal before it can name it.
    """
    found = read("/v1/events", kind="proposal.created", since=published, order="newest",
                 limit=_LOOKED_AT)  # fmt: skip
    for item in objects(found, "items"):
        body = inner(inner(item, "event"), "body")
        if not any(leaf in text_of(call, "calldata") for call in objects(body, "calls")):
            continue
        proposal = read(f"/v1/proposals/{text_of(body, 'proposal')}")
        kind, state = _decides(proposal, leaf), text_of(proposal, "state")
        if kind and state in _STANDS:
            return Vote(kind, state, text_of(proposal, "proposal"))
    return None


def _decides(proposal: JsonObject, leaf: str) -> str:
    """`release` or `withdraw`; empty where it does something else with the record."""
    for each in objects(proposal, "actions"):
        action = inner(each, "action")
        kind = text_of(action, "action")
        if kind in _ABOUT and text_of(action, "recordLeaf").removeprefix("0x") == leaf:
            return kind
    return ""


def show_release(model: str, version: str, leaf: str, published: int) -> None:
    """The state of a version, what decided it, a vote on it, and proposing to change it.

    Args:
        model: its id.
        version: of it.
        leaf: hash of its record, 64 hex digits.
        published: index of the record.
    """
    if not has_dao():
        return
    release, vote = release_of(model, leaf), vote_on(leaf, published)
    is_released = release is not None and release.is_released
    if vote is not None and vote.kind != ("withdraw" if is_released else "release"):
        vote = None  # what it was about is decided
    words = "" if vote is None else _STANDS[vote.state].format(_ABOUT[vote.kind])
    if release is None:
        words = words or "The members have not decided about this version."
        show(line(release_badge(release), " ", words))
    else:
        _decided(release)
        show(*([line(words)] if words else []))
    with st.container(horizontal=True):
        if release is not None:
            _proofs(release)
        if vote is not None:
            label = "Read it and vote" if vote.state == "active" else "See the proposal"
            link("proposals", label, icon=":material/how_to_vote:", proposal=vote.proposal)
        if vote is not None and vote.state != "defeated":
            return
        if release is None:
            link("proposals", "Propose its release", icon=":material/add:", new="release",
                 model=model, version=version)  # fmt: skip
        elif is_released:
            link("proposals", "Propose to take it back", icon=":material/undo:", new="withdraw",
                 model=model, version=version)  # fmt: skip


def _decided(release: Release) -> None:
    words = "by the members’ vote " if release.is_released else "by the members’ vote, for good, "
    show(line(release_badge(release), text(f" {words}"), when(release.at, chain_now()), "."))


def _proofs(release: Release) -> None:
    if release.proposal:
        link("proposals", "The proposal that decided it", icon=":material/how_to_vote:",
             proposal=release.proposal)  # fmt: skip
    link("audit", f"Proof: event {release.index}", icon=":material/verified:", event=release.index)
