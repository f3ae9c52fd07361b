"""`python -m service`: serves the ledger that the environment's settings name."""

from __future__ import annotations

import sys

from service.app import create_server
from service.environment import InvalidSettings, read_settings
from service.memory import settle


def main() -> None:
    """Serves until told to stop.

    Raises:
        SystemExit: the settings cannot be, or the ledger cannot be opened; it says why.
    """
    try:
        settings = read_settings()
    except InvalidSettings as error:
        sys.exit(f"Error: {error} [{error.code}]")
    create_server(settings, on_start=settle).run()


if __name__ == "__main__":
    main()
