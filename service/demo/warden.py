"""`python -m service.demo.warden COMMAND…`: runs a command until its own standard input ends.

Whoever starts it holds the other end of that pipe, and the system closes it however they end, by
SIGKILL too: so nothing is left behind. It never reads what the pipe carries.
"""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Sequence

PATIENCE_SECONDS = 10.0


def run(command: Sequence[str]) -> int:
    """Runs the command until it ends or standard input does; its exit code."""
    with subprocess.Popen(command, stdin=subprocess.DEVNULL) as ward:  # noqa: S603 - the caller's own
        threading.Thread(target=_end_with_input, args=(ward,), daemon=True).start()
        return ward.wait()


def _end_with_input(ward: subprocess.Popen[bytes]) -> None:
    sys.stdin.buffer.read()
    ward.terminate()
    try:
        ward.wait(PATIENCE_SECONDS)
    except subprocess.TimeoutExpired:
        ward.kill()


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
