"""A line to a server on this machine that can be cut, as cables are, and mended."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from tests.support.ports import free_port

_PIECE = 1 << 16


class Line:
    """Passes TCP connections on to a server. Use it as a context; it starts mended.

    Args:
        target: base URL of the server; what is reached can be changed while the line is cut.
        is_cut: whether nobody answers at first.

    Attributes:
        url: where clients connect to, whether the line is cut or not.
        target: see above.
        cut_before: what a client's message begins with that is not passed on any more: the line is
            cut instead. Empty for none.
        on_sent: told how many bytes clients have sent, all connections together, before the last of
            them are passed on.
    """

    def __init__(self, target: str, *, is_cut: bool = False) -> None:
        self.target = target
        self.cut_before = b""
        self.on_sent: Callable[[int], None] = lambda _: None
        self._sent = 0
        self._port = free_port()
        self.url = f"http://127.0.0.1:{self._port}"
        self._starts_cut = is_cut
        # Guards both: the listener's thread adds connections, the test's closes them.
        self._lock = threading.Lock()
        self._listener: socket.socket | None = None
        self._open: list[socket.socket] = []

    def __enter__(self) -> Self:
        if not self._starts_cut:
            self.mend()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.cut()

    def mend(self) -> None:
        """Listens: connections reach the server."""
        listener = socket.create_server(("127.0.0.1", self._port), backlog=256)
        with self._lock:
            self._listener = listener
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def cut(self) -> None:
        """Ends every connection at once; new ones are refused."""
        with self._lock:
            if self._listener is not None:
                # Wakes whoever accepts.
                self._shut(self._listener)
            self._listener = None
            for connection in self._open:
                self._shut(connection)
            self._open.clear()

    def _accept(self, listener: socket.socket) -> None:
        address = urlsplit(self.target)
        while True:
            try:
                near, _ = listener.accept()
            except OSError:
                return
            try:
                far = socket.create_connection((address.hostname or "", address.port or 80))
            except OSError:
                near.close()
                continue
            with self._lock:
                if self._listener is not listener:
                    near.close()
                    far.close()
                    return
                self._open += [near, far]
            for ends in ((near, far, True), (far, near, False)):
                threading.Thread(target=self._pass_on, args=ends, daemon=True).start()

    def _pass_on(self, source: socket.socket, sink: socket.socket, is_sent: bool) -> None:
        with suppress(OSError):
            while piece := source.recv(_PIECE):
                if is_sent:
                    if self.cut_before and piece.startswith(self.cut_before):
                        self.cut()
                        break
                    with self._lock:
                        self._sent += len(piece)
                        sent = self._sent
                    self.on_sent(sent)
                sink.sendall(piece)
        self._shut(source)
        self._shut(sink)

    @staticmethod
    def _shut(connection: socket.socket) -> None:
        with suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)
        connection.close()
