"""The memory of a process that serves: what starting made is never walked through again.

Python's collector looks for cycles among all that is alive, and what modules, models and routes are
made of, some hundred thousand objects, is alive for ever. Walking through it takes a tenth of a
second now and then, in which nobody is answered. Frozen, it is left out; and young objects are
looked at by the ten thousand, since a batch of events alone makes more than the default.

Only for a process that does nothing else: the collector's settings are the whole process's.
"""

from __future__ import annotations

import gc
from typing import Final

THRESHOLDS: Final = (10_000, 20, 20)
"""Objects more than were freed before the young are looked at, and how many such looks before those
of the next generation are (`gc.set_threshold`)."""


def settle() -> None:
    """Frees what starting has left behind, and keeps the rest out of the collector's way."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
