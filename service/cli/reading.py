"""Reading what users hand in: JSON files, JSON on the command line, settings."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from ledger.errors import InvalidInput
from ledger.events.bodies.base import describe
from ledger.events.canonical import InvalidJson, JsonObject, parse_object
from service.settings import Settings


class InvalidSettings(InvalidInput):
    """A setting has a value that it cannot have."""

    code = "invalid-settings"
    remedy = "Mend the `CONCORD_…` variable that the message names; docs/operations.md lists them."


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


def read_settings(
    *, data: Path | None = None, host: str | None = None, port: int | None = None
) -> Settings:
    """Settings from the environment, with what the command line says instead.

    Raises:
        InvalidSettings: naming the setting.
    """
    named = {"data_dir": data, "host": host, "port": port}
    try:
        return Settings.model_validate(
            Settings().model_dump(exclude_unset=True)
            | {name: value for name, value in named.items() if value is not None}
        )
    except ValidationError as error:
        raise InvalidSettings(describe(error, "The settings (CONCORD_…)")) from error
