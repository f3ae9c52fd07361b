"""Header names and values that several parts set."""

from __future__ import annotations

import re

REQUEST_ID = "x-request-id"
REQUEST_ID_FORM = re.compile(rb"[\x21-\x7e]{1,200}")
"""What is echoed: visible ASCII, so that no header can be forged with it."""

API_HEADERS: tuple[tuple[str, str], ...] = (
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
    ("Cache-Control", "no-store"),
)
"""On every answer that does not say otherwise."""

IMMUTABLE = "public, max-age=31536000, immutable"
"""For what can never change: full tiles."""

BRIEFLY = "public, max-age=2"
"""For what changes with every append: the checkpoint."""

A_MINUTE = "public, max-age=60"
"""For what never changes but may go: partial tiles, once the full one is there."""
