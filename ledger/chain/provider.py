"""The embedded node as a web3.py provider: what `Web3(...)` takes, without a socket in between."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

from web3.providers.base import JSONBaseProvider
from web3.types import RPCEndpoint, RPCResponse

from ledger.chain import params
from ledger.chain.encoding import Json, JsonObject, data
from ledger.chain.errors import (
    RpcFault,
    RpcInternalError,
    RpcInvalidParams,
    RpcMethodNotFound,
)
from ledger.chain.methods import DEVELOPMENT_METHODS, METHODS
from ledger.chain.node import EmbeddedNode
from ledger.errors import ConcordError

_SEND = "eth_sendRawTransaction"


def error_object(error: ConcordError) -> JsonObject:
    """The `error` member of an answer. What is no fault of the request is an internal error."""
    if not isinstance(error, RpcFault):
        error = RpcInternalError(f"{error.code}: {error}")
    answer: JsonObject = {"code": error.rpc_code, "message": str(error)}
    if error.data is not None:
        answer["data"] = error.data
    return answer


class EmbeddedProvider(JSONBaseProvider):
    """Answers JSON-RPC requests from a node in this process. Safe to use from any thread.

    Args:
        node: open for as long as the provider is used.
    """

    def __init__(self, node: EmbeddedNode) -> None:
        super().__init__()
        self.node = node
        self._methods = METHODS | (DEVELOPMENT_METHODS if node.development else {})

    def make_request(self, method: RPCEndpoint, params: object) -> RPCResponse:
        """Answer one request; errors are in the answer, as over HTTP."""
        try:
            result = self._answer(method, _plain(params))
        except ConcordError as error:
            return _response(error=error_object(error))
        return _response(result=result)

    def make_batch_request(
        self, requests: list[tuple[RPCEndpoint, object]]
    ) -> list[RPCResponse] | RPCResponse:
        """Answer requests in order. Transactions that follow one another go into one block."""
        responses: list[RPCResponse] = []
        position = 0
        while position < len(requests):
            run = _leading_sends(requests[position:])
            if len(run) > 1:
                responses += self._send_together(run)
                position += len(run)
            else:
                responses.append(self.make_request(*requests[position]))
                position += 1
        return responses

    def is_connected(self, show_traceback: bool = False) -> bool:  # noqa: ARG002, FBT001, FBT002
        """Always: there is no connection to lose."""
        return True

    def _answer(self, method: str, arguments: Json) -> Json:
        function = self._methods.get(method)
        if function is None:
            raise RpcMethodNotFound(f"the method {method[:64]} does not exist/is not available")
        if arguments is None:
            arguments = []
        if not isinstance(arguments, list):
            raise RpcInvalidParams("want params by position, as a list")
        return function(self.node, arguments)

    def _send_together(self, raw: Sequence[object]) -> list[RPCResponse]:
        decoded: list[bytes | RpcFault] = []
        for each in raw:
            try:
                decoded.append(params.data(_first(_plain(each)), "transaction"))
            except RpcInvalidParams as fault:
                decoded.append(fault)
        sent = iter(self._send([each for each in decoded if isinstance(each, bytes)]))
        outcomes = (each if isinstance(each, RpcFault) else next(sent) for each in decoded)
        return [
            _response(error=error_object(outcome))
            if isinstance(outcome, ConcordError)
            else _response(result=data(outcome))
            for outcome in outcomes
        ]

    def _send(self, raw: Sequence[bytes]) -> Sequence[bytes | ConcordError]:
        try:
            return self.node.send_raw(raw)
        except ConcordError as error:
            return [error] * len(raw)


def _leading_sends(requests: Sequence[tuple[RPCEndpoint, object]]) -> list[object]:
    run: list[object] = []
    for method, arguments in requests:
        if method != _SEND:
            break
        run.append(arguments)
    return run


def _first(arguments: Json) -> Json:
    return arguments[0] if isinstance(arguments, list) and arguments else None


def _plain(value: object) -> Json:
    """JSON for what web3.py's formatters hand over: bytes, tuples, attribute dictionaries."""
    if isinstance(value, bytes | bytearray):
        return data(bytes(value))
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return cast("Json", value)


def _response(*, result: Json = None, error: JsonObject | None = None) -> RPCResponse:
    answer: JsonObject = {"jsonrpc": "2.0", "id": 0}
    if error is None:
        answer["result"] = result
    else:
        answer["error"] = error
    return cast("RPCResponse", answer)
