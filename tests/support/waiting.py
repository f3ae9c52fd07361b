"""Waiting for a condition, never for a time."""

from __future__ import annotations

import time
from collections.abc import Callable

WITHIN_SECONDS = 60.0


def await_that(is_so: Callable[[], bool], *, within: float = WITHIN_SECONDS) -> None:
    """Returns once it is so; fails where that takes too long.

    Args:
        is_so: asked again and again.
        within: seconds.
    """
    deadline = time.monotonic() + within
    while not is_so():
        assert time.monotonic() < deadline, f"it did not become so within {within:.0f} s"
        time.sleep(0.005)
