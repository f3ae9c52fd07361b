from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field

import httpx
import orjson
import pytest

from ledger.events import Event
from ledger.events.canonical import JsonObject
from tests.service.conftest import Serve, Served, problem_code
from tests.support.submissions import batch_body
from tests.support.waiting import await_that

STREAM = "/v1/events:stream"


@dataclass
class Message:
    """One server-sent event, or a comment."""

    fields: dict[str, str] = field(default_factory=dict)
    comment: str = ""


def messages(response: httpx.Response) -> Iterator[Message]:
    """Parses a stream as WHATWG HTML §9.2.6 says, as far as this service uses it."""
    message = Message()
    for line in response.iter_lines():
        if not line:
            yield message
            message = Message()
        elif line.startswith(":"):
            message.comment = line[1:].strip()
        else:
            name, _, value = line.partition(":")
            message.fields[name] = value.removeprefix(" ")


def leaves(response: httpx.Response, count: int) -> list[tuple[int, dict[str, object]]]:
    """The next so many leaves."""
    found: list[tuple[int, dict[str, object]]] = []
    for message in messages(response):
        if "data" in message.fields:
            assert message.fields["event"] == "leaf"
            found.append((int(message.fields["id"]), orjson.loads(message.fields["data"])))
        if len(found) == count:
            return found
    return found


@contextlib.contextmanager
def following(served: Served, path: str = STREAM, **headers: str) -> Iterator[httpx.Response]:
    with served.http.stream("GET", path, headers=headers) as response:
        assert response.status_code == 200
        assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
        assert response.headers["cache-control"] == "no-store"
        yield response


def test_a_follower_gets_what_is_there_and_then_what_comes(granted: Served) -> None:
    c = granted.consortium
    with following(granted, f"{STREAM}?from=0") as response:
        stream = messages(response)
        there = [m for m in (next(stream) for _ in range(5)) if "id" in m.fields]
        assert [m.fields["id"] for m in there] == ["0", "1", "2", "3"]
        granted.record(c.use("grant-1"))
        coming = next(stream)
        assert coming.fields["id"] == "4"
        shown = granted.get("/v1/events/4").json()
        assert orjson.loads(coming.fields["data"]) == shown


def test_a_follower_that_names_no_beginning_gets_only_what_comes(granted: Served) -> None:
    c = granted.consortium
    with following(granted) as response:
        stream = messages(response)
        assert "retry" in next(stream).fields
        index = granted.record(c.use("grant-1"))[0]
        assert next(stream).fields["id"] == str(index)


def test_a_follower_goes_on_after_the_last_event_it_has_seen(granted: Served) -> None:
    with following(granted, **{"Last-Event-ID": "1"}) as response:
        assert [index for index, _ in leaves(response, 2)] == [2, 3]
    with following(granted, f"{STREAM}?from=0", **{"Last-Event-ID": "2"}) as response:
        assert [index for index, _ in leaves(response, 1)] == [3]


def test_a_thousand_leaves_come_in_order_and_each_once(granted: Served) -> None:
    c = granted.consortium
    first = granted.get("/v1/log").json()["size"]
    with following(granted, f"{STREAM}?from={first}") as response:
        for _ in range(2):
            body = batch_body([c.use("grant-1") for _ in range(500)])
            assert granted.post_bytes("/v1/events:batch", body).status_code == 200
        found = [index for index, _ in leaves(response, 1000)]
    assert found == list(range(first, first + 1000))


def test_a_quiet_stream_says_that_it_is_alive(serve: Serve) -> None:
    served = serve(stream_pulse_seconds=0.05)
    with following(served) as response:
        stream = messages(response)
        next(stream)
        assert next(stream).comment
        assert next(stream).comment


@pytest.mark.parametrize("last", ["-1", "one", "1.5", "9" * 30, "٣"])
def test_a_last_event_id_that_is_no_index_is_refused(served: Served, last: str) -> None:
    response = served.http.get(STREAM, headers={b"Last-Event-ID": last.encode()})
    assert problem_code(response, 400) == "invalid-parameter"


def test_streams_are_counted_and_more_than_allowed_are_refused(serve: Serve) -> None:
    served = serve(max_streams=1)
    with following(served) as response:
        # Kept: httpx closes the connection with the last reference to what reads from it.
        stream = messages(response)
        next(stream)
        refused = served.get(STREAM)
        assert problem_code(refused, 503) == "too-many-streams"
        assert int(refused.headers["retry-after"]) >= 1
    wait_until_no_stream_is_open(served)
    with following(served) as response:
        assert "retry" in next(messages(response)).fields


def wait_until_no_stream_is_open(served: Served) -> None:
    # The server notices that a follower is gone when the connection is closed, or is stalled for
    # too long.
    await_that(lambda: "concord_streams_open 0.0" in served.get("/metrics").text)


def test_streams_end_when_the_service_is_stopped(served: Served) -> None:
    with following(served) as response:
        stream = messages(response)
        next(stream)
        served.server.ask_to_stop()
        assert list(stream) == []
    served.server.wait(timeout=10)


def test_a_follower_that_reads_nothing_is_cut_off_and_costs_no_memory(serve: Serve) -> None:
    served = serve(stall_seconds=0.3)
    # More than the buffers of both ends and of the kernel between them hold.
    for batch in range(3):
        body = batch_body([large_event(served, f"run-{batch}-{n}") for n in range(100)])
        results = served.post_bytes("/v1/events:batch", body).json()["results"]
        assert {r["status"] for r in results} == {201}
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect(served.server.address)
        connection.sendall(f"GET {STREAM}?from=0 HTTP/1.1\r\nHost: test\r\n\r\n".encode())
        wait_until_a_stream_was_open(served)
        wait_until_no_stream_is_open(served)
        connection.settimeout(30)
        with contextlib.suppress(ConnectionResetError):
            while connection.recv(65536):
                pass


def large_event(served: Served, run: str) -> Event:
    c = served.consortium
    body: JsonObject = {
        "run": run,
        "job": "job",
        "inputs": [],
        "startedAt": c.at(),
        "parameters": {"text": "x" * 60_000},
    }
    return c.event(c.labs[0], "run.started", body)


def wait_until_a_stream_was_open(served: Served) -> None:
    route = 'concord_request_seconds_count{method="GET",route="/v1/events:stream"'

    def was_open() -> bool:
        text = served.get("/metrics").text
        return "concord_streams_open 1.0" in text or route in text

    await_that(was_open)
