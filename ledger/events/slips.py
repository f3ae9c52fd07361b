"""What a signer may not have meant, in plain words: an end that is past already, a version that
nobody has published.

Nothing here is refused: the log keeps inconvenient facts. Whoever is about to sign is told, and may
sign all the same.
"""

from __future__ import annotations

from collections.abc import Collection

from ledger.events.bodies.access import AccessGranted, AccessRenewed, EmergencyOpened
from ledger.events.bodies.base import Body, listing
from ledger.events.identifiers import parse_instant


def ended(body: Body, now: int) -> str | None:
    """That what a body allows is over already; None where it is not.

    Args:
        body: of an event that is not signed yet.
        now: milliseconds since the epoch.
    """
    match body:
        case AccessGranted() if parse_instant(body.expires_at) <= now:
            return f"The grant ends at {body.expires_at}, which is past: it permits nothing."
        case AccessRenewed() if parse_instant(body.expires_at) <= now:
            return (
                f"The new end of grant {body.grant}, {body.expires_at}, is past: renewed so, it "
                "permits nothing any more."
            )
        case AccessRenewed() if parse_instant(body.expires_at) <= parse_instant(body.effective_at):
            return (
                f"The new end of grant {body.grant}, {body.expires_at}, comes before the renewal "
                f"takes effect, {body.effective_at}: renewed so, it permits nothing from then on."
            )
        case EmergencyOpened() if parse_instant(body.until) <= now:
            return f"The emergency access ends at {body.until}, which is past."
    return None


def unpublished(body: Body, published: Collection[str]) -> str | None:
    """That a grant names versions which its dataset does not have; None where it does not.

    Args:
        body: of an event that is not signed yet.
        published: versions of the dataset that the body names.
    """
    if not isinstance(body, AccessGranted):
        return None
    missing = [version for version in body.versions or () if version not in published]
    if not missing:
        return None
    versions = "version" if len(missing) == 1 else "versions"
    return (
        f"Dataset {body.dataset} has no {versions} {listing(missing)} yet: until its steward "
        "publishes that, the grant covers nothing by that name."
    )
