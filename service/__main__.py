"""`python -m service`: serves the ledger that the environment's settings name."""

from __future__ import annotations

from service.app import create_server
from service.settings import Settings

if __name__ == "__main__":
    create_server(Settings()).run()
