"""The environment variables that the dashboard's process is told by."""

from __future__ import annotations

SERVER = "CONCORD_SERVER"
"""Address of the API."""

STATE = "CONCORD_DASHBOARD_STATE"
"""Folder of what is believed of which log; the user's own where it is not set."""

USUAL_SERVER = "http://127.0.0.1:8080"
