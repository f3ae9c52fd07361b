"""What holds for every test."""

from __future__ import annotations

from hypothesis import settings

# Two cores shared with real servers: a slow example says nothing about the code.
settings.register_profile("concord", deadline=None, print_blob=True)
settings.load_profile("concord")
