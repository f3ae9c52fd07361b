"""What a process of the dashboard does once, behind its first page, so that no later click waits.

- Pages are imported when they are first opened, so the first one is there sooner. The others are
  imported here, by a thread of their own.
- Python's collector walks through all that is alive, and what modules are made of, some 200,000
  objects, is alive for ever: a tenth of a second each time, in which nobody is answered. Frozen, it
  is left out. For the same reason Streamlit does not collect after every run (`postScriptGC`).
"""

from __future__ import annotations

import gc
import importlib
import threading

import streamlit as st

from dashboard.navigation import ROOMS


@st.cache_resource(show_spinner=False)
def warm_up() -> threading.Thread:
    """Starts doing it, the first time that it is called; the thread that does."""
    thread = threading.Thread(target=_warm, name="concord-warm-up", daemon=True)
    thread.start()
    return thread


def _warm() -> None:
    for room in ROOMS:
        importlib.import_module(f"dashboard.pages.{room.name}")
    gc.collect()
    gc.freeze()
