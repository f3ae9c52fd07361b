"""Work that takes longer than a click may: done beside the page, which says at once that it goes on
and shows what came of it once it is there, never before.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import TypeVar

import streamlit as st

T = TypeVar("T")

ASK_AGAIN_SECONDS = 0.25

_AT_ONCE_SECONDS = 0.1
"""What is done as soon as this is shown with the click, without a word about waiting."""

_AT_A_TIME = 2
"""Of all visitors. More would only slow each other down: the work is done by the processor."""


@st.cache_resource(show_spinner=False)
def _workers() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(_AT_A_TIME, "concord-work")


def start(key: str, task: Callable[[], T]) -> None:
    """Begins something for this visitor, in place of what was begun under the key before.

    Args:
        key: tells it from other work.
        task: does it, on a thread of its own: it must ask nothing of Streamlit.
    """
    begun = _workers().submit(task)
    st.session_state[key] = begun
    wait([begun], _AT_ONCE_SECONDS)


def is_started(key: str) -> bool:
    """Whether it was begun."""
    return key in st.session_state


def outcome(key: str, meanwhile: str, draw: Callable[[T], object]) -> None:
    """Draws what came of something that was begun; until then, that it goes on.

    Args:
        key: it was begun under.
        meanwhile: what is said until then.
        draw: is given the result.

    Raises:
        ConcordError: the task ended with it.
    """
    begun: Future[T] = st.session_state[key]
    if begun.done():
        draw(begun.result())
        return

    def ask_again() -> None:
        st.status(meanwhile, state="running")
        if begun.done():
            st.rerun()

    st.fragment(ask_again, run_every=ASK_AGAIN_SECONDS)()
