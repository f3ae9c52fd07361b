"""A probe is answered at once, whatever hangs."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

import pytest

from ledger.errors import Unavailable
from service.readiness import NotReady, Readiness

VALID = 15.0


class Base:
    """A database that can be told to hang or to fail, and a clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 0.0
        self.looks = 0
        self.error: Exception | None = None
        self.flows = threading.Event()
        self.flows.set()

    def look(self) -> None:
        self.looks += 1
        assert self.flows.wait(60)
        if self.error is not None:
            raise self.error

    def readiness(self, within_seconds: float = 60) -> Readiness:
        return Readiness(
            self.look,
            within_seconds=within_seconds,
            valid_seconds=VALID,
            monotonic=lambda: self.now,
        )


@pytest.fixture
def base() -> Iterator[Base]:
    base = Base()
    yield base
    base.flows.set()


def test_while_the_database_hangs_the_last_answer_counts_for_a_while(base: Base) -> None:
    async def ask() -> None:
        hasty = base.readiness(within_seconds=0.01)
        base.flows.clear()
        for base.now in (0.0, VALID):
            await hasty.require()
        base.now = VALID + 1
        with pytest.raises(NotReady, match="has not answered for 16 s"):
            await hasty.require()
        # One look, however many ask.
        assert base.looks == 1
        base.flows.set()
        assert hasty._looking is not None
        await asyncio.wait({hasty._looking})
        await hasty.require()
        assert base.looks == 2
        hasty.close()

    asyncio.run(ask())


def test_what_a_look_finds_wrong_is_told_and_looked_at_again(base: Base) -> None:
    async def ask() -> None:
        patient = base.readiness()
        base.error = Unavailable("gone")
        with pytest.raises(Unavailable, match="gone"):
            await patient.require()
        base.error = None
        base.now = 3 * VALID
        await patient.require()
        assert base.looks == 2
        patient.close()

    asyncio.run(ask())


def test_a_look_that_failed_is_no_answer(base: Base) -> None:
    async def ask() -> None:
        patient = base.readiness()
        base.now, base.error = VALID, Unavailable("gone")
        with pytest.raises(Unavailable, match="gone"):
            await patient.require()
        assert patient._answered == 0
        patient.close()

    asyncio.run(ask())
