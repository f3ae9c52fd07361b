"""Databases and logs for the tests of what stores them: each test on SQLite and on PostgreSQL.

Migrating takes longer than most tests. So it is done once, and every test gets a copy of its own.
"""

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


@pytest.fixture(scope="session")
def sqlite_schema(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database file with the schema and no ledger; copied, never opened."""
    file = tmp_path_factory.mktemp("schema") / "ledger.db"
    _migrate(_url(file))
    return file


@pytest.fixture(scope="session")
def postgres_schema(postgres_server: Server) -> str:
    """The URL of such a database on the server; copied, never opened."""
    url = postgres_server.new_database()
    _migrate(url)
    return url


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database_kind(request: pytest.FixtureRequest) -> str:
    """Which database the test runs on."""
    kind: str = request.param
    return kind


@pytest.fixture
def database_url(
    database_kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[str]:
    """The URL of an empty database."""
    if database_kind == "sqlite":
        yield _url(tmp_path / "ledger.db")
        return
    server: Server = request.getfixturevalue("postgres_server")
    url = server.new_database()
    yield url
    server.drop(url)


@pytest.fixture
def empty_database(database_url: str) -> Iterator[Database]:
    """A database without a schema."""
    yield from _opened(database_url)


@pytest.fixture
def database(database_kind: str, request: pytest.FixtureRequest) -> Iterator[Database]:
    """A database with the schema and no ledger."""
    if database_kind == "sqlite":
        yield request.getfixturevalue("sqlite_database")
        return
    server: Server = request.getfixturevalue("postgres_server")
    url = server.new_database(template=request.getfixturevalue("postgres_schema"))
    yield from _opened(url)
    server.drop(url)


@pytest.fixture
def sqlite_database(sqlite_schema: Path, tmp_path: Path) -> Iterator[Database]:
    """SQLite, for tests of what only it does."""
    file = tmp_path / "ledger.db"
    shutil.copy(sqlite_schema, file)
    yield from _opened(_url(file))


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


def _url(file: Path) -> str:
    return f"sqlite:///{file}"


def _migrate(url: str) -> None:
    database = open_database(url)
    migrate(database)
    database.dispose()


def _opened(url: str) -> Iterator[Database]:
    database = open_database(url, busy_timeout_ms=2_000)
    yield database
    database.dispose()


def _checked(under_test: LogUnderTest) -> Iterator[LogUnderTest]:
    yield under_test
    under_test.close()
    if under_test.opened:
        log = under_test.open()
        try:
            check_log(log, under_test.consortium, under_test.last_signed)
        finally:
            log.close()
