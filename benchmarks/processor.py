"""Processor time of everything that a benchmark has started, and what the machine's host took away:
on a machine that does other things as well, they tell more than the wall clock.
"""

from __future__ import annotations

import os
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def milliseconds_of_children() -> float:
    """User and system time of all living descendants of this process (proc_pid_stat(5))."""
    parents: dict[int, int] = {}
    times: dict[int, int] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue  # it has ended since
        pid = int(folder.name)
        parents[pid] = int(fields[1])
        times[pid] = int(fields[11]) + int(fields[12])
    mine = {os.getpid()}
    while found := {pid for pid, parent in parents.items() if parent in mine} - mine:
        mine |= found
    return 1_000 * sum(times.get(pid, 0) for pid in mine - {os.getpid()}) / _TICKS


def stolen_seconds() -> float:
    """Since it started, what a virtual machine's cores waited for their host: the sum over all
    cores (`steal` in proc_stat(5)). What is measured meanwhile says little about the program.
    """
    first = Path("/proc/stat").read_text().splitlines()[0].split()
    return int(first[8]) / _TICKS
