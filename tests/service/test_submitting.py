"""Events that arrive together go to the log in groups, and each gets its own answer."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from pathlib import Path

import pytest

from ledger.events import Event, decode_leaf
from ledger.log import Appended, Limits, Log, Submission
from ledger.log.errors import QueueFull
from ledger.log.submission import Answer
from ledger.rules.errors import UnknownActor
from ledger.store.engine import open_database
from service.submitting import GROUP, Submitter
from tests.support.examples import signing_key
from tests.support.ledgers import Consortium, ManualClock
from tests.support.servers import system_time

OpenLog = Callable[[Limits], Log]


@pytest.fixture
def consortium() -> Consortium:
    return Consortium(ManualClock(system_time()), seed=3)


@pytest.fixture
def open_log(empty_ledger: Path, tmp_path: Path, consortium: Consortium) -> Iterator[OpenLog]:
    data = tmp_path / "data"
    shutil.copytree(empty_ledger, data)
    database = open_database(f"sqlite:///{data / 'concord.db'}")
    opened: list[Log] = []

    def start(limits: Limits) -> Log:
        opened.append(
            Log.open(
                database,
                signing_key=consortium.log_key,
                domain=consortium.domain,
                clock=system_time,
                limits=limits,
            )
        )
        return opened[-1]

    yield start
    for log in opened:
        log.close()
    database.dispose()


def submit_at_once(log: Log, events: Sequence[Event]) -> list[Answer | BaseException]:
    """What becomes of events that arrive in one turn of the event loop."""

    async def submit() -> list[Answer | BaseException]:
        submitter = Submitter(log)
        waiters = [submitter.submit(Submission(event)) for event in events]
        return await asyncio.wait_for(asyncio.gather(*waiters), 30)

    return asyncio.run(submit())


@pytest.mark.parametrize("count", [1, GROUP - 1, GROUP, GROUP + 1, 3 * GROUP + 5])
def test_each_event_gets_its_own_answer(
    open_log: OpenLog, consortium: Consortium, count: int
) -> None:
    log = open_log(Limits())
    events = [consortium.dataset(f"d{n}") for n in range(count)]
    outsider = signing_key("an outsider")
    model = {"model": "m", "title": "M", "owner": outsider.address, "license": "MIT"}
    stranger = consortium.event(outsider, "model.registered", model)
    answers = submit_at_once(log, [*events, stranger])
    assert [type(answer) for answer in answers] == [Appended] * count + [UnknownActor]
    for event, answer in zip(events, answers[:count], strict=True):
        assert isinstance(answer, Appended)
        assert decode_leaf(log.leaf(answer.index), answer.index).event == event
    assert [a.index for a in answers[:count] if isinstance(a, Appended)] == [*range(1, count + 1)]


def test_no_group_waits_for_the_end_of_a_turn(
    open_log: OpenLog, consortium: Consortium, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = open_log(Limits())
    handed_over: list[int] = []
    submit_all = log.submit_all

    def watched(submissions: Sequence[Submission]) -> Future[list[Answer]]:
        handed_over.append(len(submissions))
        return submit_all(submissions)

    monkeypatch.setattr(log, "submit_all", watched)

    async def submit() -> None:
        submitter = Submitter(log)
        waiters = []
        for number in range(2 * GROUP + 3):
            waiters.append(submitter.submit(Submission(consortium.dataset(f"d{number}"))))
            assert sum(handed_over) == (number + 1) // GROUP * GROUP
        await asyncio.gather(*waiters)

    asyncio.run(submit())
    assert handed_over == [GROUP, GROUP, 3]


def test_who_finds_no_room_is_told_and_the_others_are_recorded(
    open_log: OpenLog, consortium: Consortium
) -> None:
    log = open_log(Limits(queue=GROUP, batch=GROUP))
    events = [consortium.dataset(f"d{n}") for n in range(20 * GROUP)]
    answers = submit_at_once(log, events)
    recorded = [answer for answer in answers if isinstance(answer, Appended)]
    refused = [answer for answer in answers if isinstance(answer, QueueFull)]
    assert recorded
    assert refused
    assert len(recorded) + len(refused) == len(events)
    assert log.size == 1 + len(recorded)


def test_who_goes_away_while_waiting_takes_nobody_along(
    open_log: OpenLog, consortium: Consortium
) -> None:
    log = open_log(Limits())

    async def submit() -> list[Answer]:
        submitter = Submitter(log)
        waiters = [submitter.submit(Submission(consortium.dataset(f"d{n}"))) for n in range(5)]
        waiters.pop(2).cancel()
        return await asyncio.gather(*waiters)

    answers = asyncio.run(submit())
    assert [a.index for a in answers if isinstance(a, Appended)] == [1, 2, 4, 5]
    assert log.size == 6
