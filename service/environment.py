"""The settings of this process, from its environment.

What is nearly a setting and none is refused: it is not read, and what is not read protects nobody.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path

from pydantic import ValidationError

from ledger.errors import InvalidInput
from ledger.events.bodies.base import describe
from service.settings import Settings

PREFIX = "CONCORD_"
OTHERS = {"HOME", "KEY", "PASSPHRASE", "PASSPHRASE_FILE", "SERVER", "VERIFIER_KEY"}
"""Variables that the command line reads besides the settings."""

ALIKE = 0.75
"""From where on a name is taken for another one that is misspelt."""


class InvalidSettings(InvalidInput):
    """A setting has a value that it cannot have."""

    code = "invalid-settings"
    remedy = "Mend the `CONCORD_…` variable that the message names; docs/operations.md lists them."


def read_settings(
    *, data: Path | None = None, host: str | None = None, port: int | None = None
) -> Settings:
    """Settings from the environment, with what the command line says instead.

    Raises:
        InvalidSettings: naming the setting; also where a variable is nearly one.
    """
    _refuse_misspelt(os.environ)
    named = {"data_dir": data, "host": host, "port": port}
    try:
        return Settings.model_validate(
            Settings().model_dump(exclude_unset=True)
            | {name: value for name, value in named.items() if value is not None}
        )
    except ValidationError as error:
        names = sorted({f"{PREFIX}{str(fault['loc'][0]).upper()}" for fault in error.errors()})
        raise InvalidSettings(describe(error, " and ".join(names))) from error


def _refuse_misspelt(environment: Mapping[str, str]) -> None:
    settings = {name.upper() for name in Settings.model_fields}
    for variable in sorted(environment):
        name = variable.removeprefix(PREFIX)
        if name == variable or name in settings | OTHERS:
            continue
        meant = get_close_matches(name, settings, n=1, cutoff=ALIKE)
        if meant:
            raise InvalidSettings(f"{variable} is no setting; {PREFIX}{meant[0]} is one.")
