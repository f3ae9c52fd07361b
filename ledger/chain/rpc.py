"""JSON-RPC 2.0 over bytes: what `POST /rpc` serves, for the embedded chain or in front of a remote
one.

It checks form and limits, passes on the methods that are open to anyone, and never lets an
exception out: whatever happens, the answer is JSON-RPC. It knows no HTTP.

Source: https://www.jsonrpc.org/specification
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, cast

import orjson
from web3.types import RPCEndpoint, RPCResponse

from ledger.chain.encoding import Json, JsonObject
from ledger.chain.errors import (
    ChainUnavailable,
    RpcInternalError,
    RpcInvalidRequest,
    RpcLimitExceeded,
    RpcMethodNotFound,
    RpcParseError,
)
from ledger.chain.methods import METHODS
from ledger.chain.provider import error_object
from ledger.errors import ConcordError

_log = logging.getLogger(__name__)


class Provider(Protocol):
    """The part of a web3.py provider that is needed here."""

    def make_request(self, method: RPCEndpoint, params: object) -> RPCResponse:
        """Answer one request."""
        ...

    def make_batch_request(
        self, requests: list[tuple[RPCEndpoint, object]]
    ) -> list[RPCResponse] | RPCResponse:
        """Answer several, in order; or a single error for all."""
        ...


@dataclass(frozen=True, slots=True)
class RpcLimits:
    """What one body may ask for."""

    max_body_bytes: int = 4 * 1024 * 1024
    max_batch_requests: int = 500


@dataclass(frozen=True, slots=True)
class _Request:
    """One request of a body, well formed or not."""

    request_id: Json
    method: str
    params: Json
    is_notification: bool
    error: ConcordError | None = None


class RpcEndpoint:
    """Answers request bodies from a provider. Safe to use from any thread, blocking: run it in a
    thread pool.

    Args:
        provider: embedded or HTTP.
        methods: names that are open; anything else is answered with "method not found".
        limits: of one body.
    """

    def __init__(
        self,
        provider: Provider,
        *,
        methods: frozenset[str] = frozenset(METHODS),
        limits: RpcLimits | None = None,
    ) -> None:
        self._provider = provider
        self._methods = methods
        self._limits = limits or RpcLimits()

    def dispatch(self, body: bytes) -> bytes:
        """Answer a body.

        Returns:
            The JSON of the response or the list of responses; empty if the body holds notifications
            only.
        """
        try:
            parsed = self._parse(body)
        except ConcordError as error:
            return orjson.dumps(_answer(None, {"error": error_object(error)}))
        if isinstance(parsed, list):
            answers = self._answer_all([self._request(each) for each in parsed])
            return orjson.dumps(answers) if answers else b""
        answers = self._answer_all([self._request(parsed)])
        return orjson.dumps(answers[0]) if answers else b""

    def _parse(self, body: bytes) -> Json:
        if len(body) > self._limits.max_body_bytes:
            raise RpcLimitExceeded(
                f"body of {len(body)} bytes, the limit is {self._limits.max_body_bytes} bytes"
            )
        try:
            parsed: Json = orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise RpcParseError(f"parse error: {error}") from error
        if parsed == []:
            raise RpcInvalidRequest("invalid request: the batch is empty")
        if isinstance(parsed, list) and len(parsed) > self._limits.max_batch_requests:
            raise RpcLimitExceeded(
                f"batch of {len(parsed)} requests, "
                f"the limit is {self._limits.max_batch_requests} requests"
            )
        return parsed

    def _request(self, value: Json) -> _Request:
        if not isinstance(value, dict):
            return _invalid(None, "invalid request: want an object")
        request_id = value.get("id")
        if isinstance(request_id, bool) or not isinstance(request_id, str | int | float | None):
            return _invalid(None, "invalid request: the id must be a string, a number or null")
        method = value.get("method")
        if value.get("jsonrpc") != "2.0" or not isinstance(method, str):
            return _invalid(request_id, 'invalid request: want "jsonrpc": "2.0" and a method')
        error = None
        if method not in self._methods:
            error = RpcMethodNotFound(f"the method {method[:64]} does not exist/is not available")
        return _Request(request_id, method, value.get("params"), "id" not in value, error)

    def _answer_all(self, requests: Sequence[_Request]) -> list[JsonObject]:
        wanted = [each for each in requests if each.error is None]
        results = iter(_guarded(lambda: self._ask(wanted), len(wanted)))
        answers: list[JsonObject] = []
        for request in requests:
            result = next(results) if request.error is None else None
            if result is None and request.error is not None:
                result = {"error": error_object(request.error)}
            if result is not None and not request.is_notification:
                answers.append(_answer(request.request_id, result))
        return answers

    def _ask(self, requests: Sequence[_Request]) -> Sequence[RPCResponse]:
        if not requests:
            return []
        calls = [(RPCEndpoint(each.method), each.params) for each in requests]
        if len(calls) == 1:
            return [self._provider.make_request(*calls[0])]
        responses = self._provider.make_batch_request(
            cast("list[tuple[RPCEndpoint, object]]", calls)
        )
        if isinstance(responses, list) and len(responses) == len(calls):
            return responses
        raise ChainUnavailable("the chain's node does not answer batches: send single requests")


def _guarded(ask: Callable[[], Sequence[RPCResponse]], count: int) -> list[Mapping[str, object]]:
    """The responses, or the same error for every request."""
    try:
        return [cast("Mapping[str, object]", response) for response in ask()]
    except ConcordError as error:
        failure = error_object(error)
    except OSError as error:
        # The HTTP provider's connection errors; what they hold (addresses) is for the log, not for
        # callers.
        _log.warning("the chain's node cannot be reached: %s", error)
        failure = error_object(ChainUnavailable("the chain's node cannot be reached: try again"))
    except Exception:  # noqa: BLE001
        # The last line: a client gets JSON-RPC whatever breaks, and the log gets the reason.
        _log.exception("a JSON-RPC request failed")
        failure = error_object(RpcInternalError("internal error: the server's log has the reason"))
    return [{"error": failure}] * count


def _invalid(request_id: Json, message: str) -> _Request:
    # A request that cannot be understood is answered even without an id (section 5: with id null).
    return _Request(request_id, "", None, is_notification=False, error=RpcInvalidRequest(message))


def _answer(request_id: Json, response: Mapping[str, object]) -> JsonObject:
    answer: JsonObject = {"jsonrpc": "2.0", "id": request_id}
    if "error" in response:
        answer["error"] = cast("Json", response["error"])
    else:
        answer["result"] = cast("Json", response.get("result"))
    return answer
