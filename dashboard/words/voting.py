"""States, classes and choices of proposals in words."""

from __future__ import annotations

from client.dao.ballots import Support

STATES: dict[str, tuple[str, str, str]] = {
    "pending": ("Voting begins soon", "info", "◷"),
    "active": ("Open for votes", "open", "✎"),
    "canceled": ("Cancelled", "calm", "–"),
    "defeated": ("Voted down", "bad", "✕"),
    "succeeded": ("Passed, waits to be queued", "good", "✓"),
    "queued": ("Passed, in its waiting time", "good", "◷"),
    "executed": ("Carried out", "good", "✓"),
}
"""State to its badge: word, mood, mark."""

HAPPENED: dict[str, str] = {
    "pending": "Proposed",
    "active": "Voting began",
    "canceled": "Cancelled",
    "defeated": "Voted down",
    "succeeded": "Passed",
    "queued": "Queued: its waiting time began",
    "executed": "Carried out",
}
"""State to what happened when it was entered."""

CLASSES: dict[str, tuple[str, str]] = {
    "routine": ("Routine", "releases of models, and taking them back"),
    "membership": ("Membership", "who is a member, and with which roles"),
    "treasury": ("Treasury", "payments, and who owns a model"),
    "constitutional": ("Constitutional", "the rules themselves, policies, new voting tokens"),
}
"""Class to (word, what it is about)."""

CHOICES: dict[Support, str] = {
    "for": "Vote for",
    "against": "Vote against",
    "abstain": "Abstain",
}

VOTED: dict[str, tuple[str, str, str]] = {
    "for": ("For", "good", "✓"),
    "against": ("Against", "bad", "✕"),
    "abstain": ("Abstained", "calm", "–"),
    "split": ("Split", "info", "÷"),
}
"""A counted vote's badge: word, mood, mark."""

WHY_NOT: dict[str, str] = {
    "already-voted": "You have voted with all your votes. A vote cannot be changed.",
    "no-voting-power": "You had no votes when votes were weighed for this proposal. What you "
    "received or were delegated later counts in later proposals.",
    "voting-closed": "Voting is over.",
}
"""Code of the problem that a ballot would not count, to why."""
