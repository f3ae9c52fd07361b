"""What an audit says, in words that need no manual."""

from __future__ import annotations

from collections.abc import Sequence

VERDICTS: dict[str, tuple[str, str]] = {
    "clean": ("Clean", "Every use of data behind this version was allowed, and still is in order."),
    "tainted": (
        "Tainted",
        "Something behind this version was not allowed, or was withdrawn with effect on the past.",
    ),
    "incomplete": ("Incomplete", "Not everything behind this version is known, so nobody can say."),
}
"""Verdict to (word, sentence)."""

FINDINGS: dict[str, str] = {
    "grant-missing": "Data was used without a permission.",
    "grant-not-yet-valid": "Data was used before the permission began.",
    "grant-expired": "Data was used after the permission had ended.",
    "grant-suspended": "Data was used while the permission was suspended.",
    "grant-revoked-before-use": "Data was used after the permission was revoked.",
    "grant-revoked-after-use": "The permission was revoked after the data was used.",
    "action-not-permitted": "Data was used in a way that the permission does not cover.",
    "purpose-mismatch": "Data was used for a purpose that the permission does not cover.",
    "constraint-violated": "A condition of the permission was not kept.",
    "digest-mismatch": "The file that was used is not the one that was registered.",
    "version-not-covered": "A version of the data was used that the permission does not cover.",
    "dataset-withdrawn": "A dataset behind this version was withdrawn.",
    "input-unresolved": "Something went in that nobody has registered.",
    "run-incomplete": "A training run behind this version was never finished in the log.",
    "cycle": "The recorded history runs in a circle.",
    "base-model-tainted": "A model that this one builds on is tainted.",
    "policy-violated": "A policy that the members adopted is not kept.",
    "signature-unconfirmed": "No key signed; only the chain can tell whether a contract did.",
    "signature-withdrawn": "A contract's signature held when it was recorded, and would not today.",
}
"""Code to what it means in general; the audit's own sentence says what happened here."""

ONLY_ITS_CHAIN = (
    "has not signed this with a key. If it is a contract, only its chain can tell whether it took "
    "the event for its own; if it is not, the event is forged."
)
"""Of the actor of an event that no key has signed, after its name."""

_NAMED = 10
"""Events that a sentence names."""


def signed_in_words(unconfirmed: Sequence[int]) -> str:
    """How far the signatures of a proof's events were checked.

    Args:
        unconfirmed: indices of events that no key has signed.
    """
    if not unconfirmed:
        return "Every event is signed by its member"
    names = ", ".join(f"{index:,}" for index in unconfirmed[:_NAMED])
    more = f" and {len(unconfirmed) - _NAMED} more" if len(unconfirmed) > _NAMED else ""
    return (
        f"Every event is signed by its member, but for {names}{more}: no key signed those, and "
        "only the chain can tell whether a contract did"
    )


SEVERITIES: dict[str, str] = {"error": "Problem", "gap": "Unknown", "warning": "Note"}
