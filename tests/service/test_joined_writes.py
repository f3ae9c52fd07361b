"""An answer's head and body leave together, and nothing is held for longer than a turn."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable

import pytest

from service.http.joined import JoinedWrites
from tests.service.conftest import Served


class FarEnd(asyncio.Transport):
    """Keeps each piece that it is given to send, and what else happens to it."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[bytes] = []

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.pieces.append(bytes(data))

    def write_eof(self) -> None:
        self.pieces.append(b"<eof>")

    def close(self) -> None:
        self.pieces.append(b"<closed>")

    def abort(self) -> None:
        self.pieces.append(b"<aborted>")

    def is_closing(self) -> bool:
        return bool({b"<closed>", b"<aborted>"} & {*self.pieces})

    def get_write_buffer_size(self) -> int:
        return 7


Steps = Callable[[JoinedWrites, FarEnd], Awaitable[None]]


def run(steps: Steps) -> None:
    """Goes through the steps in an event loop."""

    async def go() -> None:
        far = FarEnd()
        await steps(JoinedWrites(far, asyncio.get_running_loop()), far)

    asyncio.run(go())


async def turn() -> None:
    await asyncio.sleep(0)


def test_what_one_turn_writes_leaves_in_one_piece() -> None:
    async def steps(near: JoinedWrites, far: FarEnd) -> None:
        near.write(b"head ")
        near.write(bytearray(b"body"))
        assert far.pieces == []
        assert near.get_write_buffer_size() == 7 + 9
        await turn()
        assert far.pieces == [b"head body"]
        assert near.get_write_buffer_size() == 7
        near.write(b"next")
        await turn()
        await turn()
        assert far.pieces == [b"head body", b"next"]

    run(steps)


@pytest.mark.parametrize(
    ("end", "seen"),
    [
        ("write_eof", [b"said", b"<eof>"]),
        ("close", [b"said", b"<closed>"]),
        ("abort", [b"<aborted>"]),
    ],
)
def test_what_was_written_before_the_end_is_sent_before_it(end: str, seen: list[bytes]) -> None:
    async def steps(near: JoinedWrites, far: FarEnd) -> None:
        near.write(b"said")
        getattr(near, end)()
        assert far.pieces == seen
        await turn()
        assert far.pieces == seen, "and not once more"

    run(steps)


def test_a_writer_who_never_pauses_is_held_back_by_the_connection_itself() -> None:
    chunk = bytes(40_000)

    async def steps(near: JoinedWrites, far: FarEnd) -> None:
        for written in range(1, 11):
            near.write(chunk)
            # A client that takes nothing is noticed by the connection's buffer, not by this one.
            assert written * len(chunk) - sum(map(len, far.pieces)) <= 65_536
        await turn()
        assert b"".join(far.pieces) == chunk * 10

    run(steps)


def test_what_was_written_for_a_client_who_has_gone_meanwhile_is_dropped() -> None:
    async def steps(near: JoinedWrites, far: FarEnd) -> None:
        near.write(b"said")
        # As the event loop does when the connection breaks; uvloop then raises at a write.
        far.abort()
        await turn()
        assert far.pieces == [b"<aborted>"]

    run(steps)


def test_a_client_gets_an_answer_at_one_go(served: Served) -> None:
    with socket.create_connection(served.server.address, timeout=30) as client:
        for _ in range(20):
            client.sendall(b"GET /v1/log HTTP/1.1\r\nHost: ledger\r\n\r\n")
            answer = client.recv(65_536)
            head, _, body = answer.partition(b"\r\n\r\n")
            length = next(
                int(line.split(b":")[1])
                for line in head.split(b"\r\n")
                if line.startswith(b"content-length")
            )
            assert len(body) == length > 0
