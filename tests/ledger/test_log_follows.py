"""An event may name the one that it follows: nothing overtakes what was refused or lost."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.log import Appended, Limits, Log, PredecessorMissing, Submission
from tests.support.ledgers import DAY, Consortium
from tests.support.logs import LogUnderTest


def chained(consortium: Consortium, count: int, *, refused: frozenset[int] = frozenset()):  # type: ignore[no-untyped-def]  # noqa: ANN201
    """Events that follow each other; those that are refused were signed too long ago."""
    follows = None
    submissions = []
    for n in range(count):
        event = consortium.event(
            consortium.stewards[0],
            "dataset.registered",
            {
                "dataset": f"d-{consortium.random.getrandbits(40)}",
                "title": "D",
                "license": "MIT",
                "usage": {"duo": ["GRU"]},
                "personalData": False,
                "steward": consortium.stewards[0].address,
            },
            issued_at=consortium.clock.now - (2 * DAY if n in refused else 0),
        )
        submissions.append(Submission(event, follows=follows))
        follows = bytes.fromhex(event.nonce[2:])
    return submissions


def codes(log: Log, submissions: list[Submission]) -> list[str]:
    answers = log.append(submissions)
    return ["appended" if isinstance(a, Appended) else a.code for a in answers]


def test_events_that_follow_each_other_are_recorded_in_one_batch_or_many(
    ledger: LogUnderTest,
) -> None:
    log = ledger.create(Limits(batch=3, poll_seconds=0.02))
    submissions = chained(ledger.consortium, 10)
    assert codes(log, submissions[:7]) == ["appended"] * 7
    assert codes(log, submissions[7:]) == ["appended"] * 3


def test_after_a_refused_event_nothing_that_follows_it_is_recorded(ledger: LogUnderTest) -> None:
    log = ledger.create(Limits(batch=2, poll_seconds=0.02))
    submissions = chained(ledger.consortium, 6, refused=frozenset({2}))
    expected = ["appended", "appended", "time-out-of-window"] + ["predecessor-missing"] * 3
    assert codes(log, submissions) == expected
    assert log.size == 3


def test_the_event_that_is_followed_has_to_be_the_same_actors(ledger: LogUnderTest) -> None:
    log, consortium = ledger.create(), ledger.consortium
    (first,) = chained(consortium, 1)
    log.append([first])
    nonce = bytes.fromhex(first.event.nonce[2:])
    other = Submission(consortium.dataset("other", steward=1), follows=nonce)
    (answer,) = log.append([other])
    assert isinstance(answer, PredecessorMissing)
    same = Submission(consortium.dataset("same", steward=0), follows=nonce)
    assert isinstance(log.append([same])[0], Appended)


def test_what_is_recorded_already_is_answered_whatever_it_follows(ledger: LogUnderTest) -> None:
    log = ledger.create()
    submissions = chained(ledger.consortium, 3)
    first = log.append(submissions)
    again = log.append([Submission(each.event, follows=bytes(32)) for each in submissions])
    assert [isinstance(a, Appended) and a.duplicate for a in again] == [True] * 3
    assert [a.index for a in again if isinstance(a, Appended)] == [
        a.index for a in first if isinstance(a, Appended)
    ]


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_whatever_is_lost_on_the_way_the_log_holds_a_beginning_of_the_story(
    sqlite_ledger: LogUnderTest, data: st.DataObject
) -> None:
    log = (
        sqlite_ledger.opened[-1]
        if sqlite_ledger.opened
        else sqlite_ledger.create(Limits(batch=3, poll_seconds=0.02))
    )
    start = log.size
    story = chained(sqlite_ledger.consortium, 12)
    lost = data.draw(st.sets(st.integers(0, 11), max_size=4))
    log.append([each for n, each in enumerate(story) if n not in lost])
    assert log.size - start == min(lost, default=12)
    log.append(story)
    assert log.size - start == 12
