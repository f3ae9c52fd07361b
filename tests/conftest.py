"""What holds for every test."""

from __future__ import annotations

import signal

from hypothesis import settings

# Two cores shared with real servers: a slow example says nothing about the code.
settings.register_profile("concord", deadline=None, print_blob=True)
settings.load_profile("concord")

# A shell that runs the tests in its background has them ignore Ctrl+C, and so would every process
# that a test interrupts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
