"""Ports for servers that cannot be told to take any (`--port 0`) and say which."""

from __future__ import annotations

import secrets
import socket
from pathlib import Path

_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
_LOWEST = 11_000
"""Above what machines serve and what browsers refuse to speak to."""

_EPHEMERAL = 32_768
"""Where Linux begins, unless it is told otherwise."""


def free_port() -> int:
    """A port on loopback that nobody listens on.

    It is none of those that the kernel gives away by itself: any connection that another test opens
    could take one of these before the server does, or while it is down.
    """
    given = int(_RANGE.read_text().split()[0]) if _RANGE.exists() else _EPHEMERAL
    while True:
        port = _LOWEST + secrets.randbelow(max(given, 2 * _LOWEST) - _LOWEST)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
