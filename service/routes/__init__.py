"""What the service answers, one module a subject."""

from __future__ import annotations

from service.routes import operations, tree, write

# In the order in which paths are tried: what counts most comes first.
ROUTERS = (write.lean, write.router, tree.router, operations.router)

__all__ = ["ROUTERS"]
