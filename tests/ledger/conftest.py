"""Databases and logs for the tests of what stores them: each test on SQLite and on PostgreSQL."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.store.engine import Database, open_database
from ledger.store.migrate import migrate
from tests.support.logs import LogUnderTest, check_log
from tests.support.postgres import Server, running_server


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Server]:
    with running_server() as server:
        yield server


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty database."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'ledger.db'}"
        return
    server: Server = request.getfixturevalue("postgres_server")
    url = server.new_database()
    yield url
    server.drop(url)


@pytest.fixture
def empty_database(database_url: str) -> Iterator[Database]:
    """A database without a schema."""
    database = open_database(database_url, busy_timeout_ms=2_000)
    yield database
    database.dispose()


@pytest.fixture
def database(empty_database: Database) -> Database:
    """A database with the schema and no ledger."""
    migrate(empty_database)
    return empty_database


@pytest.fixture
def sqlite_database(tmp_path: Path) -> Iterator[Database]:
    """SQLite, for tests of what only it does."""
    database = open_database(f"sqlite:///{tmp_path / 'ledger.db'}", busy_timeout_ms=2_000)
    migrate(database)
    yield database
    database.dispose()


@pytest.fixture
def ledger(database: Database, tmp_path: Path) -> Iterator[LogUnderTest]:
    """A ledger to be created; checked as a whole when the test is over."""
    yield from _checked(LogUnderTest(database, tmp_path))


@pytest.fixture
def sqlite_ledger(sqlite_database: Database, tmp_path: Path) -> Iterator[LogUnderTest]:
    """The same, on SQLite only."""
    yield from _checked(LogUnderTest(sqlite_database, tmp_path))


@pytest.fixture
def broken_ledger(database: Database, tmp_path: Path) -> Iterator[LogUnderTest]:
    """A ledger that the test damages, so that nobody checks it afterwards."""
    under_test = LogUnderTest(database, tmp_path)
    yield under_test
    under_test.close()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 24 MiB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = shutil.which("mount")
    options = ("-t", "tmpfs", "-o", "size=24m", "tmpfs", str(disk))
    if mount is None or subprocess.run([mount, *options], check=False).returncode:
        pytest.skip("a small file system can only be mounted by root")
    yield disk
    subprocess.run(["umount", "--lazy", str(disk)], check=True)


def _checked(under_test: LogUnderTest) -> Iterator[LogUnderTest]:
    yield under_test
    under_test.close()
    if under_test.opened:
        log = under_test.open()
        try:
            check_log(log, under_test.consortium, under_test.last_signed)
        finally:
            log.close()
