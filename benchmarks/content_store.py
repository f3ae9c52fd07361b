"""The embedded content store's speed, beside what this disk and this processor can do at all.

    python -m benchmarks.content_store [--mebibytes 512] [--directory DIR] [--small 500]

Prints add (durable) and verified read in MB/s, and in the same run a plain copy made durable, a
plain read and `sha256sum` of the same file, with the ratios; then small adds a second beside bare
durable file writes; then the peak memory. Each figure is the best of three with a warm page cache.
`--mebibytes 10240` is the 10 GiB run, once each, for the memory: there the page cache no longer
holds the files, and reading measures the disk.

Limits: add >= 200 MB/s, verified read >= 400 MB/s, memory < 200 MB.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from ledger.content.cid import Cid
from ledger.content.embedded import EmbeddedContentStore

MEBIBYTE = 1024**2
ADD_LIMIT, READ_LIMIT, MEMORY_LIMIT = 200, 400, 200
ROUNDS = 3

T = TypeVar("T")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mebibytes", type=int, default=512)
    parser.add_argument("--small", type=int, default=500)
    parser.add_argument("--directory", type=Path, help="on the disk to be measured")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.directory) as scratch:
        met = measure_large(Path(scratch), arguments.mebibytes)
        measure_small(Path(scratch), arguments.small)
    sys.exit(0 if met else 1)


def measure_large(scratch: Path, mebibytes: int) -> bool:
    file = scratch / "file"
    with file.open("wb") as out:
        for _ in range(mebibytes):
            out.write(os.urandom(MEBIBYTE))
        os.fsync(out.fileno())
    size = file.stat().st_size
    rounds = ROUNDS if mebibytes <= 2048 else 1

    adds: list[tuple[float, Cid, EmbeddedContentStore]] = []
    for n in range(rounds):
        store = EmbeddedContentStore(scratch / f"store-{n}")
        seconds, cid = timed(lambda store=store: store.add(file))  # type: ignore[misc]
        adds.append((seconds, cid, store))
    _, cid, store = adds[0]
    rates = {
        "add, durable": size / min(seconds for seconds, _, _ in adds) / 1e6,
        "add again": rate(size, rounds, lambda: store.add(file)),
        "read, verified": rate(size, rounds, lambda: sum(map(len, store.stream(cid)))),
        "sha256sum": rate(size, rounds, lambda: run("sha256sum", str(file))),
        "copy, durable": rate(size, rounds, lambda: copy_durably(file, scratch / "copy")),
        "plain read": rate(size, rounds, lambda: read_plainly(file)),
    }
    for name, figure in rates.items():
        print(f"{name:16}{figure:8.0f} MB/s")
    add, read = rates["add, durable"], rates["read, verified"]
    slower = min(rates["sha256sum"], rates["copy, durable"])
    print(f"add  / min(sha256sum, copy)  {add / slower:6.2f}")
    print(f"read / sha256sum             {read / rates['sha256sum']:6.2f}")
    peak = peak_memory_megabytes()
    print(f"peak memory     {peak:8.0f} MB")
    for _, _, opened in adds:
        opened.close()
    met = add >= ADD_LIMIT and read >= READ_LIMIT and peak < MEMORY_LIMIT
    limits = f"{ADD_LIMIT}, {READ_LIMIT} MB/s, {MEMORY_LIMIT} MB"
    print(f"limits ({limits}): {'met' if met else 'MISSED'}")
    return met


def measure_small(scratch: Path, count: int) -> None:
    store = EmbeddedContentStore(scratch / "store-small")
    bare = scratch / "bare"
    bare.mkdir()
    contents = [os.urandom(1000) for _ in range(count)]
    added, _ = timed(lambda: [store.add(content) for content in contents])

    def write_all() -> None:
        for number, content in enumerate(contents):
            write_durably(bare, number, content)

    written, _ = timed(write_all)
    print(f"small adds      {count / added:8.0f} a second")
    print(f"bare fsync x2   {count / written:8.0f} a second    ratio {written / added:.2f}")
    store.close()


def timed(task: Callable[[], T]) -> tuple[float, T]:
    begun = time.perf_counter()
    result = task()
    return time.perf_counter() - begun, result


def rate(size: int, rounds: int, task: Callable[[], object]) -> float:
    return size / min(timed(task)[0] for _ in range(rounds)) / 1e6


def run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)


def read_plainly(source: Path) -> None:
    run("dd", f"if={source}", "of=/dev/null", "bs=256K")


def copy_durably(source: Path, target: Path) -> None:
    run("dd", f"if={source}", f"of={target}", "bs=256K", "conv=fsync")


def write_durably(directory: Path, n: int, content: bytes) -> None:
    with (directory / str(n)).open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    descriptor = os.open(directory, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)


def peak_memory_megabytes() -> float:
    """This process's own peak; getrusage would include what started it."""
    status = Path("/proc/self/status").read_text().splitlines()
    peak = next(line for line in status if line.startswith("VmHWM"))
    return int(peak.split()[1]) * 1024 / 1e6


if __name__ == "__main__":
    main()
