"""Properties run without a deadline: how long one takes says how busy the machine is."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("patient", deadline=None, print_blob=True)
settings.load_profile("patient")
