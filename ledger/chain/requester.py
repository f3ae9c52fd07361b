"""Asking a node: retries, and its errors by name.

A request that gets no answer is repeated with growing pauses; after the last attempt the chain is
unavailable. Every method that is asked here may be repeated safely: reads, and
`eth_sendRawTransaction`, whose effect is fixed by the bytes sent. After each outage, as at the
start, the chain id is compared before anything else is believed. What is no JSON (a page of a
proxy's, half an answer) is no answer.

A node that did not answer a whole round of attempts is down until it answers again. It is left
alone for a moment, then one caller at a time tries, once; whoever asks meanwhile is told at once.
So an outage does not tie up every thread there is, also where the node takes requests and never
answers them.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar, cast

from web3.types import RPCEndpoint, RPCResponse

from ledger.chain.encoding import Json
from ledger.chain.errors import (
    ChainAnswerInvalid,
    ChainRefused,
    ChainUnavailable,
    ExecutionReverted,
    RpcFault,
    WrongChain,
)
from ledger.chain.failures import revert_reason
from ledger.chain.rpc import Provider
from ledger.chain.values import read_quantity
from ledger.errors import ConcordError

_T = TypeVar("_T")
_log = logging.getLogger(__name__)
_REVERTED = 3
Call = tuple[str, Sequence[Json]]


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How long a node is asked before it counts as down.

    Attributes:
        attempts: in all, at least 1; of a node that is down already, one.
        first_pause_seconds: before the second attempt; doubles with each.
        longest_pause_seconds: where the doubling ends.
        patience_seconds: after the first attempt began; later on no other begins. So a node that
            hangs, where each attempt takes its whole timeout, counts as down after two of five.
        rest_seconds: after the last attempt, before the node is asked again.
    """

    attempts: int = 5
    first_pause_seconds: float = 0.2
    longest_pause_seconds: float = 5.0
    patience_seconds: float = 15.0
    rest_seconds: float = 1.0


class Requester:
    """Asks one provider. Safe to use from any thread.

    Args:
        provider: embedded or HTTP.
        chain_id: what the node must answer for; None takes what it says at the first request.
        retry: see RetryPolicy.
        sleep: waits that many seconds.
    """

    def __init__(
        self,
        provider: Provider,
        *,
        chain_id: int | None,
        retry: RetryPolicy,
        sleep: Callable[[float], None],
    ) -> None:
        self._provider = provider
        self._expected_chain_id = chain_id
        self._retry = retry
        self._sleep = sleep
        self._chain_checked = False
        # Threads may overwrite each other's, which are of the same outage.
        self._is_down = False
        # Of a monotonic clock.
        self._rests_until = 0.0
        # Held by the one who tries whether a node that was down is back.
        self._trying = threading.Lock()

    @property
    def chain_id(self) -> int:
        """The chain id that is configured, and that every answer is held to; else the node's.

        Raises:
            ChainUnavailable: none is configured; see `ask`.
        """
        if self._expected_chain_id is None:
            self._with_retries(self._check_chain, self._retry.attempts)
        return cast("int", self._expected_chain_id)

    def check_chain(self) -> None:
        """Asks the node for its chain id, once, unless it has told since the last outage.

        Raises:
            WrongChain, ChainUnavailable: see `ask`.
        """
        self._with_retries(self._check_chain, 1)

    def ask(self, method: str, *arguments: Json) -> Json:
        """The result of one request.

        Raises:
            ChainUnavailable: no answer after all attempts.
            WrongChain: the node is another chain's.
            ExecutionReverted: a contract reverted.
            ChainRefused: any other error of the node's.
            ChainAnswerInvalid: the answer is JSON and no JSON-RPC.
        """
        return self._with_retries(lambda: self._ask_once(method, arguments), self._retry.attempts)

    def ask_many(self, calls: Sequence[Call]) -> list[Json | ConcordError]:
        """The results of several requests in one round trip; what `ask` would raise for one stands
        in its place.

        Raises:
            ChainUnavailable, WrongChain, ChainAnswerInvalid: for all of them.
        """
        if not calls:
            return []
        return self._with_retries(lambda: self._ask_many_once(calls), self._retry.attempts)

    def _ask_once(self, method: str, arguments: Sequence[Json]) -> Json:
        self._check_chain()
        result = _result(self._provider.make_request(RPCEndpoint(method), list(arguments)))
        if isinstance(result, ConcordError):
            raise result
        return result

    def _ask_many_once(self, calls: Sequence[Call]) -> list[Json | ConcordError]:
        self._check_chain()
        try:
            responses = self._provider.make_batch_request(
                [(RPCEndpoint(method), list(arguments)) for method, arguments in calls]
            )
        except (AttributeError, TypeError) as error:
            # web3.py orders the answers by their ids, whatever they are.
            raise ChainAnswerInvalid("the node answered a batch with no JSON-RPC") from error
        if not isinstance(responses, list) or len(responses) != len(calls):
            raise ChainAnswerInvalid("the node did not answer a batch request by request")
        return [_result(response) for response in responses]

    def _check_chain(self) -> None:
        if self._chain_checked:
            return
        result = _result(self._provider.make_request(RPCEndpoint("eth_chainId"), []))
        if isinstance(result, ConcordError):
            raise result
        found = read_quantity(result)
        if self._expected_chain_id is None:
            self._expected_chain_id = found
        if found != self._expected_chain_id:
            raise WrongChain(
                f"the node answers for chain {found}, configured is {self._expected_chain_id}: "
                "check the chain's URL"
            )
        self._chain_checked = True

    def _with_retries(self, attempt: Callable[[], _T], attempts: int) -> _T:
        if not self._is_down:
            return self._round(attempt, attempts)
        if not self._trying.acquire(blocking=False):
            raise _still_away()
        try:
            return self._round(attempt, 1)
        finally:
            self._trying.release()

    def _round(self, attempt: Callable[[], _T], attempts: int) -> _T:
        pause = self._retry.first_pause_seconds
        patient_until = time.monotonic() + self._retry.patience_seconds
        for remaining in reversed(range(attempts)):
            if time.monotonic() < self._rests_until:
                break
            try:
                return self._answered(attempt)
            except (OSError, ValueError) as error:
                # Connection errors, timeouts and HTTP status codes of the HTTP provider are all
                # OSErrors; ValueErrors are its JSON's.
                self._chain_checked = False
                if remaining == 0 or time.monotonic() >= patient_until:
                    self._is_down = True
                    self._rests_until = time.monotonic() + self._retry.rest_seconds
                    raise _unavailable(error) from error
            self._sleep(pause)
            pause = min(2 * pause, self._retry.longest_pause_seconds)
        raise _still_away()

    def _answered(self, attempt: Callable[[], _T]) -> _T:
        """What an attempt comes to; a refusal is an answer, too."""
        try:
            result = attempt()
        except ConcordError:
            self._is_down = False
            raise
        self._is_down = False
        return result


def _still_away() -> ChainUnavailable:
    return ChainUnavailable("the chain's node did not answer a moment ago: try again")


def _unavailable(error: OSError | ValueError) -> ChainUnavailable:
    if isinstance(error, OSError):
        # What the HTTP provider says of it holds the node's URL, and that may hold the operator's
        # key to it: for the log, not for callers.
        _log.info("the chain's node cannot be reached: %s", error)
        return ChainUnavailable(f"the chain's node cannot be reached: {_reason(error)}")
    return ChainUnavailable(
        f"the chain's node answers no JSON ({error}): check the chain's URL, and what stands in "
        "front of the node"
    )


def _reason(error: OSError) -> str:
    """Why, in the words of the system where they are its; never with an address."""
    status = getattr(getattr(error, "response", None), "status_code", None)
    if status is not None:
        return f"HTTP status {status}"
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.strerror:
            return cause.strerror
        cause = cause.__cause__ or cause.__context__
    return type(error).__name__


def _result(response: RPCResponse) -> Json | ConcordError:
    if not isinstance(response, Mapping):
        raise ChainAnswerInvalid(f"the node answered no JSON-RPC: {response!r:.80}")
    error = cast("Json", response.get("error"))
    if error is None:
        return cast("Json", response.get("result"))
    if not isinstance(error, dict):
        return ChainRefused(f"the node refused: {error!r:.200}", 0)
    code, message = error.get("code"), str(error.get("message"))[:1024]
    output = _revert_output(error.get("data"))
    if code == _REVERTED or output or message.startswith("execution reverted"):
        reason = revert_reason(output)
        text = message if reason is None else f"execution reverted: {reason}"
        return ExecutionReverted(text, output)
    return ChainRefused(f"the node refused: {message}", code if isinstance(code, int) else 0)


def _revert_output(data: Json) -> bytes:
    """What a contract reverted with, wherever the node's make puts it."""
    if isinstance(data, dict):
        data = data.get("data")
    if isinstance(data, str) and data.startswith("0x"):
        try:
            return bytes.fromhex(data[2:])
        except ValueError:
            return b""
    return b""


def is_fault(error: ConcordError, words: str) -> bool:
    """Whether a node's refusal is the one that every client words like this ("nonce too low")."""
    return isinstance(error, ChainRefused | RpcFault) and words in str(error).lower()
