"""Reading server-sent events (WHATWG HTML, §9.2) line by line, as far as the ledger uses them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from client.errors import UnexpectedAnswer
from ledger.errors import ConcordError
from ledger.events.canonical import JsonObject, parse_object


def leaves_in(lines: Iterable[str]) -> Iterator[JsonObject]:
    """The leaves in a stream's lines; comments and other messages are passed over.

    Raises:
        UnexpectedAnswer: if a leaf is no JSON object.
    """
    name, data = "", ""
    for line in lines:
        if line:
            field, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if field == "event":
                name = value
            elif field == "data":
                data = f"{data}\n{value}" if data else value
            continue
        if name == "leaf" and data:
            yield _leaf(data)
        name, data = "", ""


def _leaf(data: str) -> JsonObject:
    try:
        return parse_object(data.encode())
    except ConcordError as error:
        raise UnexpectedAnswer(f"A leaf of the server's stream is none: {error}") from error
