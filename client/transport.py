"""What the sync and the async client share of HTTP: addresses, limits, failures.

Rules:
- An attempt ends after `RetryPolicy.timeout` seconds, however slowly bytes drip in.
- An answer is read up to `MAX_ANSWER_BYTES` and refused beyond.
- Redirects are not followed: nobody but the address that was named is asked.
"""

from __future__ import annotations

import ssl

import httpx

from client.errors import InvalidServer, UnexpectedAnswer, Unreachable
from client.wire import Request, Response

MAX_ANSWER_BYTES = 512 * 1024 * 1024
"""The largest answers are bundles: some 2 kB for each event that an audit rests on."""


def server_address(server: str) -> str:
    """The address of an API, without a trailing slash.

    Raises:
        InvalidServer: it is no http(s) URL.
    """
    try:
        url = httpx.URL(server)
    except httpx.InvalidURL:
        url = httpx.URL()
    is_plain = url.scheme in {"http", "https"} and not url.query and not url.fragment
    if not is_plain or not url.host or any(letter.isspace() for letter in server):
        raise InvalidServer(
            f"{server!r} is not a server's address; write one like http://127.0.0.1:8080."
        )
    return server.rstrip("/")


def trusted_by(address: str) -> ssl.SSLContext | bool:
    """Whose certificates a client of a server takes: the usual authorities'; nobody's where nothing
    is encrypted. Reading the authorities takes longer than most requests.

    Args:
        address: as `server_address` gives it. Redirects from it are not followed.
    """
    return httpx.URL(address).scheme == "https" or ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def headers_of(request: Request) -> dict[str, str]:
    """Headers of a request."""
    # A stale copy from a cache would look like a log that was rolled back.
    headers = {"Cache-Control": "no-cache"}
    if request.body is not None:
        headers["Content-Type"] = request.content_type
    if request.token is not None:
        headers["Authorization"] = f"Bearer {request.token}"
    return headers


def check_length(received: int) -> None:
    """Checks how much of an answer has come in so far, in bytes.

    Raises:
        UnexpectedAnswer: it is more than anyone waits for.
    """
    if received > MAX_ANSWER_BYTES:
        raise UnexpectedAnswer(f"The server's answer is longer than {MAX_ANSWER_BYTES} bytes.")


def as_response(answer: httpx.Response, body: bytes) -> Response:
    """Httpx's answer as `client.wire` knows it."""
    header = answer.headers.get("Retry-After", "")
    retry_after = float(header) if header.isascii() and header.isdecimal() else None
    return Response(answer.status_code, body, retry_after)


def too_slow(seconds: float) -> httpx.ReadTimeout:
    """The failure of an attempt whose answer takes too long."""
    return httpx.ReadTimeout(f"no complete answer within {seconds:g} s")


def unreachable(server: str, attempts: int, error: httpx.TransportError) -> Unreachable:
    """What to tell when the last attempt failed."""
    tried = "" if attempts == 1 else f" after {attempts} attempts"
    # httpx leaves the text of some failures empty.
    reason = str(error) or type(error).__name__
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
        return Unreachable(f"Nobody answers at {server}{tried}: {reason}. Is the server running?")
    return Unreachable(
        f"{server} did not answer{tried}: {reason}. What was sent may or may not be recorded; "
        "sending the same signed event again is safe."
    )


def unreadable(error: httpx.DecodingError) -> UnexpectedAnswer:
    """What to tell when an answer's compression is broken."""
    return UnexpectedAnswer(f"The server's answer cannot be decoded: {error}.")
