"""What needs somebody's attention now: requests, permissions that end, models newly tainted.

For a member: what waits for that member. For a visitor: the same for everyone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice

from client import JsonObject
from client.fields import inner, number, objects, text
from dashboard.models.lineage import Node
from dashboard.reading.connection import every, read, read_event
from dashboard.reading.dao import has_dao
from dashboard.reading.names import name_of
from dashboard.reading.titles import dataset_title, model_title
from dashboard.signing.undertakings import why_not
from dashboard.words.times import as_instant, instant_ms

DAY_MS = 86_400_000
SOON_MS = 30 * DAY_MS
RECENT_MS = 30 * DAY_MS
_LOOKED_AT = 200
"""Requests, permissions and withdrawals that are looked at, at most."""

_SHOWN = 12
_WITHDRAWALS = 5
"""Withdrawals of permissions of which it is asked what they reach: each costs two questions."""

_OPEN_VOTES = 5
"""Open proposals of which it is asked whether somebody has voted: each costs a question."""


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing to look at.

    Attributes:
        word, mood, mark: its badge.
        sentence: what it is; may hold anybody's text.
        at: milliseconds since the epoch.
        room, address, action: the link to where it is dealt with.
    """

    word: str
    mood: str
    mark: str
    sentence: str
    at: int
    room: str
    address: tuple[tuple[str, str], ...]
    action: str


def notices(member: str | None, now: int) -> list[Notice]:
    """What needs attention, the most urgent sort first.

    Args:
        member: for whom; None for everyone.
        now: milliseconds since the epoch.
    """
    found = chain(_votes(member, now), _tainted(now), _requests(member), _ending(member, now))
    return list(islice(found, _SHOWN))


def _stewarded(member: str) -> set[str]:
    return {text(d, "dataset") for d in every("/v1/datasets", steward=member)}


def _by_our_clock(proposal: JsonObject, name: str, now: int) -> int:
    """An instant of the chain's, as far from now as it is on the chain's clock."""
    at, chain_now = instant_ms(text(proposal, name)), instant_ms(text(proposal, "now"))
    return now if at is None or chain_now is None else now + at - chain_now


def _votes(member: str | None, now: int) -> Iterator[Notice]:
    if not has_dao():
        return
    for item in objects(read("/v1/proposals", state="active", limit=_OPEN_VOTES), "items"):
        proposal, title = text(item, "proposal"), text(item, "title")
        if member and why_not(proposal, member)[0]:
            continue
        yield Notice(
            "Voting ends", "open", "✎",
            f"“{title}” is open for votes." if title else "A proposal is open for votes.",
            _by_our_clock(item, "deadline", now),
            "proposals", (("proposal", proposal),), "Read it and vote",
        )  # fmt: skip


def _requests(member: str | None) -> Iterator[Notice]:
    mine = _stewarded(member) if member else set()
    for item in every("/v1/requests", _LOOKED_AT, status="open"):
        dataset = text(item, "dataset")
        if member and dataset not in mine:
            continue
        yield Notice(
            "Request waits", "open", "✉",
            f"{name_of(text(item, 'requester'))} asks for access to "
            f"“{dataset_title(dataset)}”.",
            _recorded_at(number(item, "index")),
            "datasets", (("dataset", dataset), ("view", "requests")), "Answer the request",
        )  # fmt: skip


def _ending(member: str | None, now: int) -> Iterator[Notice]:
    mine = _stewarded(member) if member else set()
    for item in every("/v1/grants", _LOOKED_AT, status="active"):
        ends, dataset = instant_ms(text(item, "expiresAt")), text(item, "dataset")
        concerns = not member or text(item, "assignee") == member or dataset in mine
        if ends is None or not now < ends < now + SOON_MS or not concerns:
            continue
        yield Notice(
            "Access ends", "info", "◷",
            f"The access of {name_of(text(item, 'assignee'))} to "
            f"“{dataset_title(dataset)}” ends.",
            ends, "datasets", (("dataset", dataset),), "See the permission",
        )  # fmt: skip


def _tainted(now: int) -> Iterator[Notice]:
    seen: set[str] = set()
    for event in _taken_back(as_instant(now - RECENT_MS)):
        grant = text(inner(inner(event, "event"), "body"), "grant")
        dataset = text(read(f"/v1/grants/{grant}"), "dataset")
        reach = read(f"/v1/datasets/{dataset}/impact", grant=grant)
        for reached in objects(reach, "models"):
            node = Node.parse(text(reached, "node"))
            if node.title in seen:
                continue
            seen.add(node.title)
            yield Notice(
                "Model tainted", "bad", "✕",
                f"“{model_title(node.name)}”, version {node.version}, was made with "
                f"“{dataset_title(dataset)}”, whose permission was taken back with effect on the "
                "past.",
                number(event, "recordedAt"),
                "models", (("model", node.name), ("version", node.version)), "See why",
            )  # fmt: skip


def _taken_back(since: str) -> list[JsonObject]:
    """The last permissions that were taken back with effect on the past."""
    found = read("/v1/events", kind="access.revoked", since=since, order="newest", limit=_LOOKED_AT)
    return [
        event
        for event in objects(found, "items")
        if text(inner(inner(event, "event"), "body"), "effect") == "retroactive"
    ][:_WITHDRAWALS]


def _recorded_at(index: int) -> int:
    return number(read_event(index), "recordedAt")
