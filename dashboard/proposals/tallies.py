"""A proposal's votes so far: bars for approval and quorum, and the same in words."""

from __future__ import annotations

from dataclasses import dataclass

from client import JsonObject
from client.fields import flag, inner, optional_number
from client.fields import text as text_of
from dashboard.components.bars import Part, bar
from dashboard.components.markup import Markup, badge, line, tag, text
from dashboard.words.amounts import BASIS_POINTS, percent, share, tokens, units
from dashboard.words.voting import VOTED


@dataclass(frozen=True, slots=True)
class Standing:
    """Votes so far and what is needed, in the smallest unit.

    Attributes:
        in_favour, against, abstaining: counted.
        quorum: votes for and abstaining that it takes; None before votes are weighed.
        approval: basis points for, of those for and against; None likewise.
        has_quorum, is_approved: as the contract counts.
    """

    in_favour: int
    against: int
    abstaining: int
    quorum: int | None
    approval: int | None
    has_quorum: bool
    is_approved: bool

    @classmethod
    def of(cls, proposal: JsonObject) -> Standing:
        """As the API tells it."""
        tally, quorum = inner(proposal, "tally"), text_of(proposal, "quorum")
        return cls(
            units(text_of(tally, "for")),
            units(text_of(tally, "against")),
            units(text_of(tally, "abstain")),
            units(quorum) if quorum else None,
            optional_number(proposal, "approval"),
            flag(proposal, "quorumReached"),
            flag(proposal, "approved"),
        )

    @property
    def taking_part(self) -> int:
        """What counts in the quorum."""
        return self.in_favour + self.abstaining


def quorum_words(standing: Standing) -> str:
    """How far the quorum is."""
    if standing.quorum is None:
        return "Quorum: fixed when voting begins."
    state = "reached" if standing.has_quorum else "not reached"
    return (
        f"Quorum {state}: {tokens(standing.taking_part)} for or abstaining, "
        f"{tokens(standing.quorum)} needed."
    )


def approval_words(standing: Standing) -> str:
    """How far the approval is."""
    decided = standing.in_favour + standing.against
    has = _percent(percent(standing.in_favour, decided)) if decided else "no votes yet"
    if standing.approval is None:
        return f"Approval: {has}; what is needed is fixed when voting begins."
    most = " and more for than against" if standing.approval <= BASIS_POINTS // 2 else ""
    state = "reached" if standing.is_approved else "not reached"
    return f"Approval {state}: {has} for, {share(standing.approval)} needed{most}."


def _percent(part: float) -> str:
    """`66.7 %`; whole ones without a point, as the needed share has none."""
    return f"{part:.1f}".removesuffix(".0") + " %"


def quorum_bar(proposal: JsonObject) -> Markup:
    """The quorum as one bar with its words, for lists."""
    standing = Standing.of(proposal)
    words = quorum_words(standing)
    if standing.against:
        words += f" {tokens(standing.against)} against."
    return Markup(f"{_quorum(standing, words)}{line(words, cls='c-line c-small')}")


def tally(proposal: JsonObject) -> Markup:
    """Everything that was counted, as bars and in words."""
    standing = Standing.of(proposal)
    approval, quorum = approval_words(standing), quorum_words(standing)
    decided = standing.in_favour + standing.against
    needed = None if standing.approval is None else 100 * standing.approval / BASIS_POINTS
    parts = (
        Part(percent(standing.in_favour, decided), "good"),
        Part(percent(standing.against, decided), "bad"),
    )
    return Markup(
        line(
            _count("for", standing.in_favour),
            _count("against", standing.against),
            _count("abstain", standing.abstaining),
        )
        + bar(parts, approval, mark_at=needed)
        + line(approval, cls="c-line c-small")
        + _quorum(standing, quorum)
        + line(quorum, cls="c-line c-small")
    )  # fmt: skip


def _count(support: str, amount: int) -> Markup:
    return tag("span", badge(*VOTED[support]), text(f" {tokens(amount)} "), cls="c-count")


def _quorum(standing: Standing, words: str) -> Markup:
    needed = standing.quorum or 0
    # A quorum that is reached many times over still shows where it was.
    width = max(needed, standing.taking_part, 1)
    parts = (
        Part(percent(standing.in_favour, width), "good"),
        Part(percent(standing.abstaining, width), "calm"),
    )
    return bar(parts, words, mark_at=percent(needed, width) if needed else None)
