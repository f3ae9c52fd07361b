"""What some tests need beside Python: browsers, databases, chains, package managers.

On CI all of it must be there: a test that is skipped would pass for one that was run. Elsewhere
each test that lacks its peer says so, and how to have it.
"""

from __future__ import annotations

import os
from typing import NoReturn

import pytest


def absent(reason: str) -> NoReturn:
    """Skips the test; fails it on CI.

    Args:
        reason: what is not here, and how to have it.
    """
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)
