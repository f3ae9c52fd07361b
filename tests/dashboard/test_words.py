"""Times, terms and sentences as people read them."""

from __future__ import annotations

from typing import get_args

import pytest

from client import JsonObject
from dashboard.words.findings import FINDINGS, SEVERITIES, VERDICTS, signed_in_words
from dashboard.words.kinds import KINDS
from dashboard.words.terms import (
    ACTIONS,
    DUO,
    ROLES,
    actions_in_words,
    constraint_in_words,
    counted,
    listed,
    offer_in_words,
    purpose_in_words,
)
from dashboard.words.times import as_instant, day, exact, instant_ms, relative
from ledger.audit import Code
from ledger.events import BODIES
from ledger.events.bodies.base import Action, DuoTerm, Role

NOW = 1_790_000_000_000
SECOND, MINUTE, HOUR, DAY = 1_000, 60_000, 3_600_000, 86_400_000


@pytest.mark.parametrize(
    ("distance", "words"),
    [
        (0, "just now"),
        (-4 * SECOND, "just now"),
        (-30 * SECOND, "30 seconds ago"),
        (-MINUTE, "1 minute ago"),
        (59 * MINUTE, "in 59 minutes"),
        (-HOUR, "1 hour ago"),
        (-25 * HOUR, "1 day ago"),
        (40 * DAY, "in 40 days"),
        (180 * DAY, "in 6 months"),
        (-800 * DAY, "2 years ago"),
    ],
)
def test_times_are_told_from_now(distance: int, words: str) -> None:
    assert relative(NOW + distance, NOW) == words


def test_exact_times_name_their_zone() -> None:
    assert exact(NOW) == "21 Sep 2026, 14:13:20 UTC"
    assert day(NOW) == "21 Sep 2026"


def test_instants_are_read_and_written() -> None:
    assert instant_ms("2026-09-21T14:13:20Z") == NOW
    assert instant_ms("2026-09-21T14:13:20.250Z") == NOW + 250
    assert instant_ms("yesterday") is None
    assert as_instant(NOW) == "2026-09-21T14:13:20Z"


def test_every_kind_code_role_action_and_consent_term_has_words() -> None:
    assert set(KINDS) >= set(BODIES)
    assert set(FINDINGS) == {code.value for code in Code}
    assert set(VERDICTS) == {"clean", "tainted", "incomplete"}
    assert set(SEVERITIES) == {"error", "gap", "warning"}
    assert set(ROLES) == set(get_args(Role))
    assert set(ACTIONS) == set(get_args(Action))
    assert set(DUO) == set(get_args(DuoTerm))


def test_lists_and_counts_read_well() -> None:
    assert [listed([]), listed(["a"]), listed(["a", "b"]), listed(["a", "b", "c"])] == [
        "", "a", "a and b", "a, b and c",
    ]  # fmt: skip
    assert [counted(1, "file"), counted(2, "file"), counted(1_000, "file")] == [
        "1 file", "2 files", "1,000 files",
    ]  # fmt: skip


def test_terms_are_told_in_words() -> None:
    assert actions_in_words(["read", "train"]) == "read the records and train models on them"
    purpose: JsonObject = {"duo": ["DS", "NPU"], "disease": {"term": "MONDO:0007254"}}
    words = "research on a named disease, not-for-profit use (MONDO:0007254)"
    assert purpose_in_words(purpose) == words


def test_conditions_are_told_in_words() -> None:
    limit: JsonObject = {"leftOperand": "count", "operator": "lteq", "rightOperand": 5}
    assert constraint_in_words(limit) == "number of uses is at most 5"
    usage: JsonObject = {"odrl": {"prohibition": [{"action": "distribute", "constraint": [limit]}]}}
    assert offer_in_words(usage) == ["Not allowed: distribute, if number of uses is at most 5."]


def test_terms_that_are_not_known_are_shown_as_they_are() -> None:
    strange: JsonObject = {"leftOperand": "moon", "operator": "is", "rightOperand": ["full", "new"]}
    assert constraint_in_words(strange) == "moon is full and new"


def test_events_that_no_key_signed_are_not_called_signed() -> None:
    assert signed_in_words(()) == "Every event is signed by its member"
    words = signed_in_words((7, 1_234))
    assert "but for 7, 1,234: no key signed those" in words
    assert "and 2 more" in signed_in_words(range(12))
