"""Where a user's Concord files are: `$CONCORD_HOME`, or `~/.config/concord`."""

from __future__ import annotations

import os
from pathlib import Path


def home_folder() -> Path:
    """The folder of keys and trust."""
    named = os.environ.get("CONCORD_HOME")
    return Path(named) if named else Path.home() / ".config" / "concord"


def key_folder() -> Path:
    """Keystore V3 files."""
    return home_folder() / "keys"


def state_folder() -> Path:
    """What is believed of which log."""
    return home_folder() / "trust"
