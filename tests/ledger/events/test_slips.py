"""What is odd about an event is said before it is signed, and nothing else is."""

from __future__ import annotations

import pytest

from ledger.events import BODIES, parse_body
from ledger.events.canonical import JsonObject
from ledger.events.identifiers import format_instant
from ledger.events.slips import ended, unpublished
from tests.support.examples import body_of

NOW = 1_800_000_000_000
BEFORE, AFTER, LATER = (format_instant(NOW + moved) for moved in (-1_000, 1_000, 2_000))


@pytest.mark.parametrize(
    ("kind", "times", "said"),
    [
        ("access.granted", {"notBefore": format_instant(0), "expiresAt": BEFORE}, BEFORE),
        ("access.granted", {"notBefore": BEFORE, "expiresAt": format_instant(NOW)}, "is past"),
        ("access.granted", {"notBefore": BEFORE, "expiresAt": AFTER}, None),
        ("access.renewed", {"expiresAt": BEFORE, "effectiveAt": AFTER}, "is past"),
        ("access.renewed", {"expiresAt": AFTER, "effectiveAt": LATER}, "takes effect"),
        ("access.renewed", {"expiresAt": AFTER, "effectiveAt": AFTER}, "takes effect"),
        ("access.renewed", {"expiresAt": LATER, "effectiveAt": AFTER}, None),
        ("access.emergency_opened", {"until": BEFORE}, "is past"),
        ("access.emergency_opened", {"until": AFTER}, None),
    ],
)
def test_an_end_that_is_past_is_said(kind: str, times: JsonObject, said: str | None) -> None:
    sentence = ended(parse_body(kind, body_of(kind) | times), NOW)
    if said is None:
        assert sentence is None
    else:
        assert said in (sentence or "")


@pytest.mark.parametrize("kind", BODIES)
def test_nothing_is_said_of_what_is_in_order(kind: str) -> None:
    assert ended(parse_body(kind, body_of(kind)), 0) is None


def test_versions_that_nobody_has_published_are_named() -> None:
    grant = parse_body("access.granted", body_of("access.granted") | {"versions": ["1", "2", "3"]})
    assert "no versions 1, 3 yet" in (unpublished(grant, {"2"}) or "")
    assert "no version 1 yet" in (unpublished(grant, {"2", "3"}) or "")
    assert unpublished(grant, {"1", "2", "3"}) is None
    assert unpublished(parse_body("access.used", body_of("access.used")), ()) is None
