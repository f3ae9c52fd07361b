"""The dashboard as people run it: a process of its own, on a port of its own."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from dashboard.__main__ import command, environment
from tests.support.ports import free_port

STARTS_WITHIN = 120.0


class DashboardProcess:
    """The dashboard for a server.

    Args:
        server: address of the API.
        state: folder of what it believes.

    Attributes:
        url: where it listens.
    """

    def __init__(self, server: str, state: Path) -> None:
        self._port = free_port()
        self._environment = environment(server, state=state)
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"http://127.0.0.1:{self._port}"

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            command(address="127.0.0.1", port=self._port),
            env=self._environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + STARTS_WITHIN
        while not self._healthy():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("the dashboard did not start")
            time.sleep(0.05)
        return self

    def _healthy(self) -> bool:
        try:
            return httpx.get(f"{self.url}/_stcore/health", timeout=2).status_code == 200
        except httpx.TransportError:
            return False

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._process is not None
        self._process.terminate()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(20)
