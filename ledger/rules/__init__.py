"""Given the state so far and an event, is it authorised? Pure; one function a kind."""

from ledger.rules import access, chain, datasets, members, models
from ledger.rules.authority import AHEAD_MS, BEHIND_MS, authorise

__all__ = [
    "AHEAD_MS",
    "BEHIND_MS",
    "access",
    "authorise",
    "chain",
    "datasets",
    "members",
    "models",
]
