"""`python -m dashboard`: opens the dashboard on a port, for a server.

The server may be anyone's: what it says is verified here. The dashboard listens on this machine
only, unless told otherwise.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from dashboard.addresses import SERVER, STATE, USUAL_SERVER
from dashboard.theme import THEME

USUAL_PORT = 8501

_OPTIONS = {
    "server.headless": "true",
    "server.fileWatcherType": "none",
    "server.maxUploadSize": "64",
    "server.enableStaticServing": "false",
    "browser.gatherUsageStats": "false",
    "client.toolbarMode": "viewer",
    "client.showErrorDetails": "none",
    "client.showSidebarNavigation": "true",
    # One run after the other. Two at once share the address that pages read, and the values of
    # widgets: the run of a live part, on its way out, would take a click's address away from it.
    "runner.fastReruns": "false",
    "runner.magicEnabled": "false",
    "runner.postScriptGC": "false",
    "logger.level": "warning",
}


def command(*, address: str, port: int) -> list[str]:
    """The command line that runs the dashboard in a process of its own.

    Args:
        address: to listen on.
        port: to listen on.
    """
    options = _OPTIONS | THEME | {"server.address": address, "server.port": str(port)}
    script = Path(__file__).parent / "entry" / "concord.py"
    program = [sys.executable, "-m", "streamlit", "run", str(script)]
    return program + [f"--{name}={value}" for name, value in options.items()]


def environment(server: str, *, state: Path | None = None) -> dict[str, str]:
    """What the process needs to know.

    Args:
        server: address of the API.
        state: folder of what is believed of which log; the user's own where None.
    """
    # Streamlit puts the folder of its script on the path; the package is further up.
    package = str(Path(__file__).parents[1])
    paths = [package, *filter(None, [os.environ.get("PYTHONPATH")])]
    found = {**os.environ, SERVER: server, "PYTHONPATH": os.pathsep.join(paths)}
    return found if state is None else found | {STATE: str(state)}


def main(arguments: Sequence[str] | None = None) -> None:
    """Replaces this process by Streamlit."""
    parser = argparse.ArgumentParser(
        prog="python -m dashboard", description="Vote, grant, revoke and audit in the browser."
    )
    parser.add_argument(
        "--server",
        default=os.environ.get(SERVER) or USUAL_SERVER,
        help="address of a Concord API (default: $%(metavar)s or %(default)s)",
        metavar=SERVER,
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=USUAL_PORT, help="port to listen on")
    given = parser.parse_args(arguments)
    print(f"Dashboard: http://{given.host}:{given.port}  (server: {given.server})", flush=True)
    line = command(address=given.host, port=given.port)
    os.execve(line[0], line, environment(given.server))  # noqa: S606 - our own interpreter


if __name__ == "__main__":
    main()
