"""Work that takes longer than a click may."""

from __future__ import annotations

from threading import Event

from streamlit.testing.v1 import AppTest

from client.errors import Unreachable
from tests.support.waiting import await_that

PATIENCE = 30


def page() -> None:
    import streamlit as st

    from dashboard.components.states import guarded
    from dashboard.components.working import is_started, outcome, start

    if st.button("Check"):
        start("work", st.session_state["task"])
    if is_started("work"):
        guarded(lambda: outcome("work", "Checking…", st.success))


class Task:
    """Waits until it may end.

    Attributes:
        may_end: whether it may.
        has_ended: whether it has.
    """

    def __init__(self, error: Exception | None = None) -> None:
        self.may_end = Event()
        self.has_ended = Event()
        self._error = error

    def __call__(self) -> str:
        self.may_end.wait(PATIENCE)
        self.has_ended.set()
        if self._error is not None:
            raise self._error
        return "It holds."


def clicked(task: Task) -> AppTest:
    test = AppTest.from_function(page, default_timeout=PATIENCE)
    test.session_state["task"] = task
    test.run().button[0].click().run()
    return test


def is_over(test: AppTest) -> bool:
    test.run()
    return not test.status


def test_a_click_is_answered_while_the_work_goes_on_and_nothing_is_said_to_hold() -> None:
    task = Task()
    test = clicked(task)
    assert not task.has_ended.is_set()
    assert [status.label for status in test.status] == ["Checking…"]
    assert not test.success
    task.may_end.set()
    await_that(lambda: is_over(test))
    assert [shown.value for shown in test.success] == ["It holds."]


def test_what_is_done_at_once_is_shown_with_the_click() -> None:
    task = Task()
    task.may_end.set()
    test = clicked(task)
    await_that(lambda: is_over(test))
    assert [shown.value for shown in test.success] == ["It holds."]


def test_what_goes_wrong_meanwhile_is_said_where_the_outcome_would_stand() -> None:
    task = Task(Unreachable("Nobody answers."))
    task.may_end.set()
    test = clicked(task)
    await_that(lambda: is_over(test))
    assert "The server does not answer." in test.warning[0].value
    assert not test.success
