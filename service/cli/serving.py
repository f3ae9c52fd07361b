"""A server beside other work in the same process, and the socket that it listens on."""

from __future__ import annotations

import logging
import socket
import threading
import time
from types import TracebackType
from typing import Self

from ledger.errors import Unavailable
from service.app import create_server
from service.settings import Settings

STARTS_WITHIN_SECONDS = 60.0
STOPS_WITHIN_SECONDS = 60.0
PORTS_TO_TRY = 20
"""How many ports after the usual one are tried before any free one is taken."""


class PortTaken(Unavailable):
    """Another program listens on that port."""

    code = "port-taken"
    remedy = "Stop the other program, or choose another `--port`."


class ServerFailed(Unavailable):
    """The server did not start."""

    code = "server-failed"
    remedy = "Read the cause above the message."


def listen(host: str, port: int, *, option: str = "--port") -> socket.socket:
    """A socket that listens, or will; port 0 takes any free one.

    Args:
        host: address.
        port: number.
        option: that chooses another port.

    Raises:
        PortTaken: saying what to do.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    found = socket.socket(family)
    try:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind((host, port))
    except OSError as error:
        found.close()
        raise PortTaken(
            f"Port {port} of {host} cannot be used ({error.strerror}); choose another with "
            f"{option}."
        ) from error
    return found


def listen_nearby(host: str, port: int) -> socket.socket:
    """A socket on that port, or on the next free one."""
    for candidate in (*range(port, port + PORTS_TO_TRY), 0):
        try:
            return listen(host, candidate)
        except PortTaken:
            continue
    raise PortTaken(f"No port of {host} can be used.")


def address_of(listener: socket.socket) -> str:
    """The address that clients on this machine use."""
    host, port = listener.getsockname()[:2]
    reachable = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared only
    return f"http://[{reachable}]:{port}" if ":" in reachable else f"http://{reachable}:{port}"


class BackgroundServer:
    """The service in a thread, while the main thread does something else. Use it as a context.

    Args:
        settings: of the service.
        listener: as `listen` returns it.
    """

    def __init__(self, settings: Settings, listener: socket.socket) -> None:
        self._server = create_server(settings)
        # The story is told on the terminal; what the server says of itself would stand in between.
        logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
        self._thread = threading.Thread(
            target=self._server.run, args=([listener],), name="concord-server", daemon=True
        )

    def __enter__(self) -> Self:
        self._thread.start()
        deadline = time.monotonic() + STARTS_WITHIN_SECONDS
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > deadline:
                raise ServerFailed("The server did not start; what it printed above says why.")
            self._thread.join(0.01)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.should_exit = True
        self._thread.join(STOPS_WITHIN_SECONDS)

    def wait(self) -> None:
        """Until it stops by itself, which it does not, or a signal comes."""
        self._thread.join()
