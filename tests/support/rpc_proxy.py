"""What stands in front of a chain's node, as gateways do, and changes what it answers."""

from __future__ import annotations

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

import httpx
import orjson

QBFT_EXTRA_DATA = "0x" + "f9" + "5a" * 400
"""As long as what QBFT with four validators puts into a header (vanity, validators, seals)."""

_BLOCK_METHODS = ("eth_getBlockByNumber", "eth_getBlockByHash")


class RpcProxy:
    """Passes JSON-RPC on to a node over HTTP. Use it as a context.

    Args:
        target: URL of the node.

    Attributes:
        url: where clients connect to.
        rewrite: by method: what to make of a result; of a batch, each answer by its request.
        garble: what to make of the body of an answer; it may raise ConnectionError, and the
            connection ends without one. Told the methods of the request.
    """

    def __init__(self, target: str) -> None:
        self.rewrite: dict[str, Callable[[Any], object]] = {}
        self.garble: Callable[[list[str], bytes], bytes] = lambda _, body: body
        headers = {"content-type": "application/json"}
        self._node = httpx.Client(base_url=target, headers=headers, timeout=60)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._node.close()

    def answer(self, request: bytes) -> bytes:
        """The node's answer as it is passed on."""
        asked = orjson.loads(request)
        answered = orjson.loads(self._node.post("", content=request).content)
        requests = asked if isinstance(asked, list) else [asked]
        answers = answered if isinstance(answered, list) else [answered]
        by_id = {each["id"]: each for each in answers}
        for each in requests:
            rewrite = self.rewrite.get(each["method"])
            if rewrite is not None and "result" in by_id[each["id"]]:
                by_id[each["id"]]["result"] = rewrite(by_id[each["id"]]["result"])
        return self.garble([each["method"] for each in requests], orjson.dumps(answered))

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            # Head and body leave in one segment: two would wait for each other's acknowledgement.
            wbufsize = 1 << 16

            def do_POST(self) -> None:
                size = int(self.headers["content-length"])
                request = self.rfile.read(size)
                if len(request) < size:
                    # Killed in the middle of asking.
                    self.close_connection = True
                    return
                try:
                    body = proxy.answer(request)
                except (ConnectionError, httpx.TransportError):
                    self.close_connection = True
                    return
                self.send_response(200)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002
                """Says nothing."""

        return Handler


def seal_as_qbft(proxy: RpcProxy) -> None:
    """Blocks bear seals in their `extraData`, as those of proof-of-authority networks do."""

    def lengthen(block: dict[str, Any] | None) -> object:
        return block and block | {"extraData": QBFT_EXTRA_DATA}

    proxy.rewrite |= dict.fromkeys(_BLOCK_METHODS, lengthen)
