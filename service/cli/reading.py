"""Reading what users hand in: JSON files, and JSON on the command line."""

from __future__ import annotations

from pathlib import Path

from ledger.events.canonical import InvalidJson, JsonObject, parse_object


def read_json(file: Path) -> JsonObject:
    """The JSON object in a file.

    Raises:
        InvalidJson: naming the file.
        OSError: if it cannot be read.
    """
    try:
        return parse_object(file.read_bytes())
    except InvalidJson as error:
        raise InvalidJson(f"{file}: {error}") from error


def parse_json(text: str, what: str) -> JsonObject:
    """A JSON object from the command line.

    Raises:
        InvalidJson: naming what it was meant for.
    """
    try:
        return parse_object(text.encode())
    except InvalidJson as error:
        raise InvalidJson(f"{what}: {error}") from error
