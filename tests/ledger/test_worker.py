"""A worker waits while something is unavailable, and stops loudly at anything else."""

from __future__ import annotations

import logging
import threading
import time

import pytest

from ledger.errors import IntegrityError, Unavailable
from ledger.worker import Worker, WorkerFailed


class Steps:
    """What a worker's steps do, one after the other; then nothing more."""

    def __init__(self, *outcomes: bool | Exception) -> None:
        self._outcomes = list(outcomes)
        self.at: list[float] = []
        self.done = threading.Event()

    def __call__(self) -> bool:
        self.at.append(time.monotonic())
        if not self._outcomes:
            self.done.set()
            return False
        outcome = self._outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


def test_steps_follow_at_once_while_there_is_more_to_do() -> None:
    steps = Steps(True, True, True)
    with Worker("test", steps, interval_seconds=60):
        assert steps.done.wait(timeout=10)
    assert len(steps.at) == 4


def test_waking_it_does_not_wait_for_the_interval() -> None:
    steps = Steps(False)
    with Worker("test", steps, interval_seconds=60) as worker:
        deadline = time.monotonic() + 10
        while not steps.done.is_set() and time.monotonic() < deadline:
            worker.wake()
            steps.done.wait(timeout=0.01)
    assert steps.done.is_set()


def test_what_is_unavailable_is_tried_again_after_growing_pauses(
    caplog: pytest.LogCaptureFixture,
) -> None:
    steps = Steps(*(Unavailable("down") for _ in range(6)))
    with (
        caplog.at_level(logging.WARNING),
        Worker("test", steps, interval_seconds=0.005, longest_pause_seconds=0.05) as worker,
    ):
        assert steps.done.wait(timeout=10)
    pauses = [b - a for a, b in zip(steps.at, steps.at[1:], strict=False)]
    assert all(
        pause >= at_least for pause, at_least in zip(pauses, (0.01, 0.02, 0.04), strict=False)
    )
    assert worker.trouble is None
    assert worker.stopped is None
    # Said once, not every time.
    assert [record.message for record in caplog.records] == [
        "the test has to wait: unavailable: down"
    ]


def test_any_other_error_stops_it_for_good(caplog: pytest.LogCaptureFixture) -> None:
    steps = Steps(True, IntegrityError("forked"), True)
    worker = Worker("test", steps, interval_seconds=0.001)
    worker.start()
    worker._thread.join(timeout=10)
    assert isinstance(worker.stopped, IntegrityError)
    assert len(steps.at) == 2
    assert "the test has stopped: integrity: forked" in caplog.text
    worker.close()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_bug_in_a_step_is_no_silent_end(caplog: pytest.LogCaptureFixture) -> None:
    worker = Worker("test", Steps(ZeroDivisionError()), interval_seconds=0.001)
    worker.start()
    worker._thread.join(timeout=10)
    assert isinstance(worker.stopped, WorkerFailed)
    assert "worker-failed" in caplog.text


def test_closing_ends_a_pause_and_is_no_failure() -> None:
    steps = Steps()
    worker = Worker("test", steps, interval_seconds=3_600)
    worker.start()
    assert steps.done.wait(timeout=10)
    worker.close()
    assert not worker._thread.is_alive()
    assert worker.stopped is None


def test_one_that_was_never_started_can_be_closed() -> None:
    Worker("test", Steps(), interval_seconds=1).close()
