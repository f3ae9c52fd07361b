"""`python -m service`: serves the ledger that the environment's settings name."""

from __future__ import annotations

from service.app import create_server
from service.memory import settle
from service.settings import Settings

if __name__ == "__main__":
    create_server(Settings(), on_start=settle).run()
