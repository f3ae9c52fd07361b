"""Clients that take their time, or far too much room: closed, bounded, and nobody else notices."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

import pytest

from tests.service.conftest import Serve, Served

HEAD = b"POST /v1/events HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\n"


@pytest.fixture
def hasty(serve: Serve) -> Served:
    """A server that waits half a second for heads and bodies."""
    return serve(head_seconds=0.5, body_seconds=0.5, idle_seconds=1, max_head_bytes=4096)


@contextmanager
def connection(served: Served) -> Iterator[socket.socket]:
    with socket.create_connection(served.server.address, timeout=20) as opened:
        yield opened


def closed_by_server(opened: socket.socket) -> bytes:
    """Everything that the server sends until it closes; waits for that."""
    received = b""
    try:
        while chunk := opened.recv(65536):
            received += chunk
    except ConnectionResetError:
        pass
    return received


def dribble(opened: socket.socket, byte: bytes) -> int:
    """Sends a byte every 50 ms until the server hangs up; how many these were."""
    opened.settimeout(0.05)
    for sent in count():
        try:
            opened.sendall(byte)
            if not opened.recv(65536):
                return sent
        except TimeoutError:
            continue
        except (ConnectionResetError, BrokenPipeError):
            return sent
    raise AssertionError


def test_a_connection_that_sends_nothing_is_closed(hasty: Served) -> None:
    with connection(hasty) as opened:
        assert closed_by_server(opened) == b""


def test_a_head_that_comes_byte_by_byte_is_cut_off(hasty: Served) -> None:
    with connection(hasty) as opened:
        opened.sendall(b"GET /v1/log HTTP/1.1\r\nX-Slow: ")
        # Long before the head would be too large.
        assert dribble(opened, b"a") < 1_000


def test_a_body_that_comes_byte_by_byte_is_cut_off(hasty: Served) -> None:
    with connection(hasty) as opened:
        opened.sendall(HEAD + b"Content-Length: 10000\r\n\r\n")
        assert dribble(opened, b" ") < 1_000


def test_a_body_to_a_path_that_does_not_read_it_is_cut_off_too(hasty: Served) -> None:
    with connection(hasty) as opened:
        opened.sendall(b"POST /v1/nothing HTTP/1.1\r\nHost: t\r\nContent-Length: 10000\r\n\r\n")
        assert dribble(opened, b" ") < 1_000


def test_a_chunked_body_without_end_is_refused_at_the_limit(hasty: Served) -> None:
    with connection(hasty) as opened:
        opened.sendall(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
        chunk = b"4000\r\n" + b" " * 0x4000 + b"\r\n"
        try:
            for _ in range(200):
                opened.sendall(chunk)
        except (ConnectionResetError, BrokenPipeError):
            pass
        assert b" 413 " in closed_by_server(opened)[:20]


def test_a_declared_body_beyond_the_limit_is_refused_before_it_is_read(hasty: Served) -> None:
    with connection(hasty) as opened:
        opened.sendall(HEAD + b"Content-Length: 1000000000000\r\n\r\n")
        answer = closed_by_server(opened)
        assert answer.startswith(b"HTTP/1.1 413 ")
        assert b"body-too-large" in answer


def test_a_head_without_end_is_refused_at_its_limit_and_the_client_reads_why(
    hasty: Served,
) -> None:
    with connection(hasty) as opened:
        opened.sendall(b"GET /v1/log HTTP/1.1\r\n")
        for n in range(2000):
            opened.sendall(b"X-%d: %b\r\n" % (n, b"a" * 100))
        answer = closed_by_server(opened)
        assert answer.startswith(b"HTTP/1.1 431 ")
        assert b"/problems/headers-too-large" in answer
        assert b"4096 bytes" in answer


def test_a_url_without_end_is_refused_at_its_limit_and_the_client_reads_why(
    hasty: Served,
) -> None:
    with connection(hasty) as opened:
        opened.sendall(b"GET /v1/verdicts?of=")
        for _ in range(200):
            opened.sendall(b"a" * 1000)
        answer = closed_by_server(opened)
        assert answer.startswith(b"HTTP/1.1 414 ")
        assert b"/problems/url-too-long" in answer
        assert b"4096 bytes" in answer


def test_who_never_stops_sending_what_was_refused_is_cut_off(hasty: Served) -> None:
    with connection(hasty) as opened:
        opened.sendall(b"GET /v1/log HTTP/1.1\r\n")
        with pytest.raises((ConnectionResetError, BrokenPipeError)):
            opened.sendall(b"X: a\r\n" * 10_000_000)


def test_a_url_that_no_parser_takes_is_called_too_long_whatever_the_limit(serve: Serve) -> None:
    for limit in (65_536, 1_000_000):
        with connection(serve(max_head_bytes=limit)) as opened:
            opened.sendall(b"GET /v1/log?%b HTTP/1.1\r\nHost: t\r\n\r\n" % (b"a" * 90_000))
            answer = closed_by_server(opened)
            assert answer.startswith(b"HTTP/1.1 414 ")
            assert b"/problems/url-too-long" in answer


@pytest.mark.parametrize(
    ("url", "header", "status"), [(5000, 1, b"414"), (1, 5000, b"431"), (2000, 1000, b"400")]
)
def test_a_head_that_comes_in_one_piece_is_measured_too(
    hasty: Served, url: int, header: int, status: bytes
) -> None:
    with connection(hasty) as opened:
        target, value = b"/healthz?q=" + b"a" * url, b"b" * header
        opened.sendall(b"GET %b HTTP/1.1\r\nHost: t\r\nX: %b\r\n\r\n" % (target, value))
        assert closed_by_server(opened).startswith(b"HTTP/1.1 " + status)


def test_an_idle_connection_is_closed_after_its_answer(hasty: Served) -> None:
    with connection(hasty) as opened:
        opened.sendall(b"GET /healthz HTTP/1.1\r\nHost: test\r\n\r\n")
        assert b"alive" in closed_by_server(opened)


def test_requests_one_behind_the_other_are_answered_in_order(hasty: Served) -> None:
    with connection(hasty) as opened:
        opened.sendall(
            b"GET /healthz HTTP/1.1\r\nHost: t\r\n\r\n"
            b"GET /v1/log HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n"
        )
        answer = closed_by_server(opened)
        assert answer.count(b"HTTP/1.1 200 OK") == 2
        assert answer.index(b"alive") < answer.index(b"verifierKey")


def test_what_is_not_http_is_refused(hasty: Served) -> None:
    for nonsense in (b"\x16\x03\x01\x02\x00", b"GET\r\n\r\n", b"hello\r\n\r\n"):
        with connection(hasty) as opened:
            opened.sendall(nonsense)
            answer = closed_by_server(opened)
            assert answer.startswith(b"HTTP/1.1 400 ")
            assert b"/problems/invalid-http" in answer


def test_two_lengths_for_one_body_are_refused(hasty: Served) -> None:
    with connection(hasty) as opened:
        lengths = b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n"
        opened.sendall(HEAD + lengths + b"0\r\n\r\n")
        assert closed_by_server(opened).startswith(b"HTTP/1.1 400")


def test_many_slow_clients_keep_nobody_else_waiting(hasty: Served) -> None:
    slow = [socket.create_connection(hasty.server.address) for _ in range(100)]
    for opened in slow:
        opened.sendall(HEAD + b"Content-Length: 10000\r\n\r\n{")
    c = hasty.consortium
    assert hasty.send(c.dataset("records")).status_code == 201
    for opened in slow:
        opened.settimeout(20)
        assert closed_by_server(opened) == b""
        opened.close()


def test_more_connections_than_allowed_are_told_to_come_back(serve: Serve) -> None:
    served = serve(max_connections=2)
    with connection(served), connection(served), connection(served) as third:
        third.sendall(b"GET /healthz HTTP/1.1\r\nHost: t\r\n\r\n")
        answer = closed_by_server(third)
        assert answer.startswith(b"HTTP/1.1 503 ")
        assert b"/problems/too-many-connections" in answer
        assert b"retry-after: 1" in answer
