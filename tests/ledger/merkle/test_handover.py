"""Old keys of a log are found from the present one backwards, and none can be slipped in."""

from __future__ import annotations

import pytest

from ledger.errors import ConcordError
from ledger.merkle import (
    Checkpoint,
    Handover,
    SigningKey,
    key_history,
    open_checkpoint,
    open_handover,
    sign_handover,
    sign_note,
)
from ledger.merkle.errors import BrokenKeyHistory, MalformedHandover

ORIGIN = "ledger.example/test"
FIRST, SECOND, THIRD, STRANGER = (SigningKey(ORIGIN, bytes([n]) * 32) for n in range(1, 5))
OTHER_LOG = SigningKey("elsewhere.example/log", bytes(32))


def tree(size: int) -> Checkpoint:
    return Checkpoint(ORIGIN, size, bytes([size]) * 32)


def handover(old: SigningKey, new: SigningKey, size: int = 5, at: int = 1_000) -> Handover:
    return open_handover(sign_handover(tree(size), at, old, new))


def test_a_handover_says_the_tree_the_time_and_both_keys() -> None:
    note = sign_handover(tree(7), 1_700_000_000_000, FIRST, SECOND)
    assert note.startswith(
        f"concord/log-key-handover/v1\n{ORIGIN}\n7\nBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=\n"
        f"1700000000000\n{FIRST.verifier}\n{SECOND.verifier}\n\n"
    )
    expected = Handover(tree(7), 1_700_000_000_000, FIRST.verifier, SECOND.verifier)
    assert open_handover(note) == expected


def test_no_one_takes_a_handover_for_a_checkpoint() -> None:
    note = sign_handover(tree(7), 0, FIRST, SECOND)
    with pytest.raises(ConcordError):
        open_checkpoint(note, [FIRST.verifier, SECOND.verifier])


@pytest.mark.parametrize("signers", [[FIRST], [SECOND], [FIRST, STRANGER], [STRANGER]])
def test_a_handover_that_one_of_both_has_not_signed_is_none(signers: list[SigningKey]) -> None:
    text = str(Handover(tree(7), 0, FIRST.verifier, SECOND.verifier))
    with pytest.raises(ConcordError):
        open_handover(sign_note(text, signers))


@pytest.mark.parametrize(
    ("part", "other"),
    [
        ("\n7\n", "\n8\n"),
        ("\n7\n", "\n07\n"),
        ("BwcH", "CwcH"),
        ("\n1000\n", "\n1001\n"),
        ("handover/v1", "handover/v2"),
        (ORIGIN + "\n7", "elsewhere.example/log\n7"),
        (str(SECOND.verifier), str(STRANGER.verifier)),
        (str(SECOND.verifier), str(FIRST.verifier)),
        (str(SECOND.verifier), "no key"),
        (str(SECOND.verifier) + "\n", ""),
    ],
)
def test_a_handover_that_was_altered_is_refused(part: str, other: str) -> None:
    note = sign_handover(tree(7), 1_000, FIRST, SECOND)
    assert part in note
    with pytest.raises(ConcordError):
        open_handover(note.replace(part, other, 1))


@pytest.mark.parametrize(
    ("old", "new"), [(FIRST, FIRST), (FIRST, OTHER_LOG), (OTHER_LOG, FIRST), (OTHER_LOG, OTHER_LOG)]
)
def test_a_handover_is_between_two_keys_of_one_log(old: SigningKey, new: SigningKey) -> None:
    with pytest.raises(MalformedHandover):
        sign_handover(tree(7), 0, old, new)


def test_the_history_leads_from_the_first_key_to_the_present_one() -> None:
    steps = [handover(FIRST, SECOND, 5, 1_000), handover(SECOND, THIRD, 5, 1_000)]
    history = key_history(FIRST.verifier, steps, THIRD.verifier)
    assert [period.key for period in history] == [k.verifier for k in (FIRST, SECOND, THIRD)]
    assert [period.handover for period in history] == [*steps, None]
    (only,) = key_history(FIRST.verifier, [], FIRST.verifier)
    assert only.handover is None


@pytest.mark.parametrize(
    "steps",
    [
        [],
        [handover(FIRST, SECOND)],
        [handover(SECOND, THIRD)],
        [handover(STRANGER, THIRD)],
        [handover(FIRST, STRANGER), handover(SECOND, THIRD)],
        [handover(FIRST, SECOND), handover(STRANGER, THIRD)],
        [handover(SECOND, THIRD), handover(FIRST, SECOND)],
        [handover(FIRST, SECOND), handover(SECOND, THIRD), handover(THIRD, STRANGER)],
        [handover(FIRST, SECOND, 9), handover(SECOND, THIRD, 8)],
        [handover(FIRST, SECOND, at=9), handover(SECOND, THIRD, at=8)],
        [
            handover(FIRST, THIRD),
            handover(THIRD, FIRST),
            handover(FIRST, THIRD),
        ],
    ],
    ids=[
        "none", "stops short", "begins late", "by a stranger", "through a stranger",
        "from a stranger", "out of order", "too far", "a smaller tree", "an earlier time",
        "to and fro",
    ],
)  # fmt: skip
def test_a_key_that_was_slipped_in_or_left_out_is_noticed(steps: list[Handover]) -> None:
    with pytest.raises(BrokenKeyHistory):
        key_history(FIRST.verifier, steps, THIRD.verifier)
