"""A real Kubo node for tests: a repository of its own, its daemon, its command line.

The pinned one where install_kubo.sh has built it, else an `ipfs` on PATH; never built in a test.
Without it the tests that need it are skipped, except in CI, where they fail.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.peers import absent

_INSTALL = Path(__file__).with_name("install_kubo.sh")


def require_kubo() -> str:
    """The binary; without it the test is skipped, in CI it fails."""
    version = next(
        line.removeprefix("VERSION=")
        for line in _INSTALL.read_text().splitlines()
        if line.startswith("VERSION=")
    )
    cache = Path(os.environ.get("CONCORD_TEST_CACHE", Path.home() / ".cache" / "concord-tests"))
    built = cache / f"kubo-{version}" / "ipfs"
    if built.exists():
        return str(built)
    on_path = shutil.which("ipfs")
    if on_path is None:
        absent("no Kubo here; tests/support/install_kubo.sh builds it where Go is at hand")
    return on_path


@dataclass
class Kubo:
    """A node that speaks to nobody but this machine.

    Attributes:
        url: of its RPC, as settings name it; once started.
    """

    binary: str
    repository: Path
    daemon: subprocess.Popen[str] | None = None
    url: str = ""

    def prepare(self) -> None:
        """Makes the repository."""
        self.ipfs("init", "--empty-repo", "--profile=test")
        self.ipfs("config", "--json", "Addresses.Swarm", "[]")
        self.ipfs("config", "--json", "Addresses.Gateway", "[]")

    def ipfs(self, *arguments: str, stdin: bytes = b"") -> str:
        """What a command of the command line answers."""
        done = subprocess.run(
            [self.binary, *arguments],
            input=stdin,
            capture_output=True,
            check=True,
            env=self._environment,
        )
        return done.stdout.decode().strip()

    def start(self) -> None:
        """Starts the daemon and waits until it is ready."""
        self.daemon = subprocess.Popen(
            [self.binary, "daemon", "--offline"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=self._environment,
        )
        assert self.daemon.stdout is not None
        lines = []
        for line in self.daemon.stdout:
            lines.append(line)
            if "Daemon is ready" in line:
                break
        else:
            pytest.fail("the daemon did not start:\n" + "".join(lines))
        # A file the daemon writes: /ip4/127.0.0.1/tcp/PORT
        port = (self.repository / "api").read_text().strip().rsplit("/", 1)[-1]
        self.url = f"ipfs+http://127.0.0.1:{port}"

    def restart(self) -> None:
        """Starts the daemon again where it was reached before."""
        port = self.url.rsplit(":", 1)[1]
        self.ipfs("config", "Addresses.API", f"/ip4/127.0.0.1/tcp/{port}")
        self.start()

    def kill(self) -> None:
        """Stops the daemon at once, as a crash would."""
        if self.daemon is not None:
            self.daemon.kill()
            self.daemon.communicate()
            self.daemon = None

    @property
    def _environment(self) -> dict[str, str]:
        return {"IPFS_PATH": str(self.repository), "HOME": str(self.repository), "PATH": "/usr/bin"}
