"""A real PostgreSQL 15 server for tests: set up, started, asked for fresh databases, stopped."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from tests.support.peers import absent
from tests.support.ports import free_port

_FOLDERS = (Path("/usr/lib/postgresql/15/bin"), Path("/usr/pgsql-15/bin"))
_USER = "concord"


@dataclass(frozen=True, slots=True)
class Server:
    """A running server.

    Attributes:
        port: on the loopback interface.
        data: its data directory.
        binaries: where `pg_ctl` is.
    """

    port: int
    data: Path
    binaries: Path

    def url(self, database: str) -> str:
        return f"postgresql://{_USER}@127.0.0.1:{self.port}/{database}"

    def new_database(self, *, template: str | None = None) -> str:
        """Makes a database and returns its URL.

        Args:
            template: URL of a database that nobody is connected to, to copy; None: an empty one.
        """
        name = f"ledger_{secrets.token_hex(6)}"
        copied = "" if template is None else f' TEMPLATE "{_name(template)}"'
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"{copied}')
        return self.url(name)

    def drop(self, url: str) -> None:
        """Drops a database that `new_database` has made."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f'DROP DATABASE "{_name(url)}" WITH (FORCE)')

    def start(self) -> None:
        """Starts the server and waits until it answers."""
        options = f"-p {self.port} -h 127.0.0.1 -k {self.data.parent / 'sockets'}"
        self.control("-o", options, "-l", str(self.data / "server.log"), "start")

    def control(self, *arguments: str) -> None:
        """Runs `pg_ctl` on this server."""
        _run(self.binaries / "pg_ctl", "-D", self.data, "-w", *arguments)


def _name(url: str) -> str:
    return url.rpartition("/")[2]


def binaries() -> Path | None:
    """The folder of PostgreSQL 15's binaries, if it is installed."""
    found = shutil.which("initdb")
    folders = [*_FOLDERS, *([Path(found).parent] if found else [])]
    return next((folder for folder in folders if (folder / "initdb").exists()), None)


@contextmanager
def running_server() -> Iterator[Server]:
    """A server for as long as the context lasts; skips the test where there is no PostgreSQL.

    On CI it must be there: a skipped test would pass for a tested one.
    """
    folder = binaries()
    if folder is None:
        absent("PostgreSQL 15 is not installed (Debian: postgresql-15)")
    with tempfile.TemporaryDirectory(prefix="concord-postgres-") as name:
        home = Path(name)
        home.chmod(0o755)
        data, sockets = home / "data", home / "sockets"
        for path in (data, sockets):
            path.mkdir(mode=0o700)
            if os.geteuid() == 0:
                shutil.chown(path, "postgres")
        port = free_port()
        _run(folder / "initdb", "-D", data, "-A", "trust", "-U", _USER, "--no-sync", "-E", "UTF8")
        server = Server(port, data, folder)
        server.start()
        try:
            yield server
        finally:
            server.control("-m", "immediate", "stop")


def _run(*command: str | Path) -> None:
    # PostgreSQL refuses to run as root.
    account = "postgres" if os.geteuid() == 0 else None
    subprocess.run(
        list(map(str, command)),
        check=True,
        cwd="/",
        stdout=subprocess.DEVNULL,
        user=account,
        group=account,
        extra_groups=None if account is None else [],
    )
