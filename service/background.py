"""Work that goes on beside the requests: step after step, each worker in a thread of its own.

Rules:
- What is only unavailable is tried again, after the usual pause or a few seconds if that is less.
- Any other error stops its worker for good, and no other one: the state is wrong in a way that
  trying again does not mend. The error is logged, named by `states`, and stays.
- Steps of one worker never overlap, whoever asks for them.
- What one process does for all stands by in the others, and asks before each step whether it still
  does.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

from ledger.errors import ConcordError, Unavailable

_log = logging.getLogger(__name__)

T = TypeVar("T")

LONGEST_WAIT_SECONDS = 5.0
"""After a step that found something unavailable, however long the usual pause is."""

State = Literal["working", "waiting", "standby", "stopped"]


@dataclass(frozen=True, slots=True)
class WorkerState:
    """How a worker is.

    Attributes:
        name: such as `mirror`.
        state: `working`; `waiting` for something that does not answer; on `standby` while another
            process does it; `stopped` for good.
        code: of the last error; None while it works.
        reason: in words, for the operator.
        steps: done without an error.
        failures: steps that ended in one.
    """

    name: str
    state: State
    code: str | None
    reason: str
    steps: int
    failures: int


class Worker:
    """One thing that is done again and again.

    Args:
        name: unique among its fellows.
        step: does what is to be done now.
        pause_seconds: between two steps, unless it is woken.
        is_ours: whether it is for this process to do now; None: always.
    """

    def __init__(
        self,
        name: str,
        step: Callable[[], object],
        *,
        pause_seconds: float,
        is_ours: Callable[[], bool] | None = None,
    ) -> None:
        self.name = name
        self._step = step
        self._is_ours = is_ours
        self._pause_seconds = pause_seconds
        self._turn = threading.Lock()
        self._wake = threading.Event()
        self._stopping = False
        # Replaced as a whole, by its own thread only.
        self._state = WorkerState(name, "working", None, "", 0, 0)
        self._thread = threading.Thread(target=self._run, name=f"concord-{name}", daemon=True)

    @property
    def state(self) -> WorkerState:
        """How it is now."""
        return self._state

    def start(self) -> None:
        """Begins."""
        self._thread.start()

    def wake(self) -> None:
        """Does the next step now."""
        self._wake.set()

    def stop(self) -> None:
        """Ends after the step under way; `join` waits for that."""
        self._stopping = True
        self._wake.set()

    def join(self) -> None:
        """Waits until it has ended."""
        self._thread.join()

    def between_steps(self, act: Callable[[], T]) -> T:
        """Does something that must not overlap with a step."""
        with self._turn:
            return act()

    def _run(self) -> None:
        while not self._stopping and self._state.state != "stopped":
            self._wake.clear()
            with self._turn:
                self._state = self._after_step()
            if not self._stopping and self._state.state != "stopped":
                self._wake.wait(self._pause())

    def _pause(self) -> float:
        if self._state.state in {"waiting", "standby"}:
            return min(self._pause_seconds, LONGEST_WAIT_SECONDS)
        return self._pause_seconds

    def _after_step(self) -> WorkerState:
        before = self._state
        try:
            if self._is_ours is not None and not self._is_ours():
                return self._standing_by()
            self._step()
        except Unavailable as error:
            if before.code != error.code:
                _log.warning("%s waits: %s", self.name, error)
            return self._failed("waiting", error.code, str(error))
        except ConcordError as error:
            _log.error("%s stopped (%s): %s", self.name, error.code, error)
            return self._failed("stopped", error.code, str(error))
        except Exception:  # noqa: BLE001
            # The last line of a thread: it would end silently otherwise.
            _log.exception("%s stopped", self.name)
            return self._failed("stopped", "internal", "It failed; the service's log says how.")
        if before.code is not None:
            _log.info("%s works again", self.name)
        elif before.state == "standby":
            _log.info("%s works here now", self.name)
        return WorkerState(self.name, "working", None, "", before.steps + 1, before.failures)

    def _standing_by(self) -> WorkerState:
        before = self._state
        if before.state != "standby":
            _log.info("%s stands by: another process does it", self.name)
        reason = "Another process on this database does it."
        return WorkerState(self.name, "standby", None, reason, before.steps, before.failures)

    def _failed(self, state: State, code: str, reason: str) -> WorkerState:
        before = self._state
        return WorkerState(self.name, state, code, reason, before.steps, before.failures + 1)


class Background:
    """All workers of a service. Use it as a context: they work inside.

    Args:
        workers: in any order.
    """

    def __init__(self, workers: Sequence[Worker]) -> None:
        self._workers = tuple(workers)

    @property
    def states(self) -> tuple[WorkerState, ...]:
        """How each is now."""
        return tuple(worker.state for worker in self._workers)

    def wake(self, *names: str) -> None:
        """Lets these workers do their next step now; all of them where none is named."""
        for worker in self._workers:
            if not names or worker.name in names:
                worker.wake()

    def start(self) -> None:
        """Begins; `stop` ends."""
        for worker in self._workers:
            worker.start()

    def stop(self) -> None:
        """Ends all, each after the step under way."""
        for worker in self._workers:
            worker.stop()
        for worker in self._workers:
            worker.join()
