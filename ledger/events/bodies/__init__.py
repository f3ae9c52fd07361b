"""Every kind of event with its body; importing this package registers them all."""

from ledger.events.bodies import access, datasets, governance, members, models
from ledger.events.bodies.base import BODIES, Body, InvalidBody, UnknownKind, parse_body

__all__ = [
    "BODIES",
    "Body",
    "InvalidBody",
    "UnknownKind",
    "access",
    "datasets",
    "governance",
    "members",
    "models",
    "parse_body",
]
