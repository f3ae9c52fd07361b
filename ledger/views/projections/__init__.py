"""Every projection; importing this package registers them all."""

from ledger.views.projections import access, datasets, governance, members, models
from ledger.views.projections.registry import SEALED_PREFIX, project

__all__ = [
    "SEALED_PREFIX",
    "access",
    "datasets",
    "governance",
    "members",
    "models",
    "project",
]
