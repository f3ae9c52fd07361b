"""The dashboard beside the demo's server, in a process of its own.

Rules:
- It listens on this machine only: keystore files are opened in it.
- It ends with the demo, however that ends (see `service.demo.warden`).
- It is started by its module's name and never imported: the service knows no pages.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import httpx

from service.cli.serving import address_of, listen, listen_nearby

LOCAL = "127.0.0.1"
USUAL_PORT = 8501
STARTS_WITHIN_SECONDS = 60.0
STOPS_WITHIN_SECONDS = 20.0
_LOOK_SECONDS = 0.1


def is_installed() -> bool:
    """Whether there is what the dashboard is drawn with, and the dashboard."""
    return all(find_spec(name) is not None for name in ("streamlit", "dashboard"))


@dataclass(frozen=True, slots=True)
class Dashboard:
    """A dashboard that is starting or there.

    Attributes:
        address: where it listens.
        log: file of what it prints.
        warden: the process that ends it.
    """

    address: str
    log: Path
    warden: subprocess.Popen[bytes]

    def answers(self) -> bool:
        """Waits until it is there; false if it ended or is not there in time."""
        deadline = time.monotonic() + STARTS_WITHIN_SECONDS
        while self.warden.poll() is None and time.monotonic() < deadline:
            try:
                if httpx.get(f"{self.address}/_stcore/health", timeout=2).status_code == 200:
                    return True
            except httpx.TransportError:
                pass
            time.sleep(_LOOK_SECONDS)
        return False


@contextmanager
def open_dashboard(
    server: str, *, home: Path, log: Path, port: int | None = None
) -> Iterator[Dashboard]:
    """Starts the dashboard; ends it with the context.

    Args:
        server: address of the API.
        home: CONCORD_HOME of the demo, where what is trusted is kept.
        log: file of what it prints.
        port: to listen on; 8501 or the next free one where None.

    Raises:
        PortTaken: if the port was named and is taken.
    """
    with (
        listen_nearby(LOCAL, USUAL_PORT)
        if port is None
        else listen(LOCAL, port, option="--dashboard-port")
    ) as listener:
        address, found = address_of(listener), listener.getsockname()[1]
    dashboard = [sys.executable, "-m", "dashboard"]
    dashboard += ["--server", server, "--host", LOCAL, "--port", str(found)]
    with log.open("wb") as output:
        warden = subprocess.Popen(  # noqa: S603 - our own interpreter, no shell
            [sys.executable, "-m", "service.demo.warden", *dashboard],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=os.environ | {"CONCORD_HOME": str(home.resolve())},
            # Ctrl-C reaches the demo, which then ends the dashboard before the server.
            start_new_session=True,
        )
    with warden:
        try:
            yield Dashboard(address, log, warden)
        finally:
            if warden.stdin is not None:
                warden.stdin.close()
            try:
                warden.wait(STOPS_WITHIN_SECONDS)
            except subprocess.TimeoutExpired:
                warden.kill()
