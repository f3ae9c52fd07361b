"""Locks between processes: one holds, the others know, and a death sets free."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager

import psycopg
import pytest

from ledger.store import locks
from ledger.store.engine import Database, open_database
from ledger.store.errors import DatabaseDown, DatabaseLocked
from ledger.store.locks import SharedLock
from tests.support.postgres import Server
from tests.support.servers import ROOT
from tests.support.waiting import await_that

HOLDER = """
import sys
from ledger.store.engine import open_database
from ledger.store.locks import SharedLock
lock = SharedLock(open_database(sys.argv[1]), "work")
print(lock.is_held(), flush=True)
sys.stdin.read()
"""


@contextmanager
def holder(url: str) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the lock, until it is killed."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, url],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "True\n"
        yield process
    finally:
        process.kill()
        process.communicate()


def test_one_process_holds_it_and_its_death_sets_it_free(
    database_url: str, empty_database: Database
) -> None:
    mine = SharedLock(empty_database, "work")
    with holder(database_url) as other:
        assert not mine.is_held()
        assert not mine.is_held()
        other.kill()
        await_that(mine.is_held)
    assert mine.is_held()
    mine.close()


def test_a_turn_waits_for_the_one_before_it(empty_database: Database) -> None:
    first, second = (SharedLock(empty_database, "turn") for _ in range(2))
    order: list[str] = []
    entered = threading.Event()

    def wait_for_it() -> None:
        entered.set()
        with second.held():
            order.append("second")

    with ThreadPoolExecutor(1) as pool:
        with first.held():
            waiting = pool.submit(wait_for_it)
            assert entered.wait(60)
            order.append("first")
        waiting.result(60)
    assert order == ["first", "second"]
    with first.held():
        pass
    first.close()
    second.close()


def test_no_two_are_ever_inside_at_once(database_url: str) -> None:
    inside = 0

    def enter_often(lock: SharedLock) -> None:
        nonlocal inside
        for _ in range(25):
            with lock.held():
                inside += 1
                assert inside == 1
                inside -= 1

    with ExitStack() as stack:
        databases = [open_database(database_url) for _ in range(3)]
        for database in databases:
            stack.callback(database.dispose)
        several = [SharedLock(database, "turn") for database in databases]
        with ThreadPoolExecutor(6) as pool:
            for done in [pool.submit(enter_often, each) for each in several * 2]:
                done.result(60)
        for each in several:
            each.close()


def test_who_waits_too_long_for_a_turn_is_told(
    empty_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locks, "TURN_SECONDS", 0.05)
    first, second = (SharedLock(empty_database, "turn") for _ in range(2))
    with first.held(), pytest.raises(DatabaseLocked, match="turn"), second.held():
        pytest.fail("two are inside")
    with second.held():
        pass
    first.close()
    second.close()


def test_other_names_are_other_locks(empty_database: Database) -> None:
    first, second = SharedLock(empty_database, "one"), SharedLock(empty_database, "two")
    assert first.is_held()
    assert second.is_held()
    first.close()
    second.close()


@pytest.mark.postgres
def test_with_its_connection_a_lock_is_lost_and_can_be_held_anew(postgres_server: Server) -> None:
    url = postgres_server.new_database()
    database = open_database(url)
    first, second = (SharedLock(database, "work") for _ in range(2))
    assert first.is_held()
    _end_sessions(postgres_server, url)
    assert second.is_held()
    assert not first.is_held()
    second.close()
    assert first.is_held()
    with SharedLock(database, "turn").held():
        _end_sessions(postgres_server, url)
    first.close()
    database.dispose()
    postgres_server.drop(url)


@pytest.mark.postgres
def test_a_database_that_is_gone_is_named(postgres_server: Server) -> None:
    url = postgres_server.new_database()
    database = open_database(url)
    lock = SharedLock(database, "work")
    assert lock.is_held()
    database.dispose()
    postgres_server.drop(url)
    with pytest.raises(DatabaseDown):
        lock.is_held()


def _end_sessions(server: Server, url: str) -> None:
    """Ends every session on a database, as a failing network would."""
    with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
            [url.rpartition("/")[2]],
        )
