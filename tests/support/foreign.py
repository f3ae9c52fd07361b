"""A log client made of other people's code: built by `install_logclient.sh`, run as a process."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from pathlib import Path

SUPPORT = Path(__file__).parent


class ForeignClientRefuses(Exception):
    """The foreign client finds something wrong with the log; the message is its own."""


def logclient_binary() -> Path:
    """Where `install_logclient.sh` puts what it builds of the present sources."""
    cache = Path(os.environ.get("CONCORD_TEST_CACHE", Path.home() / ".cache" / "concord-tests"))
    sources = [(SUPPORT / "logclient" / name).read_bytes() for name in ("main.go", "go.sum")]
    version = hashlib.sha256(b"".join(sources)).hexdigest()[:16]
    return cache / f"logclient-{version}" / "logclient"


def verify_with_go(binary: Path, server: str, verifier_key: str, *more: str) -> dict[str, int]:
    """What the Go client has verified, by name.

    Raises:
        ForeignClientRefuses: it has not.
    """
    done = subprocess.run(
        [binary, server, verifier_key, *more], capture_output=True, text=True, timeout=120
    )
    if done.returncode != 0:
        raise ForeignClientRefuses(done.stderr)
    verified: dict[str, int] = json.loads(done.stdout)
    return verified
