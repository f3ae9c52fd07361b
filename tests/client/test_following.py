"""Following a log: every leaf once, in order, whatever happens to the stream."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import Any

import httpx
import pytest

from client import Ledger
from client.errors import ServerProblem, UnexpectedAnswer, Unreachable
from client.following import leaves_in
from tests.support.adversary import AT_ONCE, SERVER, problem


def message(index: int) -> str:
    return f'event: leaf\nid: {index}\ndata: {{"index":{index}}}\n\n'


def indices(text: str) -> list[Any]:
    return [leaf["index"] for leaf in leaves_in(text.split("\n"))]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", []),
        (message(0) + message(1), [0, 1]),
        ("retry: 2000\n\n: still here\n\n" + message(3), [3]),
        ('event: other\ndata: {"index":1}\n\n' + message(2), [2]),
        ('data: {"index":1}\n\n' + message(2), [2]),
        ('event:leaf\ndata:{"index":7}\n\n', [7]),
        ('event: leaf\ndata: {"index"\ndata: :8}\n\n', [8]),
        ('event: leaf\ndata: {"index":9}', []),
        ("event: leaf\nid: 3\n\n", []),
    ],
)
def test_leaves_are_read_as_the_standard_says(text: str, found: list[int]) -> None:
    assert indices(text) == found


@pytest.mark.parametrize("data", ["no json", "[1]", "7", '{"a":1,"a":2}'])
def test_a_leaf_that_is_none_is_refused(data: str) -> None:
    with pytest.raises(UnexpectedAnswer):
        indices(f"event: leaf\ndata: {data}\n\n")


class Script:
    """Answers each connection with the next of these: a stream's text, or a failure."""

    def __init__(self, answers: Iterable[str | httpx.Response | Exception], size: int = 5) -> None:
        self._answers = iter(answers)
        self._size = size
        self.starts: list[int] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/v1/log":
            return httpx.Response(200, json={"size": self._size})
        self.starts.append(int(request.url.params["from"]))
        answer = next(self._answers)
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, httpx.Response) else httpx.Response(200, text=answer)


def client(script: Script, folder: Path) -> Ledger:
    http = httpx.Client(transport=httpx.MockTransport(script))
    return Ledger(SERVER, state=folder, retry=AT_ONCE, http=http)


def test_a_stream_that_ends_or_breaks_is_taken_up_after_its_last_leaf(tmp_path: Path) -> None:
    script = Script(
        [
            message(2) + message(3),
            httpx.ReadError("reset"),
            message(4) + 'event: leaf\ndata: {"index":5}',
            message(5),
        ]
    )
    leaves = islice(client(script, tmp_path).follow(2), 4)
    assert [leaf["index"] for leaf in leaves] == [2, 3, 4, 5]
    assert script.starts == [2, 4, 4, 5]


def test_without_a_start_what_is_yet_to_come_is_followed(tmp_path: Path) -> None:
    script = Script([message(5)])
    assert next(client(script, tmp_path).follow())["index"] == 5
    assert script.starts == [5]


def test_a_server_that_does_not_come_back_is_given_up(tmp_path: Path) -> None:
    script = Script([message(0), *[httpx.ConnectError("refused")] * 9])
    leaves = client(script, tmp_path).follow(0)
    assert next(leaves)["index"] == 0
    with pytest.raises(Unreachable, match="Is the server running"):
        next(leaves)


def test_a_refusal_is_no_reason_to_try_again(tmp_path: Path) -> None:
    script = Script([problem(404, "no-such-path", "Nothing here.")])
    with pytest.raises(ServerProblem, match="Nothing here"):
        next(client(script, tmp_path).follow(0))
    assert script.starts == [0]
