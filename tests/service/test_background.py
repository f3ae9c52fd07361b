"""Workers: what makes them wait, what stops them, and what they say of it."""

from __future__ import annotations

import logging
import threading

import pytest

from ledger.errors import ConcordError, IntegrityError, Unavailable
from service.background import Background, Worker
from tests.support.waiting import await_that


class Steps:
    """Raises each of the given errors in turn, then works."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.done = 0

    def __call__(self) -> None:
        if self.errors:
            raise self.errors.pop(0)
        self.done += 1


def test_what_is_unavailable_is_tried_again_until_it_works() -> None:
    steps = Steps(Unavailable("down"), Unavailable("down"))
    worker = Worker("w", steps, pause_seconds=0.001)
    worker.start()
    await_that(lambda: steps.done > 0 and worker.state.state == "working")
    worker.stop()
    worker.join()
    assert worker.state.failures == 2
    assert worker.state.code is None


def test_a_long_outage_is_told_once_and_its_end_is_noticed_long_before_the_usual_pause(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    # A minute at the real pace is a dozen tries.
    monkeypatch.setattr("service.background.LONGEST_WAIT_SECONDS", 0.001)
    steps = Steps(*(Unavailable("down") for _ in range(100)))
    worker = Worker("w", steps, pause_seconds=3_600)
    with caplog.at_level(logging.INFO, "service.background"):
        worker.start()
        await_that(lambda: worker.state.state == "working" and steps.done == 1)
    worker.stop()
    worker.join()
    assert worker.state.failures == 100
    assert [record.message for record in caplog.records] == ["w waits: down", "w works again"]


@pytest.mark.parametrize(
    ("error", "code"),
    [(IntegrityError("a fork"), "integrity"), (ZeroDivisionError(), "internal")],
)
def test_any_other_error_stops_a_worker_for_good_and_no_other_one(
    error: Exception, code: str
) -> None:
    broken, sound = Steps(error), Steps()
    background = Background(
        [Worker("broken", broken, pause_seconds=0.001), Worker("sound", sound, pause_seconds=0.001)]
    )
    background.start()
    await_that(lambda: background.states[0].state == "stopped")
    reached = sound.done
    await_that(lambda: sound.done > reached + 3)
    state = background.states[0]
    assert (state.name, state.code, broken.done) == ("broken", code, 0)
    background.wake()
    background.stop()
    assert broken.done == 0


def test_a_wake_does_the_next_step_at_once() -> None:
    steps = Steps()
    background = Background([Worker("w", steps, pause_seconds=3_600)])
    background.start()
    await_that(lambda: steps.done == 1)
    background.wake()
    await_that(lambda: steps.done == 2)
    background.stop()


def test_what_must_not_overlap_with_a_step_waits_for_its_end() -> None:
    inside, leave = threading.Event(), threading.Event()

    def step() -> None:
        inside.set()
        leave.wait(10)

    worker = Worker("w", step, pause_seconds=3_600)
    worker.start()
    assert inside.wait(10)
    came: list[bool] = []
    other = threading.Thread(target=lambda: worker.between_steps(lambda: came.append(True)))
    other.start()
    other.join(0.05)
    assert came == []
    leave.set()
    other.join(10)
    assert came == [True]
    worker.stop()
    worker.join()


def test_an_error_is_a_concord_error_in_the_workers_state() -> None:
    class Odd(ConcordError):
        code = "odd"

    worker = Worker("w", Steps(Odd("what to do")), pause_seconds=3_600)
    worker.start()
    worker.join()
    assert (worker.state.code, worker.state.reason) == ("odd", "what to do")


def test_what_another_process_does_stands_by_until_it_is_ours_and_after_it_no_longer_is() -> None:
    ours = threading.Event()
    steps = Steps()
    worker = Worker("w", steps, pause_seconds=0.001, is_ours=ours.is_set)
    worker.start()
    await_that(lambda: worker.state.state == "standby")
    assert steps.done == 0
    ours.set()
    await_that(lambda: worker.state.state == "working" and steps.done > 3)
    ours.clear()
    await_that(lambda: worker.state.state == "standby")
    done = steps.done
    assert worker.state.code is None
    assert worker.state.failures == 0
    worker.stop()
    worker.join()
    assert steps.done == done


def test_while_nobody_can_tell_whose_work_it_is_a_worker_waits() -> None:
    answers: list[Unavailable] = [Unavailable("the database is down")] * 3

    def is_ours() -> bool:
        if answers:
            raise answers.pop()
        return True

    steps = Steps()
    worker = Worker("w", steps, pause_seconds=0.001, is_ours=is_ours)
    worker.start()
    await_that(lambda: steps.done > 0)
    worker.stop()
    worker.join()
    assert worker.state.failures == 3
