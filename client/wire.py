"""Requests and answers without a network, so that the sync and the async client are one.

An *operation* is a generator: it yields the requests it needs one after the other, is sent the
answers, and returns its result. It does no I/O. `client.sync` and `client.aio` drive operations
over HTTP, each in a few lines.
"""

from __future__ import annotations

import random
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias, TypeVar

import orjson

from client.errors import ServerProblem, UnexpectedAnswer
from ledger.events.canonical import JsonObject, JsonValue

T = TypeVar("T")
RETRIED_STATUSES = frozenset({408, 429, 502, 503, 504})
_MAX_DOUBLINGS = 64


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request.

    All of Concord's are safe to send twice: writes are idempotent by (actor, nonce), and a contract
    takes a ballot, a delegation or a transaction once.

    Attributes:
        body: its content, of the type `content_type`.
        token: of a session, where one was opened.
        delay: seconds to wait before it is sent.
    """

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    content_type: str = "application/json"
    token: str | None = None
    delay: float = 0.0


@dataclass(frozen=True, slots=True)
class Response:
    """One HTTP answer. `retry_after` is in seconds."""

    status: int
    body: bytes
    retry_after: float | None = None


Operation: TypeAlias = Generator[Request, Response, T]


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often and how long to try.

    Attributes:
        attempts: at the most, the first included.
        first_delay: seconds before the second attempt; doubles each time, with jitter.
        longest_delay: seconds; also caps what a server asks for in Retry-After.
        timeout: seconds for one attempt.
    """

    attempts: int = 6
    first_delay: float = 0.2
    longest_delay: float = 10.0
    timeout: float = 30.0

    def delay(self, attempt: int, retry_after: float | None, jitter: random.Random) -> float:
        """Seconds to wait after the `attempt`th attempt (from 1) failed."""
        doublings = min(attempt - 1, _MAX_DOUBLINGS)
        backoff = min(self.longest_delay, self.first_delay * float(2**doublings))
        backoff *= jitter.uniform(0.5, 1.0)
        return max(backoff, min(retry_after or 0.0, self.longest_delay))


def get(path: str, **query: str | int | None) -> Request:
    """A GET request; parameters that are None are left out."""
    return Request("GET", path, {k: str(v) for k, v in query.items() if v is not None})


def post(path: str, value: object) -> Request:
    """A POST request with a JSON body."""
    return Request("POST", path, body=orjson.dumps(value))


def read_object(response: Response) -> JsonObject:
    """The JSON object in a successful answer.

    Raises:
        ServerProblem: if the answer is problem details.
        UnexpectedAnswer: if it is no JSON object.
    """
    check(response)
    try:
        value = orjson.loads(response.body)
    except orjson.JSONDecodeError as error:
        raise UnexpectedAnswer("The server's answer is not JSON; is this a Concord API?") from error
    if not isinstance(value, dict):
        raise UnexpectedAnswer("The server's answer is not a JSON object.")
    return value


def check(response: Response) -> None:
    """Raises what the server reports.

    Raises:
        ServerProblem: for any status but success; redirects are not followed.
    """
    if 200 <= response.status < 300:
        return
    try:
        value = orjson.loads(response.body)
    except orjson.JSONDecodeError:
        value = None
    raise problem_of(response.status, value, response.retry_after)


def problem_of(status: int, value: JsonValue, retry_after: float | None = None) -> ServerProblem:
    """The exception for problem details."""
    if not isinstance(value, dict):
        said = f"The server answered {status}."
        return ServerProblem(status, f"http-{status}", said, retry_after)
    code = value.get("code") or str(value.get("type", "")).rsplit("/", 1)[-1] or f"http-{status}"
    detail = value.get("detail") or value.get("title") or f"The server answered {status}."
    return ServerProblem(status, str(code), str(detail), retry_after)


def text(value: JsonObject, name: str) -> str:
    """A string field of an answer.

    Raises:
        UnexpectedAnswer: if it is missing or something else.
    """
    item = value.get(name)
    if not isinstance(item, str):
        raise UnexpectedAnswer(f"The server's answer lacks the text {name!r}.")
    return item


def integer(value: JsonObject, name: str) -> int:
    """An integer field of an answer.

    Raises:
        UnexpectedAnswer: if it is missing or something else.
    """
    item = value.get(name)
    if not isinstance(item, int) or isinstance(item, bool):
        raise UnexpectedAnswer(f"The server's answer lacks the integer {name!r}.")
    return item
